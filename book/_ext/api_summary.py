"""Le sommaire de la documentation du paquet : chaque nom public, ce qu'il fait, et les chapitres qui l'emploient.

``{sommaire-api}`` écrit un tableau par module, puis un dernier pour les noms qu'aucun chapitre n'emploie ;
les chapitres sont numérotés comme dans ``_toc.yml``, et ce que chacun importe est lu dans ses cellules.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))

import sources  # noqa: E402

#: Les modules, dans l'ordre de la page, et le titre de leur tableau.
MODULES = {
    "recurrence.cells": "Cellules",
    "recurrence.unroll": "Dépliage",
    "bptt": "Couches à rétropropagation manuscrite",
    "linear": "Récurrences linéaires",
    "recurrence.initialization": "Initialisations",
    "recurrence.interop": "Échanges avec PyTorch",
    "models.readout": "Réseaux",
    "models.encoder_decoder": "Encodeur et décodeur",
    "models.attention": "Attention",
    "models.transformer": "Transformer",
    "models.decoding": "Écrire avec un réseau",
    "models.language_model": "Modèle de langue",
    "models.completion": "Compléter un texte",
    "models.ngrams": "Compter pour prédire",
    "tasks": "Tâches",
    "tasks.digits": "Chiffres manuscrits",
    "tasks.programs": "Petits programmes",
    "learning.answers": "Réponses",
    "learning.training": "Entraînement",
    "learning.seeds": "Graines",
    "gradients.scalar": "Gradients d’un réseau scalaire",
    "gradients.jacobians": "Gradients d’état à état",
    "gradients.connectivity": "Connectivité",
    "plotting": "Figures",
    "interactive.export": "Figures interactives",
    "prose": "Nombres du texte",
    "learning.checkpoints": "Points de reprise",
    "learning.distributed": "Plusieurs processus",
}
TASK_MODULES = (
    *("task", "temporal_order", "echo", "adding", "copying", "characters", "texts"),
    *("dates", "date_links", "corpus", "grammar", "keyboard", "tracking"),
)


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
    text = re.sub(r":math:`([^`]*)`", r"$\1$", " ".join(text.split()))
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?([^`]*)`", r"`\1`", text)
    return re.split(r"(?<=\.) (?=[A-ZÉÀ])", text)[0].rstrip(".")


def comment(full_name: str) -> str:
    """Le commentaire « #: » qui documente une constante, dans le module qui la définit."""
    home, name = full_name.rsplit(".", 1)
    return "\n".join(ModuleAnalyzer.for_module(home).find_attr_docs()["", name])


def numbered() -> dict[str, int]:
    """Le numéro de chaque chapitre, dans l'ordre du livre."""
    course = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))["parts"][0]
    return {Path(entry["file"]).name: number for number, entry in enumerate(course["chapters"], start=1)}


def imported(page: Path) -> set[str]:
    """Les noms que les cellules d'une page importent du paquet."""
    trees = [ast.parse(code) for _, _, code in sources.cells(page) if "notebook_utils" in code]
    statements = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in statements if (node.module or "").split(".")[0] == "notebook_utils"]
    return {alias.name for node in ours for alias in node.names}


def all_imports() -> dict[str, list[str]]:
    """Ce que chaque page importe du paquet, dans l'ordre du livre."""
    pages = {page.stem: page for page in sources.CHAPTERS}
    return {stem: sorted(imported(pages[stem])) for stem in numbered()}


def outdated(app, env, added, changed, removed) -> list[str]:
    """La page est relue quand change ce qu'un chapitre importe, et non à chaque ligne de son texte."""
    shown = getattr(env, "summarized_imports", None)
    return ["book/api"] if shown is not None and "book/api" in env.found_docs and shown != all_imports() else []


class ApiSummary(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        self.env.summarized_imports = all_imports()
        readers: dict[str, list[str]] = {}
        for stem, number in numbered().items():
            for name in self.env.summarized_imports[stem]:
                readers.setdefault(name, []).append(f"{{doc}}`{number} <{stem}>`")
        found, orphans = [], []
        for module, title in MODULES.items():
            names = importlib.import_module(f"notebook_utils.{module}").__all__
            used = [name for name in names if name in readers]
            rows = [f"{self.row(module, name)} {', '.join(readers[name])} |" for name in used]
            orphans += [self.row(module, name) for name in names if name not in readers]
            found += [self.table([title, "À quoi il sert", "Chapitres"], rows)] if rows else []
        tables = [*found, self.table(["Dans aucun chapitre", "À quoi il sert"], orphans)]
        parsed = self.parse_text_to_nodes("\n\n".join(tables))
        tables = [table for part in parsed for table in part.findall(nodes.table)]
        for table in tables:
            table["classes"] += ["sommaire-api", "longtable"]  # le PDF peut le couper
            set_widths(table)
        return parsed

    @staticmethod
    def row(module: str, name: str) -> str:
        return f"| {{py:obj}}`~{documented_at(module, name)}` | {purpose(module, name)} |"

    @staticmethod
    def table(titles: list[str], rows: list[str]) -> str:
        return "\n".join([f"| {' | '.join(titles)} |", "|---" * len(titles) + "|", *rows])


def set_widths(table: nodes.table) -> None:
    """Fixe les largeurs : sans elles, LaTeX élargit un nom long, et ne coupe plus rien au-delà de trente lignes."""
    columns = list(table.findall(nodes.colspec))
    for column, width in zip(columns, (38, 62) if len(columns) == 2 else (34, 48, 18), strict=True):
        column["colwidth"] = width
    table["classes"].append("colwidths-given")


def setup(app):
    app.add_directive("sommaire-api", ApiSummary)
    app.connect("env-get-outdated", outdated)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
