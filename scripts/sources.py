"""Lecture des sources du livre : pages, cellules, directives, texte courant."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
PAGES = sorted(BOOK.glob("*.md"))
EXECUTED = [page for page in PAGES if "\nkernelspec:" in page.read_text("utf-8")[:600]]
CHAPTERS = [page for page in EXECUTED if page.stem not in ("index", "terrain")]  # s'exécutent, mais sans exercices

FENCE = re.compile(r"^[ ]*(?P<fence>`{3,}|:{3,})(?P<info>[^\n]*)$")
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
DRAWING = re.compile(r"^:{3,}\{tikz\}(?P<body>.*?)^:{3,}$", re.MULTILINE | re.DOTALL)
MATH = re.compile(r"\$\$.*?\$\$(?: \([\w-]+\))?|\$[^$]+\$", re.DOTALL)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def cells(page: Path, text: str | None = None) -> list[tuple[int, str, str]]:
    """Cellules de code d'une page, ou d'un passage de cette page : ligne, en-tête YAML ou options, code."""
    text, found = text_of(page) if text is None else text, []
    for match in CELL.finditer(text):
        header, code = split_header(match["body"])
        found.append((text.count("\n", 0, match.start()) + 1, header, code))
    return found


def markdown(page: Path) -> str:
    """Le texte d'une page, sans son en-tête YAML."""
    return FRONT_MATTER.sub("", text_of(page))


def split_header(body: str) -> tuple[str, str]:
    if body.startswith("---\n"):
        header, code = body[4:].split("\n---\n", 1)
        return header, code
    rows = body.splitlines(keepends=True)
    size = next((rank for rank, row in enumerate(rows) if not row.startswith(":")), len(rows))
    return "".join(rows[:size]), "".join(rows[size:])


def prose(page: Path, text: str | None = None) -> list[tuple[int, str]]:
    """Lignes de texte courant, numérotées : ni code, ni équation, ni dessin, ni en-tête."""
    text = text_of(page) if text is None else text
    for pattern in (CELL, DRAWING_BODY, CODE_BLOCK, FRONT_MATTER, MATH):
        text = pattern.sub(blank, text)
    rows = enumerate(text.splitlines(), start=1)
    stripped = ((number, without_markup(row)) for number, row in rows)
    return [(number, row) for number, row in stripped if row]


def blank(match: re.Match) -> str:
    """Efface un passage sans changer les numéros de ligne ; une formule en ligne devient « X »."""
    return "X" if "\n" not in match[0] else "\n" * match[0].count("\n")


DRAWING_BODY = re.compile(r"(?<=\n):alt:[^\n]*\n(?:(?!:{3,}$).*\n)*(?=:{3,}$)", re.MULTILINE)
CODE_BLOCK = re.compile(
    r"^```(?:\{literalinclude\}|\{bibliography\}|\{eval-rst\}|bibtex|python|md|sh)[^\n]*\n.*?^```$",
    re.MULTILINE | re.DOTALL,
)
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
ROLE = re.compile(r"\{(?P<role>[\w:]+)\}`(?P<text>[^`<]*)(?:<[^>]*>)?`")
OPTION = re.compile(r"^\s*:[\w-]+:(?: .*)?$|^\s*\([\w:-]+\)=.*$")


def role_text(match: re.Match) -> str:
    """Le texte d'un rôle s'il en a un à lui ; sinon (renvoi, citation, valeur collée), « X »."""
    if match["role"] == "term" or "<" in match[0]:
        return match["text"].strip()
    if match["role"] == "numref":
        return "tableau" if match["text"].startswith("tab-") else "figure"
    return "X"


def without_markup(row: str) -> str:
    if OPTION.match(row) and not row.lstrip().startswith((":alt:", ":caption:")):
        return ""
    row = re.sub(r"^\s*(?:[`:]{3,}\{[\w:-]+\}|:[\w-]+:|[-#>|]+|\d+\.|:(?= ))\s?", "", row)
    row = ROLE.sub(role_text, row)
    row = re.sub(r"`[^`]*`", "X", row)
    row = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", row)
    return re.sub(r"[*_]{1,2}", "", row).strip()


GATE = re.compile(r"^(?P<fence>`{3,}|:{3,})\{(?P<kind>exercise|solution)-(?P<side>start|end)\}[ ]*(?P<name>[^\n]*)$")


def open_blocks() -> list[str]:
    """Les « exercise-start » et « solution-start » sans fin, et les fins sans début : fichier, ligne, remède."""
    return [fault for page in PAGES for fault in open_blocks_of(page)]


def open_blocks_of(page: Path) -> list[str]:
    faults, opened = [], None
    gates = ((number, GATE.match(row)) for number, row in enumerate(text_of(page).splitlines(), start=1))
    for number, gate in ((number, gate) for number, gate in gates if gate):
        kind, starts = gate["kind"], gate["side"] == "start"
        if opened and (starts or kind != opened[1]):
            faults.append(unclosed(page, *opened))
        elif not opened and not starts:
            faults.append(f"book/{page.name}:{number}: « {kind}-end » sans « {kind}-start » avant lui : ôtez-le")
        opened = (number, kind, gate["name"]) if starts else None
    return faults + ([unclosed(page, *opened)] if opened else [])


def unclosed(page: Path, line: int, kind: str, name: str) -> str:
    what = f"« {kind}-start » {name}".strip()
    return f"book/{page.name}:{line}: {what} n'a pas de fin : écrivez « ```{{{kind}-end}} » puis « ``` » là où il finit"


def listed_pages() -> list[str]:
    """Les pages du sommaire, dans l'ordre, la préface d'abord."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    entries = [entry for part in toc.get("parts", []) for entry in part["chapters"]]
    return [toc["root"], *(entry["file"] for entry in entries)]


def unlisted_pages() -> list[str]:
    """Les pages de ``book/`` qu'aucun sommaire ne nomme, et les lignes du sommaire sans page."""
    listed, present = set(listed_pages()), {f"book/{page.stem}" for page in PAGES}
    faults = [f"_toc.yml: « {name} » n'est pas une page : corrigez-la ou ôtez-la" for name in listed - present]
    remedy = "ajoutez « - file: {} » à _toc.yml, ou ôtez la page"
    faults += [f"{name}.md:1: page absente du sommaire : {remedy.format(name)}" for name in present - listed]
    return sorted(faults)
