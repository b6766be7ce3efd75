"""Figures SVG incorporées à la page : nettes, sans requête, aux couleurs du thème clair ou sombre.

Chaque couleur de la palette écrite dans le SVG devient une variable CSS (``var(--role-input)``),
dont la feuille de styles engendrée par ``palette_css`` donne la valeur dans chaque thème.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from docutils import nodes
from palette import PALETTE
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

LOGGER = logging.getLogger(__name__)
VARIABLES = {
    shade.light.lower(): f"var(--role-{role.replace('_', '-')})" for role, shade in PALETTE.items()
}
COLOUR = re.compile(r'(?P<key>fill|stroke|stop-color|color)(?P<sep>="|:\s*)(?P<hex>#[0-9a-fA-F]{3,6})(?P<end>"?)')
JUNK = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->|<style[^>]*>.*?</style>", re.DOTALL)
PATH_WITHOUT_D = re.compile(r"<path(?![^>]*\sd=)")
EMPTY_DEFS = re.compile(r"<defs>\s*</defs>|<defs\s*/>")


def expand(colour: str) -> str:
    """``#abc`` devient ``#aabbcc``."""
    colour = colour.lower()
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


def colours(svg: str) -> set[str]:
    """Couleurs hexadécimales employées par un SVG."""
    return {expand(match["hex"]) for match in COLOUR.finditer(svg)}


def unknown_colours(svg: str) -> set[str]:
    """Couleurs d'un SVG qui ne sont pas de la palette (le thème sombre ne saurait les changer)."""
    return colours(svg) - set(VARIABLES)


def with_variables(svg: str) -> str:
    """Remplace chaque couleur de la palette par sa variable CSS."""

    def replace(match: re.Match) -> str:
        variable = VARIABLES.get(expand(match["hex"]))
        if variable is None:
            return match[0]
        return f"{match['key']}{match['sep']}{variable}{match['end']}"

    return COLOUR.sub(replace, svg)


def with_prefix(svg: str, prefix: str) -> str:
    """Rend les identifiants propres à cette figure : une page en porte plusieurs."""
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)
    return re.sub(r'(?:xlink:)?href="#([^"]+)"', rf'href="#{prefix}-\1"', svg)


def without_default_black(svg: str) -> str:
    """L'encre par défaut est celle du texte de la page."""
    return svg.replace("<svg ", '<svg fill="var(--role-ink)" ', 1)


def enlarged(svg: str, scale: float) -> str:
    """Multiplie la taille d'affichage du SVG ; la feuille de styles la borne à la largeur du texte."""
    head, tail = svg.split(">", 1)

    def resize(match: re.Match) -> str:
        return f'{match[1]}="{float(match[2]) * scale:.0f}"'

    return re.sub(r'\b(width|height)="([\d.]+)(?:pt)?"', resize, head) + ">" + tail


def inline(svg: str, name: str, alt: str, scale: float = 1.33) -> str:
    """Le SVG prêt à mettre dans une page : un seul dessin, nommé ``alt`` pour les lecteurs d'écran."""
    svg = PATH_WITHOUT_D.sub('<path d=""', EMPTY_DEFS.sub("", JUNK.sub("", svg)).strip())
    svg = with_prefix(with_variables(svg), name)
    svg = re.sub(r'\s(?:xmlns:xlink|xmlns|version)="[^"]*"', "", svg)
    svg = enlarged(re.sub(r'(<svg\b[^>]*?) style="[^"]*"', r"\1", svg, count=1), scale)
    head = f'<svg class="figure-svg" role="img" aria-label="{escape(alt, quote=True)}" '
    return without_default_black(re.sub(r"<svg\b\s*", lambda _: head, svg, count=1)) + "\n"


def visit_image(self, node: nodes.image) -> None:
    """Incorpore un SVG tracé par une cellule ; laisse les autres images au traducteur d'origine."""
    path = Path(self.builder.srcdir, node["uri"])
    if path.suffix != ".svg" or not path.exists():
        HTML5Translator.visit_image(self, node)
        return
    svg = path.read_text(encoding="utf-8")
    stray = unknown_colours(svg)
    if stray:
        LOGGER.warning("figure aux couleurs hors palette : %s", ", ".join(sorted(stray)), location=node)
    names = getattr(node.parent, "attributes", {}).get("names") or []
    for ancestor in iter_parents(node):
        names = names or ancestor.get("ids", [])
    self.body.append(inline(svg, f"{names[0] if names else 'figure'}-{self.inline_count()}", node.get("alt", "")))


def iter_parents(node: nodes.Node):
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.figure):
            yield node


def depart_image(self, node: nodes.image) -> None:
    if Path(node["uri"]).suffix != ".svg":
        HTML5Translator.depart_image(self, node)


def inline_count(self) -> int:
    self._inline_svg_count = getattr(self, "_inline_svg_count", 0) + 1
    return self._inline_svg_count


def setup(app):
    HTML5Translator.inline_count = inline_count
    app.add_node(nodes.image, override=True, html=(visit_image, depart_image))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
