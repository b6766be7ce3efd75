"""MathJax servi par le livre lui-même : un seul fichier (sorties SVG, sans police à charger)."""

from __future__ import annotations

import shutil
from importlib.metadata import files
from pathlib import Path

TARGET = "mathjax/tex-svg.js"


def source() -> Path:
    """Fichier ``tex-svg.js`` du paquet PyPI épinglé dans ``requirements.txt``."""
    for path in files("sphinx-mathjax-offline"):
        if path.as_posix().endswith("/mathjax/tex-svg.js"):
            return Path(path.locate())
    raise FileNotFoundError("tex-svg.js introuvable : réinstallez requirements.txt")


def copy(app, exception) -> None:
    if exception is None and app.builder.format == "html":
        target = Path(app.outdir, "_static", TARGET)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.stat().st_size != source().stat().st_size:
            shutil.copyfile(source(), target)


def configure(app, config) -> None:
    config.mathjax_path = TARGET


def setup(app):
    app.connect("config-inited", configure)
    app.connect("build-finished", copy)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
