"""L'ordre temporel : chaque propriété recalculée depuis les symboles relus."""

import itertools
import re
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from outils import new_generator

from notebook_utils.tasks import EASY, HARD, MODERATE, NIGHTMARE, NORMAL, TemporalOrder, temporal_order_class

TASKS = {"EASY": EASY, "NORMAL": NORMAL, "MODERATE": MODERATE, "HARD": HARD, "NIGHTMARE": NIGHTMARE}
# Les intervalles semi-ouverts du cours, écrits à la main.
BOUNDS = {
    "EASY": [(7, 9), (1, 3), (4, 6)],
    "NORMAL": [(30, 41), (2, 6), (20, 28)],
    "MODERATE": [(60, 81), (10, 21), (45, 55)],
    "HARD": [(100, 111), (10, 21), (50, 61)],
    "NIGHTMARE": [(300, 501), (10, 81), (250, 291)],
}
RULE = {("X", "X"): "Q", ("X", "Y"): "R", ("Y", "X"): "S", ("Y", "Y"): "U"}
PATTERN = re.compile(r"B([abcd]*)([XY])([abcd]*)([XY])([abcd]*)E")


def read(inputs):
    """Relit des entrées sans ``decode`` : une chaîne par ligne, un espace par ligne nulle."""
    return ["".join("XYabcdBE"[row.argmax()] if row.any() else " " for row in example) for example in inputs]


def draw(task, number, split="train", seed=0):
    """Séquences et classes relues, remplissage ôté."""
    inputs, targets = task.sample(number, generator=new_generator(seed), split=split)
    return task.decode(inputs), task.decode_targets(targets)


def describe(sequence):
    """Longueur, t1, t2 et classe d'une séquence."""
    match = PATTERN.fullmatch(sequence)
    return len(sequence), match.start(2), match.start(4), RULE[match[2], match[4]]


def all_easy():
    """Les 5 120 séquences de ``EASY``, énumérées."""
    for length, t1, t2 in itertools.product((7, 8), (1, 2), (4, 5)):
        for u, v in itertools.product("XY", repeat=2):
            for noise in itertools.product("abcd", repeat=length - 4):
                middle = list(noise)
                middle.insert(t1 - 1, u)
                middle.insert(t2 - 1, v)
                yield f"B{''.join(middle)}E"


ids = pytest.mark.parametrize("name", TASKS)


@ids
def test_published_ranges(name):
    task, bounds = TASKS[name], BOUNDS[name]
    assert [(r.start, r.stop) for r in (task.length, task.t1, task.t2)] == bounds
    assert task.width == bounds[0][1]


@ids
@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_sequences_follow_the_rule(name, split):
    """Forme, intervalles, classe et remplissage devant, relus des tenseurs eux-mêmes."""
    task, (length, t1, t2) = TASKS[name], BOUNDS[name]
    inputs, targets = task.sample(64, generator=new_generator(), split=split)
    assert set(inputs.unique().tolist()) == set(targets.unique().tolist()) == {0.0, 1.0}
    assert (targets.sum(dim=1) == 1).all() and (inputs.sum(dim=2) <= 1).all()
    for padded, target in zip(read(inputs), targets, strict=True):
        sequence = padded.lstrip(" ")
        assert padded == sequence.rjust(length[1])
        L, s1, s2, kind = describe(sequence)
        assert L in range(*length) and s1 in range(*t1) and s2 in range(*t2)
        assert "QRSU"[target.argmax()] == kind
    assert task.decode(inputs) == [padded.lstrip() for padded in read(inputs)]


@ids
@pytest.mark.parametrize("split", ["train", "test"])
def test_everything_is_reached_and_uniform(name, split):
    """Longueurs, instants, classes et distracteurs : tous atteints, à peu près également."""
    number = 20000 if name != "NIGHTMARE" else 4000
    sequences, classes = draw(TASKS[name], number, split)
    columns = list(zip(*map(describe, sequences), strict=True))
    for values, bounds in zip(columns[:3], BOUNDS[name], strict=True):
        assert_uniform(values, range(*bounds))
    assert_uniform(classes, "QRSU")
    noise = Counter("".join(sequences))
    assert_uniform(Counter({symbol: noise[symbol] for symbol in "abcd"}).elements(), "abcd")


def assert_uniform(values, support):
    """Chaque valeur du support, et elle seule, à moins de six écarts types de sa part."""
    counts = Counter(values)
    total, share = counts.total(), 1 / len(support)
    assert set(counts) == set(support)
    margin = 6 * (total * share * (1 - share)) ** 0.5
    assert all(abs(count - total * share) <= margin for count in counts.values())


def test_easy_is_enumerated():
    """Les deux ensembles de ``EASY`` sont disjoints, complets, et comptés par ``count``."""
    everything = set(all_easy())
    found = {split: set() for split in ("train", "test")}
    for split, sequences in found.items():
        lots = [inputs for inputs, _ in EASY.batches(1000, 100, generator=new_generator(), split=split)]
        sequences.update(EASY.decode(torch.cat(lots).unique(dim=0)))
    assert len(everything) == EASY.count() == 5120
    assert not found["train"] & found["test"]
    assert found["train"] | found["test"] == everything
    assert [len(found[split]) for split in found] == [3840, 1280] == [EASY.count("train"), EASY.count("test")]


