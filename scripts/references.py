"""Résultats de référence des chapitres : ce que ``nbval`` compare à chaque test.

``python scripts/references.py [chapitre…]`` réécrit ``tests/references/<chapitre>.json`` d'après les
résultats de la construction (n'exécute que ce qui a changé) : du texte, à relire comme un diff avant de l'archiver.
``python scripts/references.py --comparer [chapitre…]`` compare aux références les résultats de la construction.
``python scripts/references.py --nbval [chapitre…]`` n'exécute rien : il écrit dans ``_build/nbval`` les
chapitres en carnets, munis de ces résultats, que ``pytest --nbval`` réexécute et compare ;
sans nom, ceux que la construction a exécutés en moins de 25 secondes (les autres, ``--comparer`` suffit).
Les images ne sont pas gardées (elles diffèrent d'une machine à l'autre dans leurs dernières
décimales) ; seule leur présence l'est.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import re
import sys
from pathlib import Path

import nbformat
from chapitres import ROOT, chapters, code_cells, read_chapter, selected
from ecriture import put

REFERENCES = ROOT / "tests" / "references"
EMPTY_SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'
LONG = 25  # secondes : au-delà, un chapitre n'est exécuté qu'une fois par « make test »
REMEDY = "Si ces changements sont voulus : « make references », puis relisez le diff."
IMAGES = {"image/svg+xml": EMPTY_SVG, "application/pdf": None, "image/png": None}
IMAGES |= {"application/vnd.livre.figure+json": None, "application/vnd.jupyter.widget-view+json": None}


def reference_path(chapter: Path) -> Path:
    return REFERENCES / f"{chapter.stem}.json"


def digest(cell: nbformat.NotebookNode) -> str:
    return hashlib.sha256(cell.source.encode("utf-8")).hexdigest()[:12]


def textual(output: nbformat.NotebookNode) -> dict:
    """Un résultat sans ses images, ni son numéro d'exécution."""
    output = dict(output)
    output.pop("execution_count", None)
    if "data" in output:
        data = {mime: IMAGES.get(mime, value) for mime, value in output["data"].items()}
        output["data"] = {mime: value for mime, value in data.items() if value is not None}
    return output


def results(notebook: nbformat.NotebookNode) -> list[dict]:
    """Ce que chacune des cellules de code d'un carnet exécuté a produit."""
    return [
        {"empreinte": digest(cell), "debut": cell.source.splitlines()[0], "resultats": list(map(textual, cell.outputs))}
        for cell in code_cells(notebook)
    ]


def write(chapter: Path, notebook: nbformat.NotebookNode) -> Path:
    content = json.dumps(results(notebook), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    target = reference_path(chapter)
    target.parent.mkdir(exist_ok=True)
    put(content, target)
    return target


def with_references(chapter: Path) -> nbformat.NotebookNode:
    """Le chapitre avec ses résultats de référence ; ``ValueError`` si une cellule n'en a pas."""
    target = reference_path(chapter)
    if not target.exists():
        raise ValueError(f"book/{chapter.name} n'a pas de résultats de référence : « make references »")
    notebook, stored = read_chapter(chapter), json.loads(target.read_text("utf-8"))
    cells = code_cells(notebook)
    for rank, cell in enumerate(cells):
        if rank >= len(stored) or stored[rank]["empreinte"] != digest(cell):
            raise ValueError(
                f"book/{chapter.name}, cellule de code n° {rank + 1} (« {cell.source.splitlines()[0]} ») : "
                "pas de résultat de référence, « make references » puis relisez le diff"
            )
        cell.execution_count = 1
        cell.outputs = [nbformat.from_dict(with_count(output)) for output in stored[rank]["resultats"]]
    if len(stored) > len(cells):
        raise ValueError(f"{target.name} : {len(stored) - len(cells)} cellule(s) de trop, « make references »")
    return notebook


def with_count(output: dict) -> dict:
    return output | ({"execution_count": 1} if output["output_type"] == "execute_result" else {})


def write_nbval_notebooks(names: list[str]) -> None:
    """Écrit un carnet par chapitre pour ``nbval`` ; une cellule sans référence est une erreur."""
    folder = ROOT / "_build" / "nbval"
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.ipynb"):
        stale.unlink()
    for chapter in selected(names):
        notebook = with_references(chapter)  # une référence absente est une faute pour tous
        if names or duration(chapter) < LONG:
            nbformat.write(notebook, folder / f"{chapter.stem}.ipynb")


def duration(chapter: Path) -> float:
    """Secondes qu'a demandées la dernière exécution gardée du chapitre ; 0 s'il n'y en a pas."""
    import execution

    path = execution.plan(chapter).path
    return execution.stored(path).metadata.get("secondes", 0) if path.exists() else 0


def compare(names: list[str]) -> list[str]:
    """Ce qui diffère entre les références et ce que la construction a obtenu ; comme ``nbval``, texte contre texte."""
    import execution

    paths, faults = execution.executed_chapters(names), []
    for chapter in selected(names):
        expected, results = code_cells(with_references(chapter)), code_cells(execution.stored(paths[chapter.stem]))
        for cell, done in zip(expected, results, strict=True):
            if not {"nbval-ignore-output", "nbval-skip"} & set(cell.metadata.get("tags", [])):
                before, now = shown(cell.outputs), shown(done.outputs)
                if before != now:
                    place = f"book/{chapter.name}:{cell.metadata['ligne']}"
                    faults.append(f"{place}: le résultat a changé\n  référence : {before}\n  obtenu    : {now}")
    return faults


def shown(outputs: list) -> str:
    """Ce que montrent des résultats, aux décimales près que ``tests/nbval.cfg`` efface."""
    text = json.dumps(list(map(textual, outputs)), ensure_ascii=False, sort_keys=True)
    rules = configparser.RawConfigParser()
    rules.read(ROOT / "tests" / "nbval.cfg", encoding="utf-8")
    for rule in rules.sections():
        text = re.sub(rules[rule]["regex"], rules[rule]["replace"], text)
    return text


def main(arguments: list[str]) -> None:
    names = [name for name in arguments if not name.startswith("--")]
    try:
        if "--nbval" in arguments:
            return write_nbval_notebooks(names)
        faults = compare(names) if "--comparer" in arguments else []
    except ValueError as error:
        raise SystemExit(str(error)) from error
    if faults:
        raise SystemExit("\n".join([*faults, REMEDY]))
    if "--comparer" not in arguments:
        rewrite(names)


def rewrite(names: list[str]) -> None:
    import execution

    for stale in set(REFERENCES.glob("*.json")) - {reference_path(path) for path in chapters()}:
        stale.unlink()
    paths = execution.executed_chapters(names)
    for chapter in selected(names):
        target = write(chapter, execution.stored(paths[chapter.stem]))
        print(f"  {target.relative_to(ROOT)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
