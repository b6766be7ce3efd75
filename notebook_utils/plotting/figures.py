"""Tracer : tableaux en entrée, axes en sortie."""

import itertools
import math

import matplotlib.pyplot as plt
import numpy as np

from .._checks import check_integer
from .inputs import axes, colours, label_text, named, real_array
from .numbers import format_number, french_axis
from .palette import PALETTE, sequential_colormap

__all__ = [
    "plot_derivative_products",
    "plot_fading_influence",
    "plot_gradient_norms",
    "plot_tanh",
]

DASHES = ("-", "--", "-.", ":")
_MOST_WRITTEN_STEPS = 10  # au-delà, une échelle de couleurs remplace les valeurs


def plot_tanh(ax=None):
    r"""Trace la tangente hyperbolique et sa dérivée.

    .. math::

        \tanh(a), \qquad \tanh'(a) = 1 - \tanh^2(a), \qquad a \in [-4, 4]

    Args:
        ax: les axes où tracer ; de nouveaux axes par défaut.

    Returns:
        Les axes.

    Example:
        >>> from matplotlib.figure import Figure
        >>> len(plot_tanh(Figure().subplots()).lines)
        2
    """
    ax = axes(ax)
    a = np.linspace(-4, 4, 401)
    hidden, gradient = PALETTE["hidden"].light, PALETTE["gradient"].light
    ax.plot(a, np.tanh(a), color=hidden)
    ax.plot(a, 1 - np.tanh(a) ** 2, color=gradient, linestyle="--")
    ax.text(1.6, 0.78, r"$\tanh(a)$", color=hidden, ha="left", va="top")
    ax.text(-1.0, 0.55, r"$\tanh'(a)$", color=gradient, ha="right", va="bottom")
    ax.set_xlabel("$a$")
    return finish(ax)


def plot_derivative_products(products, ax=None, roles=None):
    r"""Trace des produits de dérivées contre le nombre de facteurs.

    .. math::

        n \mapsto \prod_{k=1}^{n} d_k

    Args:
        products: un dictionnaire ``{étiquette: tableau}`` ; le tableau, de forme ``(N+1)``,
            donne le produit de 0 facteur (1), de 1 facteur, …, de N facteurs.
        ax: les axes où tracer ; de nouveaux axes par défaut.
        roles: un dictionnaire ``{étiquette: rôle}`` qui choisit les couleurs de la palette.

    Returns:
        Les axes, en échelle logarithmique, chaque courbe étiquetée à son extrémité.

    Raises:
        TypeError: si un argument n'est pas du type voulu : des tableaux de réels, des axes de Matplotlib…
        ValueError: si le dictionnaire est vide, une forme inattendue, un produit négatif ou NaN,
            ou si ``roles`` nomme un rôle ou une étiquette inconnus.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = plot_derivative_products({"0,5": 0.5 ** np.arange(11)}, Figure().subplots())
        >>> ax.get_yscale(), ax.texts[0].get_text()
        ('log', '0,5')
    """
    named("products", products)
    ax = _log_lines(products, ax, roles, dimensions=(1,), expected="(N+1)")
    ax.set_xlabel("nombre de facteurs")
    ax.set_ylabel("produit")
    return ax


