"""Couches à rétropropagation manuscrite contre ``torch.nn``, aller et retour.

Chaque rapport est la médiane de rapports appariés (quelques passages pour nous, puis autant
pour PyTorch, dans la même itération, comme les répète un apprentissage) :
au-dessous de 1, notre couche est plus rapide.
Sur un fil d'exécution, en temps de processeur ; sur deux, en temps écoulé.
Sur processeur, ``torch.nn.LSTM`` appelle le noyau fondu d'oneDNN ; « natif » le lui interdit.
Lancement : ``make bench``.
"""

from __future__ import annotations

import statistics
import time

import torch
from torch.backends import mkldnn

from notebook_utils import GRU, LSTM, RNN, FusedLSTM, to_torch

SMALL = [(32, 10, 8, 4), (32, 100, 8, 12), (32, 110, 8, 32)]  # (B, T, D, H)
LARGE = [(64, 100, 64, 128), (64, 35, 256, 256)]
REPEATS = {1: 15, 2: 11}
STEPS = 500  # pas de temps d'une mesure, au moins
CLOCK = {1: time.process_time, 2: time.perf_counter}
TARGETS = {  # (couche, noyau de comparaison) : objectif pour les petites tailles, pour les grandes
    ("RNN", "torch.nn"): (0.50, 0.95),
    ("GRU", "torch.nn"): (0.45, 0.95),
    ("LSTM", "fondu"): (3.50, None),
    ("LSTM", "natif"): (0.45, None),
    ("FusedLSTM", "fondu"): (1.10, 1.10),
}
LAYERS = {"RNN": RNN, "GRU": GRU, "LSTM": LSTM, "FusedLSTM": FusedLSTM}


def seconds(layer, x: torch.Tensor, g: torch.Tensor, clock, fused: bool = True) -> float:
    """Durée de quelques passages avant, puis arrière depuis le gradient ``g`` des sorties, après un pour rien."""
    with mkldnn.flags(enabled=fused, allow_tf32=False):
        layer(x)[0].backward(g)
        start = clock()
        for _ in range(max(3, STEPS // x.shape[1])):
            layer(x)[0].backward(g)
        return clock() - start


def ratios(layer, x: torch.Tensor, threads: int, fused: bool) -> list[float]:
    """Les rapports appariés de nos durées à celles de ``torch.nn``."""
    theirs, clock, pairs = to_torch(layer), CLOCK[threads], REPEATS[threads]
    g = torch.randn(*x.shape[:2], layer.hidden_size, generator=torch.Generator().manual_seed(2))
    rows = [(seconds(layer, x, g, clock), seconds(theirs, x, g, clock, fused)) for _ in range(pairs + 2)]
    return [ours / other for ours, other in rows[2:]]


def report(threads: int, sizes, kinds) -> None:
    """Mesure et imprime : une ligne par taille et par couche."""
    torch.set_num_threads(threads)
    print(f"{threads} fil(s), rapport à torch.nn, médiane de {REPEATS[threads]} [étendue], objectif :")
    for B, T, D, H in sizes:
        x = torch.randn(B, T, D, generator=torch.Generator().manual_seed(0))
        for name, kernel in kinds:
            layer = LAYERS[name](D, H, generator=torch.Generator().manual_seed(1))
            values = ratios(layer, x, threads, fused=kernel != "natif")
            target = 0.85 if threads == 2 else TARGETS[name, kernel][(B, T, D, H) in LARGE]
            label = f"{name} / {kernel}"
            text = f"{statistics.median(values):5.2f} [{min(values):.2f} ; {max(values):.2f}]"
            text += f"  ≤ {target:.2f}" if target else ""
            print(f"  (B, T, D, H) = {(B, T, D, H)!s:18} {label:18} : {text.replace('.', ',')}")


def main() -> None:
    report(1, SMALL + LARGE, TARGETS)
    report(2, LARGE, [("RNN", "torch.nn"), ("GRU", "torch.nn")])


if __name__ == "__main__":
    main()
