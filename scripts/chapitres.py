"""Les chapitres exécutables du livre : les lire, les exécuter, situer leurs erreurs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
TIMEOUT = 900  # secondes par cellule, machine très chargée comprise
WORKERS = 2


class ChapterError(Exception):
    """Une cellule d'un chapitre a échoué ; le message dit laquelle, et à quelle ligne."""


def chapters() -> list[Path]:
    """Les pages de ``book/`` qui déclarent un noyau."""
    return [path for path in sorted(BOOK.glob("*.md")) if "\nkernelspec:" in path.read_text("utf-8")[:600]]


def read_chapter(chapter: Path) -> nbformat.NotebookNode:
    """Le chapitre en carnet, sans aucun résultat."""
    return nbformat.v4.upgrade(jupytext.read(chapter))


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def line_of(cell: nbformat.NotebookNode, chapter: Path) -> int:
    """Ligne du chapitre où commence le code d'une cellule."""
    text = chapter.read_text("utf-8")
    return text.count("\n", 0, max(text.find(cell.source), 0)) + 1


def execute(chapter: Path, to_the_end: bool = False) -> nbformat.NotebookNode:
    """Exécute un chapitre dans un noyau neuf ; lève ``ChapterError`` à la première cellule en échec.

    Avec ``to_the_end``, les cellules suivantes sont exécutées quand même, et l'erreur les réunit toutes.
    """
    notebook = read_chapter(chapter)
    metadata = dict(notebook.metadata)
    options = {"timeout": TIMEOUT, "record_timing": False, "coalesce_streams": True}
    options |= {"extra_arguments": ["--IPKernelApp.log_level=ERROR"], "allow_errors": to_the_end}
    client = NotebookClient(notebook, resources={"metadata": {"path": str(BOOK)}}, **options)
    try:
        client.execute()
    except CellTimeoutError as error:
        raise ChapterError(f"{place(executed(notebook)[-1], chapter)}\n{error}") from error
    except CellExecutionError:
        if not any(map(is_failed, executed(notebook))):
            raise
    failed = [cell for cell in executed(notebook) if is_failed(cell)]
    if failed:
        heads = [f"{place(cell, chapter)} « {failing_row(cell)} »" for cell in failed]
        raise ChapterError("\n\n".join(f"{head}\n{error_of(cell)}" for head, cell in zip(heads, failed, strict=True)))
    notebook.metadata = nbformat.from_dict(metadata)  # le noyau y ajoute sa propre description
    return notebook


def executed(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in code_cells(notebook) if cell.get("execution_count")]


def place(cell: nbformat.NotebookNode, chapter: Path) -> str:
    """Le fichier, la ligne de la page où la cellule s'est arrêtée, et ce qui s'y est passé."""
    return f"{chapter.relative_to(ROOT)}:{line_of(cell, chapter) + failing_rank(cell)}: la cellule a échoué."


ANSI = re.compile(r"\x1b\[[0-9;]*m")


def error_of(cell: nbformat.NotebookNode) -> str:
    """La trace de l'erreur d'une cellule."""
    return "\n".join("\n".join(out.traceback) for out in cell.outputs if out.output_type == "error")


def failing_rank(cell: nbformat.NotebookNode) -> int:
    """Rang, dans la cellule, de la ligne en cours quand l'erreur est survenue ; 0 si la trace ne le dit pas."""
    count = cell.get("execution_count")
    found = re.search(rf"Cell In\[{count}\], line (\d+)", ANSI.sub("", error_of(cell)))
    return int(found[1]) - 1 if found else 0


def failing_row(cell: nbformat.NotebookNode) -> str:
    """Cette ligne elle-même."""
    rows = cell.source.splitlines()
    return rows[failing_rank(cell)].strip() if rows else ""


def replay(environment: dict[str, str], selected: list[Path]) -> str:
    """Rejoue des chapitres jusqu'au bout avec ces variables d'environnement ; les échecs réunis, ou rien.

    Rien n'est gardé : la construction du livre n'en dépend pas.
    """
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        for chapter in in_parallel(replayed, selected):
            print(f"  {chapter.name}", flush=True)
    except SystemExit as error:
        return str(error)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return ""


def replayed(chapter: Path) -> Path:
    execute(chapter, to_the_end=True)
    return chapter


def selected(names: list[str]) -> list[Path]:
    """Les chapitres nommés, ou tous ; ``SystemExit`` si un nom n'en désigne aucun."""
    unknown = set(names) - {chapter.stem for chapter in chapters()}
    if unknown:
        known = ", ".join(chapter.stem for chapter in chapters())
        raise SystemExit(f"chapitre inconnu : {', '.join(sorted(unknown))} ; attendu parmi {known}")
    return [chapter for chapter in chapters() if not names or chapter.stem in names]


def is_failed(cell: nbformat.NotebookNode) -> bool:
    expected = "raises-exception" in cell.metadata.get("tags", [])
    return not expected and any(output.output_type == "error" for output in cell.outputs)


def in_parallel(function: Callable, items: Iterable) -> Iterator:
    """Applique ``function`` à chaque chapitre, deux à la fois, et rend les résultats au fur et à mesure.

    Une erreur n'arrête pas les autres chapitres : toutes sont rapportées à la fin.
    """
    errors = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for future in as_completed([pool.submit(function, item) for item in items]):
            try:
                yield future.result()
            except ChapterError as error:
                errors.append(str(error))
    if errors:
        raise SystemExit("\n\n".join(errors))
