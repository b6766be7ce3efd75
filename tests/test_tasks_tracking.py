"""Suivre un état : la parité, un compte modulo m, trois objets que l'on échange."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from outils import new_generator

from notebook_utils.tasks import Counting, Permutations


def residue(bits):
    """Le reste documenté : parités des bits 1, 4, 7… et des bits 2, 5, 8…"""
    return bits[0::3].count("1") % 2 + 2 * (bits[1::3].count("1") % 2)


def shuffles(bits):
    """Les ordres successifs, écrits à la main sur une liste."""
    order, orders = ["a", "b", "c"], []
    for bit in bits:
        if bit == "0":
            order[0], order[1] = order[1], order[0]
        else:
            order = order[1:] + order[:1]
        orders.append("".join(order))
    return " ".join(orders)


@settings(max_examples=40, deadline=None)
@given(
    modulus=st.integers(2, 12),
    length=st.integers(5, 40),
    split=st.sampled_from(["train", "test", "all"]),
    seed=st.integers(0, 99),
)
def test_counting(modulus, length, split, seed):
    task = Counting(modulus, length)
    inputs, targets = task.sample(5, generator=new_generator(seed), split=split)
    streams = task.decode(inputs)
    assert inputs.shape == (5, length, 1) and targets.shape == (5, length) and task.states == modulus
    assert targets.tolist() == [[bits[: t + 1].count("1") % modulus for t in range(length)] for bits in streams]
    allowed = {"train": {1, 2, 3}, "test": {0}, "all": {0, 1, 2, 3}}[split]
    assert {residue(bits) for bits in streams} <= allowed


@settings(max_examples=40, deadline=None)
@given(length=st.integers(5, 40), split=st.sampled_from(["train", "test"]), seed=st.integers(0, 99))
def test_permutations(length, split, seed):
    task = Permutations(length)
    inputs, targets = task.sample(5, generator=new_generator(seed), split=split)
    assert task.decode_targets(targets) == [shuffles(bits) for bits in task.decode(inputs)]
    assert set(task.split_of(inputs)) == {split} and task.states == 6


def test_order_matters():
    """Échanger puis tourner, ou tourner puis échanger : deux ordres différents."""
    targets = Permutations().encode(["01", "10"]).targets
    assert Permutations().decode_targets(targets) == ["bac acb", "bca cba"]


def test_written_targets():
    assert Counting(2).decode_targets(Counting(2).encode(["0110"]).targets) == ["0100"]
    assert Counting(11).decode_targets(torch.tensor([[10, 0]])) == ["10 0"]


@pytest.mark.parametrize("task", [Counting(2, 9), Counting(3, 9), Permutations(9)], ids=repr)
def test_small_streams_are_enumerated(task):
    """Les 512 suites de 9 bits se partagent en 384 et 128, sans rien de commun."""
    found = {
        split: set(task.decode(task.sample(12_000, generator=new_generator(), split=split).inputs))
        for split in ("train", "test")
    }
    assert [len(streams) for streams in found.values()] == [384, 128] == [task.count("train"), task.count("test")]
    assert found["train"] | found["test"] == {"".join(bits) for bits in itertools.product("01", repeat=9)}


@pytest.mark.parametrize("task", [Counting(2, 32), Counting(3, 32), Permutations(32)], ids=repr)
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_split_says_nothing_of_the_answer(task, split):
    """Dans chaque ensemble, chaque réponse est aussi fréquente que les autres à la fin, parité comprise."""
    _, targets = task.sample(24_000, generator=new_generator(), split=split)
    for t in (20, 31):
        shares = targets[:, t].bincount(minlength=task.states) / len(targets)
        assert (shares - 1 / task.states).abs().max() < 0.015


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Counting(1), ValueError, "modulus : reçu 1, attendu un entier au moins égal à 2"),
        (lambda: Counting(2.0), TypeError, "modulus : reçu 2.0"),
        (lambda: Counting(2, 4), ValueError, "length : reçu 4, attendu un entier au moins égal à 5"),
        (lambda: Permutations("9"), TypeError, "length : reçu '9'"),
        (lambda: Counting().encode("01"), TypeError, "streams : reçu '01', attendu une liste"),
        (lambda: Counting().encode(["01", "0"]), ValueError, r"streams : reçu les longueurs \[1, 2\]"),
        (lambda: Counting().encode([""]), ValueError, r"streams : reçu les longueurs \[0\]"),
        (lambda: Permutations().encode(["02"]), ValueError, "streams : reçu des symboles inconnus"),
        (lambda: Counting().decode(torch.full((1, 2, 1), 0.5)), ValueError, "inputs : reçu autre chose que des bits"),
        (lambda: Counting(3).decode_targets(torch.tensor([[3]])), ValueError, "targets : reçu des codes de 3 à 3"),
        (lambda: Permutations().decode_targets(torch.tensor([[6]])), ValueError, "targets : reçu des codes"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
