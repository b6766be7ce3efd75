"""Constructeur ``notebooks`` : un carnet Jupyter par chapitre, lisible tel quel dans JupyterLab.

Le carnet part du document *résolu* par Sphinx : numéros, renvois, citations, valeurs mesurées sont
du texte ; admonitions, exercices et figures TikZ sont du Markdown ordinaire (les dessins sont joints
au carnet, en PNG : JupyterLab n'affiche pas les SVG joints) ; les cellules de code sont celles du
chapitre, sans leurs résultats. Chaque exercice est suivi d'une cellule vide.

Les cellules des solutions portent l'étiquette « solution » ; ``tp/`` contient les mêmes carnets sans elles,
et ``carnets.zip`` les réunit tous. Rien ne se perd en silence : un nœud que l'on ne sait pas écrire
arrête la construction, qui dit lequel, dans quel fichier et à quelle ligne.
"""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import re
import zipfile
from pathlib import Path

import notebook_markdown as markdown
import questions
from docutils import nodes
from drawings import png_path
from sphinx.builders import Builder
from sphinx.errors import SphinxError
from sphinx.util.math import get_node_equation_number
from sphinx_exercise.nodes import exercise_enumerable_node, exercise_node, solution_node
from sphinx_proof.nodes import NODE_TYPES, unenumerable_node

