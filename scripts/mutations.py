"""Mesure ce que voient les tests du paquet : on y glisse une faute à la fois, et l'on compte celles qu'ils attrapent.

Une mutation change une chose du code : une comparaison, un signe, un nombre, une couleur, deux arguments échangés,
un appel ôté… Elles sont toutes recensées, toujours dans le même ordre ; un tirage à graine fixe en prend quelques-unes.
Chacune est essayée dans une copie du dépôt, par les tests, et les exemples, de la partie du paquet où elle se trouve.
Une faute non vue est imprimée avec son fichier et sa ligne : elle est équivalente au code, ou il manque un test.

Lancement : ``make mutations``, ``make mutations PARTIE=plotting NOMBRE=100`` ; hors de ``make test``, car c'est long.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "notebook_utils"
#: Les tests de chaque partie du paquet, du plus rapide à échouer au plus lent.
TESTS = {
    "plotting": ["plotting_lecture", "plotting_delays", "plotting", "plotting_learning", "entrees"],
    "recurrence": ["recurrent", "cells", "entrees", "pytorch"],
    "bptt": ["pytorch", "bptt"],
    "models": ["encoder_decoder", "decoding", "ngrams", "language_model", "completion", "attention", "training",
               "entrees"],
    "linear": ["linear_scan", "linear_layers", "entrees"],
    "learning": ["checkpoints", "seeds", "training", "distributed", "entrees"],
    "gradients": ["gradients", "connectivity", "pytorch", "entrees"],
    "tasks": ["tasks_echo", "tasks_copying", "tasks_adding", "tasks_temporal_order", "tasks_characters",
              "tasks_texts", "tasks_protocol", "tasks_keyboard", "tasks_grammar", "tasks_programs", "tasks_dates",
              "tasks_corpus", "tasks_digits", "tasks_tracking", "entrees"],
    "interactive": ["mesures", "figures_js", "entrees"],
    "questions": ["questions"],
    "prose": ["prose", "entrees"],
    "_checks": ["entrees"],
    "_tensor_checks": ["entrees", "pytorch"],
    "__init__": ["imports"],
}  # fmt: skip
SWAPS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
#: Une mutation a ce nombre de fois la durée des tests sans elle ; au-delà, la boucle est sans fin, donc vue.
PATIENCE = 5


def sites(tree: ast.Module):
    """Les nœuds que l'on peut changer ; ni docstring, ni message d'erreur, ni ``__all__``."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Raise | ast.Import | ast.ImportFrom | ast.JoinedStr):
            continue
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        yield node
        pending.extend(reversed(list(ast.iter_child_nodes(node))))


def changes(node: ast.AST):
    """Les fautes possibles en un nœud : leur nom, et ce qui change le nœud sur place."""
    if isinstance(node, ast.Compare | ast.BoolOp | ast.BinOp | ast.AugAssign):
        place = node.ops if isinstance(node, ast.Compare) else None
        old = type(place[0] if place else node.op)
        if old in SWAPS:
            yield f"{old.__name__} → {SWAPS[old].__name__}", lambda n: (
                n.ops.__setitem__(0, SWAPS[old]()) if place else setattr(n, "op", SWAPS[old]())
            )
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield f"{type(node.op).__name__} ôté", lambda n: setattr(n, "operand", ast.UnaryOp(type(n.op)(), n.operand))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str) and node.value != "":
        new = other_value(node.value)
        yield f"{node.value!r} → {new!r}", lambda n: setattr(n, "value", new)
    elif isinstance(node, ast.IfExp):
        yield "branches échangées", lambda n: n.__dict__.update(body=n.orelse, orelse=n.body)
    elif isinstance(node, ast.If):
        yield "condition niée", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield f"ôté : {ast.unparse(node)[:50]}", lambda n: setattr(n, "value", ast.Constant(None))
    elif isinstance(node, ast.Call):
        if len(node.args) > 1 and not any(isinstance(argument, ast.Starred) for argument in node.args[:2]):
            yield "arguments échangés", lambda n: n.args.__setitem__(slice(2), n.args[1::-1])
        if len(node.keywords) > 1 and all(keyword.arg for keyword in node.keywords[:2]):
            yield "options échangées", swap_options


