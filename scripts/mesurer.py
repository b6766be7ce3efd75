"""Mesure ce qu'un chapitre demande à son lecteur : ``python scripts/mesurer.py [chapitre…]``.

Les mots sont ceux du texte courant, exercices, solutions, prédictions, questions, références et replis « Pour aller
plus loin » exclus ; une formule ou une valeur collée compte pour un mot. Les lignes de code sont celles des cellules
visibles.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import chapitres
import sources

FOLD = re.compile(r"^```\{plus-loin\}.*?^```\{fin-plus-loin\}\n```$", re.MULTILINE | re.DOTALL)
QUIZ = re.compile(r"^(?P<fence>`{3,}|:{3,}|~{3,})\{(?:prediction|question)\}.*?^(?P=fence)$", re.MULTILINE | re.DOTALL)
AFTER = re.compile(r"^## Exercices$.*", re.MULTILINE | re.DOTALL)
FIGURE = re.compile(r"^\s*:?name: fig-", re.MULTILINE)
HIDDEN = ("hide-input", "hide-cell", "remove-input", "remove-cell")


def first_reading(text: str) -> str:
    """La page sans ses exercices, ses questions ni ses replis ; les numéros de ligne restent les mêmes."""
    for pattern in (AFTER, FOLD, QUIZ):
        text = pattern.sub(lambda match: "\n" * match[0].count("\n"), text)
    return text


def words(page: Path) -> int:
    rows = sources.prose(page, first_reading(sources.text_of(page)))
    text = " ".join(row for _, row in rows if not row.startswith(":alt:"))
    text = re.sub(r"(\{reglage\}`[^`<]*)<[^>]*>", r"\1", text)  # les clés d'un réglage ne se lisent pas
    return len(re.findall(r"\w[\w’'-]*", text))


def measures(page: Path) -> dict[str, int]:
    text = first_reading(sources.text_of(page))
    cells = sources.cells(page, text)
    visible = [code for _, header, code in cells if not any(tag in header for tag in HIDDEN)]
    row = {
        "mots": words(page),
        "figures": len(FIGURE.findall(text)),
        "équations": len(re.findall(r"\$\$ \(eq-", text)),
        "cellules visibles": len(visible),
        "cellules repliées": len(cells) - len(visible),
        "lignes visibles": sum(len(code.splitlines()) for code in visible),
    }
    return row | {"minutes": round(reading_minutes(row))}


def reading_minutes(row: dict[str, int]) -> float:
    """Un ordre de grandeur : 110 mots ou 12 lignes de code à la minute, 1 minute par équation, une demie par figure."""
    return row["mots"] / 110 + row["lignes visibles"] / 12 + row["équations"] + row["figures"] / 2


def main(names: list[str]) -> None:
    pages = chapitres.selected(names)
    rows = {page.stem: measures(page) for page in pages}
    columns = list(next(iter(rows.values())))
    print(" | ".join(["chapitre".ljust(15), *columns]))
    for name, row in rows.items():
        print(" | ".join([name.ljust(15), *(str(row[column]).rjust(len(column)) for column in columns)]))


if __name__ == "__main__":
    main(sys.argv[1:])
