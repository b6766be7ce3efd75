"""Les numéros et les renvois du PDF : ceux du HTML, et, sur papier, le chapitre et la page où aller.

Un renvoi vers ce qui n'est pas imprimé (un autre chapitre, une solution) devient du texte, avec son numéro.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from docutils import nodes
from pdf_contents import appendix_letter, files, raw
from sphinx import addnodes
from sphinx.builders.latex.nodes import math_reference
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import exercise_latex_number_reference
from sphinxcontrib.bibtex.nodes import raw_latex

BIBLIOGRAPHY = "book/bibliographie"
COUNTERS = {
    nodes.math_block: ("displaymath", "equation"),
    nodes.figure: ("figure", "figure"),
    nodes.table: ("table", "table"),
    nodes.container: ("code-block", "literalblock"),
}


def docname_of(node: nodes.Node, default: str) -> str:
    """La page d'où vient un nœud : Sphinx l'écrit sur les sections du document réuni, sans en refaire les parents."""
    while node is not None:
        if isinstance(node, nodes.Element) and node.get("docname"):
            return node["docname"]
        node = node.parent
    return default


class KeepNumbers(SphinxPostTransform):
    """Équations, figures, tableaux et codes gardent leur numéro du livre, quoi que l'on imprime."""

    default_priority = 197
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        for kind, (figtype, counter) in COUNTERS.items():
            for node in list(self.document.findall(kind)):
                docname = docname_of(node, self.env.config.root_doc)
                numbers = self.env.toc_fignumbers.get(docname, {}).get(figtype, {})
                number = next((numbers[name] for name in node["ids"] if name in numbers), ())
                if len(number) > 1:
                    place = node.parent.index(node)
                    node.parent.insert(place, raw(rf"\setcounter{{{counter}}}{{{number[-1] - 1}}}"))


class Target(NamedTuple):
    """Un titre où mène un renvoi : son numéro (``4``, ``4.3``, ``A``), ou rien, et si c'est celui d'une page."""

    number: str
    is_page: bool

    @property
    def name(self) -> str:
        if not self.is_page:
            return f"§ {self.number}" if self.number else ""
        return f"chapitre {self.number}" if self.number.isdigit() else f"annexe {self.number}".rstrip()


