"""La recherche du livre : un index par section, avec le texte où montrer le mot cherché.

L'index de Sphinx dit quelles pages contiennent un mot ; celui-ci garde le texte de chaque section, de chaque terme
du glossaire et de chaque objet du paquet. ``_static/searchtools.js`` y cherche, sans rien demander au réseau :
la recherche est la même en ligne et depuis le disque.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import sphinx.search
from docutils import nodes
from french import FOLDING_STEMMER
from sphinx import addnodes
from sphinx.search import IndexBuilder

VERSION = 1
SILENT = (nodes.raw, nodes.comment, nodes.system_message, addnodes.toctree, addnodes.index)
SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η",
    "theta": "θ", "lambda": "λ", "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "Delta": "Δ", "Sigma": "Σ", "Omega": "Ω", "times": "×", "cdot": "·", "odot": "⊙", "le": "≤", "ge": "≥",
    "leq": "≤", "geq": "≥", "neq": "≠", "approx": "≈", "in": "∈", "to": "→", "infty": "∞", "partial": "∂",
    "pm": "±", "ldots": "…", "dots": "…", "tanh": "tanh", "log": "log", "ln": "ln", "exp": "exp", "max": "max",
    "min": "min", "cdots": "…", "star": "★",
}  # fmt: skip


class Entry(NamedTuple):
    """Un résultat possible : où il mène, comment il s'appelle, ce que l'on y lit."""

    anchor: str
    title: str
    pieces: list[str]

    def frozen(self) -> list[str]:
        return [self.anchor, self.title, re.sub(r"\s+", " ", " ".join(self.pieces)).strip()]


def plain_math(tex: str) -> str:
    """Une formule lisible dans un extrait, ou « … » si elle ne s'écrit pas en une ligne de texte."""
    text = re.sub(r"\\(?:mathbf|mathrm|text|operatorname|bar|hat|tilde)\{([^{}]*)\}", r"\1", tex)
    text = text.replace(r"\,", " ").replace(r"\;", " ").replace("{,}", ",").replace(r"\%", "%")
    text = re.sub(r"\\([A-Za-z]+)", lambda macro: SYMBOLS.get(macro[1], macro[0]), text)
    text = re.sub(r"([_^])\{([^{}]*)\}", r"\1\2", text)
    return "…" if re.search(r"[\\{}&]", text) else re.sub(r"\s+", " ", text)


def plain(node: nodes.Node) -> str:
    """Texte d'un élément, formules comprises."""
    if isinstance(node, (nodes.math, nodes.math_block)):
        return plain_math(node.astext())
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, SILENT):
        return ""
    return "".join(map(plain, node.children))


def is_block_of_text(node: nodes.Node) -> bool:
    return isinstance(node, addnodes.desc_signature) or (
        isinstance(node, nodes.TextElement) and not isinstance(node, nodes.Inline)
    )


class Collector:
    """Les entrées d'une page, dans l'ordre de la lecture."""

    def __init__(self, numbers: dict[str, tuple[int, ...]]) -> None:
        self.numbers, self.entries = numbers, []

    def open(self, anchor: str, title: str) -> Entry:
        self.entries.append(Entry(anchor, title, []))
        return self.entries[-1]

    def open_section(self, section: nodes.section) -> Entry:
        is_first = not self.entries
        anchor = section["ids"][0]
        number = self.numbers.get("" if is_first else f"#{anchor}")
        prefix = ".".join(map(str, number)) + ". " if number else ""
        title = section.next_node(nodes.title)
        return self.open("" if is_first else anchor, prefix + plain(title))

    def visit(self, node: nodes.Node, entry: Entry | None) -> None:
        if isinstance(node, SILENT):
            return
        if isinstance(node, nodes.section) and node["ids"]:
            entry = self.open_section(node)
            children = [child for child in node.children if not isinstance(child, nodes.title)]
        elif isinstance(node, addnodes.desc) and node.next_node(addnodes.desc_signature)["ids"]:
            signature = node.next_node(addnodes.desc_signature)
            entry = self.open(signature["ids"][0], signature.get("fullname") or signature["ids"][0])
            children = node.children
        elif isinstance(node, nodes.definition_list_item) and node.next_node(nodes.term)["ids"]:
            term = node.next_node(nodes.term)
            entry = self.open(term["ids"][0], plain(term))
            children = [child for child in node.children if not isinstance(child, nodes.term)]
        elif is_block_of_text(node):
            if entry is not None:
                entry.pieces.append(plain(node))
            return
        else:
            children = node.children
        for child in children:
            self.visit(child, entry)


def collect(doctree: nodes.document, numbers: dict[str, tuple[int, ...]]) -> list[list[str]]:
    collector = Collector(numbers)
    collector.visit(doctree, None)
    return [entry.frozen() for entry in collector.entries]


class SectionIndex(IndexBuilder):
    """Prend la place de l'index de Sphinx : même cycle de vie, un autre contenu."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.pages: dict[str, list] = {}

    def load(self, stream, format) -> None:
        frozen = format.load(stream)
        if not isinstance(frozen, dict) or frozen.get("version") != VERSION:
            raise ValueError("index d'une autre version")
        self.pages = {page: [title, entries] for page, title, entries in frozen["pages"]}

    def dump(self, stream, format) -> None:
        format.dump({"version": VERSION, "pages": list(self.ordered())}, stream)

    def ordered(self) -> Iterator[list]:
        """Les pages dans l'ordre de la lecture : à égalité, la recherche le suit."""
        for page in self.env.collect_relations():
            if page in self.pages:
                yield [page, *self.pages[page]]

    def prune(self, docnames) -> None:
        kept = set(docnames)
        self.pages = {page: content for page, content in self.pages.items() if page in kept}

    def feed(self, docname: str, filename: str, title: str, doctree: nodes.document) -> None:
        entries = collect(doctree, self.env.toc_secnumbers.get(docname, {}))
        if entries:
            self.pages[docname] = [entries[0][1], entries]

    def get_js_stemmer_code(self) -> str:
        """Le code de recherche engendré par Sphinx, et le repli des accents de la requête."""
        return super().get_js_stemmer_code() + FOLDING_STEMMER


def setup(app):
    sphinx.search.IndexBuilder = SectionIndex
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
