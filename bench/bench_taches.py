"""Vitesse des générateurs d'exemples, contre une boucle scalaire qui écrit les mêmes lots.

La boucle tire et écrit un exemple après l'autre, un symbole après l'autre, avec le module
``random`` et un tableau NumPy : des choix rapides en Python.
Pour nous, deux façons de tirer : ``batches``, celle des boucles d'apprentissage,
qui tire par blocs et découpe ; et ``sample``, un appel par lot.
Chaque rapport est la médiane de rapports appariés (la boucle, puis nous, dans la même itération),
en temps de processeur et sur un seul fil d'exécution : 20 veut dire vingt fois plus d'exemples par seconde.
Lancement : ``make bench``.
"""

from __future__ import annotations

import random
import statistics
import time

import numpy as np
import torch

from notebook_utils import format_number
from notebook_utils.tasks import EASY, HARD, MODERATE, NIGHTMARE, NORMAL, Batch, Echo

B = 32
REPEATS = 11
BATCHES = 100  # lots de ``batches`` dans une mesure
CALLS = 20  # appels de ``sample`` dans une mesure
TARGET = 20

TASKS = {"EASY": EASY, "NORMAL": NORMAL, "MODERATE": MODERATE, "HARD": HARD, "NIGHTMARE": NIGHTMARE}
ECHOES = {"flux de 200 bits": Echo(3, 20, 10), "flux de 20 bits": Echo(3, 20, 1)}


def scalar_temporal_order(task, rng: random.Random) -> Batch:
    """Un lot d'ordre temporel, symbole après symbole."""
    inputs = np.zeros((B, task.width, 8), dtype=np.float32)
    targets = np.zeros((B, 4), dtype=np.float32)
    for b in range(B):
        length = rng.randrange(task.length.start, task.length.stop)
        t1 = rng.randrange(task.t1.start, task.t1.stop)
        t2 = rng.randrange(task.t2.start, task.t2.stop)
        codes = [6, *(rng.randrange(2, 6) for _ in range(length - 2)), 7]
        codes[t1], codes[t2] = rng.randrange(2), rng.randrange(2)
        for t, code in enumerate(codes, start=task.width - length):
            inputs[b, t, code] = 1.0
        targets[b, 2 * codes[t1] + codes[t2]] = 1.0
    return Batch(torch.from_numpy(inputs), torch.from_numpy(targets))


def scalar_echo(task, rng: random.Random) -> Batch:
    """Un lot d'écho, bit après bit."""
    inputs = np.zeros((B, task.steps, 1), dtype=np.float32)
    targets = np.zeros((B, task.steps, 1), dtype=np.float32)
    for b in range(B):
        for t in range(task.steps):
            inputs[b, t, 0] = rng.getrandbits(1)
            if t >= task.delay:
                targets[b, t, 0] = inputs[b, t - task.delay, 0]
    return Batch(torch.from_numpy(inputs), torch.from_numpy(targets))


def seconds(draw, number: int) -> float:
    """Temps de processeur par lot, pour un tirage de ``number`` lots."""
    start = time.process_time()
    draw()
    return (time.process_time() - start) / number


def measure(task, scalar) -> tuple[float, float, float, float]:
    """Exemples par seconde de la boucle et de ``batches`` ; rapports de ``batches``, de ``sample``."""
    rng, g = random.Random(0), torch.Generator().manual_seed(0)
    draws = (
        (lambda: scalar(task, rng), 1),
        (lambda: [None for _ in task.batches(B, BATCHES, generator=g)], BATCHES),
        (lambda: [task.sample(B, generator=g) for _ in range(CALLS)], CALLS),
    )
    for draw, _ in draws:
        draw()
    rows = [[seconds(draw, number) for draw, number in draws] for _ in range(REPEATS)]
    loop, blocks, calls = zip(*rows, strict=True)
    ratios = [[a / b for a, b in zip(loop, ours, strict=True)] for ours in (blocks, calls)]
    speeds = [B / statistics.median(times) for times in (loop, blocks)]
    return *speeds, *map(statistics.median, ratios)


def check(task, batch: Batch) -> None:
    """Ce que la boucle écrit est bien un lot de la tâche."""
    again = task.encode(task.decode(batch.inputs))
    assert all(map(torch.equal, batch, again))


def main() -> None:
    torch.set_num_threads(1)
    print(f"Exemples par seconde à B = {B}, médianes de {REPEATS} (objectif de batches : {TARGET}) :")
    jobs = [(f"ordre temporel {name}", task, scalar_temporal_order) for name, task in TASKS.items()]
    jobs += [(f"écho, {name}", task, scalar_echo) for name, task in ECHOES.items()]
    for name, task, scalar in jobs:
        check(task, scalar(task, random.Random(1)))
        slow, fast, blocks, calls = measure(task, scalar)
        slow, fast = (format_number(round(speed)) for speed in (slow, fast))
        blocks, calls = (format_number(round(ratio, 1)) for ratio in (blocks, calls))
        print(f"  {name:24} boucle {slow:>9}   batches {fast:>9} (× {blocks:>4})   sample (× {calls:>4})")


if __name__ == "__main__":
    main()
