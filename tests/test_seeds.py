"""Les graines du livre : ``seeded``, son décalage, et ce qu'elle refuse."""

from __future__ import annotations

import warnings

import pytest
import torch

from notebook_utils import run_seeds, seeded
from notebook_utils.learning.seeds import SHIFT_VARIABLE


def draw(seed: int, **options) -> torch.Tensor:
    return torch.rand(5, generator=seeded(seed, **options))


def test_without_shift_it_is_the_generator_of_torch(monkeypatch):
    monkeypatch.delenv(SHIFT_VARIABLE, raising=False)
    assert torch.equal(draw(3), torch.rand(5, generator=torch.Generator().manual_seed(3)))


def test_each_shift_draws_something_else(monkeypatch):
    drawn = []
    for shift in ("0", "1", "2"):
        monkeypatch.setenv(SHIFT_VARIABLE, shift)
        drawn += [draw(0), draw(1)]
        assert torch.equal(draw(0), drawn[-2])
    assert len({tuple(numbers.tolist()) for numbers in drawn}) == 6


def test_shifted_seeds_never_meet(monkeypatch):
    """La plus grande graine permise, non décalée, reste en deçà de la plus petite du décalage suivant."""
    last = seeded(9_999_999).initial_seed()
    monkeypatch.setenv(SHIFT_VARIABLE, "1")
    assert seeded(0).initial_seed() > last


def test_a_fixed_draw_does_not_move(monkeypatch):
    monkeypatch.delenv(SHIFT_VARIABLE, raising=False)
    before = draw(0)
    monkeypatch.setenv(SHIFT_VARIABLE, "7")
    assert torch.equal(draw(0, fixed="lot commenté dans le texte"), before)
    assert not torch.equal(draw(0), before)


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    draw(0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("seed", [1.0, "1", True, None])
def test_a_seed_is_an_integer(seed):
    with pytest.raises(TypeError, match="seed : reçu .*attendu un entier"):
        seeded(seed)


@pytest.mark.parametrize("seed", [-1, 10_000_000])
def test_a_seed_stays_within_its_bounds(seed):
    with pytest.raises(ValueError, match="attendu un entier de 0 à 9999999"):
        seeded(seed)


@pytest.mark.parametrize(("fixed", "error"), [(True, TypeError), ("", ValueError), ("  ", ValueError)])
def test_a_fixed_draw_says_why(fixed, error):
    with pytest.raises(error, match="attendu la raison"):
        seeded(0, fixed=fixed)


@pytest.mark.parametrize("shift", ["-1", "1.5", "un", ""])
def test_a_bad_shift_is_refused(monkeypatch, shift):
    monkeypatch.setenv(SHIFT_VARIABLE, shift)
    with pytest.raises(ValueError, match=f"{SHIFT_VARIABLE} : reçu {shift!r}"):
        seeded(0)


def test_a_replaced_worker_is_not_an_alarm():
    """loky prévient quand il remplace un ouvrier ; rien n'est perdu, et la page n'a pas à le montrer."""

    def noisy(seed):
        warnings.warn("A worker stopped while some jobs were given to the executor.", UserWarning, stacklevel=1)
        warnings.warn("autre chose", UserWarning, stacklevel=1)
        return seed

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert run_seeds(noisy, range(2), processes=1) == [0, 1]
    assert {str(warning.message) for warning in caught} == {"autre chose"}
