"""De quoi dépend le résultat des cellules d'un chapitre : l'empreinte de tout ce qu'elles exécutent.

Ce sont leur code, les modules de ``notebook_utils`` qu'elles importent (de proche en proche, avec leurs données),
les fichiers qu'elles nomment, et les versions de Python et des bibliothèques. Une docstring ou un commentaire n'y est
pas, sauf pour un chapitre qui lit le texte du paquet. Dans le doute, un chapitre dépend de tout.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "notebook_utils"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
SILENT = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.AnnAssign)
#: Un chapitre qui emploie l'un de ces mots peut montrer le texte du paquet, docstrings et numéros de ligne compris.
READS_TEXT = re.compile(r"\binspect\b|__doc__|\bhelp\(|\btraceback\b|\?\s*$", re.MULTILINE)
#: Ce qui peut importer sans le dire. D'``importlib``, lire un fichier, une version, chercher un module n'importe rien.
HIDDEN_IMPORT = re.compile(
    r"\bimportlib\b(?!\.resources\b|\.metadata\b| import resources\b|\.util import find_spec\b)"
    r"|__import__|(?<![\w.])(?:exec|eval)\("
)
#: Ce qui change le résultat d'une cellule sans être écrit nulle part.
VARIABLES = ("DECALAGE_GRAINES", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR")


class Module(NamedTuple):
    """Un module du paquet : son nom complet, son texte, son arbre sans docstring."""

    name: str
    text: str
    tree: ast.Module
    is_package: bool

    @property
    def home(self) -> str:
        """Le paquet auquel se rapportent ses imports relatifs."""
        return self.name if self.is_package else self.name.rpartition(".")[0]


class Doubt(Exception):
    """On ne sait pas d'où vient un nom : il faut compter tout le paquet."""


def without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


@cache
def package() -> dict[str, Module]:
    """Tous les modules du paquet, par nom complet."""
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package, text = parts[-1] == "__init__", path.read_text(encoding="utf-8")
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = Module(name, text, without_docstrings(ast.parse(text)), is_package)
    return found


def imports(tree: ast.AST, home: str = "") -> Iterator[tuple[str, str]]:
    """Les couples (module, nom) que ce code importe du paquet ; ``Doubt`` pour un import qui ne dit pas quoi."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name.split(".")[0] == PACKAGE for alias in node.names):
            raise Doubt
        if isinstance(node, ast.ImportFrom):
            parents = home.split(".")[: len(home.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*parents, *([node.module] if node.module else [])])
            if source.split(".")[0] == PACKAGE:
                yield from ((source, alias.name) for alias in node.names)


@cache
def whole_text() -> str:
    """Empreinte du texte du paquet entier, et de l'environnement."""
    return digest([*installed(), *(module.text for module in package().values()), *package_data(package())])


def seal(chapter: Path) -> str:
    """Empreinte d'une page, du paquet et de tout fichier que la page pourrait lire : trop, mais vite dite."""
    return digest([whole_text(), data_files(), chapter.read_text("utf-8")])


@cache
def data_files() -> str:
    """Empreinte des fichiers de ``book/`` qui ne sont ni des pages, ni ce dont seul Sphinx se sert."""
    folders = [path for path in sorted((ROOT / "book").iterdir()) if path.name not in ("_ext", "_static", "dessins")]
    paths = [path for root in folders for path in ([root] if root.is_file() else sorted(root.rglob("*")))]
    contents = [path.read_bytes() for path in paths if path.is_file() and path.suffix != ".md"]
    return digest([hashlib.sha256(content).hexdigest() for content in contents])


@cache
def module_imports(name: str) -> list[tuple[str, str]]:
    module = package()[name]
    if HIDDEN_IMPORT.search(module.text) and not module.is_package:
        raise Doubt
    return list(imports(module.tree, module.home))


def origin(source: str, name: str) -> tuple[str, str]:
    """Le module qui définit ce nom, à travers les ``__init__`` qui le reprennent."""
    if f"{source}.{name}" in package():
        return f"{source}.{name}", ""
    module = package().get(source)
    if module is None or name == "*":
        raise Doubt
    if not module.is_package:
        return source, name
    for node in module.tree.body:
        for home, names in export_table(node).items():
            if name in names:
                return origin(f"{source}.{home}", name)
        if isinstance(node, ast.ImportFrom):
            for alias in (alias for alias in node.names if (alias.asname or alias.name) == name):
                ((found, _),) = imports(ast.Module([ast.ImportFrom(node.module, [alias], node.level)], []), module.home)
                return origin(found, alias.name)
    raise Doubt


def has_effects(module: Module) -> bool:
    """L'import de ce module peut-il faire autre chose que définir des noms ?"""
    return any(not isinstance(node, SILENT) for node in module.tree.body)


