"""Ce que le PDF contient : une page ou toutes, les solutions à leur place ou non, le code replié, les annexes."""

from __future__ import annotations

import names
import pdf
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.texescape import escape
from sphinx_exercise.nodes import solution_node

APPENDICES_START = "book/notations"
API = "book/api"
FOLDED_CODE = r"""
\section*{Code replié}
\addcontentsline{toc}{section}{Code replié}
\noindent Ce que l’écran replie et dont se sert le code imprimé dans ce chapitre, dans l’ordre de la page.
"""
APPENDIX = r"\appendix\renewcommand{\thefigure}{\thechapter.\arabic{figure}}"


def raw(latex: str) -> nodes.raw:
    return nodes.raw("", latex, format="latex")


def start(name: str) -> nodes.raw:
    """Le début d'une page du livre, que le journal de LaTeX rapporte."""
    return raw(rf"\debutfichier{{{name}}}")


def files(document: nodes.document) -> list[addnodes.start_of_file]:
    """Les pages réunies dans le document, dans l'ordre du livre."""
    return list(document.findall(addnodes.start_of_file))


def appendix_letter(env, docname: str) -> str:
    """La lettre d'une annexe, ou rien."""
    pages = env.toctree_includes[env.config.root_doc]
    if docname not in pages or pages.index(docname) < pages.index(APPENDICES_START):
        return ""
    return chr(ord("A") + pages.index(docname) - pages.index(APPENDICES_START))


class SelectPages(SphinxPostTransform):
    """Garde la page demandée, sous le numéro qu'elle a dans le livre ; ôte la documentation du paquet."""

    default_priority = 12
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        wanted = f"book/{pdf.selection.chapter}"
        for part in files(self.document):
            if pdf.selection.chapter and part["docname"] != wanted or part["docname"] == API and not pdf.selection.api:
                part.parent.remove(part)
        if pdf.selection.chapter and wanted != self.env.config.root_doc:
            self.keep_only_page(wanted)

    def keep_only_page(self, wanted: str) -> None:
        """Vide la préface, qui porte les autres pages, et règle le compteur des chapitres."""
        (part,) = files(self.document)
        (preface,) = (child for child in self.document.children if isinstance(child, nodes.section))
        number = self.env.toc_secnumbers.get(wanted, {}).get("")
        counter = rf"\setcounter{{chapter}}{{{number[0] - 1}}}" if number else APPENDIX + self.letter(wanted)
        preface.children = [preface.next_node(nodes.title)]
        preface += [raw(counter), part]

    def letter(self, wanted: str) -> str:
        return rf"\setcounter{{chapter}}{{{ord(appendix_letter(self.env, wanted)) - ord('A')}}}"


class DropSolutions(SphinxPostTransform):
    """``SOLUTIONS=non`` : elles sont ôtées avant que l'on cherche le code replié dont les pages ont besoin."""

    default_priority = 180
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        if pdf.selection.solutions == "non":
            for solution in list(self.document.findall(solution_node)):
                solution.parent.remove(solution)


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
                chapter += [raw(FOLDED_CODE), *moved]
        for cell in list(self.document.findall(nodes.container)):  # la préface, où aucun code n'est imprimé
            for child in [child for child in cell.children if self.is_hidden(cell) and self.is_source(child)]:
                cell.remove(child)

    def chapters(self) -> list[nodes.section]:
        found = [part.next_node(nodes.section) for part in files(self.document)]
        return [section for section in found if section is not None]

    @staticmethod
    def is_hidden(cell: nodes.container) -> bool:
        return cell.get("hide_mode") in ("input", "all", "input+output")

    @staticmethod
    def is_source(node: nodes.Node) -> bool:
        return isinstance(node, nodes.Element) and node.get("nb_element") == "cell_code_source"

    def code(self, cell: nodes.container) -> str:
        return "\n".join(child.astext() for child in cell.children if self.is_source(child))


class GatherSolutions(SphinxPostTransform):
    """``SOLUTIONS=fin`` : un dernier chapitre, sans numéro, où chaque solution nomme son exercice."""

    default_priority = 195
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        if pdf.selection.solutions != "fin":
            return
        gathered: list[nodes.Node] = []
        for part in files(self.document):
            solutions = list(part.findall(solution_node))
            moved = addnodes.start_of_file(docname=part["docname"])
            for solution in solutions:
                solution.parent.remove(solution)
                self.name_exercise(solution)
            if solutions:
                gathered += [UnnumberedPreface.heading(part.next_node(nodes.title)), moved]
                moved += solutions
        if gathered:
            (last,) = (child for child in self.document.children if isinstance(child, nodes.section))
            last += [start("solutions"), raw(opening("Solutions des exercices")), *gathered]

    def name_exercise(self, solution: solution_node) -> None:
        exercise = self.env.sphinx_exercise_registry[solution["target_label"]]
        numbers = self.env.toc_fignumbers[exercise["docname"]]["exercise"]
        number = next(numbers[name] for name in exercise["node"]["ids"] if name in numbers)
        solution.children[0] = nodes.title("", f"Solution de l’exercice {'.'.join(map(str, number))}")
        solution.children[0].parent = solution


def opening(title: str) -> str:
    """Ouvre un chapitre sans numéro."""
    return (
        rf"\chapter*{{{title}}}\addcontentsline{{toc}}{{chapter}}{{{title}}}"
        rf"\markboth{{{title}}}{{{title}}}"
    )


class UnnumberedPreface(SphinxPostTransform):
    """La préface ouvre le livre sans numéro, comme dans le HTML : la numérotation commence au cours."""

    default_priority = 15
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        (preface,) = (child for child in self.document.children if isinstance(child, nodes.section))
        if pdf.selection.chapter and f"book/{pdf.selection.chapter}" != self.env.config.root_doc:
            return
        title = preface.next_node(nodes.title)
        for section in [child for child in preface.children if isinstance(child, nodes.section)]:
            heading, *body = section.children
            preface.remove(section) if not body else section.replace_self([self.heading(heading), *body])
        preface.insert(1, raw(opening(title.astext())))
        preface.insert(1, start(self.env.config.root_doc))

    @staticmethod
    def heading(title: nodes.title) -> nodes.raw:
        return raw(rf"\section*{{{escape(title.astext())}}}")


class StartPages(SphinxPostTransform):
    """Chaque page du livre dit où elle commence ; les annexes et leurs figures portent des lettres : A.1."""

    default_priority = 20
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        for part in files(self.document):
            if part["docname"] == APPENDICES_START and not pdf.selection.chapter:
                part.insert(0, raw(APPENDIX))
            part.insert(0, start(part["docname"]))


def setup(app):
    for transform in (SelectPages, DropSolutions, MoveHiddenInputs, GatherSolutions, UnnumberedPreface, StartPages):
        app.add_post_transform(transform)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
