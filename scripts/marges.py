"""De combien tient chaque assertion d'un chapitre : une extension d'IPython, que ``graines.py`` charge.

Une assertion qui tient de justesse sous trois décalages tombera sous le quatrième. Chaque comparaison de deux nombres
(``a < b``) d'une assertion est donc pesée : sa marge est la distance au seuil, positive quand elle tient, la moindre
s'il y en a plusieurs (un tableau, une boucle). Une ligne JSON par comparaison va au fichier ``MARGES``.
Ce qui se passe dans une fonction, ou se compte par ``sum``, n'est pas pesé : c'est le compte qui est affirmé.
"""

from __future__ import annotations

import ast
import json
import os
import statistics
from collections import defaultdict
from pathlib import Path

FILE = "MARGES"
SIGNS = {ast.Lt: -1, ast.LtE: -1, ast.Gt: 1, ast.GtE: 1}
RECORDER = "__marge__"
#: Une marge inférieure à ce nombre d'écarts types ne survivra pas à beaucoup de décalages.
SAFE = 2.5
#: Le nombre de décalages à partir duquel un écart type veut dire quelque chose.
ENOUGH = 3
SCRIPTS = Path(__file__).resolve().parent


class Weigher(ast.NodeTransformer):
    """Pèse les comparaisons des assertions, et ne change rien d'autre."""

    def visit_FunctionDef(self, node):
        return node

    visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = visit_FunctionDef

    def visit_Assert(self, node):
        node.test = Comparisons(ast.unparse(node)).visit(node.test)
        return ast.fix_missing_locations(node)


class Comparisons(ast.NodeTransformer):
    """Remplace ``a < b < c`` par l'appel qui le pèse ; ce qu'un ``sum`` compte reste tel quel."""

    def __init__(self, claim):
        self.claim, self.rank = claim, 0

    def visit_Call(self, node):
        return node if getattr(node.func, "id", "") in ("sum", "next", "max", "min") else self.generic_visit(node)

    def visit_comprehension(self, node):
        return node

    def visit_Compare(self, node):
        if any(type(op) not in SIGNS for op in node.ops):
            return node
        self.rank += 1
        signs = ast.List([ast.Constant(SIGNS[type(op)]) for op in node.ops], ast.Load())
        values = ast.List([node.left, *node.comparators], ast.Load())
        weighed = [ast.Constant(self.claim), ast.Constant(self.rank), signs, values]
        call = ast.Call(ast.Name(RECORDER, ast.Load()), [*weighed, ast.Constant(ast.unparse(node))], [])
        # a < b < c, tel quel, une fois pesé
        return ast.BoolOp(ast.And(), [call, node])


def record(claim, rank, signs, values, text):
    """Note la marge d'une comparaison ; rend toujours vrai."""
    import numpy as np

    try:
        numbers = [np.asarray(value, dtype=float) for value in values]
    except (TypeError, ValueError, RuntimeError):
        return True
    for place, (sign, a, b) in enumerate(zip(signs, numbers, numbers[1:], strict=False)):
        distance = sign * (a - b)
        if distance.size:
            row = {"claim": claim, "rank": rank, "place": place, "text": text, "margin": float(np.min(distance))}
            with open(os.environ[FILE], "a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return True


def environment(path: Path) -> dict[str, str]:
    """Les variables d'environnement qui font peser les assertions d'un noyau, dans ce fichier."""
    known = os.environ.get("PYTHONPATH")
    search = os.pathsep.join([str(SCRIPTS), *([known] if known else [])])
    return {FILE: str(path), "NOYAU_OPTIONS": "--IPKernelApp.extensions=marges", "PYTHONPATH": search}


def load_ipython_extension(shell):
    """Le noyau pèse désormais toute assertion, sans que les lignes changent."""
    shell.ast_transformers.append(Weigher())
    shell.push({RECORDER: record}, interactive=False)


def margins(path: Path) -> dict[tuple, float]:
    """La plus petite marge de chaque comparaison d'un rejeu."""
    found: dict[tuple, float] = {}
    for row in map(json.loads, path.read_text("utf-8").splitlines()):
        key = row["claim"], row["rank"], row["place"], row["text"]
        found[key] = min(row["margin"], found.get(key, float("inf")))
    return found


def fragile(runs: list[dict[tuple, float]]) -> list[tuple[str, list[float]]]:
    """Les comparaisons dont la marge vaut moins de ``SAFE`` écarts types d'un rejeu à l'autre, la pire d'abord."""
    series = defaultdict(list)
    for run in runs:
        for key, margin in run.items():
            series[key].append(margin)
    found = []
    for (claim, _, _, text), values in series.items():
        spread, middle = statistics.stdev(values) if len(values) > 1 else 0.0, statistics.fmean(values)
        if min(values) < 0 or middle < SAFE * spread:
            found.append((middle / spread if spread else 0.0, f"{text}  ({claim[:100]})", values))
    return [(text, values) for _, text, values in sorted(found)]
