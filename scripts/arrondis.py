"""Exécute les chapitres comme d'autres processeurs le feraient : ``python scripts/arrondis.py [chapitre…]``.

Selon le processeur, les bibliothèques de calcul choisissent d'autres instructions et ajoutent dans un autre ordre :
les sommes diffèrent au dernier chiffre, et un apprentissage qui s'en nourrit finit par diverger.
Une affirmation du livre doit survivre à cela. On impose ici tour à tour plusieurs jeux d'instructions,
on exécute les chapitres jusqu'au bout, et l'on rapporte toutes les assertions, et les preuves, qui ont échoué.
"""

from __future__ import annotations

import sys

import chapitres
import preuves

#: Ce qu'il faut imposer à ATen, à oneDNN et à MKL, du jeu d'instructions le plus ancien au plus récent.
INSTRUCTIONS = {
    "SSE": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE"},
    "celles de ce processeur": {},
}


def main(names: list[str]) -> None:
    selected = chapitres.selected(names)
    faults = {}
    for label, instructions in INSTRUCTIONS.items():
        print(f"→ Instructions : {label}", flush=True)
        faults[label] = chapitres.replay(instructions, selected, preuves.false_proofs)
        print(faults[label], flush=True)
    if any(faults.values()):
        raise SystemExit("Échecs avec : " + ", ".join(label for label, text in faults.items() if text))


if __name__ == "__main__":
    main(sys.argv[1:])
