"""Le PDF : entrées masquées retirées, annexes, et préambule LaTeX du livre."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.texescape import escape

PREAMBLE = Path(__file__).with_name("preambule_livre.tex")
APPENDICES_START = "book/notations"


class RemoveHiddenInputs(SphinxPostTransform):
    """Ce qui est replié à l'écran n'est pas imprimé ; les résultats le sont."""

    default_priority = 190
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("hide_mode") in ("input", "all", "input+output"):
                for child in list(cell.children):
                    if child.get("nb_element") == "cell_code_source":
                        cell.remove(child)


class UnnumberedPreface(SphinxPostTransform):
    """La préface ouvre le livre sans numéro, comme dans le HTML : la numérotation commence au cours."""

    default_priority = 15
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        (preface,) = (child for child in self.document.children if isinstance(child, nodes.section))
        title = preface.next_node(nodes.title)
        for section in [child for child in preface.children if isinstance(child, nodes.section)]:
            heading, *body = section.children
            preface.remove(section) if not body else section.replace_self([self.heading(heading), *body])
        opening = (
            rf"\chapter*{{{title.astext()}}}\addcontentsline{{toc}}{{chapter}}{{{title.astext()}}}"
            rf"\markboth{{{title.astext()}}}{{{title.astext()}}}"
        )
        preface.insert(1, nodes.raw("", opening, format="latex"))

    @staticmethod
    def heading(title: nodes.title) -> nodes.raw:
        return nodes.raw("", rf"\section*{{{escape(title.astext())}}}", format="latex")


class StartAppendices(SphinxPostTransform):
    """Les annexes sont numérotées par des lettres, et leurs figures aussi : A.1, comme le chapitre."""

    default_priority = 20
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        for start in self.document.findall(nodes.section):
            docname = self.env.path2doc(start.source) if start.source else None
            if docname == APPENDICES_START:
                numbering = r"\appendix\renewcommand{\thefigure}{\thechapter.\arabic{figure}}"
                raw = nodes.raw("", numbering, format="latex")
                start.parent.insert(start.parent.index(start), raw)
                return


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
        "figure_align": "htbp",
        "releasename": "Version",
        "fvset": r"\fvset{fontsize=\footnotesize}",
    }


def setup(app):
    app.add_post_transform(RemoveHiddenInputs)
    app.add_post_transform(UnnumberedPreface)
    app.add_post_transform(StartAppendices)
    app.connect("config-inited", configure)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
