"""Le livre construit est-il celui des sources ? ``python scripts/etat.py`` réussit si rien n'a changé depuis.

N'importe que la bibliothèque standard : c'est ce qui rend instantané un « make livre » sans rien à faire.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import dependances

ROOT = dependances.ROOT
BUILD = ROOT / "_build"
SEAL = BUILD / "travail" / "html-empreinte"
#: Ce dont le HTML dépend : tout ce que ces dossiers et ces fichiers contiennent.
INPUTS = ("book", "notebook_utils", "scripts", "_config.yml", "_toc.yml", "references.bib")
INPUTS += ("requirements.txt", "pyproject.toml")


def inputs() -> list[Path]:
    roots = [ROOT / name for name in INPUTS]
    found = [path for root in roots for path in (root.rglob("*") if root.is_dir() else [root])]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def fingerprint() -> str:
    """Empreinte de toutes les sources du HTML, et de l'environnement qui le construit."""
    digest = hashlib.sha256("\0".join([*dependances.installed(), os.environ.get("GITHUB_REPOSITORY", "")]).encode())
    for path in inputs():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current() -> bool:
    built = (BUILD / "html" / "index.html").exists() and SEAL.exists()
    return built and SEAL.read_text(encoding="utf-8") == fingerprint()


def record(fingerprint: str) -> None:
    """Note de quelles sources vient le HTML ; celles d'avant la construction, au cas où l'une change pendant."""
    SEAL.write_text(fingerprint, encoding="utf-8")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Une construction à la fois : la seconde attend que la première ait fini."""
    import fcntl

    BUILD.mkdir(exist_ok=True)
    with (BUILD / "verrou").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("→ Une autre construction est en cours dans ce dossier : j'attends qu'elle finisse.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(not is_current())
