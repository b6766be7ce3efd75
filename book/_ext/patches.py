"""Rustines du thème : ce que ses gabarits et ses scripts écrivent en dur (un mot anglais, un rôle ARIA fautif).

Chaque rustine est appliquée au moment où la page est rendue : aucun gabarit n'est recopié. Une rustine devenue
sans objet, parce que le thème a changé, fait échouer la construction, en se nommant.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sphinx.errors import ExtensionError


class Patch(NamedTuple):
    """Là où se trouve ``where``, le texte ``before`` doit se trouver aussi, et devient ``after``.

    ``optional`` : un livre peut n'en avoir nul besoin (sans bibliographie, ou dont aucune page n'a de plan).
    """

    name: str
    where: str
    before: str
    after: str
    optional: bool = False


PATCHES = [
    Patch(
        "nom du bouton du sommaire",
        "primary-toggle btn",
        'title="Toggle primary sidebar"',
        'title="Afficher ou masquer le sommaire"',
    ),
    Patch(
        "nom du bouton du plan",
        "secondary-toggle btn",
        'title="Toggle secondary sidebar"',
        'title="Afficher ou masquer le plan de la page"',
        optional=True,
    ),
    Patch("nom du sommaire", "bd-docs-nav", ' bd-docs-nav" aria-label="Main">', ' bd-docs-nav" aria-label="Sommaire">'),
    Patch(
        "nom du plan imprimé",
        '<h2> Sur cette page </h2>',
        '<nav aria-label="Page">',
        '<nav aria-label="Plan de la page">',
        optional=True,
    ),
    # Le mot « Binder » suit l'image.
    Patch("logo de Binder", "logo_binder", 'alt="Binder logo"', 'alt=""'),
    # Le titre du livre, en haut du sommaire, appartient à une zone repérée, comme le reste de la page.
    Patch(
        "zone du titre du livre",
        "sidebar-primary-items__start",
        '__start sidebar-primary__section">\n        <div class="sidebar-primary-item">',
        '__start sidebar-primary__section">\n'
        '        <div class="sidebar-primary-item" role="navigation" aria-label="Accueil">',
    ),
    # Le nom d'un bouton contient le texte que l'on y voit.
    Patch(
        "nom du bouton de recherche",
        "search-button-field",
        ' title="Rechercher" aria-label="Rechercher" data-bs-placement="bottom" data-bs-toggle="tooltip">\n'
        ' <i class="fa-solid fa-magnifying-glass"></i>\n <span',
        ' data-bs-placement="bottom">\n <i class="fa-solid fa-magnifying-glass"></i>\n <span',
    ),
    Patch("icône du thème clair", "theme-switch-button", 'data-mode="light" title="Clair"', 'data-mode="light"'),
    Patch("icône du thème sombre", "theme-switch-button", 'data-mode="dark"  title="Sombre"', 'data-mode="dark"'),
    Patch(
        "icône du thème du système",
        "theme-switch-button",
        'data-mode="auto"  title="Paramètres système"',
        'data-mode="auto"',
    ),
    # Les entrées d'une bibliographie sont les éléments d'une liste.
    Patch("rôle des entrées de bibliographie", 'class="citation"', 'role="doc-biblioentry"', 'role="listitem"', True),
]

SCRIPT_PATCHES = {
    "togglebutton.js": Patch(
        "nom du bouton d'une solution",
        "",
        'aria-label="Toggle hidden content"',
        'aria-label="Afficher ou masquer"',
    ),
}


class Patcher:
    """Applique les rustines à chaque page, et retient celles qui n'ont pas trouvé leur place."""

    def __init__(self, patches: list[Patch]) -> None:
        self.patches = patches
        self.applied: set[str] = set()
        self.missed: dict[str, str] = {}
        self.pages: set[str] = set()

    def apply(self, html: str, page: str) -> str:
        self.pages.add(page)
        for patch in self.patches:
            if patch.before in html:
                self.applied.add(patch.name)
                html = html.replace(patch.before, patch.after)
            elif patch.where in html:
                self.missed.setdefault(patch.name, page)
        return html

    def check(self, every_page: set[str]) -> None:
        """Lève une erreur si une rustine a manqué sa place, ou n'en a trouvé sur aucune page du livre."""
        faults = [f"« {name} » (page {page})" for name, page in self.missed.items()]
        if every_page <= self.pages:
            names = [patch.name for patch in self.patches if not patch.optional]
            faults += [f"« {name} »" for name in names if name not in self.applied | set(self.missed)]
        if faults:
            raise ExtensionError(
                "le thème a changé, revoyez dans book/_ext/patches.py les rustines qui ne s'appliquent plus : "
                + ", ".join(faults)
            )


def patch_templates(app) -> None:
    if app.builder.format != "html":
        return
    app.patcher = Patcher(PATCHES)
    templates = app.builder.templates
    render = templates.render
    templates.render = lambda template, context: app.patcher.apply(
        render(template, context), context.get("pagename", template)
    )


def patch_scripts(folder: Path) -> None:
    for name, patch in SCRIPT_PATCHES.items():
        path = folder / name
        text = path.read_text(encoding="utf-8")
        if patch.after not in text:
            path.write_text(Patcher([patch]).apply(text, name), encoding="utf-8")
        if patch.after not in path.read_text(encoding="utf-8"):
            raise ExtensionError(f"{name} a changé : revoyez « {patch.name} » dans book/_ext/patches.py")


def finish(app, exception) -> None:
    if exception is None and app.builder.format == "html":
        try:
            app.patcher.check(app.env.found_docs)
            patch_scripts(Path(app.outdir, "_static"))
        except ExtensionError:
            Path(app.outdir, ".buildinfo").unlink(missing_ok=True)  # toutes les pages seront rendues de nouveau
            raise


def setup(app):
    app.connect("builder-inited", patch_templates)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
