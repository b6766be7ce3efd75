r"""Directive ``{tikz}`` du livre : un dessin numéroté, décrit, gardé en SVG à côté de sa source.

La directive de ``sphinxcontrib.tikz`` est sous-classée : ``:name:`` et ``:alt:`` sont obligatoires,
le dessin devient une vraie figure (numéro, légende, ``{numref}``), et le SVG affiché en HTML est
celui de ``book/dessins/<name>.svg``, rendu une fois pour toutes par ``make dessins``.
Aucun TeX n'est donc nécessaire pour construire le HTML ; le PDF, lui, compile la source TikZ.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from docutils.parsers.rst import directives
from palette import PALETTE
from sphinx.util import logging
from sphinxcontrib.tikz import TikzDirective, tikz

LOGGER = logging.getLogger(__name__)
BOOK = Path(__file__).resolve().parent.parent
DRAWINGS = BOOK / "dessins"
ENGINE = "lualatex"
FENCE = re.compile(
    r"^(?P<indent>[ ]*)(?P<fence>:{3,})\{tikz\}(?P<caption>[^\n]*)\n(?P<body>.*?)^(?P=indent)(?P=fence)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
OPTION = re.compile(r"^\s*:(?P<key>\w+):[ ]*(?P<value>.*)$")


class Drawing(NamedTuple):
    """Un dessin TikZ tel qu'il est écrit dans un chapitre."""

    name: str
    code: str
    path: Path
    line: int

    @property
    def svg(self) -> Path:
        return svg_path(self.name)

    @property
    def png(self) -> Path:
        return png_path(self.name)

    @property
    def is_stale(self) -> bool:
        return stored_fingerprint(self.svg) != fingerprint(self.code) or not self.png.exists()


def normalise(code: str) -> str:
    """Retire l'indentation commune et les lignes vides : elles ne changent pas le dessin."""
    return "\n".join(line.rstrip() for line in textwrap.dedent(code).splitlines() if line.strip())


def preamble() -> str:
    """Préambule commun au SVG et au PDF : les couleurs de la palette, puis les styles du livre."""
    colours = "".join(
        rf"\definecolor{{{role.replace('_', '')}}}{{HTML}}{{{shade.light[1:].upper()}}}" + "\n"
        for role, shade in PALETTE.items()
    )
    return colours + (DRAWINGS / "preambule.tex").read_text(encoding="utf-8")


def fingerprint(code: str) -> str:
    """Empreinte de tout ce qui détermine le dessin : source, préambule, moteur."""
    content = "\0".join([ENGINE, preamble(), normalise(code)])
    return hashlib.sha256(content.encode("utf-8")).hexdigest()


def svg_path(name: str) -> Path:
    return DRAWINGS / f"{name}.svg"


def png_path(name: str) -> Path:
    """Le même dessin en pixels, pour les carnets."""
    return DRAWINGS / f"{name}.png"


def stored_fingerprint(svg: Path) -> str | None:
    """Empreinte écrite dans un SVG gardé, ou ``None`` s'il n'y en a pas."""
    if not svg.exists():
        return None
    found = re.search(r"<!-- empreinte : (\w+) -->", svg.read_text(encoding="utf-8")[:400])
    return found.group(1) if found else None


def read_drawings(path: Path) -> list[Drawing]:
    """Tous les dessins d'un chapitre, dans l'ordre, avec la ligne de leur directive."""
    text = path.read_text(encoding="utf-8")
    drawings = []
    for match in FENCE.finditer(text):
        options, code = {}, []
        for row in match["body"].splitlines():
            option = None if code else OPTION.match(row)
            if option:
                options[option["key"]] = option["value"].strip()
            elif row.strip() or code:
                code.append(row)
        line = text.count("\n", 0, match.start()) + 1
        drawings.append(Drawing(options.get("name", ""), "\n".join(code), path, line))
    return drawings


def all_drawings() -> list[Drawing]:
    return [drawing for path in sorted(BOOK.glob("*.md")) for drawing in read_drawings(path)]


class DrawingDirective(TikzDirective):
    """``{tikz}`` avec nom et texte alternatif obligatoires, légende en figure numérotée."""

    option_spec = TikzDirective.option_spec | {"name": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        missing = [f":{key}:" for key in ("name", "alt") if not self.options.get(key)]
        if not self.arguments:
            missing.append("légende")
        if missing:
            raise self.error(f"dessin TikZ sans {', '.join(missing)} (tous trois obligatoires)")
        name = nodes.fully_normalize_name(self.options.pop("name"))
        (node,) = super().run()
        self.check_is_fresh(name, node["tikz"])
        node["drawing"] = name
        caption = next(child for child in node.children if isinstance(child, nodes.caption))
        node.remove(caption)
        figure = nodes.figure("", node, caption, align="center", classes=["dessin"])
        figure["names"].append(name)
        self.state.document.note_explicit_target(figure, figure)
        self.set_source_info(figure)
        return [figure]

    def set_source_info(self, node: nodes.Node) -> None:
        node.source, node.line = self.state_machine.get_source_and_line(self.lineno)

    def check_is_fresh(self, name: str, code: str) -> None:
        env = self.state.document.settings.env
        env.note_dependency(str(svg_path(name)))
        env.note_dependency(str(DRAWINGS / "preambule.tex"))
        if stored_fingerprint(svg_path(name)) != fingerprint(code):
            LOGGER.warning(
                "le dessin « %s » n'est pas à jour dans book/dessins : lancez « make dessins »",
                name,
                location=(env.docname, self.lineno),
            )


def visit_html(self, node: tikz) -> None:
    from inline_svg import inline

    path = svg_path(node["drawing"])
    if path.exists():
        svg = path.read_text(encoding="utf-8")
        self.body.append(inline(svg, node["drawing"], node["alt"], scale=1.75))
    raise nodes.SkipNode


def visit_latex(self, node: tikz) -> None:
    code = normalise(node["tikz"])
    self.body.append("\n\\begin{adjustbox}{max width=\\linewidth,center}%\n")
    self.body.append("\\begin{tikzpicture}\n" + code + "\n\\end{tikzpicture}%\n")
    self.body.append("\\end{adjustbox}\n")
    raise nodes.SkipNode


def set_preamble(app, config) -> None:
    config.tikz_latex_preamble = preamble()


def setup(app):
    app.setup_extension("sphinxcontrib.tikz")
    app.add_directive("tikz", DrawingDirective, override=True)
    app.add_node(tikz, override=True, html=(visit_html, None), latex=(visit_latex, None))
    app.connect("config-inited", set_preamble)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
