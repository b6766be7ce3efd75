"""Cellules et exercices : repli en français, erreurs situées, figures décrites, identifiants uniques."""

from __future__ import annotations

from html import escape

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.util import logging
from sphinx_exercise.nodes import is_exercise_node

LOGGER = logging.getLogger(__name__)
REPEATED_IDS = {"exercise-content", "solution-content"}
WORDS = {"source": "le code", "output": "le résultat", "outputs": "le résultat", "content": "la cellule"}


def visit_hidden(self, node: HideCodeCellNode) -> None:
    """``<summary>`` valide et en français (myst-nb y met des paragraphes et de l'anglais)."""
    kind = node["prompt_show"].removeprefix("Show code cell ")
    what = WORDS.get(kind, "le code")
    classes = escape(" ".join(node["classes"]))
    self.body.append(
        f'<details class="admonition hide {classes}">\n<summary>'
        f'<span class="collapsed admonition-title">Afficher {what}</span>'
        f'<span class="expanded admonition-title">Masquer {what}</span></summary>\n'
    )


def depart_hidden(self, node: HideCodeCellNode) -> None:
    self.body.append("</details>\n")


def report_errors(app, doctree: nodes.document) -> None:
    """Une cellule qui lève fait échouer la construction, avec le fichier et la ligne."""
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") != "cell_code" or "tag_raises-exception" in cell["classes"]:
            continue
        for output in cell.findall(nodes.literal_block):
            if output.get("language") == "ipythontb":
                message = output.astext().strip().splitlines()[-1]
                LOGGER.warning("la cellule lève une erreur : %s", message, location=cell)


def report_missing_alt(app, doctree: nodes.document) -> None:
    """Toute image porte un texte alternatif en français."""
    for image in doctree.findall(nodes.image):
        if not image.get("alt", "").strip():
            parent = image.parent
            while parent is not None and not getattr(parent, "line", None):
                parent = parent.parent
            LOGGER.warning("figure sans texte alternatif (alt)", location=parent or image)


def drop_repeated_ids(app, doctree: nodes.document, docname: str) -> None:
    """sphinx-exercise donne le même identifiant au corps de tous les exercices : on l'ôte."""
    for section in doctree.findall(nodes.section):
        section["ids"] = [name for name in section["ids"] if name not in REPEATED_IDS]


def add_exercise_links(app, doctree: nodes.document, docname: str) -> None:
    """Le titre d'un exercice porte un lien vers lui, comme ceux des sections et des figures."""
    if app.builder.format != "html":
        return
    for exercise in doctree.findall(is_exercise_node):
        title = exercise.next_node(nodes.title)
        link = f'<a class="headerlink" href="#{exercise["ids"][0]}" title="Lien vers cet exercice">#</a>'
        title += nodes.raw("", link, format="html")


def setup(app):
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden, depart_hidden))
    app.connect("doctree-read", report_errors)
    app.connect("doctree-read", report_missing_alt)
    app.connect("doctree-resolved", drop_repeated_ids)
    app.connect("doctree-resolved", add_exercise_links)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
