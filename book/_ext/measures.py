"""Le rôle ``{mesure}`` : montrer sur une page une valeur qu'une autre a collée, ``{mesure}`lstm-oubli```.

La clé commence par le nom de la page qui l'a mesurée ; la page qui la montre est relue dès que ses résultats changent.
"""

from __future__ import annotations

import ast
import json
from functools import lru_cache
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxRole


@lru_cache(maxsize=64)
def glued(path: Path) -> dict[str, str]:
    """Les textes collés par les cellules d'un carnet exécuté, par clé."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    found = {}
    for output in (output for cell in cells for output in cell.get("outputs", [])):
        name = output.get("metadata", {}).get("scrapbook", {}).get("name")
        text = output.get("data", {}).get("application/papermill.record/text/plain")
        if name and text:
            text = "".join(text)
            found[name] = ast.literal_eval(text) if text[:1] in ("'", '"') else text
    return found


class Measure(SphinxRole):
    """``{mesure}`clé``` : la valeur collée sous cette clé, sur la page dont le nom la commence."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        stored = self.config.executed_notebooks
        page = max((name for name in stored if self.text.startswith(f"{name}-")), key=len, default=None)
        if page is None:
            return self.fault("ne commence par le nom d'aucune page")
        path = Path(stored[page])
        self.env.note_dependency(str(path))
        value = glued(path).get(self.text)
        if value is None:
            return self.fault(f"n'est pas collée par la page « {page} »")
        return [nodes.Text(value)], []

    def fault(self, why: str) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        message = f"mesure inconnue : la clé « {self.text} » {why}"
        return [], [self.inliner.reporter.error(message, line=self.lineno)]


def setup(app):
    app.add_role("mesure", Measure())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
