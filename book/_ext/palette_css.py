"""Engendre ``palette.css`` : une variable CSS par rôle de la palette, dans chaque thème."""

from __future__ import annotations

from pathlib import Path

from palette import PALETTE

FILE = "palette.css"


def rules(theme: str) -> str:
    return "".join(
        f"  --role-{role.replace('_', '-')}: {getattr(shade, theme)};\n"
        for role, shade in PALETTE.items()
        if role != "paper"
    )


def stylesheet() -> str:
    """Variables des deux thèmes ; le papier est le fond de la page, blanc sans JavaScript (donc sans thème)."""
    paper = "  --role-paper: var(--pst-color-background, #fff);\n"
    return (
        f"html {{\n{paper}{rules('light')}}}\n"
        f"html[data-theme=dark] {{\n{rules('dark')}}}\n"
    )


def write_stylesheet(app, exception) -> None:
    if exception is None and app.builder.format == "html":
        Path(app.outdir, "_static", FILE).write_text(stylesheet(), encoding="utf-8")


def setup(app):
    app.add_css_file(FILE)
    app.connect("build-finished", write_stylesheet)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
