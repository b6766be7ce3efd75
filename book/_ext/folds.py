r"""Ce qu'une première lecture peut sauter : « Pour aller plus loin », et les indices des exercices.

``{plus-loin} Titre`` ouvre un repli que ``{fin-plus-loin}`` ferme : entre les deux, du texte, des figures
et des cellules du chapitre, mais pas de titre de section. ``{indice}`` replie son propre contenu.
À l'écran, c'est un ``<details>``, qui s'ouvre sans JavaScript ; le PDF imprime tout.
"""

from __future__ import annotations

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

FURTHER, HINT = "Pour aller plus loin", "Indice"
ENVIRONMENTS = {FURTHER: "repli", HINT: "indice"}  # dans le préambule du PDF


class fold(nodes.Admonition, nodes.Element):
    """Un passage replié ; son premier enfant est son titre."""


class fold_end(nodes.Element):
    """Là où finit le repli ouvert plus haut ; n'existe que le temps de lire la page."""


def opened(kind: str, title: list[nodes.Node], classes: str) -> fold:
    return fold("", nodes.title("", "", *title), kind=kind, classes=[classes])


class Further(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"name": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        text, messages = self.parse_inline(self.arguments[0])
        node = opened(FURTHER, [nodes.Text(f"{FURTHER} : "), *text], "plus-loin")
        self.set_source_info(node)
        self.add_name(node)
        node["open"] = True
        return [node, *messages]


class FurtherEnd(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        node = fold_end()
        self.set_source_info(node)
        return [node]


class Hint(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        node = opened(HINT, [nodes.Text(HINT)], "indice")
        self.set_source_info(node)
        node += self.parse_content_to_nodes()
        return [node]


class CloseFolds(SphinxTransform):
    """Range dans chaque repli ce qui le suit, jusqu'à sa fin ; avant que sphinx-exercise range ses solutions."""

    default_priority = 8

    def apply(self, **kwargs) -> None:
        for start in list(self.document.findall(fold)):
            if start.attributes.pop("open", False):
                self.fill(start)
        for orphan in self.document.findall(fold_end):
            raise ExtensionError(f"{self.place(orphan)}: « fin-plus-loin » sans « plus-loin » dans la même section")

    def fill(self, start: fold) -> None:
        parent, rank = start.parent, start.parent.index(start)
        following = parent.children[rank + 1 :]
        size = next((k for k, node in enumerate(following) if isinstance(node, fold_end)), None)
        if size is None or any(isinstance(node, fold) and node.get("open") for node in following[:size]):
            raise ExtensionError(
                f"{self.place(start)}: « plus-loin » sans « fin-plus-loin » avant le titre ou le repli suivant"
            )
        for node in following[: size + 1]:
            parent.remove(node)
        start += following[:size]

    def place(self, node: nodes.Node) -> str:
        return f"{self.env.docname}.md:{node.line}"


def visit_html(self, node: fold) -> None:
    self.body.append(self.starttag(node, "details"))
    title = node.children[0]
    self.body.append("<summary>")
    for child in title.children:
        child.walkabout(self)
    self.body.append("</summary>\n")
    node["title"] = node.pop(0)


def depart_html(self, node: fold) -> None:
    node.insert(0, node["title"])
    self.body.append("</details>\n")


def visit_latex(self, node: fold) -> None:
    title = node.pop(0)
    self.body.append(f"\n\\begin{{{ENVIRONMENTS[node['kind']]}}}{{")
    for child in title.children:
        child.walkabout(self)
    self.body.append("}\n")
    node["title"] = title


def depart_latex(self, node: fold) -> None:
    node.insert(0, node["title"])
    self.body.append(f"\n\\end{{{ENVIRONMENTS[node['kind']]}}}\n")


def visit_text(self, node: fold) -> None:
    raise nodes.SkipNode


def setup(app):
    app.add_node(
        fold, html=(visit_html, depart_html), latex=(visit_latex, depart_latex), text=(visit_text, None)
    )
    app.add_directive("plus-loin", Further)
    app.add_directive("fin-plus-loin", FurtherEnd)
    app.add_directive("indice", Hint)
    app.add_transform(CloseFolds)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
