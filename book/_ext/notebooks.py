"""Constructeur ``notebooks`` : un carnet Jupyter par chapitre, lisible tel quel dans JupyterLab.

Le carnet part du document *résolu* par Sphinx : numéros, renvois, citations, valeurs mesurées sont
du texte ; admonitions, exercices et figures TikZ sont du Markdown ordinaire (les dessins sont joints
au carnet, en PNG : JupyterLab n'affiche pas les SVG joints) ; les cellules de code sont celles du
chapitre, sans leurs résultats.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from docutils import nodes
from drawings import png_path
from sphinx.builders import Builder
from sphinx.errors import SphinxError
from sphinx.util.math import get_node_equation_number
from sphinxcontrib.tikz import tikz

INTRODUCTION = (
    "*Carnet engendré depuis la source du chapitre. Dans Binder, tout est installé ; ailleurs, "
    "clonez le [dépôt du cours]({repository}) et lancez `make livre` : "
    "l’environnement `.venv` contient alors tout ce qu’il faut.*"
)


class Cell:
    """Une cellule du carnet en cours d'écriture."""

    def __init__(self, kind: str, source: str, metadata: dict | None = None) -> None:
        self.kind, self.source, self.metadata = kind, source, metadata or {}
        self.attachments: dict = {}

    def as_json(self, index: int) -> dict:
        digest = hashlib.sha256(f"{index}\0{self.source}".encode()).hexdigest()[:8]
        cell = {"cell_type": self.kind, "id": digest, "metadata": self.metadata}
        if self.kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        elif self.attachments:
            cell["attachments"] = self.attachments
        return cell | {"source": self.source.splitlines(keepends=True)}


