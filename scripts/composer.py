"""Compose le PDF : ``python scripts/composer.py [CHAPITRE=lstm] [SOLUTIONS=avec|fin|non] [API=oui|non]``.

Un mauvais choix est refusé avant tout calcul. Une référence non résolue, une erreur de LaTeX,
une boîte qui déborde de plus de cinq points ou un caractère absent des polices arrêtent tout :
le message dit la page du livre (``book/gru.md``) et celle du PDF.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import etat
import yaml
from ecriture import put

ROOT = Path(__file__).resolve().parent.parent
EXTENSIONS = ROOT / "book" / "_ext"
TARGET = ROOT / "_build" / "pdf"
SOURCE_NAME = "reseaux-recurrents"
TOLERANCE = 5.0  # points dont une boîte peut déborder
LATEX = ["-interaction=nonstopmode", "-halt-on-error", f"{SOURCE_NAME}.tex"]
# « -g » : même si rien n'a changé, pour que le journal que l'on vérifie soit toujours celui de ce PDF.
COMPLETE, ONE_PASS = ["latexmk", "-g", "-lualatex", *LATEX], ["lualatex", *LATEX]
FAULT = re.compile(r"^(?:!.*|.*undefined references.*|.*multiply.defined labels.*|Missing character.*)$", re.MULTILINE)
EVENT = re.compile(
    r"^Overfull \\(?P<box>[hv])box \((?P<points>[\d.]+)pt too (?:wide|high)\)"
    r" (?:in paragraph at lines |in alignment at lines |detected at line |has occurred while )(?P<line>\d*)"
    r"|\[(?P<page>\d+)",
    re.MULTILINE,
)
START = re.compile(r"^\\debutfichier\{([^}]+)\}", re.MULTILINE)  # dans le fichier LaTeX
STARTED = re.compile(r"^DEBUT (\S+) (\d+)$", re.MULTILINE)  # dans le journal : combien de pages avant celle-là
HEIGHTS = "hauteurs.tex"  # lignes ajoutées ou ôtées à chaque page d'un chapitre
TRIALS = [-1, -2, 1, 2]
THIN = 0.13  # part de la hauteur sous laquelle une page est presque vide
BODY = (0.09, 0.915)  # où commence et finit le texte, en part de la hauteur de la page


def pages() -> list[str]:
    """Les pages du livre, dans l'ordre : préface, chapitres, annexes."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    entries = [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]
    return [Path(entry).name for entry in entries]


def choice(arguments: list[str]) -> dict[str, str | bool]:
    """Ce que demande la ligne de commande ; ``SystemExit`` en français si c'est impossible."""
    values = {"CHAPITRE": ["", *pages()], "SOLUTIONS": ["avec", "fin", "non"], "API": ["oui", "non"]}
    chosen = {"CHAPITRE": "", "SOLUTIONS": "avec", "API": "oui"}
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name not in values:
            raise SystemExit(f"PDF : reçu « {argument} », attendu CHAPITRE=…, SOLUTIONS=… ou API=…")
        if value not in values[name]:
            wanted = [known for known in values[name] if known]
            raise SystemExit(f"PDF : {name} : reçu « {value} », attendu {', '.join(wanted[:-1])} ou {wanted[-1]}")
        chosen[name] = value
    return {"chapter": chosen["CHAPITRE"], "solutions": chosen["SOLUTIONS"], "api": chosen["API"] == "oui"}


def fold_index_keys(source: Path) -> None:
    """Ôte les accents des clés de tri de l'index : ``makeindex`` ne lit que des octets."""

    def fold(match: re.Match) -> str:
        key = unicodedata.normalize("NFD", match[1]).encode("ascii", "ignore").decode()
        return rf"\index{{{key}@"

    text = source.read_text(encoding="utf-8")
    source.write_text(re.sub(r"\\index\{((?:[^@{}]|\{\})*)@", fold, text), encoding="utf-8")


def source_pages(text: str) -> list[str]:
    """Pour chaque ligne du fichier LaTeX, la page du livre d'où elle vient."""
    current, found = "book/index", []
    for row in text.splitlines():
        start = START.match(row)
        current = start[1] if start else current
        found.append(f"{current}.md")
    return found


def overfull(log: str, text: str) -> list[str]:
    """Les boîtes qui débordent trop, chacune avec sa page du livre, sa page du PDF et son texte."""
    origins, page, found = source_pages(text), 0, []
    rows = text.splitlines()
    for event in EVENT.finditer(log):
        if event["page"]:
            number = int(event["page"])
            page = number if number in (page + 1, 1) else page  # un autre crochet n'est pas une page
        elif float(event["points"]) > TOLERANCE:
            side = "sur la marge" if event["box"] == "h" else "sur le pied de page"
            line = int(event["line"] or 1)
            origin = origins[min(line, len(origins)) - 1]
            found.append(
                f"{origin}, page {page + 1} du PDF : une boîte déborde de {event['points']} pt {side}"
                f" (« {rows[min(line, len(rows)) - 1][:80]} »)"
            )
    return found


