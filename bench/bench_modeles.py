"""Décodeur et modèle de langue du cours contre les mêmes réseaux, écrits avec ``torch.nn``.

- Un pas du décodeur, sans gradient, comme dans une écriture libre : ``Decoder.step`` contre un plongement,
  une couche de ``torch.nn`` et une couche affine.
- Une mise à jour du modèle de langue, poids liés et abandon verrouillé compris.

Chaque rapport est la médiane de rapports appariés, en temps de processeur, sur un fil d'exécution ;
au-dessous de 1, nous sommes plus rapides. Lancement : ``make bench``.
"""

from __future__ import annotations

import statistics
import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy, linear

from notebook_utils import GRU, LSTM, Decoder, FusedLSTM, LanguageModel, to_torch

PAIRS, STEPS, UPDATES = 15, 200, 6
TARGETS = {"décodeur": 1.0, "modèle de langue": 1.05}
V, D = 90, 48


class TorchDecoder(nn.Module):
    """Le décodeur, écrit avec ``torch.nn`` et les mêmes poids récurrents."""

    def __init__(self, layer):
        super().__init__()
        self.embedding, self.layer = nn.Embedding(V, D), to_torch(layer)
        self.out = nn.Linear(layer.hidden_size, V)

    def step(self, codes, state):
        outputs, state = self.layer(self.embedding(codes)[:, None], state)
        return self.out(outputs[:, 0]), state


class TorchLanguageModel(nn.Module):
    """Le modèle de langue, écrit avec ``torch.nn`` : poids liés, abandon verrouillé."""

    def __init__(self, layer, dropout):
        super().__init__()
        self.embedding, self.layer, self.dropout = nn.Embedding(V, D), to_torch(layer), dropout
        self.down, self.bias = nn.Linear(layer.hidden_size, D), nn.Parameter(torch.zeros(V))

    def dropped(self, values, p):
        mask = torch.bernoulli(torch.full((len(values), 1, values.shape[2]), 1 - p))
        return values * mask / (1 - p)

    def forward(self, codes):
        outputs, _ = self.layer(self.dropped(self.embedding(codes), self.dropout[0]))
        return linear(self.down(self.dropped(outputs, self.dropout[1])), self.embedding.weight, self.bias)


@torch.no_grad()
def steps(decoder, codes, state) -> float:
    """Durée d'une écriture libre."""
    start = time.process_time()
    for _ in range(STEPS):
        logits, state = decoder.step(codes, state)
        codes = logits.argmax(dim=1)
    return time.process_time() - start


def updates(model, optimizer, x, y) -> float:
    """Durée de quelques mises à jour."""
    start = time.process_time()
    for _ in range(UPDATES):
        loss = cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.process_time() - start


def report(name: str, label: str, ours, theirs) -> None:
    """Mesure tour à tour, et imprime."""
    ratios = [ours() / theirs() for _ in range(PAIRS + 2)][2:]
    text = f"{statistics.median(ratios):5.2f} [{min(ratios):.2f} ; {max(ratios):.2f}]  ≤ {TARGETS[name]:.2f}"
    print(f"  {name:16} {label:24} : {text.replace('.', ',')}")


def main() -> None:
    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(0)
    print(f"1 fil, rapport à torch.nn, médiane de {PAIRS} [étendue], objectif :")
    for Layer in (GRU, LSTM, FusedLSTM):
        for B, H in ((1, 64), (64, 64), (64, 128)):
            layer = Layer(D, H, generator=g)
            ours, theirs = Decoder(layer, V, 32, generator=g), TorchDecoder(layer)
            codes, state = torch.zeros(B, dtype=torch.int64), ours.start(torch.ones(B, 32))
            h = tuple(part.detach()[None] for part in state) if isinstance(state, tuple) else state.detach()[None]
            report(
                "décodeur", f"{Layer.__name__}, B = {B}, H = {H}",
                lambda: steps(ours, codes, state), lambda: steps(theirs, codes, h),  # noqa: B023
            )  # fmt: skip
    x, y = torch.randint(V, (2, 16, 64), generator=g)
    for H in (128, 256):
        layer, dropout = FusedLSTM(D, H, generator=g), (0.1, 0.3)
        models = LanguageModel(layer, V, generator=g, dropout=dropout), TorchLanguageModel(layer, dropout)
        pairs = [(model, torch.optim.AdamW(model.parameters(), 1e-3, fused=True)) for model in models]
        report("modèle de langue", f"FusedLSTM, H = {H}", *(
            lambda pair=pair: updates(*pair, x, y) for pair in pairs
        ))  # fmt: skip


if __name__ == "__main__":
    main()
