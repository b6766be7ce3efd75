"""Boutons et gabarits du thème : carnet à télécharger, Binder, PDF ; ni doublon ni requête tierce."""

from __future__ import annotations

from pathlib import Path

LAST = 900  # après les extensions du thème


def use_book_notebook(app, pagename, templatename, context, doctree) -> None:
    """Le bouton « .ipynb » donne le carnet du livre ; Binder ouvre le même."""
    name = Path(pagename).name
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("label") == "download-notebook-button":
                button["url"] = f"{context['pathto']('carnets', 1)}/{name}.ipynb"
            elif button.get("text") == "Binder":
                button["url"] = button["url"].split("?")[0] + f"?urlpath=lab/tree/carnets/{name}.ipynb"


def setup(app):
    app.connect("html-page-context", use_book_notebook, priority=LAST)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
