"""Ce que plusieurs fichiers de tests emploient : tirages, états, erreurs attendues, figures."""

from __future__ import annotations

import io
import warnings

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def new_generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    """Un tirage normal en float64."""
    return torch.randn(*shape, generator=new_generator(seed), dtype=torch.float64)


def flat(state):
    """Les tenseurs d'un état, quelle que soit sa structure."""
    return list(state) if isinstance(state, tuple) else [] if state is None else [state]


def same(first, second):
    """Égalité au bit près de deux structures de nombres et de tenseurs."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


def refused(error, received, expected):
    """Attend une erreur française qui dit ce qui est reçu et ce qui est attendu, deux expressions régulières."""
    return pytest.raises(error, match=rf"(?s)reçu {received}.*attendu {expected}")


def new_axes():
    """Des axes qui ne dépendent pas de ``pyplot``."""
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots()


def svg(ax, **options):
    """Le SVG d'une figure, tel que le notebook l'écrit ; tout avertissement est une erreur."""
    buffer = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.figure.savefig(buffer, format="svg", bbox_inches="tight", **options)
    return buffer.getvalue()
