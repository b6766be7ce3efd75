"""MathJax servi par le livre lui-même : sorties SVG, toutes les macros, et ce que son menu peut demander.

``tex-svg-full.js`` contient toutes les extensions de TeX : aucune macro n'est cherchée ailleurs. Le menu, lui, charge
à la demande un autre moteur d'affichage, l'exploration des formules et ses règles de parole : sans ces fichiers,
un clic y ferait disparaître les formules de toutes les pages.
"""

from __future__ import annotations

import shutil
from functools import cache
from importlib.metadata import files
from pathlib import Path

SCRIPT = "tex-svg-full.js"
ON_DEMAND = ("a11y/", "sre/", "input/mml", "output/chtml")


@cache
def sources() -> dict[str, Path]:
    """Fichiers du paquet PyPI épinglé dans ``requirements.txt``, par leur chemin dans MathJax."""
    found = {}
    for path in files("sphinx-mathjax-offline") or ():
        _, separator, name = path.as_posix().partition("/mathjax/")
        if separator and (name == SCRIPT or name.startswith(ON_DEMAND)):
            found[name] = Path(path.locate())
    if SCRIPT not in found:
        raise FileNotFoundError(f"{SCRIPT} introuvable : réinstallez requirements.txt")
    return found


def copy(app, exception) -> None:
    if exception is not None or app.builder.format != "html":
        return
    for name, source in sources().items():
        target = Path(app.outdir, "_static", "mathjax", name)
        if not target.exists() or target.stat().st_size != source.stat().st_size:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def configure(app, config) -> None:
    config.mathjax_path = f"mathjax/{SCRIPT}"


def setup(app):
    app.add_js_file("formules.js", defer="defer")  # différé comme MathJax, et avant lui
    app.connect("config-inited", configure)
    app.connect("build-finished", copy)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
