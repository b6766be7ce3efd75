"""Le thème, mis aux usages du livre : boutons, mots, icône, index dans le sommaire."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import quote

from french import FrenchMessages

LAST = 900  # après les extensions du thème

# L'icône de l'onglet, une boucle, est dans la page : sans elle, le navigateur en demande une qui n'existe pas.
ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='#1060cf'/>"
    "<path d='M11 22a8 8 0 1 1 10 0' fill='none' stroke='#fff' stroke-width='3.2'/>"
    "<path d='M25 24h-8l4-7z' fill='#fff'/></svg>"
)

FOLDS_BUTTON = {
    "type": "javascript",
    "javascript": "toggleFolds(this)",
    "tooltip": "Tout déplier ou replier (solutions, indices, code)",
    "icon": "fas fa-arrows-up-down",
    "label": "folds-button",
    "classes": "pst-navbar-icon pst-js-only",
}
FORMULAS_BUTTON = {
    "type": "javascript",
    "javascript": "openFormulasMenu(this)",
    "tooltip": "Réglages des formules (taille, lecture à voix haute, clavier)",
    "icon": "fas fa-square-root-variable",
    "label": "formulas-button",
    "classes": "pst-navbar-icon pst-js-only",
}


def use_book_notebook(app, pagename, templatename, context, doctree) -> None:
    """Le bouton « .ipynb » donne le carnet du livre ; Binder ouvre le même."""
    name = Path(pagename).name
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("label") == "download-notebook-button":
                button["url"] = f"{context['pathto']('carnets', 1)}/{name}.ipynb"
            elif button.get("text") == "Binder":
                button["url"] = button["url"].split("?")[0] + f"?urlpath=lab/tree/carnets/{name}.ipynb"


def add_buttons(app, pagename, templatename, context, doctree) -> None:
    """Ce que le thème n'offre pas : tout déplier, et atteindre au clavier le menu des formules."""
    buttons = context.setdefault("header_buttons", [])
    body = context.get("body", "")
    if 'class="toggle' in body or "<details" in body or "dropdown admonition" in body:
        buttons.append(FOLDS_BUTTON)
    if 'class="math ' in body:
        buttons.append(FORMULAS_BUTTON)


def number_printed_title(app, pagename, templatename, context, doctree) -> None:
    """Le titre imprimé garde le numéro du chapitre."""
    number = app.env.toc_secnumbers.get(pagename, {}).get("")
    if number and "pagetitle" in context:
        context["pagetitle"] = f"{'.'.join(map(str, number))}. {context['pagetitle']}"


def link_index(app, pagename, templatename, context, doctree) -> None:
    """Le sommaire finit par l'index."""
    generate = context.get("generate_toctree_html")
    if generate is None:
        return
    is_current = pagename == "genindex"
    state, address = (" current active", "#") if is_current else ("", context["pathto"]("genindex"))
    entry = f'<li class="toctree-l1{state}"><a class="reference internal{state[:8]}" href="{address}">Index</a></li>\n'

    def with_index(**options) -> str:
        before, end, after = str(generate(**options)).rpartition("</ul>")
        return before + entry + end + after

    context["generate_toctree_html"] = with_index


def add_icon(app, pagename, templatename, context, doctree) -> None:
    icon = f'<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,{quote(ICON)}">'
    context["metatags"] = context.get("metatags", "") + icon


def speak_french(app) -> None:
    """Les gabarits parlent avec les mots du livre."""
    if app.builder.format == "html":
        app.builder.templates.environment.install_gettext_translations(FrenchMessages(app.translator))


def fingerprint() -> str:
    """Empreinte des extensions du livre : en changer une fait réécrire toutes les pages."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


def setup(app):
    for name in ("accessibility", "patches", "search_sections"):
        app.setup_extension(name)
    app.add_js_file("page.js")
    app.connect("builder-inited", speak_french)
    for handler in (use_book_notebook, add_buttons, number_printed_title, link_index, add_icon):
        app.connect("html-page-context", handler, priority=LAST)
    return {"env_version": fingerprint(), "parallel_read_safe": True, "parallel_write_safe": True}
