"""Le livre au clavier et au lecteur d'écran : rôles, noms et focus que le thème et Sphinx laissent fautifs."""

from __future__ import annotations

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

# Un bloc que l'on vient de déplier peut défiler : le thème doit le rendre accessible au clavier.
FOCUS_AFTER_UNFOLDING = """
for (const event of ["toggle", "click"]) {
  document.addEventListener(event, ({target}) => {
    if (target.closest("details, .toggle")) setTimeout(() => window.dispatchEvent(new Event("resize")), 350);
  }, true);
}
"""


class RowHeaders(SphinxPostTransform):
    """Un tableau dont le coin est vide nomme ses lignes dans sa première colonne."""

    default_priority = 200
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for head in self.document.findall(nodes.thead):
            corner = head.next_node(nodes.entry)
            if corner is not None and not corner.astext().strip():
                head.parent.next_node(nodes.colspec)["stub"] = 1


def visit_entry(self, node: nodes.entry) -> None:
    """Une cellule vide n'est l'en-tête de rien."""
    if isinstance(node.parent.parent, nodes.thead) and not node.astext().strip():
        node.parent.column += 1
        self.body.append("<td></td>\n")
        raise nodes.SkipNode
    HTML5Translator.visit_entry(self, node)


def setup(app):
    app.add_node(nodes.entry, override=True, html=(visit_entry, HTML5Translator.depart_entry))
    app.add_post_transform(RowHeaders)
    app.add_js_file(None, body=FOCUS_AFTER_UNFOLDING)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
