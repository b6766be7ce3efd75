"""``{literalinclude}`` avec ``:pyobject:`` : le code du paquet, sans docstring (elles sont dans l'API)."""

from __future__ import annotations

import ast
import textwrap

from docutils import nodes
from sphinx.directives.code import LiteralInclude

DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def without_docstrings(source: str) -> str:
    """Retire les docstrings de la fonction ou de la classe que contient ``source``, méthodes comprises."""
    source = textwrap.dedent(source)
    hidden = set()
    for definition in ast.walk(ast.parse(source)):
        if isinstance(definition, DEFINITIONS) and ast.get_docstring(definition) is not None:
            docstring = definition.body[0]
            hidden |= set(range(docstring.lineno, docstring.end_lineno + 1))
    return "".join(row for number, row in enumerate(source.splitlines(keepends=True), start=1) if number not in hidden)


class IncludeWithoutDocstring(LiteralInclude):
    def run(self) -> list[nodes.Node]:
        result = super().run()
        if "pyobject" in self.options:
            for block in (block for node in result for block in node.findall(nodes.literal_block)):
                source = without_docstrings(block.astext())
                block.rawsource = source
                block.children = []
                block += nodes.Text(source)
        return result


def setup(app):
    app.add_directive("literalinclude", IncludeWithoutDocstring, override=True)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
