"""Le PDF : ce que l'on en imprime, le réglage de LaTeX, et le lien qui y mène depuis chaque page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from preface import PDF

PREAMBLE = Path(__file__).with_name("preambule_livre.tex")
LAST = 900  # après les extensions du thème


@dataclass(frozen=True)
class Selection:
    """Ce que l'on imprime : tout le livre ou une page, les solutions (``avec``, ``fin``, ``non``), l'API ou pas."""

    chapter: str = ""
    solutions: str = "avec"
    api: bool = True

    @property
    def name(self) -> str:
        """Nom du PDF, sans son suffixe : ``reseaux-recurrents-lstm-sans-solutions``."""
        suffixes = [self.chapter, {"fin": "solutions-a-la-fin", "non": "sans-solutions"}.get(self.solutions, "")]
        suffixes += [] if self.api else ["sans-api"]
        return "-".join([Path(PDF).stem, *filter(None, suffixes)])


#: Le choix de ``scripts/composer.py``, fait avant que Sphinx ne démarre.
selection = Selection()


def select(**choice) -> Selection:
    global selection
    selection = Selection(**choice)
    return selection


def configure(app, config) -> None:
    config.latex_elements = {
        "papersize": "a4paper",
        "pointsize": "11pt",
        "fncychap": "",
        "extraclassoptions": "openany,oneside",
        "babel": r"\usepackage[french]{babel}\frenchsetup{AutoSpacePunctuation=false}",
        "fontpkg": r"""
\usepackage{fontspec}
\usepackage{unicode-math}
\setmainfont{TeX Gyre Pagella}
\setsansfont{TeX Gyre Heros}[Scale=0.92]
\setmonofont{DejaVu Sans Mono}[Scale=0.82]
\setmathfont{TeX Gyre Pagella Math}
""",
        "preamble": PREAMBLE.read_text(encoding="utf-8"),
        "figure_align": "!htb",
        "printindex": r"\debutfichier{index}\printindex",
        "releasename": "Version",
        "fvset": r"\fvset{fontsize=\footnotesize}",
    }
    if selection.chapter:
        config.latex_elements |= {"maketitle": "", "tableofcontents": "", "printindex": ""}


def link_from_pages(app, pagename, templatename, context, doctree) -> None:
    """Le menu de téléchargement donne le PDF du livre ; l'impression par le navigateur dit ce qu'elle est."""
    for group in context.get("header_buttons", []):
        buttons = group.get("buttons", [])
        labels = [button.get("label") for button in buttons]
        if "download-pdf-button" in labels:
            place = labels.index("download-pdf-button")
            buttons[place] |= {"text": "Imprimer", "icon": "fas fa-print", "label": "print-button"}
            buttons.insert(place, download_button(app.config))


def download_button(config) -> dict[str, str]:
    return {
        "type": "link",
        "url": config.html_baseurl.rstrip("/") + "/" + PDF,
        "text": ".pdf",
        "icon": "fas fa-file-pdf",
        "tooltip": "Livre entier en PDF",
        "label": "download-pdf-button",
    }


def setup(app):
    app.setup_extension("pdf_contents")
    app.setup_extension("pdf_references")
    app.setup_extension("pdf_layout")
    app.connect("config-inited", configure)
    app.connect("html-page-context", link_from_pages, priority=LAST)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
