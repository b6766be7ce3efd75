"""Le thème, mis aux usages du livre : boutons, mots, icône et recherche.

Ce que les gabarits du thème écrivent en dur (un mot anglais ; dans ``accessibility``, un rôle ARIA fautif)
est remplacé au moment où la page est rendue : aucun gabarit n'est recopié.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import quote

from accessibility import ROLE_REWRITES
from french import FOLDING_STEMMER, FrenchMessages
from sphinx.errors import ExtensionError
from sphinx.search import IndexBuilder

LAST = 900  # après les extensions du thème

ENGLISH_REWRITES = {
    'title="Toggle primary sidebar"': 'title="Afficher ou masquer le sommaire"',
    'title="Toggle secondary sidebar"': 'title="Afficher ou masquer le plan de la page"',
    ' bd-docs-nav" aria-label="Main">': ' bd-docs-nav" aria-label="Sommaire">',
    '<nav aria-label="Page">': '<nav aria-label="Plan de la page">',
    'alt="Binder logo"': 'alt=""',  # le mot « Binder » suit l'image
}

SCRIPT_REWRITES = {
    "togglebutton.js": {'aria-label="Toggle hidden content"': 'aria-label="Afficher ou masquer"'},
}

# L'icône de l'onglet, une boucle, est dans la page : sans elle, le navigateur en demande une qui n'existe pas.
ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='#1060cf'/>"
    "<path d='M11 22a8 8 0 1 1 10 0' fill='none' stroke='#fff' stroke-width='3.2'/>"
    "<path d='M25 24h-8l4-7z' fill='#fff'/></svg>"
)

# Ouvert depuis le disque, le livre ne peut pas lire ses autres pages pour en citer un extrait.
NO_SUMMARY_ON_DISK = 'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'


def use_book_notebook(app, pagename, templatename, context, doctree) -> None:
    """Le bouton « .ipynb » donne le carnet du livre ; Binder ouvre le même."""
    name = Path(pagename).name
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("label") == "download-notebook-button":
                button["url"] = f"{context['pathto']('carnets', 1)}/{name}.ipynb"
            elif button.get("text") == "Binder":
                button["url"] = button["url"].split("?")[0] + f"?urlpath=lab/tree/carnets/{name}.ipynb"


def add_icon(app, pagename, templatename, context, doctree) -> None:
    icon = f'<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,{quote(ICON)}">'
    context["metatags"] = context.get("metatags", "") + icon


def search_from_disk(app, pagename, templatename, context, doctree) -> None:
    if pagename == "search":
        app.add_js_file(None, body=NO_SUMMARY_ON_DISK)


def rewrite(text: str, table: dict[str, str]) -> str:
    for before, after in table.items():
        text = text.replace(before, after)
    return text


def adapt_templates(app) -> None:
    """Les gabarits parlent avec les mots du livre, et leur résultat est corrigé."""
    if app.builder.format != "html":
        return
    templates = app.builder.templates
    templates.environment.install_gettext_translations(FrenchMessages(app.translator))
    render, table = templates.render, ENGLISH_REWRITES | ROLE_REWRITES
    templates.render = lambda template, context: rewrite(render(template, context), table)


def adapt_scripts(app, exception) -> None:
    """Corrige les scripts des extensions ; une correction devenue sans objet arrête la construction."""
    if exception is not None or app.builder.format != "html":
        return
    for name, table in SCRIPT_REWRITES.items():
        path = Path(app.outdir, "_static", name)
        text = path.read_text(encoding="utf-8")
        corrected = rewrite(text, table)
        if not all(after in corrected for after in table.values()):
            raise ExtensionError(f"« {name} » a changé : revoyez SCRIPT_REWRITES dans interface.py")
        path.write_text(corrected, encoding="utf-8")


def folded_stemmer(self: IndexBuilder) -> str:
    """Le code de recherche engendré par Sphinx, et le repli des accents de la requête."""
    return get_js_stemmer_code(self) + FOLDING_STEMMER


def fingerprint() -> str:
    """Empreinte des extensions du livre : en changer une fait réécrire toutes les pages."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


get_js_stemmer_code = IndexBuilder.get_js_stemmer_code


def setup(app):
    app.setup_extension("accessibility")
    IndexBuilder.get_js_stemmer_code = folded_stemmer
    app.connect("builder-inited", adapt_templates)
    app.connect("html-page-context", use_book_notebook, priority=LAST)
    app.connect("html-page-context", add_icon)
    app.connect("html-page-context", search_from_disk)
    app.connect("build-finished", adapt_scripts)
    return {"env_version": fingerprint(), "parallel_read_safe": True, "parallel_write_safe": True}
