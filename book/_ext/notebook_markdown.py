r"""Écrire du Markdown que JupyterLab relit comme il faut : protections, clôtures, cellules de tableau.

Les fonctions sont pures ; ``notebooks`` les appelle sur chaque morceau du document résolu.
"""

from __future__ import annotations

import re

ACTIVE = re.compile(r"[\\`*$]|(?<!\w)_|_(?!\w)|~~|<(?=[A-Za-z/!?])|&(?=#?\w+;)")
LINK = re.compile(r"\[(?=\^|[^\]]*\][(\[:])")  # ce qui commencerait un lien ; « [0, 1] » n'en est pas un
LINE_START = re.compile(r"^(?:(\d+)([.)])(?=\s|$)|([-+>])(?=\s|$)|(#{1,6})(?=\s|$)|(:{3,}|={3,}|-{3,}))")


def escaped(text: str) -> str:
    """Du texte ordinaire, dont aucun signe n'est pris pour du Markdown."""
    text = ACTIVE.sub(lambda found: "\\" + found[0], text.replace("\n", " "))
    return LINK.sub("&#91;", text)


def paragraph(text: str) -> str:
    """Un paragraphe qui ne commence ni une liste, ni un titre, ni une citation."""
    return LINE_START.sub(lambda start: f"{start[1]}\\{start[2]}" if start[1] else "\\" + start[0], text)


def code(text: str) -> str:
    """Du code dans le texte, entre assez d'accents graves."""
    fence = "`" * (longest_run(text) + 1)
    inner = text.replace("\n", " ")
    return f"{fence} {inner} {fence}" if len(fence) > 1 else f"`{inner}`"


def block(text: str, language: str = "") -> str:
    """Un bloc de code, dont la clôture est plus longue que toutes celles qu'il contient."""
    fence = "`" * max(3, longest_run(text) + 1)
    body = text.rstrip("\n")
    return f"{fence}{language}\n{body}\n{fence}"


def longest_run(text: str) -> int:
    return max(map(len, re.findall(r"`+", text)), default=0)


def math(text: str) -> str:
    return f"${' '.join(text.split())}$"


MATH_OR_BAR = re.compile(r"(?<!\\)\$(?P<math>(?:\\.|[^$\\])+)\$|(?<!\\)\|")


def table_cell(text: str) -> str:
    r"""Une cellule de tableau : un trait ``|`` y couperait la ligne, même dans une formule ou du code.

    Dans une formule, ``|`` et ``\|`` deviennent ``\vert`` et ``\Vert``, que tous les lecteurs acceptent ;
    ailleurs, le trait est protégé.
    """

    def protect(found: re.Match) -> str:
        if found["math"] is None:
            return r"\|"
        return "$" + found["math"].replace(r"\|", r"\Vert ").replace("|", r"\vert ") + "$"

    return MATH_OR_BAR.sub(protect, text.replace("\n\n", "<br>").replace("\n", " "))


def alternative(text: str) -> str:
    """Le texte alternatif d'une image, entre crochets."""
    text = re.sub(r"[\\`*$]", lambda found: "\\" + found[0], " ".join(text.split()))
    return text if balanced(text) else text.replace("[", "&#91;").replace("]", "&#93;")


def balanced(text: str) -> bool:
    depth = 0
    for sign in re.findall(r"[\[\]]", text):
        depth += 1 if sign == "[" else -1
        if depth < 0:
            return False
    return depth == 0