def plot_gradient_norms(norms, ax=None, roles=None):
    r"""Trace la norme du gradient contre le nombre de pas remontés.

    .. math::

        T - t \mapsto \left\lVert \frac{\partial h_T}{\partial h_t} \right\rVert

    Les courbes partent donc toutes de 1, à gauche, et remontent le temps vers la droite.

    Args:
        norms: un dictionnaire ``{étiquette: tableau}`` ; le tableau, de forme ``(T+1)`` ou
            ``(graines, T+1)``, va de :math:`t = 0` à :math:`t = T`.
        ax: les axes où tracer ; de nouveaux axes par défaut.
        roles: un dictionnaire ``{étiquette: rôle}`` qui choisit les couleurs de la palette.

    Returns:
        Les axes, en échelle logarithmique, avec la médiane en trait, une bande de la plus petite
        à la plus grande graine, et chaque courbe étiquetée à son extrémité.

    Raises:
        TypeError: comme :func:`plot_derivative_products`.
        ValueError: si le dictionnaire est vide, une forme inattendue, une norme négative ou NaN,
            ou si ``roles`` nomme un rôle ou une étiquette inconnus.

    Example:
        >>> from matplotlib.figure import Figure
        >>> seeds = np.array([[0.1, 0.5, 1.0], [0.3, 0.6, 1.0]])
        >>> ax = plot_gradient_norms({"RNN": seeds}, Figure().subplots())
        >>> [round(y, 2) for y in ax.lines[0].get_ydata().tolist()]
        [1.0, 0.55, 0.2]
    """
    named("norms", norms)
    backwards = {label: real_array(label, values)[..., ::-1] for label, values in norms.items()}
    expected = "(T+1) ou (graines, T+1)"
    ax = _log_lines(backwards, ax, roles, dimensions=(1, 2), expected=expected)
    ax.set_xlabel("nombre de pas remontés, $T - t$")
    ax.set_ylabel("norme du gradient")
    return ax


def plot_fading_influence(matrix, ax=None, first=1):
    r"""Trace l'influence du passé, une ligne par pas de temps.

    .. math::

        M_{t,t'} = \left\lvert \frac{\partial h_t}{\partial h_{t'}} \right\rvert, \qquad t' \le t

    La case :math:`(t, t')` est d'autant plus colorée que l'influence est grande ;
    les cases du futur, :math:`t' > t`, restent vides.
    Jusqu'à 10 pas, chaque case porte sa valeur ; au-delà, une échelle de couleurs la donne.

    Args:
        matrix: un tableau ``(T, T)`` de valeurs positives ou nulles.
        ax: les axes où tracer ; de nouveaux axes par défaut.
        first: l'instant de la première ligne et de la première colonne.

    Returns:
        Les axes, aux cases carrées et vectorielles.

    Raises:
        TypeError: si ``matrix`` n'est pas un tableau de réels, ou ``first`` un entier.
        ValueError: si le tableau n'est pas carré, ou si une valeur est négative, infinie ou indéfinie.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = plot_fading_influence([[1.0, 0.0], [0.25, 1.0]], Figure().subplots())
        >>> [text.get_text() for text in ax.texts]
        ['1', '0,25', '1']
    """
    matrix = _checked_influence(matrix)
    first, T = check_integer("first", first, minimum=-math.inf), len(matrix)
    ax = axes(ax, figsize=(6.4, 5.6))
    times = np.arange(first, first + T)
    future = np.triu(np.ones((T, T), dtype=bool), k=1)
    cells = np.ma.masked_array(matrix, mask=future)
    mesh = ax.pcolormesh(
        times, times, cells, cmap=sequential_colormap(), vmin=0.0,
        edgecolors=PALETTE["paper"].light, linewidth=1.0,
    )  # fmt: skip
    if T <= _MOST_WRITTEN_STEPS:
        _write_cells(ax, cells, times)
    else:
        scale = ax.figure.colorbar(mesh, ax=ax)
        scale.outline.set_visible(False)
        french_axis(scale.ax)
    _label_times(ax, times)
    return ax


def finish(ax):
    """Ajoute la grille et les graduations françaises."""
    ax.grid(True, color=PALETTE["grid"].light, linewidth=0.8)
    ax.set_axisbelow(True)
    return french_axis(ax)


def _log_lines(curves, ax, roles, dimensions, expected):
    """Trace des courbes en échelle logarithmique, et les étiquette à leur extrémité droite."""
    shades = colours(curves, roles)
    arrays = {label: _checked(label, y, dimensions, expected) for label, y in curves.items()}
    ax = axes(ax)
    ax.set_yscale("log", nonpositive="mask")
    for (label, y), dash in zip(arrays.items(), itertools.cycle(DASHES), strict=False):
        steps = np.arange(y.shape[1])
        ax.plot(steps, np.median(y, axis=0), color=shades[label], linestyle=dash)
        if len(y) > 1:
            band = {"color": shades[label], "alpha": 0.2, "linewidth": 0}
            ax.fill_between(steps, y.min(axis=0), y.max(axis=0), **band)
    ax.set_xlim(0, max(y.shape[1] for y in arrays.values()) - 1)
    label_ends(ax, {label: np.median(y, axis=0)[-1] for label, y in arrays.items()}, shades)
    return finish(ax)


