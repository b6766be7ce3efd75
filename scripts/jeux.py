"""Construit les scripts des figures interactives : la palette, donnée à JavaScript, puis les paquets d'esbuild.

``python scripts/jeux.py`` écrit ``figures/src/palette.js`` et ``notebook_utils/interactive/static/figures`` ;
avec ``--verifier``, n'écrit rien, et échoue si l'un des deux n'est plus celui de ses sources.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from notebook_utils.plotting import PALETTE

FIGURES = Path(__file__).resolve().parent.parent / "figures"
PALETTE_JS = FIGURES / "src" / "palette.js"
HEAD = "/* Engendré par scripts/jeux.py d'après notebook_utils.plotting.PALETTE : ne pas modifier ici. */\n\n"


def palette_source() -> str:
    """La palette du cours, telle que la lit JavaScript."""
    shades = PALETTE.items()
    rows = "".join(f'  {role}: {{ light: "{shade.light}", dark: "{shade.dark}" }},\n' for role, shade in shades)
    return f"{HEAD}export const PALETTE = {{\n{rows}}};\n"


def main(arguments: list[str]) -> None:
    check = "--verifier" in arguments
    if check and (not PALETTE_JS.exists() or PALETTE_JS.read_text("utf-8") != palette_source()):
        raise SystemExit(f"{PALETTE_JS.name} n'est plus celui de la palette : « make figures »")
    if not check:
        PALETTE_JS.write_text(palette_source(), encoding="utf-8")
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm manque : « scripts/installer.sh systeme tests » l'installe")
    if not (FIGURES / "node_modules").exists():
        subprocess.run([npm, "ci", "--no-fund", "--no-audit", "--silent"], cwd=FIGURES, check=True)
    command = ["node", "build.mjs", *(["--check"] if check else [])]
    raise SystemExit(subprocess.run(command, cwd=FIGURES, check=False).returncode)


if __name__ == "__main__":
    main(sys.argv[1:])
