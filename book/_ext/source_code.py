"""``{literalinclude}`` avec ``:pyobject:`` : le code du paquet, sans sa docstring (elle est dans l'API)."""

from __future__ import annotations

import ast
import textwrap

from docutils import nodes
from sphinx.directives.code import LiteralInclude


def without_docstring(source: str) -> str:
    """Retire la docstring de la fonction ou de la classe que contient ``source``."""
    source = textwrap.dedent(source)
    (definition,) = ast.parse(source).body
    if ast.get_docstring(definition) is None:
        return source
    docstring = definition.body[0]
    rows = source.splitlines()
    return "\n".join(rows[: docstring.lineno - 1] + rows[docstring.end_lineno :]) + "\n"


class IncludeWithoutDocstring(LiteralInclude):
    def run(self) -> list[nodes.Node]:
        result = super().run()
        if "pyobject" in self.options:
            for block in (block for node in result for block in node.findall(nodes.literal_block)):
                source = without_docstring(block.astext())
                block.rawsource = source
                block.children = []
                block += nodes.Text(source)
        return result


def setup(app):
    app.add_directive("literalinclude", IncludeWithoutDocstring, override=True)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
