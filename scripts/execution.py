"""Les résultats des chapitres : exécuter ceux dont l'empreinte a changé, garder les autres.

``_build/execution/<chapitre>-<empreinte>.ipynb`` contient les résultats d'un état du chapitre et de ce qu'il
importe (voir ``dependances``). Revenir à un état récent ne réexécute donc rien ; les plus anciens sont effacés.
Ce qu'un autre clone de la même machine a exécuté est repris de lui (voir ``partage``).
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import NamedTuple

import chapitres
import dependances
import nbformat
import partage
import references
from ecriture import put

FOLDER = chapitres.ROOT / "_build" / "execution"
REFERENCES = chapitres.ROOT / "_build" / "references"
KNOWN = FOLDER / "connus.json"
#: États gardés, en moyenne par chapitre ; un état pèse de 0,1 à 2 Mo.
KEPT_STATES = 6


def fingerprint(notebook: nbformat.NotebookNode) -> str:
    cells = chapitres.code_cells(notebook)
    shows_errors = any("raises-exception" in cell.metadata.get("tags", []) for cell in cells)
    return dependances.fingerprint([cell.source for cell in cells], shows_errors)


class Planned(NamedTuple):
    """Un chapitre tel qu'il est écrit, et là où sont, ou seront, ses résultats."""

    chapter: Path
    notebook: nbformat.NotebookNode
    path: Path


def plan(chapter: Path) -> Planned:
    notebook = chapitres.read_chapter(chapter)
    return Planned(chapter, notebook, FOLDER / f"{chapter.stem}-{fingerprint(notebook)}.ipynb")


def executed_chapters(names: list[str] | None = None) -> dict[str, Path]:
    """Les résultats de chaque chapitre (ou de ceux que l'on nomme), par nom ; exécute ceux qui manquent."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = chapitres.selected(names or [])
    seals, known = {chapter: dependances.seal(chapter) for chapter in wanted}, known_paths()
    paths = {chapter: FOLDER / known[seals[chapter]] for chapter in wanted if seals[chapter] in known}
    planned = list(chapitres.in_turn(plan, [chapter for chapter in wanted if chapter not in paths]))
    paths |= {entry.chapter: entry.path for entry in planned}
    stale = [chapter for chapter, path in paths.items() if not path.exists() and not partage.borrow(path)]
    for chapter, notebook in chapitres.in_parallel(timed_execution, stale):
        write(notebook, paths[chapter])
        partage.lend(paths[chapter])
    faults = [fault for entry in planned for fault in chapitres.extra_results(*entry[:2], stored(entry.path))]
    if faults:
        raise SystemExit("\n".join(faults))
    for path in paths.values():
        path.touch()  # les états en usage sont les derniers effacés
    prune(KEPT_STATES * len(chapitres.chapters()))
    sealed = {seals[chapter]: path.name for chapter, path in paths.items() if seals[chapter]}
    put(json.dumps(known | sealed if names else sealed), KNOWN)
    return {chapter.stem: path for chapter, path in paths.items()}


def known_paths() -> dict[str, str]:
    """Où sont les résultats d'un texte déjà lu : inutile de le découper de nouveau en cellules."""
    return json.loads(KNOWN.read_text(encoding="utf-8")) if KNOWN.exists() else {}


def timed_execution(chapter: Path) -> tuple[Path, nbformat.NotebookNode]:
    start = time.monotonic()
    notebook = chapitres.execute(chapter)
    notebook.metadata["secondes"] = round(time.monotonic() - start, 1)
    print(f"→ {chapter.relative_to(chapitres.ROOT)} exécuté en {time.monotonic() - start:.0f} s", flush=True)
    return chapter, notebook


def stored(path: Path) -> nbformat.NotebookNode:
    """Des résultats écrits par ``write`` : inutile de les valider de nouveau."""
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    put(nbformat.v4.writes(notebook), path)


def prune(kept: int) -> None:
    """Efface les états les plus anciennement employés."""
    paths = sorted(FOLDER.glob("*.ipynb"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in paths[kept:]:
        path.unlink()


def reference_results() -> dict[str, Path]:
    """Les résultats de référence, sans rien exécuter."""
    REFERENCES.mkdir(parents=True, exist_ok=True)
    found = {}
    for chapter in chapitres.chapters():
        notebook = references.with_references(chapter)
        digest = hashlib.sha256(nbformat.writes(notebook).encode()).hexdigest()[:16]
        found[chapter.stem] = REFERENCES / f"{chapter.stem}-{digest}.ipynb"
        write(notebook, found[chapter.stem])
    for stale in set(REFERENCES.glob("*.ipynb")) - set(found.values()):
        stale.unlink()
    return found
