"""Aperçu pendant que l'on écrit : ``python scripts/ecrire.py [port]``.

À chaque enregistrement le livre est reconstruit, et la page ouverte se recharge. Ce processus ne fait que guetter :
il a tout importé d'avance, et un processus fils, qui en hérite, construit. Une faute s'affiche, et la dernière bonne
version reste à l'écran.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import subprocess
import sys
import time
import traceback

import etat
import livre

PERIOD = 0.2  # secondes entre deux regards sur les fichiers


def preload() -> None:
    """Importe d'avance tout ce dont Sphinx aura besoin."""
    config, _ = livre.configuration({})
    for name in [*config["extensions"], "sphinx.builders.html", "pygments.lexers.python", "pygments.styles"]:
        importlib.import_module(name)
    gc.freeze()  # le fils n'aura pas à parcourir ces objets


def snapshot() -> dict[str, int]:
    found = {}
    for path in etat.inputs():
        with contextlib.suppress(FileNotFoundError):  # effacé entre-temps
            found[str(path)] = path.stat().st_mtime_ns
    return found


def build() -> None:
    """Construit dans un processus fils, pour que celui-ci reste neuf."""
    start = time.monotonic()
    child = os.fork()
    if not child:
        os._exit(built())
    _, status = os.waitpid(child, 0)
    outcome = "à jour" if os.waitstatus_to_exitcode(status) == 0 else "en faute, l'aperçu n'a pas changé"
    print(f"→ {outcome} ({time.monotonic() - start:.1f} s)", flush=True)


def built() -> int:
    try:
        with etat.alone():
            livre.build_book()
    except SystemExit as fault:
        if not isinstance(fault.code, int):  # sinon, la faute a déjà été dite
            print(fault, flush=True)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
    return 0


def needs_restart(before: dict[str, int], now: dict[str, int]) -> bool:
    """Une page de plus ou de moins, ou du code que ce processus a déjà importé."""
    changed = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
    return before.keys() != now.keys() or any(path.endswith(".py") and "notebook_utils" not in path for path in changed)


def main(arguments: list[str]) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # dans tous les cas, le serveur s'arrête aussi
    server = subprocess.Popen([sys.executable, str(etat.ROOT / "scripts" / "servir.py"), "--suivre", *arguments])
    preload()
    try:
        seen = snapshot()
        build()
        while server.poll() is None:
            time.sleep(PERIOD)
            now = snapshot()
            if now != seen:
                if needs_restart(seen, now):
                    server.terminate()
                    server.wait()
                    os.execv(sys.executable, [sys.executable, *sys.argv])
                seen = now
                build()
    except KeyboardInterrupt:
        pass
    finally:
        server.terminate()
    raise SystemExit(server.wait() or 0)


if __name__ == "__main__":
    gc.disable()
    main(sys.argv[1:])
