"""L'écho : la cible est l'entrée, k pas plus tôt, fenêtre après fenêtre."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from outils import new_generator

from notebook_utils.tasks import Batch, Echo, echo_targets


def echo(bits, delay):
    """La règle, écrite bit à bit."""
    return "".join(bits[t - delay] if t >= delay else "0" for t in range(len(bits)))


def residue(bits):
    """Le reste documenté : parité de la première moitié, plus deux fois celle de la seconde."""
    half = len(bits) // 2
    return bits[:half].count("1") % 2 + 2 * (bits[half:].count("1") % 2)


echoes = st.builds(Echo, delay=st.integers(0, 6), window=st.integers(4, 12), windows=st.integers(2, 5))


def test_published_example():
    """Délai de 3 : la cible est l'entrée décalée, après trois zéros."""
    inputs, targets = Echo(delay=3).encode(["10110010"])
    assert inputs.flatten().tolist() == [1, 0, 1, 1, 0, 0, 1, 0]
    assert targets.flatten().tolist() == [0, 0, 0, 1, 0, 1, 1, 0]


@settings(max_examples=60, deadline=None)
@given(task=echoes, split=st.sampled_from(["train", "test", "all"]), seed=st.integers(0, 99))
def test_targets_are_the_delayed_inputs(task, split, seed):
    inputs, targets = task.sample(5, generator=new_generator(seed), split=split)
    streams = task.decode(inputs)
    assert inputs.shape == targets.shape == (5, task.window * task.windows, 1)
    assert task.decode_targets(targets) == [echo(bits, task.delay) for bits in streams]
    allowed = {"train": {1, 2, 3}, "test": {0}, "all": {0, 1, 2, 3}}[split]
    assert {residue(bits) for bits in streams} <= allowed


@settings(max_examples=30, deadline=None)
@given(task=echoes, split=st.sampled_from(["train", "test"]), seed=st.integers(0, 99))
def test_streaming_is_drawing_at_once(task, split, seed):
    """Les fenêtres, mises bout à bout, sont le flux entier : l'écho traverse leurs frontières."""
    whole = task.sample(3, generator=new_generator(seed), split=split)
    windows = list(task.stream(3, generator=new_generator(seed), split=split))
    assert len(windows) == task.windows
    assert all(isinstance(w, Batch) and w.inputs.shape == w.targets.shape == (3, task.window, 1) for w in windows)
    for part in range(2):
        assert torch.equal(torch.cat([window[part] for window in windows], dim=1), whole[part])


def test_window_size_does_not_change_the_stream():
    """Le même flux, coupé autrement."""
    long, short = Echo(3, 30, 2), Echo(3, 4, 15)
    streams = [list(task.stream(4, generator=new_generator())) for task in (long, short)]
    joined = [torch.cat([window.targets for window in windows], dim=1) for windows in streams]
    assert torch.equal(*joined)


def test_echo_crosses_a_window():
    """Délai plus long que la fenêtre : la cible vient de plusieurs fenêtres plus tôt."""
    task = Echo(delay=7, window=3, windows=4)
    windows = list(task.cut(task.encode(["110100100111"])))
    assert [task.decode(w.targets)[0] for w in windows] == ["000", "000", "011", "010"]


def test_bits_are_fair():
    """Chaque position est équilibrée, dans les deux ensembles, les bits ajustés compris."""
    for split in ("train", "test"):
        inputs, _ = Echo(3, 10, 2).sample(20_000, generator=new_generator(), split=split)
        assert ((inputs.mean(dim=0) - 0.5).abs() < 0.02).all()
        pairs = (inputs[:, 1:, 0] == inputs[:, :-1, 0]).float().mean(dim=0)
        assert ((pairs - 0.5).abs() < 0.02).all()


def test_small_streams_are_enumerated():
    """Les 256 flux de 8 bits se partagent en 192 et 64, sans rien de commun."""
    task = Echo(delay=3, window=4, windows=2)
    found = {s: set() for s in ("train", "test")}
    for split, streams in found.items():
        streams.update(task.decode(task.sample(20_000, generator=new_generator(), split=split).inputs))
    assert [len(s) for s in found.values()] == [192, 64] == [task.count("train"), task.count("test")]
    assert found["train"] | found["test"] == {"".join(bits) for bits in itertools.product("01", repeat=8)}
    assert found["test"] == {bits for bits in found["train"] | found["test"] if residue(bits) == 0}


def test_short_streams():
    """Deux bits suffisent ; un délai nul répète l'entrée."""
    task = Echo(delay=0, window=2, windows=1)
    inputs, targets = task.sample(200, generator=new_generator())
    assert set(task.decode(inputs)) == {"01", "10", "11"} and torch.equal(inputs, targets)


def test_delays_as_long_as_the_stream():
    """La dernière cible est la première entrée, puis il n'y a plus d'écho."""
    assert echo_targets(torch.ones(1, 4, 1), 3).flatten().tolist() == [0, 0, 0, 1]
    assert not echo_targets(torch.ones(1, 4, 1), 9).any()
    assert echo_targets(torch.ones(1, 4, 1, dtype=torch.float64), 4).dtype == torch.float64


def test_cut_makes_no_copy():
    task = Echo(3, 5, 2)
    batch = task.sample(2, generator=new_generator())
    first, second = task.cut(batch)
    assert first.inputs.data_ptr() == batch.inputs.data_ptr()
    assert second.targets.data_ptr() == batch.targets[:, 5:].data_ptr()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"delay": -1}, ValueError, "delay : reçu -1, attendu un entier positif ou nul"),
        ({"delay": 1.5}, TypeError, r"delay : reçu 1.5 \(float\)"),
        ({"window": 0}, ValueError, "window : reçu 0"),
        ({"windows": -2}, ValueError, "windows : reçu -2"),
        ({"windows": "2"}, TypeError, r"windows : reçu '2' \(str\)"),
        ({"delay": 8, "window": 4, "windows": 2}, ValueError, "reçu un flux de 8 pas, attendu au moins 9 pas"),
        ({"delay": 0, "window": 1, "windows": 1}, ValueError, "reçu un flux de 1 pas, attendu au moins 2 pas"),
    ],
)
def test_bad_tasks(arguments, error, message):
    with pytest.raises(error, match=message):
        Echo(**arguments)
