"""Fige la prose du cours : ``python scripts/corpus.py 2`` écrit ``notebook_utils/tasks/data/cours-2.txt``.

Un modèle de langue apprend sur la prose du livre, et ses mesures ne doivent pas bouger à chaque virgule corrigée :
l'extrait porte un numéro, et livré avec le paquet. Une version écrite ne change plus : on en écrit une autre,
puis ``notebook_utils/tasks/corpus.py`` la désigne, avec son empreinte.

Une ligne de la source fait une ligne de l'extrait ; formules, code, renvois et valeurs collées y deviennent « X ».
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import sources
from ecriture import put

DATA = sources.ROOT / "notebook_utils" / "tasks" / "data"
#: Ce qui n'est pas une phrase : une ligne de tableau, une clôture, un reste de balise.
NOT_PROSE = re.compile(r"^\|| \| |^:::|^exo-|[`{}]")
WORD = re.compile(r"[a-zà-ÿ]{2}")


def chapter_text(page: Path) -> str:
    """Les lignes de prose d'une page, solutions comprises."""
    rows = (row for _, row in sources.prose(page))
    return "".join(f"{row}\n" for row in rows if WORD.search(row) and not NOT_PROSE.search(row))


def course_text() -> str:
    """Les chapitres dans l'ordre du sommaire, chacun sous une ligne « # nom »."""
    pages = (sources.ROOT / f"{name}.md" for name in sources.listed_pages())
    return "".join(f"# {page.stem}\n{chapter_text(page)}" for page in pages if page in sources.EXECUTED)


def main(arguments: list[str]) -> None:
    if len(arguments) != 1 or not arguments[0].isdecimal():
        raise SystemExit("usage : python scripts/corpus.py NUMÉRO (un entier, celui de la nouvelle version)")
    target = DATA / f"cours-{arguments[0]}.txt"
    if target.exists():
        raise SystemExit(f"{target.name} existe déjà : une version écrite ne change plus, prenez un autre numéro")
    octets = course_text().encode()
    DATA.mkdir(exist_ok=True)
    put(octets, target)
    print(f"{target.name} : {len(octets)} octets, SHA-256 {hashlib.sha256(octets).hexdigest()}")


if __name__ == "__main__":
    main(sys.argv[1:])
