"""Tracer un apprentissage : courbes de plusieurs graines, carte en deux dimensions."""

import itertools

import numpy as np
from matplotlib.patheffects import withStroke

from .._checks import check_text
from .figures import DASHES, finish, label_ends, line_height
from .inputs import axes, colours, label_list, label_text, named, real_array
from .numbers import format_number
from .palette import PALETTE

__all__ = ["plot_learning_curves", "plot_pca"]

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def plot_learning_curves(curves, ax=None, roles=None, xlabel="séquences vues", ylabel="perte moyenne"):
    r"""Trace des courbes d'apprentissage : médiane des graines, et leur étendue.

    Une graine arrêtée avant les autres garde sa dernière valeur jusqu'au bout.
    Une courbe plus courte que les autres est prolongée par un pointillé jusqu'à son étiquette.
    Pour une échelle logarithmique, réglez ``ax.set_yscale("log")`` avant l'appel.

    Args:
        curves: un dictionnaire ``{étiquette: (x, y)}`` ; ``x``, de forme ``(points)``, croît ;
            ``y``, de forme ``(points)`` ou ``(graines, points)``,
            peut aussi être une liste de graines de longueurs inégales.
        ax: les axes où tracer ; de nouveaux axes par défaut.
        roles: un dictionnaire ``{étiquette: rôle}`` qui choisit les couleurs de la palette.
        xlabel: ce que compte l'abscisse.
        ylabel: ce que mesure l'ordonnée.

    Returns:
        Les axes, avec la médiane en trait, une bande de la plus petite à la plus grande graine,
        et chaque courbe étiquetée à droite.

    Raises:
        TypeError: si un argument n'est pas du type voulu : des tableaux de réels, des axes de Matplotlib…
        ValueError: si le dictionnaire est vide, une forme inattendue, une abscisse décroissante,
            un nombre indéfini, ou si ``roles`` nomme un rôle ou une étiquette inconnus.

    Example:
        >>> from matplotlib.figure import Figure
        >>> seeds = [[1.4, 0.9, 0.2], [1.4, 0.1]]  # la seconde graine s'est arrêtée plus tôt
        >>> ax = plot_learning_curves({"LSTM": ([100, 200, 300], seeds)}, Figure().subplots())
        >>> [round(y, 2) for y in ax.lines[0].get_ydata().tolist()]
        [1.4, 0.5, 0.15]
    """
    named("curves", curves)
    check_text("xlabel", xlabel, empty=True)
    check_text("ylabel", ylabel, empty=True)
    shades = colours(curves, roles)
    arrays = {label: _checked_curve(label, pair) for label, pair in curves.items()}
    ax = axes(ax)
    right = max(x[-1] for x, _ in arrays.values())
    for (label, (x, y)), dash in zip(arrays.items(), itertools.cycle(DASHES), strict=False):
        median = np.median(y, axis=0)
        ax.plot(x, median, color=shades[label], linestyle=dash)
        if len(y) > 1:
            ax.fill_between(x, y.min(axis=0), y.max(axis=0), color=shades[label], alpha=0.2, linewidth=0)
        if x[-1] < right:
            ax.plot([x[-1], right], [median[-1]] * 2, color=shades[label], linestyle=":", linewidth=1.0)
    ax.set_xlim(min(x[0] for x, _ in arrays.values()), right)
    ax.set_ylim(ax.get_ylim())  # les étiquettes se placent sur des bornes désormais fixes
    label_ends(ax, {label: np.median(y, axis=0)[-1] for label, (_, y) in arrays.items()}, shades)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return finish(ax)


def plot_pca(points, groups, ax=None, roles=None, explained=None):
    r"""Trace une carte : des vecteurs projetés sur deux axes, un groupe par couleur et par forme.

    .. math::

        p_n = (u_1^\top (v_n - \bar{v}), \; u_2^\top (v_n - \bar{v}))

    :math:`u_1, u_2` sont les deux premières directions principales des vecteurs :math:`v_n`,
    calculées ailleurs. Les deux axes ont la même échelle : les distances se comparent.

    Args:
        points: les projections, de forme ``(N, 2)``.
        groups: le groupe de chaque point, une liste, un tableau ou un tenseur de ``N`` étiquettes.
        ax: les axes où tracer ; de nouveaux axes par défaut.
        roles: un dictionnaire ``{étiquette: rôle}`` qui choisit les couleurs de la palette.
        explained: les parts de variance des deux axes, entre 0 et 1, à écrire le long des axes.

    Returns:
        Les axes, avec l'étiquette de chaque groupe près de son point médian.

    Raises:
        TypeError: comme :func:`plot_learning_curves`.
        ValueError: si une forme est inattendue, un nombre indéfini, un rôle ou une étiquette inconnus,
            ou si ``explained`` n'est pas deux parts entre 0 et 1.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = plot_pca([[0, 0], [1, 0], [5, 5]], ["mai", "mai", "juin"], Figure().subplots())
        >>> [text.get_text() for text in ax.texts]
        ['mai', 'juin']
    """
    points, shares = _checked_points(points), _shares(explained)
    groups = label_list("groups", groups, len(points))
    labels = list(dict.fromkeys(groups))
    roles = {label_text("roles", label): role for label, role in roles.items()} if isinstance(roles, dict) else roles
    shades = colours(labels, roles)
    ax = axes(ax, figsize=(6.4, 5.6))
    centres = []
    for label, marker in zip(labels, itertools.cycle(_MARKERS), strict=False):
        mine = points[[group == label for group in groups]]  # (n, 2)
        ax.scatter(*mine.T, s=22, color=shades[label], marker=marker, alpha=0.7, linewidth=0)
        centres.append(np.median(mine, axis=0))
    ax.margins(0.12)
    ax.set_aspect("equal", adjustable="datalim")
    _label_centres(ax, np.array(centres), labels, shades)
    names = ("première composante", "deuxième composante")
    ax.set(xlabel=names[0] + shares[0], ylabel=names[1] + shares[1])
    return finish(ax)