@cache
def own_code(name: str) -> str:
    """Le code d'un module, à l'import près de ce que reprend un ``__init__``."""
    module = package()[name]
    body = module.tree.body
    if module.is_package:
        body = [node for node in body if not isinstance(node, ast.ImportFrom) and not is_export_list(node)]
    return ast.dump(ast.Module(body, []))


def export_table(node: ast.stmt) -> dict[str, list[str]]:
    """La table « module : noms » d'un ``__init__`` qui n'importe qu'à la demande ; vide si ce n'en est pas une."""
    value = getattr(node, "value", None)
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(value, ast.Dict):
        return {}
    try:
        table = ast.literal_eval(value)
    except ValueError:
        return {}
    names = [name for group in table.values() for name in (group if isinstance(group, list | tuple) else [None])]
    return table if all(isinstance(name, str) and name.isidentifier() for name in names) else {}


def is_export_list(node: ast.stmt) -> bool:
    targets = [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []
    return targets == ["__all__"] or bool(export_table(node))


def reached(tree: ast.AST) -> tuple[set[str], set[str]]:
    """Les modules que ce code exécute, de proche en proche, et d'où vient chaque nom importé."""
    always = {name for name, module in package().items() if module.is_package or has_effects(module)}
    modules, links = set(always), set()
    executed = (name for name in always if not package()[name].is_package)
    pending = [*imports(tree), *(pair for name in executed for pair in module_imports(name))]
    while pending:
        source, name = pending.pop()
        target, original = origin(source, name)
        links.add(f"{source}.{name} = {target}.{original}")
        if package()[target].is_package:
            raise Doubt
        if target not in modules:
            modules.add(target)
            pending += module_imports(target)
    return modules, links


def code_tree(cells: list[str]) -> ast.Module:
    """Le code d'un chapitre ; ``Doubt`` s'il n'est pas que du Python, ou importe sans le dire."""
    code = "\n".join(cells)
    if HIDDEN_IMPORT.search(code):
        raise Doubt
    try:
        return ast.parse(code)
    except SyntaxError as error:
        raise Doubt from error


def package_part(cells: list[str], by_text: bool) -> list[str]:
    """Ce que le paquet apporte à ces cellules : le code des modules atteints, et l'origine de chaque nom."""
    try:
        modules, links = reached(code_tree(cells))
    except Doubt:
        shown = [module.text if by_text else ast.dump(module.tree) for module in package().values()]
        return ["tout", *shown, *package_data(package())]
    shown = [package()[name].text if by_text else own_code(name) for name in sorted(modules)]
    return [*sorted(modules), *sorted(links), *shown, *package_data(sorted(modules))]


def package_data(modules: Iterable[str]) -> list[str]:
    """Le contenu des dossiers ``data`` où ces modules lisent."""
    homes = sorted({package()[name].home for name in modules if "resources" in package()[name].text})
    folders = [ROOT.joinpath(*home.split("."), "data") for home in homes]
    paths = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir()) if path.is_file()]
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def named_files(cells: list[str]) -> list[str]:
    """Le contenu des fichiers que les cellules nomment, relativement au dossier des chapitres."""
    names = {name for code in cells for name in re.findall(r"[\"']([^\"'\n]+\.\w+)[\"']", code)}
    paths = [ROOT / "book" / name for name in sorted(names)]
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file()]


@cache
def installed() -> list[str]:
    """Python, le noyau, les bibliothèques du paquet telles qu'elles sont installées, et les variables."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [*map(distribution, project["dependencies"]), "ipykernel", "ipython"]
    return [sys.version, *map(version_of, names), *(os.environ.get(name, "") for name in VARIABLES)]


def distribution(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement)[0]


def imported(cells: list[str]) -> list[str]:
    """Les bibliothèques que les cellules importent d'elles-mêmes, avec leur version."""
    found = re.findall(r"^\s*(?:from|import)\s+(\w+)", "\n".join(cells), re.MULTILINE)
    return [version_of(name) for name in sorted(set(found) - set(sys.stdlib_module_names) - {PACKAGE})]


def version_of(name: str) -> str:
    """Nom et version d'une bibliothèque, donnée par son nom d'installation ou d'import."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return " ".join([name, *(f"{home} {version(home)}" for home in packages_distributions().get(name, []))])


def fingerprint(cells: list[str], shows_errors: bool = False) -> str:
    """Empreinte d'un chapitre, cellules comprises ; ``shows_errors`` s'il montre des traces d'erreur."""
    by_text = shows_errors or bool(READS_TEXT.search("\n".join(cells)))
    parts = [*installed(), *imported(cells), *cells, *package_part(cells, by_text), *named_files(cells)]
    return digest(parts)


def digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
