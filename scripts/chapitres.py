"""Les chapitres exécutables du livre : les lire, les exécuter, situer leurs erreurs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
TIMEOUT = 300  # secondes par cellule
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


def execute(chapter: Path) -> nbformat.NotebookNode:
    """Exécute un chapitre dans un noyau neuf ; lève ``ChapterError`` à la première cellule en échec."""
    notebook = read_chapter(chapter)
    metadata = dict(notebook.metadata)
    client = NotebookClient(
        notebook, timeout=TIMEOUT, record_timing=False, resources={"metadata": {"path": str(BOOK)}}
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError) as error:
        executed = [cell for cell in code_cells(notebook) if cell.get("execution_count")]
        failed = next((cell for cell in executed if is_failed(cell)), executed[-1])
        where = f"{chapter.relative_to(ROOT)}:{line_of(failed, chapter)}"
        raise ChapterError(f"{where}: la cellule a échoué.\n{error}") from error
    notebook.metadata = nbformat.from_dict(metadata)  # le noyau y ajoute sa propre description
    return notebook


def is_failed(cell: nbformat.NotebookNode) -> bool:
    expected = "raises-exception" in cell.metadata.get("tags", [])
    return not expected and any(output.output_type == "error" for output in cell.outputs)


def in_parallel(function: Callable, items: Iterable) -> list:
    """Applique ``function`` à chaque chapitre, deux à la fois ; toutes les erreurs sont rapportées."""

    def attempt(item):
        try:
            return function(item), None
        except ChapterError as error:
            return None, str(error)

    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(attempt, items))
    errors = [message for _, message in results if message]
    if errors:
        raise SystemExit("\n\n".join(errors))
    return [value for value, _ in results]
