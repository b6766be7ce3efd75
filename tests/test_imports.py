"""Ce que charger le paquet charge, et dans quel sens ses modules s'importent."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import notebook_utils

PACKAGE = Path(notebook_utils.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
#: Ce que chaque partie du paquet peut importer des autres.
ALLOWED = {
    "_checks": set(),
    "_tensor_checks": set(),
    "recurrence": {"_checks", "_tensor_checks"},
    "tasks": {"_checks", "_tensor_checks"},
    "plotting": {"_checks"},
    "bptt": {"recurrence", "_checks", "_tensor_checks"},
    "linear": {"bptt", "recurrence", "_checks", "_tensor_checks"},
    "models": {"recurrence", "tasks", "_checks", "_tensor_checks"},
    "learning": {"tasks", "_checks", "_tensor_checks"},
    "gradients": {"recurrence", "_checks", "_tensor_checks"},
    "interactive": {"recurrence", "_checks", "_tensor_checks"},
    "prose": {"plotting", "_checks"},
    "questions": {"_checks"},
    "__init__": set(),
}


def part(path):
    """La partie du paquet où vit un module : son dossier, ou lui-même."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path):
    """Les imports relatifs d'un module : la partie du paquet visée, et les noms pris."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            inside = path.relative_to(PACKAGE).parts[: -node.level] + tuple((node.module or "").split("."))
            yield [step for step in inside if step][0], [alias.name for alias in node.names]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
            assert not any(name.split(".")[0] == "notebook_utils" for name in names), "import relatif attendu"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_import_one_way(path):
    for target, names in imports(path):
        assert target == part(path) or target in ALLOWED[part(path)]
        assert not any(name.startswith("_") for name in names), "un nom privé ne sort pas de son module"


def test_every_public_name_has_a_home():
    """La table du paquet dit vrai : chaque nom est public là où elle le place, et n'y est pas oublié."""
    for home, names in notebook_utils.HOMES.items():
        module = importlib.import_module(f"notebook_utils.{home}")
        assert sorted(module.__all__) == sorted(set(module.__all__) | set(names)), home
        for name in names:
            assert getattr(notebook_utils, name) is getattr(module, name)
    assert sorted(notebook_utils.__all__) == notebook_utils.__all__
    assert set(notebook_utils.__all__) <= set(dir(notebook_utils))
    with pytest.raises(AttributeError, match="absent"):
        _ = notebook_utils.absent
    with pytest.raises(ImportError):
        exec("from notebook_utils import absent")


@pytest.mark.parametrize(
    ("statement", "loaded"),
    [
        ("import notebook_utils", set()),
        ("from notebook_utils import PALETTE", {"matplotlib"}),
        ("from notebook_utils import GRU, RNNCell, fit, run_seeds, seeded, state_jacobians, glue_text", {"torch"}),
    ],
)
def test_heavy_libraries_wait_until_they_are_needed(statement, loaded):
    code = f"import sys\n{statement}\nprint(*[m for m in ('torch', 'matplotlib', 'joblib') if m in sys.modules])"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert set(child.stdout.split()) == loaded