ARCHIVE = "carnets.zip"
WITHOUT_SOLUTIONS = "tp"
SOLUTION = "solution"
ATTACHABLE = {"image/png", "image/jpeg", "image/gif", "image/webp"}  # ce que JupyterLab sait joindre
EXERCISES = (exercise_node, exercise_enumerable_node)
PROOFS = (*NODE_TYPES.values(), unenumerable_node)
INTRODUCTION = (
    "*Ce carnet est engendré depuis la source du chapitre. Pour l’exécuter : [dans Binder]({binder}), sans rien "
    "installer ; dans une copie du [dépôt du cours]({repository}), par `make jupyter`, qui l’ouvre avec le bon noyau ; "
    "dans un Jupyter à vous, après avoir installé le paquet du cours : `pip install git+{repository}`.*"
)
#: Les noms français des énoncés de sphinx-proof.
STATEMENTS = {
    "axiom": "Axiome", "theorem": "Théorème", "lemma": "Lemme", "algorithm": "Algorithme", "definition": "Définition",
    "remark": "Remarque", "conjecture": "Conjecture", "corollary": "Corollaire", "criterion": "Critère",
    "example": "Exemple", "property": "Propriété", "observation": "Observation", "proposition": "Proposition",
    "assumption": "Hypothèse", "notation": "Notation",
}


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
        self.tags: list[str] = []  # de ce que l'on écrit : « solution », ou rien

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
        raise self.unknown(node)

    def unknown(self, node: nodes.Node, why: str = "inconnu des carnets") -> SphinxError:
        """L'erreur qui dit le fichier, la ligne et le nœud ; la ligne est la plus proche que docutils ait gardée."""
        place: nodes.Node | None = node
        while place is not None and getattr(place, "line", None) is None:
            place = place.parent
        line = f":{place.line}" if place is not None else ""
        excerpt = " ".join(node.astext().split())[:60]
        quoted = f" (« {excerpt} »)" if excerpt else ""
        return SphinxError(f"{self.docname}.md{line}: nœud « {type(node).__name__} » {why}{quoted}")

    def top_level(self, parent: nodes.Element, depth: int) -> None:
        """Une cellule Markdown par bloc, une cellule de code par cellule du chapitre."""
        for node in parent.children:
            if isinstance(node, nodes.section):
                self.top_level(node, depth + 1)
            elif self.is_code_cell(node):
                self.code_cell(node)
            elif isinstance(node, questions.question):
                self.question(node, depth)
            elif isinstance(node, EXERCISES):
                self.exercise(node, depth)
            elif isinstance(node, solution_node):
                self.solution(node, depth)
            elif self.holds_cells(node):
                self.block_with_cells(node, depth)
            else:
                self.markdown_cell(self.block(node, depth))

    def holds_cells(self, node: nodes.Node) -> bool:
        """Ce bloc contient-il une cellule, ou une question, qui en donne une ?"""
        return any(self.is_code_cell(child) or isinstance(child, questions.question) for child in node.findall())

    def question(self, node: nodes.Element, depth: int) -> None:
        """L'énoncé et les choix, puis la cellule où répondre."""
        def write(part: nodes.Element) -> str:
            return self.text(part) if isinstance(part, nodes.TextElement) else self.blocks(part, depth)

        self.markdown_cell(self.quote(questions.notebook_statement(node, write)))
        self.cells.append(Cell("code", questions.notebook_cell(node, write), {"tags": [*self.tags, "question"]}))

    def exercise(self, node: nodes.Element, depth: int) -> None:
        """L'énoncé, puis une cellule vide où répondre."""
        self.whole(node, depth)
        self.cells.append(Cell("code", ""))

    def solution(self, node: nodes.Element, depth: int) -> None:
        self.tags = [SOLUTION]
        self.whole(node, depth)
        self.tags = []

    def whole(self, node: nodes.Element, depth: int) -> None:
        if self.holds_cells(node):
            self.block_with_cells(node, depth)
        else:
            self.markdown_cell(self.block(node, depth))

    def block_with_cells(self, node: nodes.Element, depth: int) -> None:
        """Un bloc (solution d'exercice) qui contient des cellules : son texte, puis ses cellules."""
        for child in node.children:
            if self.is_code_cell(child):
                self.code_cell(child, folded=True)
            elif isinstance(child, questions.question):
                self.question(child, depth)
            elif isinstance(child, nodes.section):
                self.block_with_cells(child, depth)
            elif isinstance(child, nodes.title):
                self.markdown_cell(f"**{self.heading(node)}**")
            else:
                self.markdown_cell(self.block(child, depth))

    def markdown_cell(self, source: str) -> None:
        if not source.strip():
            return
        last, metadata = self.cells[-1] if self.cells else None, {"tags": self.tags} if self.tags else {}
        if last is None or last.kind == "code" or source.startswith("#") or last.metadata != metadata:
            self.cells.append(Cell("markdown", source, metadata))
        else:
            last.source += "\n\n" + source
        self.cells[-1].attachments |= self.attachments
        self.attachments = {}

    @staticmethod
    def is_code_cell(node: nodes.Node) -> bool:
        return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"

    def code_cell(self, node: nodes.container, folded: bool = False) -> None:
        tags = self.tags + [name[4:] for name in node["classes"] if name.startswith("tag_")]
        metadata: dict = {"tags": tags} if tags else {}
        if folded or node.get("hide_mode"):
            metadata["jupyter"] = {"source_hidden": True}
        for child in node.children:
            if child.get("nb_element") == "cell_code_source":
                self.cells.append(Cell("code", child.astext(), metadata))
            elif child.get("nb_element") != "cell_code_output":
                raise self.unknown(child)
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
        return markdown.paragraph(self.text(node))

    def block_math_block(self, node, depth):
        tag = ""
        if node.get("number"):
            tag = rf" \tag{{{get_node_equation_number(self, node)}}}"
        # Un environnement étoilé : l'extension MyST de JupyterLab numéroterait « $$ » à sa façon.
        return f"\\begin{{equation*}}\n{node.astext().strip()}{tag}\n\\end{{equation*}}"

    def block_literal_block(self, node, depth):
        language = node.get("language", "")
        return markdown.block(node.astext(), language if language != "default" else "")

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
        *terms, definition = node.children
        for other in (child for child in terms if not isinstance(child, nodes.term)):
            raise self.unknown(other)
        return f"**{', '.join(map(self.text, terms))}** : {self.blocks(definition, depth)}"

    def block_block_quote(self, node, depth):
        return self.quote(self.blocks(node, depth))

    @staticmethod
    def quote(text: str) -> str:
        return "\n".join(f"> {row}".rstrip() for row in text.splitlines())

    def block_Admonition(self, node, depth):
        titled = isinstance(node.children[0], nodes.title)
        return self.quote(f"**{self.heading(node)}**\n\n{self.body(node.children[titled:], depth)}")

    def body(self, children: list[nodes.Node], depth: int) -> str:
        return "\n\n".join(filter(None, (self.block(child, depth) for child in children)))

    def heading(self, node: nodes.Element) -> str:
        """« Exercice 1.2 (Calcul…) », « Théorème 2.1 (Un titre) », « Remarque » : jamais rien."""
        title = self.text(node.children[0]).strip() if isinstance(node.children[0], nodes.title) else ""
        if isinstance(node, PROOFS):
            kind = STATEMENTS[node["realtype"]]
            return " ".join(filter(None, [kind, self.rank(node, node["countertype"]), title]))
        if isinstance(node, EXERCISES):
            return self.exercise_heading(node, title)
        heading = title or ADMONITIONS.get(node.tagname, "")
        if not heading:
            raise self.unknown(node, "sans titre")
        return heading

    def exercise_heading(self, node: nodes.Element, title: str) -> str:
        """Le numéro, que Sphinx n'écrit d'ordinaire qu'au moment de produire le HTML, puis le titre."""
        rank = self.rank(node, "exercise")
        name = f"Exercice {rank}" if rank else "Exercice"
        title = title.removeprefix("Exercice %s").removeprefix("Exercice").removeprefix(rank).strip()
        return f"{name} {title}".strip()

    def rank(self, node: nodes.Element, kind: str) -> str:
        """Le numéro d'un énoncé dans le livre, ou rien."""
        numbers = self.builder.fignumbers.get(kind, {})
        return ".".join(map(str, next((numbers[name] for name in node["ids"] if name in numbers), ())))

    def block_proof_node(self, node, depth):
        """Une démonstration : sphinx-proof en fait un encadré sans titre, qui commence par « Proof. »."""
        text = re.sub(r"^Proof\. *", "", self.body(node.children[0].children, depth))
        return self.quote(f"**Démonstration.** {text}")

    def block_sidebar(self, node, depth):
        """Une note de marge, à sa place dans le texte."""
        title, *rest = node.children if isinstance(node.children[0], nodes.title) else (None, *node.children)
        heading = self.text(title).strip() if title is not None else ""
        return self.quote("\n\n".join(filter(None, [f"**{heading}**" if heading else "", self.body(rest, depth)])))

    block_topic = block_sidebar

    def block_footnote(self, node, depth):
        label, *rest = node.children
        return f"<sup>{label.astext()}</sup> {self.body(rest, depth)}"

    def block_line_block(self, node, depth):
        return "\\\n".join(self.text(line) for line in node.children)

    def block_table(self, node, depth):
        for entry in node.findall(nodes.entry):
            if entry.get("morecols") or entry.get("morerows"):
                raise self.unknown(entry, "fusionne des cellules : Markdown ne sait pas l’écrire")
        rows = [[self.cell_text(entry, depth) for entry in row.children] for row in node.findall(nodes.row)]
        heads = [row for head in node.findall(nodes.thead) for row in head.children]
        if len(heads) > 1:
            raise self.unknown(heads[1], "est une seconde ligne de titre : Markdown n’en a qu’une")
        rows = rows if heads else [[""] * len(rows[0]), *rows]
        lines = ["| " + " | ".join(row) + " |" for row in [rows[0], ["---"] * len(rows[0]), *rows[1:]]]
        title = next((child for child in node.children if isinstance(child, nodes.title)), None)
        head = f"{self.figure_number(node, 'table')}{self.text(title)}\n\n" if title is not None else ""
        return head + "\n".join(lines)

    def cell_text(self, entry: nodes.entry, depth: int) -> str:
        for child in entry.children:
            if not isinstance(child, nodes.paragraph | nodes.comment):
                raise self.unknown(child, "dans une cellule de tableau : Markdown ne sait pas l’écrire")
        return markdown.table_cell("\n\n".join(self.text(child) for child in entry.children))

    def block_figure(self, node, depth):
        """Les images, la légende numérotée, puis ce qui la suit."""
        captions = [f"{self.figure_number(node, 'figure')}{self.text(child)}" for child in node.children
                    if isinstance(child, nodes.caption)]
        others = [child for child in node.children if not isinstance(child, nodes.caption | nodes.legend)]
        legends = [self.blocks(child, depth) for child in node.children if isinstance(child, nodes.legend)]
        return "\n\n".join(filter(None, [self.body(others, depth), *captions, *legends]))

    def block_caption(self, node, depth):
        return self.figure_number(node.parent, "code-block") + self.text(node)

    def figure_number(self, node, kind: str) -> str:
        numbers = self.builder.env.toc_fignumbers.get(self.docname, {}).get(kind, {})
        number = next((numbers[name] for name in node["ids"] if name in numbers), None)
        if number is None:
            return ""
        return f"**{self.builder.config.numfig_format[kind] % '.'.join(map(str, number))}.** "

    def block_tikz(self, node, depth):
        return self.attach(png_path(node["drawing"]), node["alt"])

    def attach(self, path: Path, alternative: str) -> str:
        """Joint une image à la cellule que l'on écrit."""
        kind = mimetypes.guess_type(path.name)[0]
        self.attachments[path.name] = {kind: base64.b64encode(path.read_bytes()).decode()}
        return f"![{markdown.alternative(alternative)}](attachment:{path.name.replace(' ', '%20')})"

    def block_image(self, node, depth):
        return self.inline_image(node)

    def block_container(self, node, depth):
        return self.blocks(node, depth)

    def block_compound(self, node, depth):
        return self.blocks(node, depth)

    def block_section(self, node, depth):
        return self.blocks(node, depth + 1)

    def block_raw(self, node, depth):
        return self.inline_raw(node)

    def skip(self, node, depth):
        return ""

    block_comment = block_target = block_index = block_substitution_definition = skip
    block_meta = block_pending = block_toctree = block_colspec = skip

    def block_citation(self, node, depth):
        return "- " + " ".join(self.text(child) for child in node.children[1:])

    def block_rubric(self, node, depth):
        return f"**{self.text(node)}**"

    def block_transition(self, node, depth):
        return "---" if "footnotes" not in node["classes"] else ""

    # -- texte -----------------------------------------------------------------------------

    def text(self, node: nodes.Element) -> str:
        return "".join(self.inline(child) for child in node.children)

    def inline(self, node: nodes.Node) -> str:
        for kind in type(node).__mro__:
            method = getattr(self, f"inline_{kind.__name__}", None)
            if method is not None:
                return method(node)
        raise self.unknown(node)

    def inline_Text(self, node):
        return markdown.escaped(node.astext())

    def inline_emphasis(self, node):
        return f"*{self.text(node)}*"

    def inline_strong(self, node):
        return f"**{self.text(node)}**"

    def inline_literal(self, node):
        return markdown.code(node.astext())

    def inline_math(self, node):
        return markdown.math(node.astext())

    def inline_inline(self, node):
        return self.text(node)

    inline_setting = inline_inline  # un carnet n'a pas la figure de la page
    inline_title_reference = inline_emphasis
    inline_generated = inline_inline
    inline_number_reference = inline_container = inline_paragraph = inline_target = inline_inline

    def inline_superscript(self, node):
        return f"<sup>{self.text(node)}</sup>"

    inline_footnote_reference = inline_superscript

    def inline_subscript(self, node):
        return f"<sub>{self.text(node)}</sub>"

    def inline_abbreviation(self, node):
        told = markdown.escaped(node.get("explanation", ""))
        return f"{self.text(node)} ({told})" if told else self.text(node)

    def inline_reference(self, node):
        label = self.text(node)
        if node.get("refuri"):
            return f"[{label}]({self.builder.absolute_uri(node['refuri'])})"
        return label

    def inline_image(self, node):
        """Une image de l'auteur est jointe ; celle qu'une cellule a tracée le sera de nouveau par cette cellule."""
        if self.is_output(node):
            return ""
        path = Path(self.builder.env.srcdir, node["uri"])
        if mimetypes.guess_type(path.name)[0] == "image/svg+xml":
            path = path.with_suffix(".png")
        if mimetypes.guess_type(path.name)[0] not in ATTACHABLE or not path.exists():
            remedy = f"mettez à côté d’elle {path.stem}.png"
            raise self.unknown(node, f"dont l’image, « {node['uri']} », ne peut être jointe à un carnet : {remedy}")
        return self.attach(path, node.get("alt", ""))

    @staticmethod
    def is_output(node: nodes.Node) -> bool:
        while node is not None:
            if isinstance(node, nodes.container) and node.get("nb_element") in ("cell_code", "cell_code_output"):
                return True
            node = node.parent
        return False

    def inline_raw(self, node):
        """Du HTML n'aurait pas de sens dans un carnet, qui l'efface ; les autres formats ne le concernent pas."""
        if "html" in node.get("format", "") and re.sub(r"<!--.*?-->", "", node.astext(), flags=re.DOTALL).strip():
            raise self.unknown(node)
        return ""

    def inline_index(self, node):
        return ""

    inline_comment = inline_index


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
        Path(self.outdir, WITHOUT_SOLUTIONS).mkdir(parents=True, exist_ok=True)

    def write_doc(self, docname, doctree):
        if not self.is_notebook(docname):
            return
        self.fignumbers = self.env.toc_fignumbers.get(docname, {})
        writer = NotebookWriter(self, docname)
        writer.top_level(doctree, 1)
        name = docname.rsplit("/", 1)[-1] + ".ipynb"
        for folder, cells in {"": writer.cells, WITHOUT_SOLUTIONS: without_solutions(writer.cells)}.items():
            self.write_notebook(Path(folder, name), docname, cells)

    def write_notebook(self, path: Path, docname: str, cells: list[Cell]) -> None:
        metadata = {"kernelspec": self.env.metadata[docname]["kernelspec"], "language_info": {"name": "python"}}
        contents = [cell.as_json(rank) for rank, cell in enumerate(cells)]
        contents[0]["source"] += ["\n", "\n", self.introduction(path)]
        notebook = {"cells": contents, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        Path(self.outdir, path).write_text(text, encoding="utf-8")

    def introduction(self, path: Path) -> str:
        """Comment ouvrir ce carnet."""
        repository = self.config.html_theme_options["repository_url"].rstrip("/")
        hub = self.config.html_theme_options["launch_buttons"]["binderhub_url"].rstrip("/")
        branch = self.config.html_theme_options.get("repository_branch") or "main"
        owner = repository.removeprefix("https://github.com/")
        binder = f"{hub}/v2/gh/{owner}/{branch}?urlpath=lab/tree/carnets/{path.as_posix()}"
        return INTRODUCTION.format(repository=repository, binder=binder)

    def finish(self):
        """Réunit les carnets, avec et sans solutions ; à contenu égal, l'archive est la même à l'octet près."""
        folder = Path(self.outdir)
        pages = {docname.rsplit("/", 1)[-1] for docname in self.get_outdated_docs()}
        for stale in [path for path in folder.rglob("*.ipynb") if path.stem not in pages]:
            stale.unlink()
        with zipfile.ZipFile(folder / ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*.ipynb")):
                entry = zipfile.ZipInfo(f"carnets/{path.relative_to(folder).as_posix()}")
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())


def without_solutions(cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if SOLUTION not in cell.metadata.get("tags", [])]


def link_from_pages(app, pagename, templatename, context, doctree) -> None:
    """Le menu de téléchargement d'un chapitre donne aussi son carnet sans solutions, et l'archive de tous."""
    for group in context.get("header_buttons", []):
        buttons = group.get("buttons", [])
        labels = [button.get("label") for button in buttons]
        if "download-notebook-button" in labels:
            folder, name = context["pathto"]("carnets", 1), pagename.rsplit("/", 1)[-1]
            place = labels.index("download-notebook-button") + 1
            exercises = f"{folder}/{WITHOUT_SOLUTIONS}/{name}.ipynb"
            buttons[place:place] = [
                button(exercises, "TP (.ipynb)", "Le même carnet, sans les solutions"),
                button(f"{folder}/{ARCHIVE}", "carnets (.zip)", "Tous les carnets, avec et sans les solutions"),
            ]


def button(url: str, text: str, tooltip: str) -> dict[str, str]:
    return {"type": "link", "url": url, "text": text, "icon": "fas fa-download", "tooltip": tooltip,
            "label": "download-notebooks-button"}


def setup(app):
    app.add_builder(NotebookBuilder)
    app.connect("html-page-context", link_from_pages, priority=850)  # avant que l'on déplace ces boutons
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
