"""Les chapitres exécutables du livre : les lire, les exécuter, situer leurs erreurs."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

import allege  # noqa: F401
import nbformat
import yaml
from myst_nb.core.read import MystMetadataParsingError, read_myst_markdown_notebook

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
TIMEOUT = 1_500  # secondes par cellule, machine très chargée comprise
WORKERS = int(os.environ.get("CHAPITRES_A_LA_FOIS", "2"))


class ChapterError(Exception):
    """Une cellule d'un chapitre a échoué ; le message dit laquelle, et à quelle ligne."""


def chapters() -> list[Path]:
    """Les pages de ``book/`` qui déclarent un noyau."""
    return [path for path in sorted(BOOK.glob("*.md")) if "\nkernelspec:" in path.read_text("utf-8")[:600]]


def read_chapter(chapter: Path) -> nbformat.NotebookNode:
    """Le chapitre en carnet, sans aucun résultat ; chaque cellule de code sait à quelle ligne elle commence."""
    text = chapter.read_text("utf-8")
    if not text.strip():
        raise ChapterError(f"{chapter.relative_to(ROOT)}:1: page vide")
    try:
        notebook = read_myst_markdown_notebook(text, add_source_map=True)
    except (MystMetadataParsingError, yaml.YAMLError) as error:
        raise ChapterError(unreadable(chapter, error)) from error
    starts = notebook.metadata.pop("source_map")
    notebook = nbformat.v4.upgrade(notebook)
    rows = text.splitlines()
    for cell, start in zip(notebook.cells, starts, strict=True):
        if cell.cell_type == "code":
            cell.metadata["ligne"] = first_line(cell.source.rstrip().splitlines(), rows, start)
    return notebook


def first_line(code: list[str], rows: list[str], start: int) -> int:
    """Ligne où commence le code d'une cellule : ses dernières lignes, avant la clôture, après son en-tête."""
    fence = re.match(r"\s*(`{3,}|~{3,})", rows[start - 1])
    ends = (n for n in range(start, len(rows)) if fence and rows[n].strip() == fence[1])
    end = next(ends, len(rows))
    while end > start and not rows[end - 1].strip():
        end -= 1
    return max(end - len(code), start) + 1


UNREADABLE = """\
{place}: l'en-tête ne se lit pas : « {row} »
  Une valeur qui contient « : » ou « # » se met entre guillemets droits, ou sous une barre :
    alt: |
      Deux courbes : l'une monte, l'autre descend."""


def unreadable(chapter: Path, error: Exception) -> str:
    """Ce qu'il faut corriger quand l'en-tête d'une page ou d'une cellule n'est pas du YAML."""
    rows, cell = chapter.read_text("utf-8").splitlines(), re.search(r"at line (\d+)", str(error))
    start = int(cell[1]) if cell else 0  # rang de la première ligne de l'en-tête
    start += rows[start].startswith("---")
    end = next((n for n in range(start, len(rows)) if rows[n].startswith(("---", "```"))), len(rows))
    try:
        yaml.safe_load("\n".join(row.removeprefix(":") for row in rows[start:end]))
        line = start
    except yaml.MarkedYAMLError as fault:
        line = start + fault.problem_mark.line
    return UNREADABLE.format(place=f"{chapter.relative_to(ROOT)}:{line + 1}", row=rows[line].strip()[:80])


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def execute(chapter: Path, to_the_end: bool = False) -> nbformat.NotebookNode:
    """Exécute un chapitre dans un noyau neuf ; lève ``ChapterError`` à la première cellule en échec.

    Avec ``to_the_end``, les cellules suivantes sont exécutées quand même, et l'erreur les réunit toutes.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = read_chapter(chapter)
    metadata, started = dict(notebook.metadata), []
    options = {"timeout": TIMEOUT, "record_timing": False, "coalesce_streams": True}
    arguments = ["--IPKernelApp.log_level=ERROR", *os.environ.get("NOYAU_OPTIONS", "").split()]
    options |= {"extra_arguments": arguments, "allow_errors": to_the_end}
    options |= {"on_cell_start": lambda cell, cell_index: started.append(cell)}
    client = NotebookClient(notebook, resources={"metadata": {"path": str(BOOK)}}, **options)
    try:
        client.execute()
    except CellTimeoutError as error:
        raise ChapterError(f"{where(started[-1], chapter)}: la cellule dure plus de {TIMEOUT} s.") from error
    except DeadKernelError as error:
        raise ChapterError(DEAD_KERNEL.format(place=where(started[-1], chapter))) from error
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


def where(cell: nbformat.NotebookNode, chapter: Path) -> str:
    """Le fichier, et la ligne de la page où la cellule s'est arrêtée (la première, si la trace ne le dit pas)."""
    return f"{chapter.relative_to(ROOT)}:{cell.metadata['ligne'] + failing_rank(cell)}"


