"""Ce que coûte une récurrence linéaire, en temps et en mémoire, contre T : le balayage par paires et ses rivaux.

Temps : médiane de passages avant et arrière, en temps de processeur, sur un seul fil, toutes les formes ensemble.
Mémoire : nombres que l'aller garde pour le retour, par nombre de l'état, entrées et poids exclus.
Objectifs, à T = 16 384 : au plus 0,05 fois ``torch.nn.GRU`` et 0,35 fois ``FusedLSTM``.
Sur une carte graphique, s'il y en a une, les mêmes couches, sans oneDNN.
Lancement : ``make bench``.
"""

from __future__ import annotations

import statistics
import time

import torch
from torch import nn
from torch.nn.functional import logsigmoid

from notebook_utils import GRU, FusedLSTM, MinGRU, MinLSTM, format_number, linear_scan

B, D, H = 8, 16, 64
LENGTHS = {64: 21, 256: 11, 1_024: 7, 4_096: 5, 16_384: 3}
TARGETS = {"torch.nn.GRU": 0.05, "FusedLSTM": 0.35}


class HandLoop(torch.autograd.Function):
    """La récurrence, un pas après l'autre, et son retour écrit à la main ; le temps est le premier axe."""

    @staticmethod
    def forward(ctx, a, b):
        h, previous = torch.empty_like(b), torch.zeros_like(b[0])
        for a_t, b_t, h_t in zip(a.unbind(), b.unbind(), h.unbind(), strict=True):
            previous = torch.addcmul(b_t, a_t, previous, out=h_t)
        ctx.save_for_backward(a, h)
        return h

    @staticmethod
    def backward(ctx, g):
        a, h = ctx.saved_tensors
        G = g.clone(memory_format=torch.contiguous_format)
        steps = G.unbind()
        for t in range(len(G) - 2, -1, -1):
            steps[t].addcmul_(a[t + 1], steps[t + 1])
        da = torch.zeros_like(a)
        torch.mul(G[1:], h[:-1], out=da[1:])
        return da, G


def hand_loop(layer, x):
    a, b = (part.transpose(0, 1) for part in layer.gates(x))
    return HandLoop.apply(a, b).transpose(0, 1)


def autograd_loop(layer, x):
    a, b = layer.gates(x)
    h, states = layer.initial_state(len(x)), []
    for a_t, b_t in zip(a.unbind(1), b.unbind(1), strict=True):
        h = a_t * h + b_t
        states.append(h)
    return torch.stack(states, dim=1)


def log_scan(log_a, log_b):
    """La forme publiée, en logarithmes : deux opérations cumulées."""
    total = log_a.cumsum(dim=1)
    return (total + (log_b - total).logcumsumexp(dim=1)).exp()


def log_layer(layer, x):
    a_z, h_tilde = (x @ layer.W_x.T + layer.b).chunk(2, dim=2)
    positive = torch.where(h_tilde >= 0, h_tilde + 0.5, h_tilde.sigmoid())
    return log_scan(logsigmoid(-a_z), logsigmoid(a_z) + positive.log())


def outputs(layer, x):
    return layer(x)[0]


FORMS = {
    "MinGRU, par paires": (MinGRU, outputs),
    "MinLSTM, par paires": (MinLSTM, outputs),
    "MinGRU, linear_scan": (MinGRU, lambda layer, x: linear_scan(*layer.gates(x))),
    "MinGRU, boucle à retour écrit": (MinGRU, hand_loop),
    "MinGRU, boucle d'autograd": (MinGRU, autograd_loop),
    "MinGRU, logarithmes": (MinGRU, log_layer),
    "GRU du cours": (GRU, outputs),
    "torch.nn.GRU": (lambda D, H, device: nn.GRU(D, H, batch_first=True, device=device), outputs),
    "FusedLSTM": (FusedLSTM, outputs),
}


def milliseconds(run, layer, T: int, repeats: int, device: str) -> float:
    """Médiane du temps d'un aller et d'un retour ; sur carte graphique, du temps écoulé."""
    g = torch.Generator().manual_seed(0)
    x, gradient = (torch.randn(B, T, size, generator=g).to(device) for size in (D, H))
    clock = time.perf_counter if device == "cuda" else time.process_time
    times = []
    for _ in range(repeats + 1):
        start = clock()
        run(layer, x).backward(gradient)
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(1000 * (clock() - start))
    return statistics.median(times[1:])


def stored(run, layer, T: int = 1_024) -> float:
    """Nombres que l'aller garde, par nombre de l'état."""
    x, kept = torch.randn(B, T, D), {}
    known = {part.untyped_storage().data_ptr() for part in (x, *layer.parameters())}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            kept[storage.data_ptr()] = storage.nbytes() / 4
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = run(layer, x)
    return sum(kept.values()) / result.numel()


def report_time(device: str) -> dict:
    """Imprime le temps de chaque forme contre T ; rend les temps."""
    print(f"Temps en millisecondes contre T ({device}, B = {B}, D = {D}, H = {H}) :")
    print("  " + " " * 30 + "".join(f"{T:10}" for T in LENGTHS))
    times = {}
    for name, (kind, run) in FORMS.items():
        layer = kind(D, H, device=device)
        times[name] = [milliseconds(run, layer, T, repeats, device) for T, repeats in LENGTHS.items()]
        print(f"  {name:30}" + "".join(f"{value:10.2f}" for value in times[name]).replace(".", ","))
    return times


def report_errors() -> None:
    """Imprime l'erreur relative en ``float32``, contre la boucle en ``float64``."""
    print("Erreur relative en float32 : par paires / en logarithmes")
    for T in (64, 1_024, 16_384):
        g = torch.Generator().manual_seed(1)
        a = torch.rand(2, T, 16, generator=g).clamp(0.001, 0.999)
        b = torch.rand(2, T, 16, generator=g) + 0.01
        exact, h = [], torch.zeros(2, 16).double()
        for a_t, b_t in zip(a.double().unbind(1), b.double().unbind(1), strict=True):
            h = a_t * h + b_t
            exact.append(h)
        exact = torch.stack(exact, dim=1)
        found = [linear_scan(a, b), log_scan(a.log(), b.log())]
        errors = [float((h - exact).norm() / exact.norm()) for h in found]
        print(f"  T = {T:6} : " + " / ".join(format_number(error, 2) for error in errors))


def main() -> None:
    torch.set_num_threads(1)
    times = report_time("cpu")
    for rival, goal in TARGETS.items():
        ratio = times["MinGRU, par paires"][-1] / times[rival][-1]
        print(f"À T = 16 384, par paires / {rival} : {format_number(ratio, 2)} (objectif : ≤ {format_number(goal)})")
    print("Nombres gardés par l'aller, par nombre de l'état :")
    for name, (kind, run) in FORMS.items():
        print(f"  {name:30} {format_number(stored(run, kind(D, H, device='cpu')), 2)}")
    report_errors()
    if torch.cuda.is_available():
        report_time("cuda")


if __name__ == "__main__":
    main()
