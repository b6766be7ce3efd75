"""Coût de la boucle lisible : ``unroll`` de nos cellules contre ``torch.nn``, aller et retour.

Chaque rapport est la médiane de rapports appariés (nous, puis PyTorch, dans la même itération),
sur un seul fil d'exécution : au-dessus de 1, la boucle lisible est plus lente.
Lancement : ``make bench``.
"""

from __future__ import annotations

import statistics
import time

import torch

from notebook_utils import GRUCell, LSTMCell, RNNCell, to_torch, unroll

SIZES = [(32, 10, 8, 4), (32, 100, 8, 12), (64, 100, 64, 128)]  # (B, T, D, H)
CELLS = {"RNN": RNNCell, "LSTM": LSTMCell, "GRU": GRUCell}
REPEATS = 15


def seconds(forward, x: torch.Tensor) -> float:
    """Durée d'un passage avant, puis arrière."""
    start = time.perf_counter()
    forward(x)[0].square().sum().backward()
    return time.perf_counter() - start


def ratio(cell, x: torch.Tensor) -> tuple[float, float, float]:
    """Médiane, minimum et maximum du rapport de nos durées à celles de ``torch.nn``."""
    layer = to_torch(cell)
    for _ in range(3):
        seconds(lambda x: unroll(cell, x), x), seconds(layer, x)
    ratios = [seconds(lambda x: unroll(cell, x), x) / seconds(layer, x) for _ in range(REPEATS)]
    return statistics.median(ratios), min(ratios), max(ratios)


def main() -> None:
    torch.set_num_threads(1)
    print(f"Rapport à torch.nn, avant + arrière, médiane de {REPEATS} [étendue] :")
    for B, T, D, H in SIZES:
        x = torch.randn(B, T, D, generator=torch.Generator().manual_seed(0))
        for name, kind in CELLS.items():
            median, low, high = ratio(kind(D, H, generator=torch.Generator().manual_seed(1)), x)
            text = f"{median:5.2f} [{low:.2f} ; {high:.2f}]".replace(".", ",")
            print(f"  (B, T, D, H) = {(B, T, D, H)!s:20} {name:4} : {text}")


if __name__ == "__main__":
    main()
