"""Tracer la justesse d'un écho contre le délai et contre la fenêtre."""

import numpy as np

from .._checks import check_integer, check_iterable
from .inputs import axes, label_text, named, real_array
from .numbers import format_number
from .palette import PALETTE, sequential_colormap

__all__ = ["plot_delay_map"]

_ROW = 0.34  # hauteur d'une ligne de cases, en pouces
_CHANCE = 50.0  # répondre au hasard, en pour cent


def plot_delay_map(accuracies, delays, windows, ax=None):
    r"""Trace des cartes de justesse, une par réseau, et le mur de la troncature.

    .. math::

        A_{s,k,w} \in [0, 100], \qquad \text{mur : la frontière entre } k < w \text{ et } k \ge w

    :math:`k` est le délai, en lignes, :math:`w` la fenêtre, en colonnes, :math:`s` la graine.
    Chaque case porte la médiane des graines, et leur étendue si elle n'est pas nulle.
    La couleur va du hasard, 50 %, à 100 %.

    Args:
        accuracies: un dictionnaire ``{étiquette: tableau}`` ; le tableau, en pour cent,
            est de forme ``(graines, délais, fenêtres)``.
        delays: les délais, croissants.
        windows: les fenêtres, croissantes.
        ax: les axes où tracer ; par défaut de nouveaux axes, à la hauteur voulue.

    Returns:
        Les axes, aux cases vectorielles, une carte sous l'autre, le mur en trait épais.

    Raises:
        TypeError: si un argument n'est pas du type voulu : des tableaux de réels, des entiers, des axes.
        ValueError: si le dictionnaire est vide, si une forme ne convient pas, si une valeur sort de [0, 100],
            ou si les délais ou les fenêtres ne croissent pas.

    Example:
        >>> from matplotlib.figure import Figure
        >>> seeds = [[[100.0, 100.0], [51.0, 90.0]], [[100.0, 100.0], [49.0, 98.0]]]
        >>> ax = plot_delay_map({"RNN": seeds}, [2, 4], [4, 8], Figure().subplots())
        >>> [text.get_text() for text in ax.texts]
        ['RNN', '100', '100', '50 (49–51)', '94 (90–98)']
    """
    delays, windows = _increasing("delays", delays, 0), _increasing("windows", windows, 1)
    K, N = len(delays), len(windows)
    named("accuracies", accuracies)
    maps = {label_text("accuracies", label): _checked(label, values, K, N) for label, values in accuracies.items()}
    block = K + 1.1  # le nom du réseau, les délais
    ax = axes(ax, figsize=(6.4, _ROW * block * len(maps) + 0.8))
    tops = [1 + number * block for number in range(len(maps))]
    for top, (label, values) in zip(tops, maps.items(), strict=True):
        ax.text(0, top - 0.15, label, ha="left", va="bottom", weight="bold", color=PALETTE["ink"].light)
        _draw_map(ax, values, top)
        _draw_wall(ax, delays, windows, top)
    ax.set(xlim=(0, N), ylim=(tops[-1] + K, 0), xlabel="fenêtre $w$", ylabel="délai $k$")
    ax.set_xticks(np.arange(N) + 0.5, [format_number(window) for window in windows])
    ax.set_yticks(
        [top + row + 0.5 for top in tops for row in range(K)],
        [format_number(delay) for _ in tops for delay in delays],
    )
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _draw_map(ax, values, top):
    """Trace une carte, et écrit chaque case."""
    _, K, N = values.shape
    ax.pcolormesh(
        np.arange(N + 1), top + np.arange(K + 1), np.median(values, axis=0), cmap=sequential_colormap(),
        vmin=_CHANCE, vmax=100.0, edgecolors=PALETTE["paper"].light, linewidth=1.0,
    )  # fmt: skip
    for row, column in np.ndindex(K, N):
        text = _summary(values[:, row, column])
        style = {"ha": "center", "va": "center", "fontsize": 11.5, "color": PALETTE["ink"].light}
        ax.text(column + 0.5, top + row + 0.5, text, **style)


def _draw_wall(ax, delays, windows, top):
    """Trace en escalier la frontière entre ``k < w``, à droite, et ``k ≥ w``, à gauche."""
    edges = [sum(window <= delay for window in windows) for delay in delays]  # une par ligne
    across = [edge for edge in edges for _ in range(2)]
    down = [top + row + step for row in range(len(delays)) for step in (0, 1)]
    ax.plot(across, down, color=PALETTE["ink"].light, linewidth=2.5, solid_capstyle="butt", clip_on=False)


def _summary(values):
    """Médiane et étendue ; 100 n'est écrit que si l'on en est à moins d'un vingtième de point."""
    low, median, high = (_percent(value) for value in (values.min(), np.median(values), values.max()))
    return median if low == high else f"{median} ({low}–{high})"


def _percent(value):
    return str(round(value)) if value >= 99.95 else str(min(round(value), 99))


def _increasing(name, values, minimum):
    """Rend des entiers croissants : le mur se lit de gauche à droite."""
    check_iterable(name, values, "des entiers croissants")
    values = [check_integer(name, value, minimum) for value in values]
    if not values or sorted(set(values)) != values:
        raise ValueError(f"{name} : reçu {values}, attendu des entiers croissants")
    return values


def _checked(label, values, K, N):
    values = real_array(label, values)
    if values.ndim != 3 or values.shape[1:] != (K, N) or values.size == 0:
        raise ValueError(f"{label} : reçu la forme {values.shape}, attendu (graines, {K}, {N})")
    if not ((values >= 0) & (values <= 100)).all():
        raise ValueError(f"{label} : reçu une valeur hors de [0, 100], attendu des pourcentages")
    return values
