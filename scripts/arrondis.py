"""Exécute les chapitres comme d'autres processeurs le feraient : ``python scripts/arrondis.py [chapitre…]``.

Selon le processeur, les bibliothèques de calcul choisissent d'autres instructions et ajoutent dans un autre ordre :
les sommes diffèrent au dernier chiffre, et un apprentissage qui s'en nourrit finit par diverger.
Une affirmation du livre doit survivre à cela. On impose ici tour à tour plusieurs jeux d'instructions,
on exécute les chapitres jusqu'au bout, et l'on rapporte toutes les assertions qui ont échoué.
Rien n'est gardé : la construction du livre n'en dépend pas.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import chapitres

#: Ce qu'il faut imposer à ATen, à oneDNN et à MKL, du jeu d'instructions le plus ancien au plus récent.
INSTRUCTIONS = {
    "SSE": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE"},
    "celles de ce processeur": {},
}


def failures(instructions: dict[str, str], selected: list[Path]) -> str:
    """Les assertions en échec, réunies ; vide si tout passe."""
    os.environ.update(instructions)
    try:
        for chapter in chapitres.in_parallel(execute, selected):
            print(f"  {chapter.name}", flush=True)
    except SystemExit as error:
        return str(error)
    finally:
        for name in instructions:
            del os.environ[name]
    return ""


def execute(chapter: Path) -> Path:
    chapitres.execute(chapter, to_the_end=True)
    return chapter


def main(names: list[str]) -> None:
    selected = [chapter for chapter in chapitres.chapters() if not names or chapter.stem in names]
    if not selected:
        raise SystemExit(f"usage : arrondis.py [chapitre…] ; chapitres reçus : {' '.join(names)}")
    faults = {}
    for label, instructions in INSTRUCTIONS.items():
        print(f"→ Instructions : {label}", flush=True)
        faults[label] = failures(instructions, selected)
        print(faults[label], flush=True)
    if any(faults.values()):
        raise SystemExit("Échecs avec : " + ", ".join(label for label, text in faults.items() if text))


if __name__ == "__main__":
    main(sys.argv[1:])