def check(log: str, text: str) -> None:
    """Lève ``SystemExit`` si LaTeX a laissé une faute que l'on verrait sur le papier."""
    faults = FAULT.findall(log) + overfull(log, text)
    if faults:
        raise SystemExit("PDF : " + "\n".join(dict.fromkeys(faults[:20])))


def filled(pdf: Path) -> list[float]:
    """Jusqu'où descend le texte de chaque page : 0 pour une page vide, 1 pour une page pleine."""
    images = subprocess.run(["pdftoppm", "-gray", "-r", "36", pdf], capture_output=True, check=True).stdout
    found, place = [], 0
    while place < len(images):
        header = re.compile(rb"P5\s+(\d+)\s+(\d+)\s+255\s").match(images, place)
        width, height = int(header[1]), int(header[2])
        first, last = (round(height * part) for part in BODY)
        start = header.end()
        rows = [images[start + row * width : start + (row + 1) * width] for row in range(height)]
        inked = [row for row in range(first, last) if min(rows[row]) < 200]
        found.append((inked[-1] - first) / (last - first) if inked else 0.0)
        place = start + width * height
    return found


def thin_files(fills: list[float], log: str) -> list[str]:
    """Les pages du livre dont la dernière page imprimée est presque vide."""
    starts = [(name, int(count)) for name, count in STARTED.findall(log)]
    ends = [count for _, count in starts[1:]] + [len(fills)]
    return [
        name for (name, first), end in zip(starts, ends, strict=True)
        if end - first > 1 and fills[end - 1] < THIN
    ]


def read_heights(path: Path) -> dict[str, int]:
    text = path.read_text("utf-8") if path.exists() else ""
    return {name: int(lines) for name, lines in re.findall(r"\\hauteurde\{(.+?)\}\{(-?\d+)\}", text)}


def write_heights(path: Path, heights: dict[str, int]) -> None:
    rows = [rf"\hauteurde{{{name}}}{{{lines}}}" for name, lines in heights.items()]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def run_latex(folder: Path, complete: bool = True) -> str:
    """Compose, vérifie ce qui en est sorti, et rend le journal.

    Une composition complète va jusqu'à ce que plus rien ne bouge ; l'autre est un seul passage, aux renvois en l'air.
    """
    source, log_path = folder / f"{SOURCE_NAME}.tex", folder / f"{SOURCE_NAME}.log"
    for leftover in (log_path, folder / f"{SOURCE_NAME}.ind"):  # d'une composition interrompue
        leftover.unlink(missing_ok=True)
    environment = os.environ | {"max_print_line": "1000"}  # une ligne du journal par message
    command = COMPLETE if complete else ONE_PASS
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", env=environment)
    log = log_path.read_text(encoding="utf-8", errors="replace") if log_path.exists() else ""
    if complete or result.returncode:
        check(log, source.read_text(encoding="utf-8"))
    if result.returncode:
        raise SystemExit("PDF : " + "\n".join(result.stdout.splitlines()[-20:]))
    return log


def typeset(folder: Path) -> Path:
    """Compose le fichier LaTeX d'un dossier ; un chapitre qui finit sur une page presque vide est recomposé.

    On ôte, ou l'on ajoute, une ligne ou deux à chacune de ses pages : sa dernière se remplit, ou disparaît.
    Tant que l'on cherche, un seul passage de LaTeX suffit à voir où finissent les chapitres.
    """
    fold_index_keys(folder / f"{SOURCE_NAME}.tex")
    pdf, heights = folder / f"{SOURCE_NAME}.pdf", read_heights(folder / HEIGHTS)
    write_heights(folder / HEIGHTS, heights)
    complete = (folder / f"{SOURCE_NAME}.aux").exists()  # déjà composé : d'ordinaire, les hauteurs conviennent encore
    while True:
        log = run_latex(folder, complete)
        thin = [name for name in thin_files(filled(pdf), log) if heights.get(name) != TRIALS[-1]]
        if complete and not thin:
            return pdf
        for name in thin:
            heights[name] = TRIALS[TRIALS.index(heights[name]) + 1] if heights.get(name) in TRIALS else TRIALS[0]
        write_heights(folder / HEIGHTS, heights)
        complete = not thin


def main(arguments: list[str]) -> None:
    """Compose ce que l'on demande ; avec ``--verifier``, dit seulement si on peut le demander."""
    only_check = "--verifier" in arguments
    selected = choice([argument for argument in arguments if argument != "--verifier"])
    if only_check:
        return
    with etat.alone():
        compose(selected)


def compose(selected: dict[str, str | bool]) -> None:
    """Construit le LaTeX, le compose, et ne remplace le PDF que s'il est sans faute."""
    import livre  # Sphinx n'est chargé qu'une fois le choix accepté

    sys.path.insert(0, str(EXTENSIONS))
    import pdf

    name = pdf.select(**selected).name
    folder = livre.BUILD / "travail" / "pdf" / name
    shutil.copytree(livre.build("latex", livre.executed_chapters()), folder, dirs_exist_ok=True)
    composed = typeset(folder)
    TARGET.mkdir(parents=True, exist_ok=True)
    put(composed.read_bytes(), TARGET / f"{name}.pdf")
    print(f"PDF : {(TARGET / name).relative_to(ROOT)}.pdf")


if __name__ == "__main__":
    main(sys.argv[1:])
