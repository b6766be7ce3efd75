"""Ce qu'un auteur veut savoir avant d'archiver, en moins d'une minute : ``python scripts/verifier.py [chapitre…]``.

Sans nom, les chapitres que git dit changés. Sont vérifiés : le style du code, les dessins, la construction du livre
(donc renvois, citations, figures ; n'est exécuté que ce qui a changé), les tests des sources de ces pages, et leurs
résultats contre ``tests/references``. Ni TeX, ni navigateur ; « make test » reste le dernier mot.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import chapitres
import sources

ROOT = chapitres.ROOT
PYTEST = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "tests/test_sources.py"]


def changed_pages() -> list[str]:
    """Les pages qui diffèrent de la dernière version archivée ; toutes, hors d'un dépôt git."""
    command = ["git", "status", "--porcelain", "--untracked-files=all", "--", "book/*.md"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        return [page.stem for page in sources.PAGES]
    return sorted({Path(row.split()[-1]).stem for row in result.stdout.splitlines()} & stems(sources.PAGES))


def stems(paths: list[Path]) -> set[str]:
    return {path.stem for path in paths}


def selection(pages: list[str]) -> str:
    """L'expression qui garde les tests de ces pages, et ceux qui portent sur le livre entier."""
    left_out = [f"[{name}]" for name in sorted(stems(sources.PAGES) - set(pages or stems(sources.PAGES)))]
    left_out += [] if shutil.which("grammalecte-cli") else ["test_grammar"]
    return " and ".join(f"not {name}" for name in left_out)


def steps(pages: list[str]) -> list[tuple[str, list[str]]]:
    python, executed = sys.executable, sorted(set(pages) & stems(chapitres.chapters()))
    found = [
        ("Style du code", [str(Path(python).with_name("ruff")), "check", "--quiet", "."]),
        ("Construction", [python, "scripts/livre.py", "livre"]),
        ("Sources", [*PYTEST, "-k", selection(pages)]),
    ]
    if executed:
        found.append(("Résultats et références", [python, "scripts/references.py", "--comparer", *executed]))
    return found


def main(names: list[str]) -> None:
    start, faults = time.monotonic(), []
    known = stems(sources.PAGES)
    if set(names) - known:
        raise SystemExit(f"page inconnue : {', '.join(set(names) - known)} ; attendu parmi {', '.join(sorted(known))}")
    pages = names or changed_pages()
    print(f"Pages vérifiées : {', '.join(pages) or 'aucune n’a changé ; le livre entier'}", flush=True)
    for title, command in steps(pages):
        print(f"→ {title}", flush=True)
        if subprocess.run(command, cwd=ROOT).returncode:
            faults.append(title)
    seconds = round(time.monotonic() - start)
    if faults:
        raise SystemExit(f"En faute : {', '.join(faults)} ({seconds} s).")
    print(f"Tout va bien ({seconds} s). « make test » vérifie le reste : PDF, navigateur, carnets.")


if __name__ == "__main__":
    main(sys.argv[1:])