def _checked_curve(label, pair):
    """Rend ``x`` ``(points)`` et ``y`` ``(graines, points)``, les graines courtes prolongées."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"{label} : reçu {type(pair).__name__}, attendu un couple (x, y)")
    x, y = pair
    x = real_array(label, x)
    several = isinstance(y, list | tuple) and len(y) and _is_row(y[0]) or getattr(y, "ndim", 1) > 1
    rows = [real_array(label, row) for row in (y if several else [y])]
    shapes = [row.shape for row in rows]
    if x.ndim != 1 or any(len(shape) != 1 for shape in shapes) or max(shapes)[0] != len(x) or min(shapes)[0] == 0:
        received = f"x de forme {x.shape} et des graines de formes {sorted(set(shapes))}"
        raise ValueError(f"{label} : reçu {received}, attendu (points) et (graines, points), au moins un point")
    if not (np.diff(x) > 0).all():
        raise ValueError(f"{label} : reçu une abscisse qui ne croît pas, attendu x croissant")
    y = np.array([np.pad(row, (0, len(x) - len(row)), mode="edge") for row in rows])  # (graines, points)
    if not np.isfinite(y).all():
        raise ValueError(f"{label} : reçu une valeur indéfinie ou infinie, attendu des nombres finis")
    return x, y


def _is_row(value):
    """Dit si une valeur est une suite de nombres ; un tenseur à 0 dimension est un nombre."""
    return isinstance(value, list | tuple) or getattr(value, "ndim", 0) > 0


def _checked_points(points):
    points = real_array("points", points)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise ValueError(f"points : reçu la forme {points.shape}, attendu (N, 2) avec N ≥ 1")
    if not np.isfinite(points).all():
        raise ValueError("points : reçu une valeur indéfinie ou infinie, attendu des nombres finis")
    return points


def _shares(explained):
    """Rend ce qu'il faut écrire après le nom de chaque axe : sa part de variance, si elle est connue."""
    if explained is None:
        return "", ""
    shares = real_array("explained", explained)
    if shares.shape != (2,) or not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"explained : reçu {shares.tolist()}, attendu deux parts entre 0 et 1")
    return [f" ({format_number(round(100 * share), 3)} % de la variance)" for share in shares.tolist()]


def _label_centres(ax, centres, labels, shades):
    """Écrit chaque étiquette sur son groupe, décalée vers le haut si une autre y est déjà."""
    heights, widths = line_height(ax), _text_widths(ax, labels)
    to_fraction = ax.transData + ax.transAxes.inverted()
    ax.apply_aspect()
    places = to_fraction.transform(centres)
    placed = []
    for k in np.argsort(places[:, 1], kind="stable"):
        x, y = places[k]
        for other_x, other_y, width in placed:  # du bas vers le haut
            if abs(x - other_x) < (width + widths[k]) / 2 and abs(y - other_y) < heights:
                y = other_y + heights
        placed = sorted([*placed, (x, y, widths[k])], key=lambda place: place[1])
        places[k] = x, y
    halo = [withStroke(linewidth=3, foreground=PALETTE["paper"].light)]
    style = {"ha": "center", "va": "center", "transform": ax.transAxes, "path_effects": halo}
    for label, (x, y) in zip(labels, places, strict=True):
        ax.text(x, y, label, color=shades[label], **style)


def _text_widths(ax, labels):
    """Largeur de chaque étiquette, en fraction de l'axe, à 0,6 corps par lettre."""
    figure = ax.figure
    points = 72 * figure.get_figwidth() * ax.get_position().width
    return [0.6 * ax.xaxis.label.get_size() * len(str(label)) / points for label in labels]
