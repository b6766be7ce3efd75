"""Le PDF : entrées masquées déplacées, annexes, et préambule LaTeX du livre."""

from __future__ import annotations

from pathlib import Path

import names
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.texescape import escape

PREAMBLE = Path(__file__).with_name("preambule_livre.tex")
APPENDICES_START = "book/notations"
FOLDED_CODE = r"""
\section*{Code replié}
\addcontentsline{toc}{section}{Code replié}
\noindent Ce que l’écran replie et dont se sert le code imprimé dans ce chapitre, dans l’ordre de la page.
"""


class MoveHiddenInputs(SphinxPostTransform):
    """Ce qui est replié à l'écran n'est pas imprimé à sa place ; les résultats le sont.

    Ce dont le code imprimé a besoin (une fonction, un import) est réuni à la fin du chapitre :
    un lecteur sur papier y trouve tout ce que les pages emploient.
    """

    default_priority = 190
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        for chapter in self.chapters():
            cells = [node for node in chapter.findall(nodes.container) if node.get("nb_element") == "cell_code"]
            kept = set(names.needed([(not self.is_hidden(cell), self.code(cell)) for cell in cells]))
            moved = []
            for rank, cell in enumerate(cells):
                for child in [child for child in cell.children if self.is_hidden(cell) and self.is_source(child)]:
                    cell.remove(child)
                    moved += [child] if rank in kept else []
            if moved:
                chapter += [nodes.raw("", FOLDED_CODE, format="latex"), *moved]
        for cell in list(self.document.findall(nodes.container)):  # la préface, où aucun code n'est imprimé
            for child in [child for child in cell.children if self.is_hidden(cell) and self.is_source(child)]:
                cell.remove(child)

    def chapters(self) -> list[nodes.section]:
        """Les pages réunies dans le document, chacune une section à un fichier source à elle."""
        found = [part.next_node(nodes.section) for part in self.document.findall(addnodes.start_of_file)]
        return [section for section in found if section is not None]

    @staticmethod
    def is_hidden(cell: nodes.container) -> bool:
        return cell.get("hide_mode") in ("input", "all", "input+output")

    @staticmethod
    def is_source(node: nodes.Node) -> bool:
        return isinstance(node, nodes.Element) and node.get("nb_element") == "cell_code_source"

    def code(self, cell: nodes.container) -> str:
        return "\n".join(child.astext() for child in cell.children if self.is_source(child))


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
    app.add_post_transform(MoveHiddenInputs)
    app.add_post_transform(UnnumberedPreface)
    app.add_post_transform(StartAppendices)
    app.connect("config-inited", configure)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