class NotebookWriter:
    """Traduit un document résolu en cellules ; un nœud inconnu est une erreur, jamais un oubli."""

    def __init__(self, builder: NotebookBuilder, docname: str) -> None:
        self.builder, self.docname = builder, docname
        self.cells: list[Cell] = []
        self.attachments: dict = {}

    # -- blocs -----------------------------------------------------------------------------

    def blocks(self, parent: nodes.Element, depth: int = 1) -> str:
        """Markdown des enfants de ``parent``, séparés par une ligne vide."""
        parts = [self.block(child, depth) for child in parent.children]
        return "\n\n".join(part for part in parts if part)

    def block(self, node: nodes.Node, depth: int) -> str:
        for kind in type(node).__mro__:
            method = getattr(self, f"block_{kind.__name__}", None)
            if method is not None:
                return method(node, depth)
        if isinstance(node, nodes.Inline | nodes.Text):
            return self.inline(node)
        raise SphinxError(self.unknown(node))

    def unknown(self, node: nodes.Node) -> str:
        return f"{self.docname}:{node.line}: nœud « {type(node).__name__} » inconnu des carnets"

    def top_level(self, parent: nodes.Element, depth: int) -> None:
        """Une cellule Markdown par bloc, une cellule de code par cellule du chapitre."""
        for node in parent.children:
            if isinstance(node, nodes.section):
                self.top_level(node, depth + 1)
            elif self.is_code_cell(node):
                self.code_cell(node)
            elif any(self.is_code_cell(child) for child in node.findall(nodes.container)):
                self.block_with_cells(node, depth)
            else:
                self.markdown_cell(self.block(node, depth))

    def block_with_cells(self, node: nodes.Element, depth: int) -> None:
        """Un bloc (solution d'exercice) qui contient des cellules : son texte, puis ses cellules."""
        for child in node.children:
            if self.is_code_cell(child):
                self.code_cell(child, folded=True)
            elif isinstance(child, nodes.section):
                self.block_with_cells(child, depth)
            elif isinstance(child, nodes.title):
                self.markdown_cell(self.block_title_of_solution(child))
            else:
                self.markdown_cell(self.block(child, depth))

    def markdown_cell(self, source: str) -> None:
        if not source.strip():
            return
        last = self.cells[-1] if self.cells else None
        if last is None or last.kind == "code" or source.startswith("#"):
            self.cells.append(Cell("markdown", source))
        else:
            last.source += "\n\n" + source
        self.cells[-1].attachments |= self.attachments
        self.attachments = {}

    @staticmethod
    def is_code_cell(node: nodes.Node) -> bool:
        return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"

    def code_cell(self, node: nodes.container, folded: bool = False) -> None:
        tags = [name[4:] for name in node["classes"] if name.startswith("tag_")]
        metadata: dict = {"tags": tags} if tags else {}
        if folded or node.get("hide_mode"):
            metadata["jupyter"] = {"source_hidden": True}
        for child in node.children:
            if child.get("nb_element") == "cell_code_source":
                self.cells.append(Cell("code", child.astext(), metadata))
        captions = [self.block(figure, 1) for figure in node.findall(nodes.figure)]
        self.markdown_cell("\n\n".join(captions))

    def block_title(self, node, depth):
        return "#" * max(depth - 1, 1) + " " + self.number(node) + self.text(node)

    def number(self, node) -> str:
        """Numéro de la section, comme dans le livre."""
        numbers = self.builder.env.toc_secnumbers.get(self.docname, {})
        anchor = "#" + node.parent["ids"][0] if node.parent.get("ids") else ""
        if isinstance(node.parent.parent, nodes.document):
            anchor = ""
        number = numbers.get(anchor)
        return ".".join(map(str, number)) + ". " if number else ""

    def block_paragraph(self, node, depth):
        return self.text(node)

    def block_math_block(self, node, depth):
        tag = ""
        if node.get("number"):
            tag = rf" \tag{{{get_node_equation_number(self, node)}}}"
        # Un environnement étoilé : l'extension MyST de JupyterLab numéroterait « $$ » à sa façon.
        return f"\\begin{{equation*}}\n{node.astext().strip()}{tag}\n\\end{{equation*}}"

    def block_literal_block(self, node, depth):
        language = node.get("language", "")
        return f"```{language if language != 'default' else ''}\n{node.astext()}\n```"

    def block_bullet_list(self, node, depth):
        return "\n".join(self.item(child, "- ", depth) for child in node.children)

    def block_enumerated_list(self, node, depth):
        start = node.get("start", 1)
        items = enumerate(node.children, start)
        return "\n".join(self.item(child, f"{rank}. ", depth) for rank, child in items)

    def item(self, node, marker: str, depth: int) -> str:
        return marker + self.blocks(node, depth).replace("\n", "\n" + " " * len(marker))

    def block_definition_list(self, node, depth):
        return self.blocks(node, depth)

    def block_definition_list_item(self, node, depth):
        terms = [self.text(child) for child in node.children if isinstance(child, nodes.term)]
        body = self.blocks(node.children[-1], depth)
        return f"**{', '.join(terms)}** : {body}"

    def block_block_quote(self, node, depth):
        return self.quote(self.blocks(node, depth))

    @staticmethod
    def quote(text: str) -> str:
        return "\n".join(f"> {row}".rstrip() for row in text.splitlines())

    def block_Admonition(self, node, depth):
        title, *rest = node.children if isinstance(node.children[0], nodes.title) else (None, *node.children)
        heading = self.text(title) if title is not None else ADMONITIONS[node.tagname]
        heading = self.exercise_number(node) + heading
        body = "\n\n".join(filter(None, (self.block(child, depth) for child in rest)))
        return self.quote(f"**{heading}**\n\n{body}")

    def block_title_of_solution(self, node) -> str:
        return f"**{self.text(node).strip()}**"

    def exercise_number(self, node) -> str:
        """« Exercice 1.2 », que Sphinx n'écrit d'ordinaire qu'au moment de produire le HTML."""
        numbers = self.builder.fignumbers.get("exercise", {})
        number = next((numbers[name] for name in node["ids"] if name in numbers), None)
        return f"Exercice {'.'.join(map(str, number))}" if number else ""

    def block_table(self, node, depth):
        rows = [[self.text(entry) for entry in row.children] for row in node.findall(nodes.row)]
        rule = ["---"] * len(rows[0])
        lines = ["| " + " | ".join(row) + " |" for row in [rows[0], rule, *rows[1:]]]
        title = next((child for child in node.children if isinstance(child, nodes.title)), None)
        head = f"{self.figure_number(node, 'table')}{self.text(title)}\n\n" if title is not None else ""
        return head + "\n".join(lines)

    def block_figure(self, node, depth):
        images = "\n\n".join(
            self.block(child, depth) for child in node.children if isinstance(child, nodes.image | tikz)
        )
        caption = next((child for child in node.children if isinstance(child, nodes.caption)), None)
        text = f"{self.figure_number(node, 'figure')}{self.text(caption)}" if caption is not None else ""
        return "\n\n".join(part for part in (images, text) if part)

    def figure_number(self, node, kind: str) -> str:
        numbers = self.builder.env.toc_fignumbers.get(self.docname, {}).get(kind, {})
        number = next((numbers[name] for name in node["ids"] if name in numbers), None)
        if number is None:
            return ""
        return f"**{self.builder.config.numfig_format[kind] % '.'.join(map(str, number))}.** "

    def block_tikz(self, node, depth):
        png = png_path(node["drawing"])
        self.attachments[png.name] = {"image/png": base64.b64encode(png.read_bytes()).decode()}
        return f"![{node['alt']}](attachment:{png.name})"

    def block_image(self, node, depth):
        return ""  # tracée par la cellule qui précède

    def block_container(self, node, depth):
        return self.blocks(node, depth)

    def block_compound(self, node, depth):
        return self.blocks(node, depth)

    def block_section(self, node, depth):
        return self.blocks(node, depth + 1)

    def block_raw(self, node, depth):
        return ""

    def skip(self, node, depth):
        return ""

    block_comment = block_target = block_index = block_substitution_definition = skip
    block_meta = block_pending = block_toctree = block_colspec = skip

    def block_citation(self, node, depth):
        return "- " + " ".join(self.text(child) for child in node.children[1:])

    def block_rubric(self, node, depth):
        return f"**{self.text(node)}**"

    def block_transition(self, node, depth):
        return "---"

    # -- texte -----------------------------------------------------------------------------

    def text(self, node: nodes.Element) -> str:
        return "".join(self.inline(child) for child in node.children)

    def inline(self, node: nodes.Node) -> str:
        for kind in type(node).__mro__:
            method = getattr(self, f"inline_{kind.__name__}", None)
            if method is not None:
                return method(node)
        raise SphinxError(self.unknown(node))

    def inline_Text(self, node):
        return node.astext().replace("\n", " ")

    def inline_emphasis(self, node):
        return f"*{self.text(node)}*"

    def inline_strong(self, node):
        return f"**{self.text(node)}**"

    def inline_literal(self, node):
        return f"`{node.astext()}`"

    def inline_math(self, node):
        return f"${node.astext()}$"

    def inline_inline(self, node):
        return self.text(node)

    inline_title_reference = inline_emphasis
    inline_generated = inline_superscript = inline_subscript = inline_abbreviation = inline_inline
    inline_number_reference = inline_container = inline_paragraph = inline_inline

    def inline_reference(self, node):
        label = self.text(node)
        if node.get("refuri"):
            return f"[{label}]({self.builder.absolute_uri(node['refuri'])})"
        return label

    def inline_image(self, node):
        return node.get("alt", "")

    def inline_raw(self, node):
        return ""

    inline_target = inline_index = inline_comment = inline_raw


