r"""La mise en page du PDF : exercices, solutions et code, qui se coupent bien d'une page à l'autre.

Une boîte encadrée de Sphinx ne se coupe pas dans une autre : le code d'une solution débordait sur le pied
de page. Exercices, solutions et encadrés qui contiennent du code deviennent l'environnement ``passage`` du préambule,
un bandeau puis du texte courant.
"""

from __future__ import annotations

from docutils import nodes
from pdf_contents import raw
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import exercise_enumerable_node, exercise_node, solution_node

PASSAGES = (exercise_node, exercise_enumerable_node, solution_node)
WHOLE = 20  # lignes : un bloc de code plus court, résultat compris, n'est jamais coupé
SHORT = 8  # lignes d'un résultat qui reste sous son code
HEAD = 8  # lignes d'un bloc plus long qui restent ensemble
BANNER = 4  # lignes de texte d'un bandeau et de ce qui l'entoure
LINE = 0.78  # hauteur d'une ligne de code, en lignes de texte


class passage(nodes.General, nodes.Element):
    """Un exercice, une solution, un encadré : son premier enfant est son titre."""


class OpenPassages(SphinxPostTransform):
    default_priority = 200
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        for node in list(self.document.findall(nodes.Admonition)):
            holds_code = any(True for _ in node.findall(nodes.literal_block))
            if isinstance(node, PASSAGES) or holds_code and isinstance(node, nodes.admonition):
                title, *body = node.children
                opened = passage("", title, *body, ids=node["ids"], kind=self.kind(node), label=self.label(node))
                node.replace_self(opened)

    @staticmethod
    def kind(node: nodes.Element) -> str:
        return "solution" if isinstance(node, solution_node) else "exercice"

    def label(self, node: nodes.Element) -> str:
        """L'étiquette que les renvois de sphinx-exercise attendent."""
        if isinstance(node, solution_node):
            docname = self.env.sphinx_exercise_registry[node["label"]]["docname"]
            return f"{docname}:{node['label']}"
        return f"exercise:{node['label']}" if isinstance(node, PASSAGES) else ""


class KeepCodeTogether(SphinxPostTransform):
    """Un bloc de code court passe entier à la page suivante ; un long ne s'ouvre pas sur deux lignes."""

    default_priority = 201
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        for block in list(self.document.findall(nodes.literal_block)):
            lines = height(block) + self.result_of(block)
            if not self.is_framed(block):
                needed = LINE * (lines if lines <= WHOLE else HEAD) + 2
                opened = self.opened_by(block)
                self.reserve(block if opened is None else opened, needed + (0 if opened is None else BANNER))

    @staticmethod
    def reserve(node: nodes.Node, lines: float) -> None:
        node.parent.insert(node.parent.index(node), raw(rf"\needspace{{{lines:.1f}\baselineskip}}"))

    @staticmethod
    def opened_by(block: nodes.Node) -> passage | None:
        """L'exercice ou la solution que ce bloc ouvre : son bandeau ne doit pas rester seul au pied d'une page."""
        node = block
        while node.parent is not None:
            before = node.parent.children[: node.parent.index(node)]
            before = before[1:] if isinstance(node.parent, passage) else before  # son titre
            if any(sibling.astext().strip() and not isinstance(sibling, nodes.raw) for sibling in before):
                return None
            if isinstance(node.parent, passage):
                return node.parent
            node = node.parent
        return None

    @staticmethod
    def result_of(block: nodes.literal_block) -> int:
        """Lignes du résultat imprimé par la cellule dont ``block`` est le code, s'il est court."""
        source = block.parent
        if not isinstance(source, nodes.container) or source.get("nb_element") != "cell_code_source":
            return 0
        outputs = [child for child in source.parent.children if child.get("nb_element") == "cell_code_output"]
        printed = [height(child) for output in outputs for child in output.children[:1]
                   if isinstance(child, nodes.literal_block)]
        return sum(lines + 2 for lines in printed if lines <= SHORT)

    @staticmethod
    def is_framed(block: nodes.Node) -> bool:
        """Dans une boîte, il n'y a pas de page à finir ; ni dans un tableau."""
        while block is not None and not isinstance(block, nodes.Admonition | nodes.table):
            block = block.parent
        return block is not None


def height(block: nodes.literal_block) -> int:
    return block.astext().rstrip("\n").count("\n") + 1


def visit_passage(self, node: passage) -> None:
    title = node.pop(0)
    label = rf"\phantomsection\label{{{node['label']}}}" if node["label"] else ""
    self.body.append(f"\n{label}\n\\begin{{passage}}{{{node['kind']}}}{{")
    for child in title.children:
        child.walkabout(self)
    self.body.append("}\n")
    node["title"] = title


def depart_passage(self, node: passage) -> None:
    node.insert(0, node["title"])
    self.body.append("\n\\end{passage}\n")


def setup(app):
    app.add_node(passage, latex=(visit_passage, depart_passage))
    app.add_post_transform(OpenPassages)
    app.add_post_transform(KeepCodeTogether)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
