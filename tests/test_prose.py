"""Les nombres que les cellules donnent au texte : ce qui est collé, sous quelle clé, et ce qui est refusé."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from notebook_utils import format_number, format_range, glue_number, glue_range, glue_text


@pytest.fixture
def glued(monkeypatch) -> dict:
    """Ce que reçoit ``myst_nb``."""
    kept: dict = {}
    fake = SimpleNamespace(glue=lambda key, value, display: kept.update({key: value}))
    monkeypatch.setitem(sys.modules, "myst_nb", fake)
    return kept


def test_numbers_and_ranges_reach_the_page(glued):
    glue_number("rnn-h1", 0.5)
    glue_number("rnn-pas", 0.01, zeros=False)
    glue_number("rnn-justes", 50.0, unit="%")
    glue_range("rnn-series", [97.2, 98.74, 100.0], unit="%")
    glue_text("rnn-mot", "oui")
    assert glued == {
        "rnn-h1": "0,500",
        "rnn-pas": "0,01",
        "rnn-justes": "50,0\u202f%",
        "rnn-series": "98,7\u202f% (de 97,2 à 100,0)",
        "rnn-mot": "oui",
    }


def test_a_notebook_without_myst_nb_runs(monkeypatch):
    monkeypatch.setitem(sys.modules, "myst_nb", None)  # l'import lève ImportError
    assert glue_number("rnn-h1", 0.5) is None


@pytest.mark.parametrize("key", ["h1", "rnn h1", "Rnn-h1", "rnn-", ""])
def test_a_key_names_its_chapter(glued, key):
    with pytest.raises(ValueError, match="key : reçu"):
        glue_text(key, "oui")
    assert not glued


@pytest.mark.parametrize(("key", "text"), [(1, "oui"), ("rnn-a", 1), ("rnn-a", None)])
def test_only_text_is_glued(glued, key, text):
    with pytest.raises(TypeError, match="attendu une chaîne"):
        glue_text(key, text)


def test_an_empty_text_is_refused(glued):
    with pytest.raises(ValueError, match="chaîne vide"):
        glue_text("rnn-a", "")


@pytest.mark.parametrize(
    ("values", "digits", "expected"),
    [
        ([1, 2], 3, "1,50 (de 1 à 2)"),
        ([1.0, 2.0, 4.0, 8.0], 2, "3,0 (de 1,0 à 8,0)"),
        ([2048.0, 2304.0, 8192.0], 3, "2 304 (de 2 048 à 8 192)"),
        ([3, 3, 3], 3, "3"),
        ([0.0, 51.2, 99.96], 3, "51,2 (de 0,0 à 100,0)"),
        ([-0.5, 0.25, 12.5], 2, "0,25 (de −0,50 à 12,50)"),
        ([1e-12, 1e-3, 2.0], 2, "0,0010 (de 1,0·10⁻¹² à 2,0)"),
        ([0.004, 60.0, 61.0], 2, "60 (de 0,0040 à 61)"),
        ([1.0, float("inf"), float("inf")], 2, "∞ (de 1,0 à ∞)"),
        (torch.tensor([1.0, 3.0]), 3, "2,00 (de 1,00 à 3,00)"),
        (np.array([5, 7, 9]), 3, "7 (de 5 à 9)"),
    ],
)
def test_format_range(values, digits, expected):
    """La médiane est interpolée, les décimales communes, sauf quand une mesure y perdrait tous ses chiffres."""
    assert format_range(values, digits).replace("\u202f", " ") == expected


@pytest.mark.parametrize("values", [3, ["a"], [True, False], [None]])
def test_format_range_wants_numbers(values):
    with pytest.raises(TypeError, match="attendu une série de nombres"):
        format_range(values)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")]])
def test_format_range_wants_defined_measures(values):
    with pytest.raises(ValueError, match="attendu au moins une mesure"):
        format_range(values)


@pytest.mark.parametrize(
    ("value", "expected"), [(0.18, "0,180"), (2.0, "2,00"), (3, "3"), (1e-7, "1,00·10⁻⁷"), (0.0, "0,00")]
)
def test_a_measure_keeps_its_zeros(value, expected):
    assert format_number(value, zeros=True) == expected
