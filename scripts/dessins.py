"""Rend en SVG (et en PNG, pour les carnets) les dessins TikZ dont la source, le préambule ou le moteur a changé.

``python scripts/dessins.py`` rend ce qui a changé ; avec ``--verifier``, rien n'est rendu et le
code de sortie dit si tout est à jour.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import drawings  # noqa: E402
from drawings import Drawing  # noqa: E402
from ecriture import put  # noqa: E402
from inline_svg import unknown_colours  # noqa: E402

DOCUMENT = r"""\documentclass[tikz,border=2pt]{standalone}
\usepackage{amsmath,amssymb,pgfplots}
\usepackage{fontspec,unicode-math}
\setmainfont{TeX Gyre Heros}[Scale=0.95]
\setmathfont{Latin Modern Math}
\usepackage[french]{babel}
%s
\begin{document}
\begin{tikzpicture}
%s
\end{tikzpicture}
\end{document}
"""
TOOLS = (drawings.ENGINE, "pdf2svg", "pdftoppm")
RGB = re.compile(r"rgb\(([\d.]+)%, ?([\d.]+)%, ?([\d.]+)%\)")


def where(drawing: Drawing) -> str:
    return f"{drawing.path.relative_to(ROOT)}:{drawing.line}: dessin « {drawing.name} »"


def compile_pdf(drawing: Drawing, folder: Path) -> Path:
    """Compile le dessin ; en cas d'échec, lève ``ValueError`` avec la première erreur de TeX."""
    source = folder / "dessin.tex"
    source.write_text(
        DOCUMENT % (drawings.preamble(), drawings.normalise(drawing.code)), encoding="utf-8"
    )
    command = [drawings.ENGINE, "--interaction=nonstopmode", "--halt-on-error", source.name]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    if result.returncode:
        errors = [row for row in result.stdout.splitlines() if row.startswith(("!", "l."))]
        raise ValueError(" ; ".join(errors[:2]) or "échec de LuaLaTeX")
    return source.with_suffix(".pdf")


def hexadecimal(match: re.Match) -> str:
    return "#" + "".join(f"{round(float(part) * 2.55):02x}" for part in match.groups())


def tidy(svg: str) -> str:
    """Couleurs en hexadécimal, coordonnées à deux décimales, une seule empreinte d'écart."""
    svg = RGB.sub(hexadecimal, svg)
    svg = re.sub(r"(\d+\.\d{2})\d+", r"\1", svg)
    return re.sub(r"\n\s*", "\n", svg)


def render(drawing: Drawing) -> str | None:
    """Rend un dessin ; renvoie le message d'erreur, ou ``None`` si tout va bien."""
    try:
        with tempfile.TemporaryDirectory() as name:
            pdf = compile_pdf(drawing, Path(name))
            svg_file = pdf.with_suffix(".svg")
            subprocess.run(["pdf2svg", pdf, svg_file], check=True)
            svg = tidy(svg_file.read_text(encoding="utf-8"))
            subprocess.run(["pdftoppm", "-png", "-singlefile", "-r", "144", pdf, pdf.with_suffix("")], check=True)
            png = pdf.with_suffix(".png").read_bytes()
        stray = unknown_colours(svg)
        if stray:
            raise ValueError(f"couleurs hors palette : {', '.join(sorted(stray))}")
    except ValueError as error:
        return f"{where(drawing)} : {error}"
    put(png, drawing.png)
    head = f"<!-- empreinte : {drawings.fingerprint(drawing.code)} -->\n"
    put(head + svg.split("?>", 1)[-1].lstrip(), drawing.svg)
    print(f"  {where(drawing)} rendu")
    return None


def unnamed(found: list[Drawing]) -> list[str]:
    names = [drawing.name for drawing in found]
    return [f"{where(d)} : nom absent ou en double" for d in found if names.count(d.name) > 1 or not d.name]


def main(arguments: list[str]) -> int:
    found = drawings.all_drawings()
    errors = unnamed(found)
    stale = [drawing for drawing in found if drawing.is_stale]
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if errors or (stale and ("--verifier" in arguments or missing)):
        errors += [f"{where(drawing)} : à rendre" for drawing in stale]
        if missing and stale:
            errors.append(
                f"{', '.join(missing)} introuvable : « make installer-tex » installe TeX, "
                "puis « make dessins » rend ces dessins."
            )
    else:
        with ThreadPoolExecutor(2) as pool:
            errors = [message for message in pool.map(render, stale) if message]
    kept = {path for drawing in found for path in (drawing.svg, drawing.png)}
    for orphan in {*drawings.DRAWINGS.glob("*.svg"), *drawings.DRAWINGS.glob("*.png")} - kept:
        errors.append(f"{orphan.relative_to(ROOT)} : ne correspond plus à aucun dessin, supprimez-le")
    print("\n".join(errors) if errors else f"Dessins à jour : {len(found)}.")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
