"""Le sommaire de la documentation du paquet : chaque nom public, ce qu'il fait, et les chapitres qui l'emploient.

``{sommaire-api}`` écrit un tableau par module, puis un dernier pour les noms qu'aucun chapitre n'emploie ;
« vu dans » est lu dans les cellules des chapitres au moment de la construction.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))

import sources  # noqa: E402

#: Les modules, dans l'ordre de la page, et le titre de leur tableau.
MODULES = {
    "cells": "Cellules",
    "recurrent": "Dépliage",
    "bptt": "Couches à rétropropagation manuscrite",
    "initialization": "Initialisations",
    "interop": "Échanges avec PyTorch",
    "models": "Réseaux",
    "tasks": "Tâches",
    "answers": "Réponses",
    "training": "Entraînement",
    "seeds": "Graines",
    "scalar_gradients": "Gradients d’un réseau scalaire",
    "gradients": "Gradients d’état à état",
    "connectivity": "Connectivité",
    "plotting": "Figures",
    "prose": "Nombres du texte",
    "checkpoints": "Points de reprise",
}
TASK_MODULES = ("task", "temporal_order", "echo", "adding", "copying", "characters")


def documented_at(module: str, name: str) -> str:
    """Le nom complet sous lequel la page documente un nom public."""
    if name == "PALETTE":
        return "notebook_utils.plotting.palette.PALETTE"
    if module != "tasks":
        return f"notebook_utils.{module}.{name}"
    homes = [home for home in TASK_MODULES if name in importlib.import_module(f"notebook_utils.tasks.{home}").__all__]
    return f"notebook_utils.tasks.{homes[0]}.{name}"


def purpose(module: str, name: str) -> str:
    """La première phrase de la documentation ; celle du commentaire « #: » pour une constante."""
    value = getattr(importlib.import_module(f"notebook_utils.{module}"), name)
    text = (value.__doc__ if callable(value) else comment(documented_at(module, name))).strip().split("\n\n")[0]
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?([^`]*)`", r"\1", " ".join(text.split()))
    return re.split(r"(?<=\.) (?=[A-ZÉÀ])", text)[0].rstrip(".")


def comment(full_name: str) -> str:
    """Le commentaire « #: » qui documente une constante, dans le module qui la définit."""
    home, name = full_name.rsplit(".", 1)
    return "\n".join(ModuleAnalyzer.for_module(home).find_attr_docs()["", name])


def readers(name: str, texts: dict[str, str]) -> list[str]:
    """Les pages dont une cellule emploie ce nom."""
    return [page for page, text in texts.items() if re.search(rf"(?<![\w.]){re.escape(name)}\b", text)]


class ApiSummary(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        pages = {page.stem: page for page in sources.CHAPTERS}
        toc = self.env.toctree_includes.values()
        order = [name.rsplit("/", 1)[-1] for names in toc for name in names]
        texts = {}
        for stem in sorted(pages, key=lambda stem: order.index(stem) if stem in order else len(order)):
            self.env.note_dependency(str(pages[stem]))
            texts[stem] = "\n".join(code for _, _, code in sources.cells(pages[stem]))
        found, orphans = [], []
        for module, title in MODULES.items():
            names = importlib.import_module(f"notebook_utils.{module}").__all__
            rows = {name: self.row(module, name, readers(name, texts), pages) for name in names}
            used = [row for name, row in rows.items() if readers(name, texts)]
            orphans += [row for name, row in rows.items() if not readers(name, texts)]
            found += [(title, used)] if used else []
        parts = [self.table(title, rows) for title, rows in [*found, ("Dans aucun chapitre", orphans)] if rows]
        return self.parse_text_to_nodes("\n\n".join(parts))

    def row(self, module: str, name: str, stems: list[str], pages: dict[str, Path]) -> str:
        links = ", ".join(f"{{doc}}`{stem}`" for stem in stems)
        return f"| {{py:obj}}`~{documented_at(module, name)}` | {purpose(module, name)} | {links} |"

    @staticmethod
    def table(title: str, rows: list[str]) -> str:
        heading = f"| {title} | À quoi il sert | Vu dans |\n|---|---|---|"
        return "\n".join([heading, *rows])


def setup(app):
    app.add_directive("sommaire-api", ApiSummary)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
