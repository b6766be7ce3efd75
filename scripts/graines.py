"""Rejoue les chapitres avec d'autres graines : ``python scripts/graines.py [--decalages 1,2,3] [chapitre…]``.

Toute graine d'un chapitre passe par ``notebook_utils.seeded``, que la variable ``DECALAGE_GRAINES`` décale.
Chaque décalage donne donc d'autres poids, d'autres exemples, d'autres apprentissages ;
une affirmation du livre doit y survivre. On exécute les chapitres jusqu'au bout, et l'on rapporte
chaque assertion qui échoue : le décalage, le fichier, la ligne.
"""

from __future__ import annotations

import argparse
import re

import chapitres

from notebook_utils.learning.seeds import SHIFT_VARIABLE

SHIFTS = (1, 2, 3)
FAULT = re.compile(r"^(book/\S+:\d+): la cellule a échoué\. (?:« (.*) »)?$", re.MULTILINE)


def shifts(text: str) -> list[int]:
    """« 1,2,3 » en entiers."""
    parts = text.split(",")
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"reçu {text!r}, attendu des entiers strictement positifs : 1,2,3")
    return [int(part) for part in parts]


def main() -> None:
    parser = argparse.ArgumentParser(description="Rejoue les chapitres avec d'autres graines.")
    parser.add_argument("chapitres", nargs="*", help="les chapitres à rejouer (tous, par défaut)")
    parser.add_argument("--decalages", type=shifts, default=list(SHIFTS), help="les décalages : 1,2,3 par défaut")
    arguments = parser.parse_args()
    selected, faults = chapitres.selected(arguments.chapitres), []
    for shift in arguments.decalages:
        print(f"→ Décalage {shift}", flush=True)
        report = chapitres.replay({SHIFT_VARIABLE: str(shift)}, selected)
        print(report, flush=True)
        found = [f"{place}: décalage {shift} : {row}" for place, row in FAULT.findall(report)]
        faults += found or ([f"décalage {shift} : {report.splitlines()[0]}"] if report else [])
    if faults:
        raise SystemExit(f"{len(faults)} échec(s) :\n" + "\n".join(faults))
    shown = ", ".join(map(str, arguments.decalages))
    print(f"Toutes les assertions tiennent ; décalages : {shown}.")


if __name__ == "__main__":
    main()
