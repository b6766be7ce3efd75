"""Écrire un fichier d'un trait : celui qui le lit voit l'ancien ou le nouveau, jamais la moitié d'un."""

from __future__ import annotations

import os
from pathlib import Path


def put(content: str | bytes, path: Path) -> None:
    """Remplace ``path`` par ``content`` ; interrompu, il reste ce qu'il était."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
