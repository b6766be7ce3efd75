"""La copie : les règles d'Arjovsky et al. (2016), relues symbole par symbole."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from outils import new_generator

from notebook_utils.tasks import Copying


@settings(max_examples=40, deadline=None)
@given(
    T=st.integers(1, 60),
    n=st.integers(1, 12),
    split=st.sampled_from(["train", "test", "all"]),
    seed=st.integers(0, 99),
)
def test_rules_of_the_paper(T, n, split, seed):
    task = Copying(T, n)
    inputs, targets = task.sample(20, generator=new_generator(seed), split=split)
    assert inputs.shape == (20, T + 2 * n, 10) and targets.shape == (20, T + 2 * n)
    assert (inputs.sum(dim=2) == 1).all()
    for question, answer in zip(inputs.argmax(dim=2).tolist(), targets.tolist(), strict=True):
        memory = question[:n]
        assert set(memory) <= set(range(8))
        assert question[n:] == [8] * (T - 1) + [9] + [8] * n
        assert answer == [8] * (T + n) + memory
        allowed = {"train": {1, 2, 3}, "test": {0}, "all": {0, 1, 2, 3}}[split]
        assert sum(memory) % 4 in allowed


def test_written_example():
    task = Copying(delay=4, copied=3)
    inputs, targets = task.encode(["507"])
    assert task.decode(inputs) == ["507___|___"] and task.decode_targets(targets) == ["_______507"]


def test_encode_is_the_inverse_of_decode():
    task = Copying(20)
    inputs, targets = task.sample(16, generator=new_generator())
    again = task.encode([sequence[:10] for sequence in task.decode(inputs)])
    assert torch.equal(again.inputs, inputs) and torch.equal(again.targets, targets)


def test_small_memories_are_enumerated():
    """Les 64 suites de deux symboles se partagent en 48 et 16, également probables."""
    task, number = Copying(5, 2), 30_000
    found = {}
    for split in ("train", "test"):
        sequences = task.decode(task.sample(number, generator=new_generator(), split=split).inputs)
        found[split] = Counter(sequence[:2] for sequence in sequences)
    assert [len(c) for c in found.values()] == [48, 16] == [task.count("train"), task.count("test")]
    assert not set(found["train"]) & set(found["test"])
    for counts in found.values():
        mean = number / len(counts)
        assert all(abs(n - mean) < 6 * mean**0.5 for n in counts.values())


def test_every_place_is_uniform():
    for split in ("train", "test"):
        inputs, _ = Copying(1, 10).sample(16_000, generator=new_generator(), split=split)
        shares = inputs[:, :10, :8].mean(dim=0)  # (10, 8)
        assert ((shares - 1 / 8).abs() < 0.02).all()


def test_count_and_baseline():
    """8¹⁰ suites ; sans mémoire, l'entropie croisée de l'article, mesurée sur des prédictions."""
    task = Copying(50)
    assert task.count() == 8**10 == 1_073_741_824
    _, targets = task.sample(200, generator=new_generator())
    blind = torch.full((*targets.shape, 10), -math.inf)
    blind[:, :-10, 8] = 0  # le blanc, à coup sûr
    blind[:, -10:, :8] = math.log(1 / 8)  # puis un symbole au hasard
    measured = torch.nn.functional.cross_entropy(blind.flatten(0, 1), targets.flatten())
    assert measured.item() == pytest.approx(task.baseline(), rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"delay": 0}, ValueError, "delay : reçu 0, attendu un entier strictement positif"),
        ({"delay": None}, TypeError, "delay : reçu None"),
        ({"copied": -1}, ValueError, "copied : reçu -1"),
        ({"copied": 2.5}, TypeError, r"copied : reçu 2.5 \(float\)"),
    ],
)
def test_bad_tasks(arguments, error, message):
    with pytest.raises(error, match=message):
        Copying(**arguments)


def test_bad_inputs():
    task = Copying(3, 2)
    inputs, targets = task.encode(["12"])
    with pytest.raises(ValueError, match="memories : reçu des symboles inconnus, '8' 'a' ; attendu ceux de '01234567'"):
        task.encode(["a8"])
    with pytest.raises(ValueError, match=r"memories : reçu les longueurs \[2, 3\], attendu 2"):
        task.encode(["123", "12"])
    with pytest.raises(TypeError, match="memories : reçu '12', attendu une liste"):
        task.encode("12")
    with pytest.raises(ValueError, match="inputs : reçu autre chose que du one-hot, attendu un seul 1 par ligne et"):
        task.decode(inputs * 0)
    with pytest.raises(ValueError, match="targets : reçu des codes de 1 à 10, attendu de 0 à 9"):
        task.decode_targets(targets + (targets == 8) * 2)
    with pytest.raises(ValueError, match="targets : reçu des codes de -1 à 8"):
        task.decode_targets(torch.where(targets == 1, -1, targets))
    with pytest.raises(ValueError, match=r"inputs : reçu la forme .*, attendu \(B, 7, 10\)"):
        task.split_of(inputs[:, 1:])
