"""L'addition : les règles de 1997, relues couple par couple."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from outils import new_generator

from notebook_utils.tasks import Adding


def draw(task, number, split="train", seed=0):
    inputs, targets = task.sample(number, generator=new_generator(seed), split=split)
    return inputs, targets, task.decode(inputs)


@settings(max_examples=40, deadline=None)
@given(T=st.integers(11, 130), split=st.sampled_from(["train", "test", "all"]), seed=st.integers(0, 99))
def test_rules_of_the_paper(T, split, seed):
    """Longueur, marques, somme, remplissage et reste, recalculés de chaque couple."""
    task = Adding(T)
    inputs, targets, sequences = draw(task, 30, split, seed)
    assert inputs.shape == (30, T + T // 10, 2) and targets.shape == (30, 1)
    for row, target, pairs in zip(inputs.tolist(), targets[:, 0].tolist(), sequences, strict=True):
        length, marks = len(pairs), [mark for _, mark in pairs]
        assert T <= length <= T + T // 10
        assert row == [[0.0, 0.0]] * (len(row) - length) + [list(pair) for pair in pairs]
        assert marks[0] == marks[-1] == -1 and set(marks[1:-1]) <= {0.0, 1.0}
        marked = [t for t, mark in enumerate(marks) if mark == 1]
        assert len(marked) == 2 or (len(marked) == 1 and pairs[0][0] == 0)
        assert max(marked) <= max(9, T // 2 - 1)
        assert marked[0] < 10 or pairs[0][0] == 0
        total = sum(pairs[t][0] for t in marked)
        assert abs(target - (0.5 + total / 4)) < 1e-7 and 0 <= target <= 1
        units = [value * 2**23 for value, _ in pairs]
        assert all(unit == int(unit) and -(2**23) <= unit < 2**23 for unit in units)
        allowed = {"train": {1, 2, 3}, "test": {0}, "all": {0, 1, 2, 3}}[split]
        assert int(sum(units)) % 4 in allowed


def test_decoded_targets_are_the_sums():
    task = Adding(40)
    _, targets, sequences = draw(task, 200)
    sums = [sum(value for value, mark in pairs if mark == 1) for pairs in sequences]
    assert task.decode_targets(targets) == pytest.approx(sums, abs=3e-7)


@pytest.mark.parametrize("split", ["train", "test"])
def test_everything_is_reached(split):
    """Longueurs uniformes, les deux instants aux fréquences de l'article, valeurs uniformes."""
    T, number = 40, 40_000
    inputs, _, sequences = draw(Adding(T), number, split)
    lengths = Counter(map(len, sequences))
    assert set(lengths) == set(range(40, 45))
    assert all(abs(n - number / 5) < 6 * (number * 0.16) ** 0.5 for n in lengths.values())
    marked = Counter(t for pairs in sequences for t, (_, mark) in enumerate(pairs) if mark == 1)
    # Un instant t < 10 est le premier choisi une fois sur 10 ; sinon il est l'un des 19 premiers
    # encore libres. Au-delà, seul le second choix l'atteint, et jamais au-delà de T/2 − 1 = 19.
    for t in range(1, 20):
        first = 1 / 10 if t < 10 else 0
        second = (1 - first) / 19 if t < 19 else 1 / 19
        expected = number * (first + second)
        assert abs(marked[t] - expected) < 6 * expected**0.5
    assert max(marked) == 19
    # Première paire choisie : sa valeur est nulle, avec la probabilité 1/10 + 9/10 · 1/19.
    zeros = sum(pairs[0][0] == 0 for pairs in sequences)
    expected = number * (1 / 10 + 0.9 / 19)
    assert abs(zeros - expected) < 6 * expected**0.5
    values = inputs[:, -1, 0]
    assert values.min() < -0.99 and values.max() > 0.99 and values.mean().abs() < 0.02
    assert abs(values.std().item() - 3**-0.5) < 0.01


@pytest.mark.parametrize("T", [11, 20, 25, 40])
def test_count(T):
    """Le nombre de séquences distinctes, recompté par les couples marqués que l'on peut écrire."""
    patterns = set()
    for i in range(10):
        free = [t for t in range(T) if t != i][: T // 2 - 1]
        patterns |= {tuple(sorted((i, j))) for j in free}
    M = 2**24
    expected = sum(M ** (L - (0 in p)) for L in range(T, T + T // 10 + 1) for p in patterns)
    assert Adding(T).count() == expected


def test_order_of_magnitude_printed_in_the_docstring():
    assert len(str(Adding(100).count())) - 1 == 797


def test_adjusting_moves_nothing_else():
    """Les ensembles ne diffèrent que par la dernière valeur, et de moins de 10⁻⁶."""
    task = Adding(30)
    train, test = (task.sample(50, generator=new_generator(), split=s) for s in ("train", "test"))
    assert torch.equal(train.targets, test.targets)
    assert torch.equal(train.inputs[:, :-1], test.inputs[:, :-1])
    assert 0 < (train.inputs - test.inputs).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("length", "error", "message"),
    [
        (10, ValueError, "length : reçu 10, attendu un entier au moins égal à 11"),
        (-5, ValueError, "length : reçu -5"),
        (50.0, TypeError, r"length : reçu 50.0 \(float\)"),
        (range(50, 55), TypeError, "length : reçu range"),
    ],
)
def test_bad_tasks(length, error, message):
    with pytest.raises(error, match=message):
        Adding(length)


def test_bad_inputs():
    task = Adding(20)
    inputs, _ = task.sample(4, generator=new_generator())
    for place, value, message in (
        ((0, -2, 1), 0.5, "reçu d'autres nombres, attendu .* une marque −1, 0 ou 1"),
        ((0, -2, 0), 1.5, "reçu d'autres nombres, attendu .valeur. ≤ 1"),
        ((0, -2, 1), -1.0, "reçu d'autres marques −1"),
        ((0, -1, 1), 0.0, "reçu d'autres marques −1"),
    ):
        wrong = inputs.clone()
        wrong[place] = value
        with pytest.raises(ValueError, match=message):
            task.decode(wrong)
    shifted = torch.tensor([[[0.5, 0.0], [0.1, -1.0], [0.2, 1.0], [0.3, -1.0]]])
    with pytest.raises(ValueError, match="reçu des nombres avant la première marque −1"):
        task.decode(shifted)