class LocateReferences(SphinxPostTransform):
    """« chapitre 4, *Disparition et explosion du gradient* (p. 80) » : sur papier, un titre seul ne mène nulle part."""

    default_priority = 198
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        self.pages: dict[str, nodes.Element] = {}
        printed = {f"{block['docname']}:{block['label']}" for block in self.document.findall(nodes.math_block)
                   if block.get("label")}
        for reference in list(self.document.findall(math_reference)):
            if f"{reference['docname']}:{reference['target']}" not in printed:
                reference.replace_self(nodes.Text(self.equation_number(reference)))
        if BIBLIOGRAPHY not in {part["docname"] for part in files(self.document)}:
            for link in list(self.document.findall(raw_latex)):  # ce qui entoure une citation, sans son texte
                link.parent.remove(link)
        labels = {label for part in files(self.document) for label in labels_of(part, part["docname"])}
        labels |= self.labels_of_preface()
        for reference in list(self.document.findall(nodes.reference)):
            label = self.label_of(reference)
            if label is None:
                continue
            target = self.target_of(label) if not isinstance(reference, addnodes.number_reference) else None
            if target is not None and not inside(reference, nodes.title) and not is_number(reference):
                locate(reference, target, label if label in labels else None)
            if label not in labels:
                reference.replace_self(reference.children or [nodes.Text(reference.astext())])

    def labels_of_preface(self) -> set[str]:
        """Les étiquettes de la préface, si elle est imprimée : elle porte alors du texte, hors des autres pages."""
        root = self.env.config.root_doc
        paragraphs = self.document.findall(nodes.paragraph)
        printed = any(docname_of(paragraph, root) == root for paragraph in paragraphs)
        return labels_of(self.document, root) if printed else set()

    def equation_number(self, reference: math_reference) -> str:
        numbers = self.env.toc_fignumbers[reference["docname"]]["displaymath"]
        number = numbers[nodes.make_id(f"equation-{reference['target']}")]
        return f"({'.'.join(map(str, number))})"

    def label_of(self, reference: nodes.reference) -> str | None:
        """L'étiquette de LaTeX, ``book/lstm:chap-lstm`` ; rien pour une adresse du web."""
        if isinstance(reference, exercise_latex_number_reference):
            exercise = self.env.sphinx_exercise_registry[reference["refid"]]
            return f"{exercise['docname']}:{reference['refid']}"
        uri = reference.get("refuri", "")
        if uri.startswith("%"):
            return uri[1:].replace("#", ":") if "#" in uri else f"{uri[1:]}::doc"
        if uri and not uri.startswith("#"):
            return None
        anchor = reference.get("refid") or uri[1:]
        return f"{docname_of(reference, self.env.config.root_doc)}:{anchor}"

    def target_of(self, label: str) -> Target | None:
        """Le titre que désigne une étiquette, lu dans la page d'où il vient ; rien si ce n'est pas un titre."""
        docname, anchor = label.split(":", 1)
        if docname not in self.pages:
            self.pages[docname] = self.env.get_doctree(docname)
        for section in self.pages[docname].findall(nodes.section):
            if anchor in section["ids"] or anchor == ":doc":
                is_page = isinstance(section.parent, nodes.document)
                key = "" if is_page else f"#{section['ids'][0]}"
                number = self.env.toc_secnumbers.get(docname, {}).get(key, ())
                text = ".".join(map(str, number)) or (appendix_letter(self.env, docname) if is_page else "")
                return Target(text, is_page)
        return None


def labels_of(part: nodes.Element, docname: str) -> set[str]:
    found = {f"{docname}:{name}" for node in part.findall(nodes.Element) for name in node.get("ids", ())}
    return found | {f"{docname}::doc"}


def inside(node: nodes.Node, kind: type) -> bool:
    while node is not None and not isinstance(node, kind):
        node = node.parent
    return node is not None


def is_number(reference: nodes.reference) -> bool:
    """Un renvoi qui n'affiche qu'un numéro, comme dans le sommaire du paquet."""
    return reference.astext().isdigit()


def text_before(reference: nodes.reference) -> str:
    """Ce que dit le paragraphe avant le renvoi."""
    block = reference.parent
    while isinstance(block, nodes.Inline):
        block = block.parent
    found = []
    for text in block.findall(nodes.Text):
        if inside_of(text, reference):
            break
        found.append(text.astext())
    return "".join(found)


def inside_of(node: nodes.Node, ancestor: nodes.Node) -> bool:
    while node is not None and node is not ancestor:
        node = node.parent
    return node is not None


def locate(reference: nodes.reference, target: Target, label: str | None) -> None:
    """Ajoute au renvoi le numéro, avant ou après son titre, et la page s'il y en a une."""
    before = text_before(reference)
    place = reference.parent.index(reference)
    details = [] if re.search(r"\d\.\s$", before) else [target.name]
    if re.search(r"(?i)\b(?:chapitres?|section|annexes?)\s$", before) and target.number:
        details = []
        reference.parent.insert(place, nodes.Text(f"{target.number}, "))
        place += 1
    if label is not None:
        details.append("p. \\pageref")
    details = [detail for detail in details if detail]
    if not details:
        return
    in_parentheses = before.count("(") > before.count(")")
    text = ", ".join(details).replace(" ", "~").replace(",~", ", ")
    if label is not None:
        text += rf"{{\detokenize{{{label}}}}}"
    addition = raw(f", {text}" if in_parentheses else f"~({text})")
    reference.parent.insert(place + 1, addition)


def setup(app):
    app.add_post_transform(KeepNumbers)
    app.add_post_transform(LocateReferences)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
