"""Ordre temporel, niveau HARD : combien de séquences et de secondes pour ne plus se tromper ?

Pour chaque cellule, vingt graines ; le test, 2 560 séquences neuves, est disjoint de l'apprentissage.
Recette commune : lots de 8, Adam au pas de 0,02, gradient écrêté à 1.
Toutes les 512 séquences dont la perte moyenne est passée sous 0,1 (la règle est à peu près comprise),
le pas décroît, et l'on s'arrête si le réseau ne se trompe sur aucune des 10 240 séquences de validation,
tirées à part et dont aucun gradient n'est calculé.
Départ : initialisation chrono pour la LSTM, biais de mise à jour +3 pour la GRU.
Pour la LSTM, ``β₂ = 0,95`` : Adam oublie les grands gradients du palier cinquante fois plus vite qu'avec 0,999,
et aucune graine ne traîne. La GRU n'en a pas besoin.
Les recettes ont été choisies sur d'autres graines (3000 à 3199).
Lancement : ``make bench``.
"""

from __future__ import annotations

import statistics
import time

import torch

from notebook_utils import (
    GRU,
    HARD,
    FusedLSTM,
    SequenceClassifier,
    chrono_,
    cross_entropy,
    evaluate,
    fit,
    format_number,
    run_seeds,
    set_update_bias_,
)

SEEDS = range(20)
B, BUDGET, INTERVAL = 8, 20_480, 512  # séquences d'un lot, d'un apprentissage au plus, d'un intervalle
LR, UNDERSTOOD = [2e-2, 1.6e-2, 1.2e-2, 8e-3, 4e-3], 0.1
PAPER = 31_390  # Hochreiter et Schmidhuber (1997)
TARGETS = {"séquences": 5_000, "secondes": 1.5}
RECIPES = {  # départ de la couche, β₂ d'Adam
    "LSTM": (lambda g: chrono_(FusedLSTM(8, 16, generator=g), 220, g), 0.95),
    "GRU": (lambda g: set_update_bias_(GRU(8, 16, generator=g), 3.0), 0.999),
}


def learn(kind: str, seed: int) -> dict:
    """Un apprentissage : erreurs sur le test, séquences vues, secondes de processeur."""
    g = torch.Generator().manual_seed(seed)
    start, beta = RECIPES[kind]
    model = SequenceClassifier(start(g), 4, generator=g)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR[0], betas=(0.9, beta), fused=True)
    clock = time.process_time()
    batches = iter(HARD.batches(B, BUDGET // B, generator=g))
    validation = list(HARD.batches(256, 40, generator=torch.Generator().manual_seed(1_000_000 + seed)))
    rates = iter(LR[1:])

    def finished(history):
        if history["loss"][-1] > UNDERSTOOD:
            return False
        optimizer.param_groups[0]["lr"] = next(rates, LR[-1])
        return evaluate(model, validation, cross_entropy).errors == 0

    history = fit(
        *(model, lambda _: next(batches), cross_entropy, optimizer, BUDGET // B),
        generator=g, max_norm=1.0, every=INTERVAL // B, stop=finished,
    )  # fmt: skip
    seconds = time.process_time() - clock
    test = HARD.batches(256, 10, generator=torch.Generator().manual_seed(10_000), split="test")
    errors = evaluate(model, test, cross_entropy).errors
    return {"erreurs": errors, "séquences": B * history["step"][-1], "secondes": seconds}


def main() -> None:
    paper = format_number(PAPER)
    print(f"HARD, {len(SEEDS)} graines, 2 560 séquences de test (en 1997 : {paper} séquences et 1 erreur) :")
    for kind in RECIPES:
        runs = run_seeds(lambda seed, kind=kind: learn(kind, seed), SEEDS)
        errors = [run["erreurs"] for run in runs]
        print(f"  {kind:4} sans erreur : {errors.count(0)} / {len(SEEDS)}, erreurs au pire : {max(errors)}")
        for name, target in TARGETS.items():
            values = [run[name] for run in runs]
            middle, low, high = (format_number(v, 3) for v in (statistics.median(values), min(values), max(values)))
            print(f"       {name} : médiane {middle} [{low} ; {high}]  ≤ {format_number(target)}")


if __name__ == "__main__":
    main()