def swap_options(call: ast.Call) -> None:
    first, second = call.keywords[:2]
    first.value, second.value = second.value, first.value


def other_value(value):
    """Une autre valeur, plausible : le rôle suivant de la palette, un de plus, l'autre booléen."""
    roles = ["input", "hidden", "output", "cell", "gradient", "ink", "paper", "grid", "input"]
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return roles[roles.index(value) + 1] if value in roles else value + "x"
    return value + 1 if isinstance(value, int) else 1.5 * value + 0.1


def mutants(paths: list[Path]) -> list[tuple[Path, int, str, int, int]]:
    """Toutes les mutations : fichier, ligne, nom, rang du nœud, rang de la faute en ce nœud."""
    found = []
    for path in paths:
        for rank, node in enumerate(sites(ast.parse(path.read_text("utf-8")))):
            for choice, (name, _) in enumerate(changes(node)):
                found.append((path, getattr(node, "lineno", 0), name, rank, choice))
    return found


def mutated(path: Path, rank: int, choice: int) -> str:
    """Le code d'un fichier où l'on a glissé une faute."""
    tree = copy.deepcopy(ast.parse(path.read_text("utf-8")))
    node = list(sites(tree))[rank]
    list(changes(node))[choice][1](node)
    return ast.unparse(ast.fix_missing_locations(tree))


def caught(folder: Path, path: Path, code: str, part: str, limit: float) -> bool:
    """Dit si les tests d'une partie voient la faute ; le fichier de la copie est ensuite remis."""
    target = folder / path.relative_to(ROOT)
    original = target.read_text("utf-8")
    target.write_text(code, "utf-8")
    try:
        return failed(folder, part, limit)
    finally:
        target.write_text(original, "utf-8")


def failed(folder: Path, part: str, limit: float = float("inf")) -> bool:
    """Lance les tests d'une partie dans un processus fils ; vrai s'ils échouent, ou ne finissent pas."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(folder)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1), os.dup2(silence, 2)
        sys.path[:0] = [str(folder), str(folder / "tests")]
        os.environ["PYTHONPATH"] = str(folder)
        import pytest

        own = Path("notebook_utils", part)  # ses exemples sont aussi des tests
        files = [*(f"tests/test_{name}.py" for name in TESTS[part]), own if own.is_dir() else own.with_suffix(".py")]
        options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header"]
        os._exit(int(pytest.main([*options, *map(str, files)]) != 0))
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description="Part des fautes glissées dans le paquet que ses tests attrapent.")
    parser.add_argument("--partie", choices=sorted(TESTS), help="une partie du paquet ; toutes par défaut")
    parser.add_argument("--nombre", type=int, default=200, help="combien de mutations tirer")
    parser.add_argument("--graine", type=int, default=0)
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1")
    import hypothesis  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import torch

    torch.set_num_threads(1)
    paths = sorted(path for path in PACKAGE.rglob("*.py") if options.partie in (None, part_of(path)))
    every = mutants(paths)
    chosen = random.Random(options.graine).sample(every, min(options.nombre, len(every)))
    print(f"{len(chosen)} mutations sur {len(every)}", flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("notebook_utils", "tests", "book/_ext", "scripts"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "conftest.py"):
            shutil.copy(ROOT / name, folder / name)
        limits = {}
        for part in sorted({part_of(path) for path, *_ in chosen}):
            start = time.monotonic()
            if failed(folder, part):
                sys.exit(f"les tests de {part} échouent déjà, sans aucune mutation")
            limits[part] = PATIENCE * (time.monotonic() - start) + 10
        alive = 0
        for path, line, name, rank, choice in chosen:
            part = part_of(path)
            if not caught(folder, path, mutated(path, rank, choice), part, limits[part]):
                alive += 1
                print(f"non vue : {path.relative_to(ROOT)}:{line} : {name}", flush=True)
    share = f"{100 * (1 - alive / len(chosen)):.1f}".replace(".", ",")
    print(f"{len(chosen) - alive} attrapées sur {len(chosen)}, {share} %")


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


if __name__ == "__main__":
    main()
