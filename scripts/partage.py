"""Les résultats que partagent les clones d'une même machine : ce qu'un clone a exécuté, un autre le reprend.

Un résultat y porte l'empreinte de tout ce dont il dépend (voir ``dependances``), dans un dossier par processeur :
un autre jeu d'instructions arrondit autrement. Il n'est donc jamais périmé, seulement inutile.
Le dossier est ``~/.cache/reseaux-recurrents`` ; ``RESULTATS_PARTAGES=non`` s'en passe, et tout est alors réexécuté.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
from functools import cache
from pathlib import Path

from ecriture import put

ROOT = Path(__file__).resolve().parent.parent
#: Résultats gardés : une dizaine d'états du livre.
KEPT = 250


def borrow(path: Path) -> bool:
    """Reprend d'un autre clone les résultats qui manquent ici ; rend faux s'il n'y en a pas."""
    folder = shared_folder()
    if folder is None or not (folder / path.name).is_file():
        return False
    try:
        put((folder / path.name).read_bytes(), path)
        (folder / path.name).touch()  # les moins employés s'effacent d'abord
    except OSError:
        return path.exists()
    return True


def lend(path: Path) -> None:
    """Met des résultats à la disposition des autres clones ; un dossier interdit ou plein n'arrête rien."""
    folder, content = shared_folder(), path.read_bytes()
    if folder is None or str(ROOT).encode() in content:  # le chemin d'un clone n'a pas sa place dans un autre
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        put(content, folder / path.name)
        for old in sorted(folder.glob("*.ipynb"), key=lambda old: old.stat().st_mtime, reverse=True)[KEPT:]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def shared_folder() -> Path | None:
    if os.environ.get("RESULTATS_PARTAGES") == "non":
        return None
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "reseaux-recurrents" / processor()


@cache
def processor() -> str:
    """Ce qui, dans le processeur, change les arrondis : son modèle et ses jeux d'instructions."""
    described = [platform.system(), platform.machine(), platform.processor()]
    details = Path("/proc/cpuinfo")
    if details.exists():
        rows = re.findall(r"^(?:model name|cpu family|model|flags)\s*:.*$", details.read_text(), re.MULTILINE)
        described += sorted(set(rows))
    return hashlib.sha256("\n".join(described).encode()).hexdigest()[:16]