def _checked(label, values, dimensions, expected):
    values = real_array(label, values)
    if values.ndim not in dimensions or 0 in values.shape:
        raise ValueError(f"{label} : reçu la forme {values.shape}, attendu {expected}")
    wrong = values[~(values >= 0)]  # un NaN n'est pas ≥ 0
    if wrong.size:  # une échelle logarithmique le ferait disparaître en silence
        raise ValueError(f"{label} : reçu {wrong[0]}, attendu des nombres positifs ou nuls")
    return np.atleast_2d(values)  # (graines, T+1)


def label_ends(ax, ends, shades):
    """Écrit chaque étiquette à droite de l'axe, à la hauteur de sa courbe, sans recouvrement."""
    lowest = 0 if ax.get_yscale() == "log" else -np.inf
    ends = {label: y for label, y in ends.items() if y > lowest and np.isfinite(y)}
    if not ends:
        return
    to_fraction = ax.transScale + ax.transLimits  # données → fraction de l'axe
    heights = [to_fraction.transform((0, y))[1] for y in ends.values()]
    for label, height in zip(ends, _spread(heights, gap=line_height(ax)), strict=True):
        style = {"color": shades[label], "va": "center", "transform": ax.transAxes}
        ax.text(1.015, height, label_text("étiquette", label), **style)


def line_height(ax):
    """Hauteur d'une ligne de texte, en fraction de la hauteur de l'axe."""
    size = plt.rcParams["font.size"]
    return 1.35 * size / (72 * ax.figure.get_figheight() * ax.get_position().height)


def _spread(heights, gap):
    """Écarte des hauteurs d'au moins ``gap``, au plus près des hauteurs demandées."""
    order = np.argsort(heights, kind="stable")
    shifted = np.asarray(heights, dtype=float)[order] - gap * np.arange(len(heights))
    spread = np.empty(len(heights))
    spread[order] = _isotonic(shifted) + gap * np.arange(len(heights))
    return spread


def _isotonic(values):
    """Suite croissante la plus proche au sens des moindres carrés."""
    blocks = []
    for value in values:
        blocks.append([value])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    return np.concatenate([np.full(len(block), np.mean(block)) for block in blocks])


def _checked_influence(matrix):
    matrix = real_array("matrix", matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise ValueError(f"matrix : reçu la forme {matrix.shape}, attendu (T, T) avec T ≥ 1")
    wrong = matrix[~(np.isfinite(matrix) & (matrix >= 0))]
    if wrong.size:
        raise ValueError(f"matrix : reçu {wrong[0]}, attendu des valeurs finies, positives ou nulles")
    return matrix


def _write_cells(ax, cells, times):
    """Écrit la valeur de chaque case, d'un corps qui tient dans la case."""
    places = np.argwhere(~np.ma.getmaskarray(cells))
    texts = [_cell_text(float(cells[row, column])) for row, column in places]
    width = 72 * ax.figure.get_figwidth() * ax.get_position().width / len(times)  # en points
    size = min(13.0, width / (0.65 * max(map(len, texts))))
    style = {"color": PALETTE["ink"].light, "fontsize": size, "ha": "center", "va": "center"}
    for (row, column), text in zip(places, texts, strict=True):
        ax.text(times[column], times[row], text, **style)


def _cell_text(value):
    """Deux chiffres significatifs, trois décimales au plus."""
    if 0 < value < 0.001:
        return "<0,001"
    return format_number(value if value >= 0.01 else round(value, 3), digits=2)


def _label_times(ax, times):
    """Un pas de temps par ligne, le premier en haut ; cases carrées."""
    step = 1 + (len(times) - 1) // _MOST_WRITTEN_STEPS
    ax.set(xticks=times[::step], yticks=times[::step], aspect="equal")
    ax.set_xlabel("instant passé $t'$")
    ax.set_ylabel("instant présent $t$")
    ax.invert_yaxis()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    french_axis(ax)
