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


def plain(text: str) -> str:
    """Le texte d'une valeur collée, que le noyau a pu écrire entre apostrophes."""
    return ast.literal_eval(text) if text[:1] in ("'", '"') else text


@lru_cache(maxsize=64)
def glued(path: Path) -> dict[str, str]:
    """Les textes collés d'un carnet exécuté, par clé."""
    return glued_in(json.loads(path.read_text("utf-8"))["cells"])


def glued_in(cells: list[dict]) -> dict[str, str]:
    """Les textes que des cellules exécutées ont collés, par clé."""
    found = {}
    for output in (output for cell in cells for output in cell.get("outputs", [])):
        name = output.get("metadata", {}).get("scrapbook", {}).get("name")
        text = output.get("data", {}).get("application/papermill.record/text/plain")
        if name and text:
            found[name] = plain("".join(text))
    return found


def page_of(key: str, stored: dict[str, str]) -> str | None:
    """La page qui a mesuré une valeur : celle dont le nom commence la clé."""
    return max((name for name in stored if key.startswith(f"{name}-")), key=len, default=None)


def elsewhere(keys: list[str], env) -> dict[str, str]:
    """Les valeurs que d'autres pages ont collées sous ces clés ; la page en cours dépend de leurs résultats."""
    stored, found = getattr(env.config, "executed_notebooks", {}), {}
    for key in keys:
        page = page_of(key, stored)
        if page is not None and page != Path(env.docname).name:
            env.note_dependency(stored[page])
            found |= {name: text for name, text in glued(Path(stored[page])).items() if name == key}
    return found


class Measure(SphinxRole):
    """``{mesure}`clé``` : la valeur collée sous cette clé, sur la page dont le nom la commence."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        stored = self.config.executed_notebooks
        page = page_of(self.text, stored)
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