def place(cell: nbformat.NotebookNode, chapter: Path) -> str:
    return f"{where(cell, chapter)}: la cellule a échoué."


DEAD_KERNEL = """\
{place}: le noyau est mort pendant cette cellule.
  La mémoire a sans doute manqué, ou la cellule a arrêté Python : libérez de la mémoire, réduisez la taille du calcul,
  ou exécutez un chapitre à la fois (CHAPITRES_A_LA_FOIS=1 make livre)."""
TWO_RESULTS = """\
{place}: cette cellule à légende montre {count} résultats au lieu d'une figure ; le dernier est la valeur de « {row} ».
  Donnez-lui un nom pour qu'elle ne s'affiche pas : « _ = {row} »."""


def extra_results(chapter: Path, notebook: nbformat.NotebookNode, results: nbformat.NotebookNode) -> list[str]:
    """Une cellule qui a une légende montre une figure, et rien d'autre : deux images porteraient le même nom."""
    faults = []
    for cell, done in zip(code_cells(notebook), code_cells(results), strict=True):
        if "figure" not in cell.metadata.get("mystnb", {}):
            continue
        shown = [output for output in done.outputs if output.output_type in ("display_data", "execute_result")]
        shown = [output for output in shown if "scrapbook" not in output.metadata]  # une valeur collée
        if len(shown) > 1:
            last = ast.parse(cell.source).body[-1]
            place = f"{chapter.relative_to(ROOT)}:{cell.metadata['ligne'] + last.lineno - 1}"
            faults.append(TWO_RESULTS.format(place=place, count=len(shown), row=ast.unparse(last)))
    return faults


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


def replay(environment: dict[str, str], selected: list[Path], check: Callable[..., list[str]]) -> str:
    """Rejoue des chapitres jusqu'au bout avec ces variables d'environnement ; les échecs réunis, ou rien.

    ``check`` dit ce qu'un chapitre rejoué, donc sans cellule en échec, dément encore.
    Rien n'est gardé : la construction du livre n'en dépend pas.
    """
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        for chapter in in_parallel(partial(replayed, check), selected):
            print(f"  {chapter.name}", flush=True)
    except SystemExit as error:
        return str(error)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return ""


def replayed(check: Callable[..., list[str]], chapter: Path) -> Path:
    if faults := check(chapter, execute(chapter, to_the_end=True)):
        raise ChapterError("\n".join(faults))
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
    with ThreadPoolExecutor(WORKERS) as pool:
        futures = {pool.submit(function, item): item for item in items}
        yield from results_of((future.result, futures[future]) for future in as_completed(futures))


def in_turn(function: Callable, items: Iterable) -> Iterator:
    """De même, l'un après l'autre."""
    yield from results_of(((lambda item=item: function(item)), item) for item in items)


def results_of(calls: Iterable[tuple[Callable, Path]]) -> Iterator:
    errors = []
    for call, chapter in calls:
        try:
            yield call()
        except ChapterError as error:
            errors.append(str(error))
        except (OSError, RuntimeError) as error:  # le noyau n'a pas démarré, ou ne répond plus
            errors.append(f"{chapter.relative_to(ROOT)}: {type(error).__name__} : {error}")
    if errors:
        raise SystemExit("\n\n".join(errors))