def test_easy_sequences_of_a_length_are_equally_likely():
    """À longueur donnée, aucun exemple d'un ensemble n'est favorisé."""
    sequences, _ = draw(EASY, 100_000, "train")
    for length, number in ((7, 768), (8, 3072)):
        counts = Counter(s for s in sequences if len(s) == length)
        mean = 50_000 / number
        assert len(counts) == number
        assert max(counts.values()) < mean + 7 * mean**0.5 and min(counts.values()) > mean - 7 * mean**0.5


@ids
def test_residue_is_the_documented_one(name):
    """Le reste se recalcule à la main, de la chaîne seule."""
    task = TASKS[name]
    for split, residues in (("train", {1, 2, 3}), ("test", {0})):
        sequences, _ = draw(task, 300, split)
        assert {sum(map("XYabcdBE".index, s)) % 4 for s in sequences} == residues
        assert task.split_of(task.encode(sequences).inputs) == [split] * 300


def test_split_says_nothing_of_the_class():
    """Exactement autant d'exemples de chaque longueur, instant et classe dans chaque ensemble."""
    easy = list(all_easy())
    sides = EASY.split_of(EASY.encode(easy).inputs)
    counts = {"train": Counter(), "test": Counter()}
    for sequence, side in zip(easy, sides, strict=True):
        counts[side][describe(sequence)] += 1
    assert counts["train"] == {key: 3 * n for key, n in counts["test"].items()}


def test_published_example():
    """BbXcXcbE est de la classe Q, (1, 0, 0, 0) ; un lot de 32 a la forme (32, 9, 8)."""
    inputs, targets = EASY.encode(["BbXcXcbE"])
    assert read(inputs) == [" BbXcXcbE"] and targets.tolist() == [[1, 0, 0, 0]]
    assert EASY.decode_targets(targets) == ["Q"] == [temporal_order_class("BbXcXcbE")]
    assert EASY.sample(32, generator=new_generator()).inputs.shape == (32, 9, 8)


@pytest.mark.parametrize("pair", RULE, ids="".join)
def test_class_of_a_sequence(pair):
    assert temporal_order_class(f"Ba{pair[0]}bc{pair[1]}dE") == RULE[pair]


@ids
def test_encode_is_the_inverse_of_decode(name):
    task = TASKS[name]
    inputs, targets = task.sample(16, generator=new_generator())
    again = task.encode(task.decode(inputs))
    assert torch.equal(again.inputs, inputs) and torch.equal(again.targets, targets)


def test_counts_printed_in_the_docstring():
    printed = dict(re.findall(r"^ *``([A-Z]+)`` .* {2,}(\S.*\S)$", TemporalOrder.__doc__, re.MULTILINE))
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    assert printed.pop("EASY") == "5 120" and set(printed) == set(TASKS) - {"EASY"}
    for name, text in printed.items():
        mantissa, exponent = text.split(" · 10")
        assert f"{TASKS[name].count():.1e}" == f"{mantissa.replace(',', '.')}e+{exponent.translate(digits)}"


@pytest.mark.parametrize("width", [8, 9, 12])
def test_width(width):
    """La largeur ne change que le nombre de lignes nulles."""
    task = TemporalOrder(range(7, 9), range(1, 3), range(4, 6), width=width)
    inputs, _ = task.sample(200, generator=new_generator())
    assert inputs.shape == (200, width, 8)
    padding = {len(row) - len(row.lstrip()) for row in read(inputs)}
    assert padding == {width - 8, width - 7} and task.count() == 5120


@st.composite
def ranges(draw):
    """Trois intervalles permis, quelconques."""
    t1 = draw(st.integers(1, 5))
    t1 = range(t1, t1 + draw(st.integers(1, 5)))
    t2 = t1.stop + draw(st.integers(1, 5))
    t2 = range(t2, t2 + draw(st.integers(1, 5)))
    length = t2.stop + draw(st.integers(1, 9))
    return range(length, length + draw(st.integers(1, 9))), t1, t2