ADMONITIONS = {
    "note": "Remarque",
    "tip": "Astuce",
    "hint": "Indice",
    "important": "Important",
    "warning": "Attention",
    "caution": "Attention",
    "danger": "Danger",
    "error": "Erreur",
    "seealso": "Voir aussi",
    "attention": "Attention",
}


class NotebookBuilder(Builder):
    """Écrit ``<chapitre>.ipynb`` pour chaque page qui a des cellules de code."""

    name = "notebooks"
    format = "notebooks"
    epilog = "Carnets écrits."
    allow_parallel = True

    def get_outdated_docs(self):
        return [name for name in self.env.found_docs if self.is_notebook(name)]

    def is_notebook(self, docname: str) -> bool:
        return "kernelspec" in self.env.metadata.get(docname, {})

    def get_target_uri(self, docname, typ=None):
        name = docname.rsplit("/", 1)[-1]
        if self.is_notebook(docname):
            return f"{name}.ipynb"
        return f"{self.config.html_baseurl}{docname}.html"

    def get_relative_uri(self, from_, to, typ=None):
        return self.get_target_uri(to, typ)

    def absolute_uri(self, uri: str) -> str:
        """Un carnet voisin reste relatif ; l'ancre d'un autre carnet n'existe pas : on l'ôte."""
        return uri.split("#")[0] if ".ipynb" in uri else uri

    def prepare_writing(self, docnames):
        Path(self.outdir).mkdir(parents=True, exist_ok=True)

    def write_doc(self, docname, doctree):
        if not self.is_notebook(docname):
            return
        self.fignumbers = self.env.toc_fignumbers.get(docname, {})
        writer = NotebookWriter(self, docname)
        writer.top_level(doctree, 1)
        repository = self.config.html_theme_options["repository_url"]
        introduction = INTRODUCTION.format(repository=repository)
        writer.cells[0].source += "\n\n" + introduction
        metadata = {"kernelspec": self.env.metadata[docname]["kernelspec"], "language_info": {"name": "python"}}
        notebook = {
            "cells": [cell.as_json(rank) for rank, cell in enumerate(writer.cells)],
            "metadata": json.loads(json.dumps(metadata)),
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        target = Path(self.outdir, docname.rsplit("/", 1)[-1] + ".ipynb")
        target.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def setup(app):
    app.add_builder(NotebookBuilder)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
