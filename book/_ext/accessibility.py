"""Le livre au clavier et au lecteur d'écran : rôles, noms et focus que le thème et Sphinx laissent fautifs."""

from __future__ import annotations

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

# Appliqués par ``interface`` à chaque page rendue.
ROLE_REWRITES = {
    # Le titre du livre, en haut du sommaire, appartient à une zone repérée, comme le reste de la page.
    '__start sidebar-primary__section">\n        <div class="sidebar-primary-item">': (
        '__start sidebar-primary__section">\n'
        '        <div class="sidebar-primary-item" role="navigation" aria-label="Accueil">'
    ),
    # Le nom d'un bouton contient le texte que l'on y voit.
    ' title="Rechercher" aria-label="Rechercher" data-bs-placement="bottom" data-bs-toggle="tooltip">\n'
    ' <i class="fa-solid fa-magnifying-glass"></i>\n <span': (
        ' data-bs-placement="bottom">\n <i class="fa-solid fa-magnifying-glass"></i>\n <span'
    ),
    'data-mode="light" title="Clair"': 'data-mode="light"',
    'data-mode="dark"  title="Sombre"': 'data-mode="dark"',
    'data-mode="auto"  title="Paramètres système"': 'data-mode="auto"',
    # Une cellule vide n'est l'en-tête de rien.
    '<th class="head stub"></th>': "<td></td>",
    '<th class="head stub"><p></p></th>': "<td></td>",
    # Les entrées d'une bibliographie sont les éléments d'une liste.
    'role="doc-biblioentry"': 'role="listitem"',
}

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


def setup(app):
    app.add_post_transform(RowHeaders)
    app.add_js_file(None, body=FOCUS_AFTER_UNFOLDING)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
