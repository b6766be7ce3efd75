"""Ce que coûtent l'aller et le retour d'une couche, en temps et en mémoire, contre T, B et H.

Temps : médiane de passages avant et arrière, en temps de processeur, sur un seul fil d'exécution.
Mémoire : ce que l'aller garde pour le retour, et le plus haut niveau atteint pendant les deux,
rapportés à la même couche dépliée et confiée à autograd ;
les octets sont ceux que la bibliothèque C a alloués (``mallinfo2``), relevés au fil des opérations.
Un tableau est imprimé, une figure est écrite dans ``_build/bench/cout.svg``.
Lancement : ``make bench``.
"""

from __future__ import annotations

import ctypes
import gc
import statistics
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from notebook_utils import (
    GRU,
    LSTM,
    PALETTE,
    RNN,
    FusedLSTM,
    GRUCell,
    LSTMCell,
    RNNCell,
    format_number,
    french_axis,
    unroll,
)

BASE = {"T": 100, "B": 32, "H": 32}
SWEEPS = {"T": [10, 30, 100, 300, 1000, 3000], "B": [4, 8, 16, 32, 64, 128], "H": [4, 8, 16, 32, 64, 128, 256]}
AXES = {"T": "pas de temps $T$", "B": "exemples $B$", "H": "taille de l'état $H$"}
LAYERS = {
    "RNN": (RNN, "hidden"),
    "GRU": (GRU, "candidate"),
    "LSTM": (LSTM, "cell"),
    "FusedLSTM": (FusedLSTM, "neutral"),
}
CELLS = {"RNN": RNNCell, "GRU": GRUCell, "LSTM": LSTMCell}
D = 8
REPEATS = 7
TARGET = 0.7
FIGURE = Path(__file__).parents[1] / "_build" / "bench" / "cout.svg"


_COUNTERS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"


class _Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in _COUNTERS.split()]


def allocated() -> int:
    """Octets alloués par le processus, hors interpréteur Python."""
    function = ctypes.CDLL(None).mallinfo2
    function.restype = _Mallinfo2
    info = function()
    return info.uordblks + info.hblkhd


class Peak(TorchDispatchMode):
    """Relève le plus haut niveau de mémoire : après chaque opération sur un grand tableau, et de loin en loin."""

    highest = count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.count += 1
        if self.count % 200 == 0 or (isinstance(result, torch.Tensor) and result.nbytes > 128_000):
            self.highest = max(self.highest, allocated())
        return result


def inputs(T: int, B: int, H: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Une séquence, et le gradient des sorties."""
    g = torch.Generator().manual_seed(0)
    return torch.randn(B, T, D, generator=g), torch.randn(B, T, H, generator=g)


def milliseconds(layer, x: torch.Tensor, g: torch.Tensor) -> float:
    """Médiane du temps d'un aller et d'un retour."""
    times = []
    for _ in range(REPEATS + 2):
        start = time.process_time()
        layer(x)[0].backward(g)
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times[2:])


def memory(run, x: torch.Tensor, g: torch.Tensor) -> tuple[float, float]:
    """Mégaoctets gardés par l'aller, et plus haut niveau de l'aller et du retour."""
    for _ in range(2):  # le premier passage crée aussi les gradients des poids
        gc.collect()
        before = allocated()
        with Peak() as peak:
            outputs = run(x)
            kept = allocated()
            outputs.backward(g)
        levels = (kept - before) / 1e6, (peak.highest - before) / 1e6
        del outputs
    return levels


def report_time() -> dict:
    """Imprime un tableau par axe ; rend les temps."""
    times = {}
    for axis, values in SWEEPS.items():
        others = ", ".join(f"{name} = {value}" for name, value in BASE.items() if name != axis)
        print(f"Temps en millisecondes contre {axis}, les autres à {others} et D = {D} :")
        print("  " + f"{axis:10}" + "".join(f"{value:9}" for value in values))
        for name, (kind, _) in LAYERS.items():
            sizes = [BASE | {axis: value} for value in values]
            layers = [kind(D, size["H"], generator=torch.Generator().manual_seed(1)) for size in sizes]
            row = [milliseconds(layer, *inputs(**size)) for layer, size in zip(layers, sizes, strict=True)]
            times[axis, name] = row
            print("  " + f"{name:10}" + "".join(f"{value:9.2f}" for value in row).replace(".", ","))
    return times


def report_memory(T: int = 1000) -> None:
    """Imprime la mémoire de chaque couche, et celle de sa cellule dépliée."""
    goal = format_number(TARGET)
    print(f"Mémoire à T = {T}, B = 32 : manuscrite / autograd, en Mo (objectif de la plus haute : ≤ {goal}) :")
    for H in (12, 32, 64):
        for name in ("RNN", "GRU", "LSTM"):
            layer = LAYERS[name][0](D, H, generator=torch.Generator().manual_seed(1))
            x, g = inputs(T, 32, H)
            ours = memory(lambda x, layer=layer: layer(x)[0], x, g)
            cell = CELLS[name](D, H)
            cell.load_state_dict(layer.state_dict())  # mêmes noms, mêmes poids
            theirs = memory(lambda x, cell=cell: unroll(cell, x)[0], x, g)
            columns = zip(("gardée", "plus haute"), ours, theirs, strict=True)
            text = "   ".join(f"{label} {a:6.1f} / {b:6.1f} = {a / b:.2f}" for label, a, b in columns)
            print(f"  H = {H:3}  {name:4} {text.replace('.', ',')}")


def draw(times: dict) -> None:
    """Trace le temps contre chaque axe, en échelles logarithmiques."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharey=True, layout="constrained")
    for ax, (axis, values) in zip(axes, SWEEPS.items(), strict=True):
        for (name, (_, role)), marker in zip(LAYERS.items(), "osD^", strict=True):
            ax.loglog(values, times[axis, name], marker=marker, markersize=4, color=PALETTE[role].light, label=name)
        ax.set_xlabel(AXES[axis])
        french_axis(ax)
    axes[0].set_ylabel("aller et retour (ms)")
    axes[0].legend(frameon=False)
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURE)
    print(f"Figure : {FIGURE.relative_to(Path.cwd()) if FIGURE.is_relative_to(Path.cwd()) else FIGURE}")


def main() -> None:
    torch.set_num_threads(1)
    report_memory()
    draw(report_time())


if __name__ == "__main__":
    main()