@settings(max_examples=60, deadline=None)
@given(bounds=ranges(), extra=st.integers(-1, 4), split=st.sampled_from(["train", "test"]))
def test_any_ranges(bounds, extra, split):
    """Les mêmes propriétés pour toute tâche permise."""
    task = TemporalOrder(*bounds, width=bounds[0].stop + extra)
    inputs, targets = task.sample(40, generator=new_generator(), split=split)
    for sequence, kind in zip(task.decode(inputs), task.decode_targets(targets), strict=True):
        *places, expected = describe(sequence)
        assert kind == expected and all(p in r for p, r in zip(places, bounds, strict=True))
        assert (sum(map("XYabcdBE".index, sequence)) % 4 == 0) == (split == "test")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"length": (7, 9)}, TypeError, r"length : reçu \(7, 9\) \(tuple\), attendu un range"),
        ({"t1": 1}, TypeError, r"t1 : reçu 1 \(int\), attendu un range"),
        ({"length": range(9, 9)}, ValueError, r"length : reçu range\(9, 9\), attendu .* non vide"),
        ({"t2": range(6, 4)}, ValueError, r"t2 : reçu range\(6, 4\), attendu .* non vide"),
        ({"t1": range(-2, 2)}, ValueError, r"t1 : reçu range\(-2, 2\), attendu .* positif"),
        ({"t1": range(1, 4, 2)}, ValueError, r"t1 : reçu range\(1, 4, 2\), attendu un range de pas 1"),
        ({"t1": range(0, 2)}, ValueError, r"t1 : reçu range\(0, 2\), attendu t1 ≥ 1"),
        ({"t1": range(4, 6)}, ValueError, r"reçu t1 dans range\(4, 6\) et t2 dans range\(4, 6\), attendu t1 < t2"),
        ({"t1": range(1, 4)}, ValueError, "attendu t1 < t2, avec un distracteur au milieu"),
        ({"t2": range(4, 7)}, ValueError, r"t2 : reçu t2 dans range\(4, 7\) .*, attendu t2 < longueur − 1"),
        ({"width": 7}, ValueError, "width : reçu 7, attendu un entier au moins égal à 8"),
        ({"width": 9.0}, TypeError, "width : reçu 9.0"),
    ],
)
def test_bad_tasks(change, error, message):
    arguments = {"length": range(7, 9), "t1": range(1, 3), "t2": range(4, 6)}
    with pytest.raises(error, match=message):
        TemporalOrder(**(arguments | change))


@pytest.mark.parametrize(
    ("sequence", "message"),
    [
        ("BbXZXcbE", "symboles inconnus, 'Z' ; attendu ceux de 'XYabcdBE'"),
        ("BbXc cbE", "symboles inconnus, ' '"),
        ("bXcXcbE", "attendu un B au début"),
        ("BbXcXcb", "un E à la fin"),
        ("", "attendu un B au début"),
        ("BbXEXcbE", "attendu B et E aux deux bouts seulement"),
        ("BbXcccbE", "reçu 'X', attendu 'XX', 'XY', 'YX', 'YY'"),
        ("BbXXXcbE", "reçu 'XXX', attendu 'XX'"),
    ],
)
def test_bad_sequences(sequence, message):
    with pytest.raises(ValueError, match=message):
        temporal_order_class(sequence)
    with pytest.raises(ValueError, match=message):
        EASY.encode(["BbXcXcbE", sequence])


def test_bad_encodings():
    with pytest.raises(TypeError, match="sequences : reçu 'BbXcXcbE', attendu une liste de chaînes"):
        EASY.encode("BbXcXcbE")
    with pytest.raises(TypeError, match="sequences : reçu 3, attendu une liste de chaînes"):
        EASY.encode(3)
    with pytest.raises(ValueError, match="sequences : reçu une liste vide"):
        EASY.encode([])
    with pytest.raises(ValueError, match="sequences : reçu une longueur 10, attendu au plus 9"):
        EASY.encode(["BbXcXccccE"])
    with pytest.raises(TypeError, match="sequence"):
        temporal_order_class(None)


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [("BbcccbdE", "'XX', 'XY'"), ("BbXcXcbd", "un E à la fin"), ("BXEXcbE", "aux deux bouts"), ("", "un B au début")],
)
def test_split_of_refuses_what_breaks_the_rule(sequence, expected):
    """Une séquence qui n'en est pas une n'est ni de l'apprentissage ni du test."""
    inputs, _ = EASY.encode(["BbXcXcbE"])
    inputs[0] = 0
    for place, symbol in enumerate(sequence, start=9 - len(sequence)):
        inputs[0, place, "XYabcdBE".index(symbol)] = 1
    with pytest.raises(ValueError, match=f"reçu .*attendu .*{expected}"):
        EASY.split_of(inputs)


def test_tensors_that_are_not_one_hot():
    inputs, targets = EASY.encode(["BbXcXcbE"])
    for wrong in (2 * inputs, inputs + inputs.flip(2), 0.5 * inputs, -inputs):
        with pytest.raises(ValueError, match="inputs : reçu autre chose que du one-hot"):
            EASY.decode(wrong)
    holed = inputs.clone()
    holed[0, 4] = 0
    with pytest.raises(ValueError, match="reçu une ligne nulle dans une séquence, attendu seulement devant"):
        EASY.decode(holed)
    with pytest.raises(ValueError, match="seulement devant"):
        EASY.decode(inputs.roll(-1, dims=1))  # remplissage derrière
    with pytest.raises(ValueError, match="targets : reçu autre chose que du one-hot, attendu un seul 1 par ligne"):
        EASY.decode_targets(0 * targets)
