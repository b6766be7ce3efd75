"""Rejoue les chapitres avec d'autres graines : ``python scripts/graines.py [--decalages 1,2,3] [chapitre…]``.

Toute graine d'un chapitre passe par ``notebook_utils.seeded``, que la variable ``DECALAGE_GRAINES`` décale.
Chaque décalage donne donc d'autres poids, d'autres exemples, d'autres apprentissages ;
une affirmation du livre doit y survivre. On exécute les chapitres jusqu'au bout, et l'on rapporte
chaque assertion qui échoue, et chaque preuve d'une prédiction ou d'une question : le décalage, le fichier, la ligne.
À partir de trois décalages, on montre aussi celles qui ont tenu de justesse (voir ``marges.py``) : ce sont
les prochaines à tomber.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

import chapitres
import marges
import preuves

from notebook_utils.learning.seeds import SHIFT_VARIABLE

SHIFTS = (1, 2, 3)
FAULT = re.compile(r"^(book/\S+:\d+): (?:la cellule a échoué\. (?:« (.*) »)?|(la preuve .*))$", re.MULTILINE)


def shifts(text: str) -> list[int]:
    """« 1,2,3 » en entiers."""
    parts = text.split(",")
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"reçu {text!r}, attendu des entiers strictement positifs : 1,2,3")
    return [int(part) for part in parts]


def show(fragile: list) -> None:
    """Les comparaisons qui tiennent de justesse, et leurs marges."""
    print(f"{len(fragile)} comparaison(s) fragile(s), de moins de {marges.SAFE} écarts types :".replace(".", ","))
    for text, values in fragile:
        print(f"  {text}\n    marges : {' ; '.join(f'{value:.3g}' for value in values)}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Rejoue les chapitres avec d'autres graines.")
    parser.add_argument("chapitres", nargs="*", help="les chapitres à rejouer (tous, par défaut)")
    parser.add_argument("--decalages", type=shifts, default=list(SHIFTS), help="les décalages : 1,2,3 par défaut")
    arguments = parser.parse_args()
    selected, faults, runs = chapitres.selected(arguments.chapitres), [], []
    with tempfile.TemporaryDirectory() as folder:
        for shift in arguments.decalages:
            print(f"→ Décalage {shift}", flush=True)
            weighed = Path(folder, f"{shift}.jsonl")
            weighed.touch()
            environment = {SHIFT_VARIABLE: str(shift)} | marges.environment(weighed)
            report = chapitres.replay(environment, selected, preuves.false_proofs)
            print(report, flush=True)
            runs.append(marges.margins(weighed))
            found = [f"{place}: décalage {shift} : {row or proof}" for place, row, proof in FAULT.findall(report)]
            faults += found or ([f"décalage {shift} : {report.splitlines()[0]}"] if report else [])
    if len(runs) >= marges.ENOUGH:
        show(marges.fragile(runs))
    if faults:
        raise SystemExit(f"{len(faults)} échec(s) :\n" + "\n".join(faults))
    shown = ", ".join(map(str, arguments.decalages))
    print(f"Toutes les assertions tiennent ; décalages : {shown}.")


if __name__ == "__main__":
    main()
