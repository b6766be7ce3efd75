"""Tracer des cartes de cases : états, connectivité, attention, confusions."""

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb

from .._checks import check_integer
from .inputs import axes, label_list, real_array
from .numbers import format_number, french_axis
from .palette import PALETTE, sequential_colormap

__all__ = ["plot_attention", "plot_confusion_matrix", "plot_connectivity", "plot_states"]

_BOUND = 2.5  # au-delà, la couleur d'un état ne change plus
_LEVELS = 32  # à partir de 50, Matplotlib trace l'échelle de couleurs comme une image
_ROW = 0.16  # hauteur d'une ligne de cases, en pouces
_SIZES = (10.0, 13.0)  # corps des symboles ; le plus petit fait 7 px sur un téléphone


def plot_states(states, symbols, ax=None, columns=28):
    r"""Trace l'état de chaque unité sous chaque symbole d'une séquence.

    Chaque colonne est un instant, chaque ligne une unité ; une longue séquence passe à la ligne.
    Les valeurs sont bornées à ±2,5 ; les cases négatives portent aussi un tiret,
    pour que le signe se lise sans la couleur.

    Args:
        states: les états, par exemple ceux d'une cellule LSTM, de forme ``(T, H)``.
        symbols: les ``T`` symboles, une chaîne ou une liste.
        ax: les axes où tracer ; par défaut de nouveaux axes, à la hauteur voulue.
        columns: le nombre de symboles par ligne.

    Returns:
        Les axes, aux cases vectorielles.

    Raises:
        TypeError: si un argument n'est pas du type voulu : un tableau de réels, des noms, un entier, des axes.
        ValueError: si les états ne sont pas de forme ``(T, H)``, s'ils ne sont pas finis,
            s'il n'y a pas autant de symboles, ou si ``columns`` n'est pas positif.

    References:
        Karpathy, Johnson et Fei-Fei, *Visualizing and Understanding Recurrent Networks*, 2015.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = plot_states(np.linspace(-4, 4, 8).reshape(4, 2), "BXYE", Figure().subplots())
        >>> [text.get_text() for text in ax.texts], ax.collections[0].get_clim()
        (['B', 'X', 'Y', 'E'], (-2.5, 2.5))
    """
    states = _checked_states(states)  # (T, H)
    T, H = states.shape
    symbols = label_list("symbols", symbols, T)
    columns = min(check_integer("columns", columns), T)
    lines = range(0, T, columns)
    block = H + 1.6  # les symboles, les unités, un blanc
    ax = axes(ax, figsize=(6.4, _ROW * block * len(lines) + 0.9))
    for line, start in enumerate(lines):
        values = states[start : start + columns].T  # (H, n)
        mesh = _cells(ax, values, line * block + 1, cmap=_diverging_colormap(), vmin=-_BOUND, vmax=_BOUND)
        _mark_negatives(ax, values, line * block + 1)
        _write_symbols(ax, symbols[start : start + columns], line * block + 0.5, columns)
    _label_units(ax, H, [line * block + 1 for line in range(len(lines))])
    ax.set(xlim=(0, columns), ylim=(block * len(lines) - 0.6, 0), xticks=[])
    scale = ax.figure.colorbar(mesh, ax=ax, orientation="horizontal", aspect=45, ticks=[-_BOUND, 0, _BOUND])
    scale.outline.set_visible(False)
    scale.set_label("état, borné à ±2,5")
    french_axis(scale.ax)
    return _without_frame(ax)


def plot_connectivity(matrix, symbols=None, ax=None):
    r"""Trace la connectivité : ce que chaque entrée passée compte dans chaque réponse.

    .. math::

        C_{t,t'} = \left\lVert \frac{\partial \hat{y}_{t, k_t}}{\partial x_{t'}} \right\rVert_2

    Args:
        matrix: la connectivité, de forme ``(T, T)``, les réponses en lignes ;
            voir :func:`~notebook_utils.gradients.connectivity.connectivity`.
        symbols: les ``T`` symboles lus, écrits le long des deux axes s'ils y tiennent.
        ax: les axes où tracer ; de nouveaux axes par défaut.

    Returns:
        Les axes, aux cases vectorielles, avec une échelle de couleurs.

    Raises:
        TypeError: comme :func:`plot_states`.
        ValueError: si la matrice n'est pas carrée, si une valeur est négative ou indéfinie,
            ou s'il n'y a pas autant de symboles.

    References:
        Madsen, *Visualizing memorization in RNNs*, Distill, 2019.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = plot_connectivity(np.tril(np.ones((3, 3))), "chat"[:3], Figure().subplots())
        >>> [label.get_text() for label in ax.get_xticklabels()]
        ['c', 'h', 'a']
    """
    matrix = _checked_weights("matrix", matrix, square=True)
    symbols = None if symbols is None else label_list("symbols", symbols, len(matrix))
    ax = axes(ax, figsize=(6.4, 5.6))
    _symbol_map(ax, matrix, symbols, symbols)
    ax.set(xlabel="entrée lue à l'instant $t'$", ylabel="réponse à l'instant $t$")
    return ax


def plot_attention(weights, inputs=None, outputs=None, ax=None):
    r"""Trace des poids d'attention : où le réseau regarde pour écrire chaque symbole.

    .. math::

        \alpha_{t,t'} \ge 0, \qquad \sum_{t'} \alpha_{t,t'} = 1

    Args:
        weights: les poids, de forme ``(T_out, T_in)``, les sorties en lignes.
        inputs: les ``T_in`` symboles lus.
        outputs: les ``T_out`` symboles écrits.
        ax: les axes où tracer ; de nouveaux axes par défaut.

    Returns:
        Les axes, aux cases vectorielles, avec une échelle de couleurs de 0 à 1.

    Raises:
        TypeError: comme :func:`plot_states`.
        ValueError: si les poids ne sont pas de forme ``(T_out, T_in)``, si une ligne n'a pas
            pour somme 1 à un millième près, ou s'il n'y a pas autant de symboles.

    References:
        Bahdanau, Cho et Bengio, *Neural Machine Translation by Jointly Learning to Align and
        Translate*, ICLR, 2015.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = plot_attention([[0.9, 0.1]], ["mai", "2020"], ["5"], Figure().subplots())
        >>> ax.collections[0].get_clim()
        (0.0, 1.0)
    """
    weights = _checked_weights("weights", weights)
    if not np.allclose(weights.sum(axis=1), 1, atol=1e-3):
        worst = weights.sum(axis=1)[np.abs(weights.sum(axis=1) - 1).argmax()]
        raise ValueError(f"weights : reçu une ligne de somme {format_number(worst)}, attendu 1")
    inputs = None if inputs is None else label_list("inputs", inputs, weights.shape[1])
    outputs = None if outputs is None else label_list("outputs", outputs, weights.shape[0])
    ax = axes(ax, figsize=(6.4, 4.8))
    _symbol_map(ax, weights, outputs, inputs, vmax=1.0)
    ax.set(xlabel="symbole lu", ylabel="symbole écrit")
    return ax


def plot_confusion_matrix(matrix, labels, ax=None):
    r"""Trace une matrice de confusion : effectifs écrits, proportions colorées.

    .. math::

        M_{k,l} = \#\{n : y_n = k, \hat{k}_n = l\}

    La couleur d'une case est sa part de la ligne : :math:`M_{k,l} / \sum_{l'} M_{k,l'}`.

    Args:
        matrix: les effectifs, des entiers de forme ``(K, K)`` ; la classe vraie en lignes,
            la classe prédite en colonnes.
        labels: les ``K`` noms des classes.
        ax: les axes où tracer ; de nouveaux axes par défaut.

    Returns:
        Les axes, aux cases carrées et vectorielles.

    Raises:
        TypeError: comme :func:`plot_states`.
        ValueError: si la matrice n'est pas carrée, s'il n'y a pas autant de noms,
            ou si un effectif n'est pas un entier positif ou nul.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = plot_confusion_matrix([[640, 0], [3, 637]], "QR", Figure().subplots())
        >>> [text.get_text() for text in ax.texts]
        ['640', '0', '3', '637']
    """
    matrix = _checked_weights("matrix", matrix, square=True)
    labels = label_list("labels", labels, len(matrix))
    if (matrix != matrix.round()).any():
        raise ValueError("matrix : reçu des valeurs qui ne sont pas entières, attendu des effectifs")
    K = len(matrix)
    ax = axes(ax, figsize=(6.4, 5.2))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    _cells(ax, shares, 0, cmap=sequential_colormap(), vmin=0.0, vmax=1.0)
    texts = [[format_number(int(count)) for count in row] for row in matrix]
    size = _text_size(ax, K, max(len(text) for row in texts for text in row), smallest=0)
    for (k, j), text in np.ndenumerate(texts):
        ax.text(j + 0.5, k + 0.5, text, ha="center", va="center", fontsize=size, color=PALETTE["ink"].light)
    ax.set(xlim=(0, K), ylim=(K, 0), aspect="equal", xlabel="classe prédite", ylabel="classe vraie")
    ax.set_xticks(np.arange(K) + 0.5, labels)
    ax.set_yticks(np.arange(K) + 0.5, labels)
    return _without_frame(ax)


def _diverging_colormap():
    """Du bleu des entrées à l'orange de l'état, par l'opacité seule, nulle en zéro."""
    opacities = np.linspace(0.9, 0.0, _LEVELS // 2)
    negative = [(*to_rgb(PALETTE["input"].light), a) for a in opacities]
    positive = [(*to_rgb(PALETTE["hidden"].light), a) for a in opacities[::-1]]
    return ListedColormap(negative + positive, name="notebook_utils_states")


def _cells(ax, values, top, edge="grid", **colours):
    """Trace des cases vectorielles, la première ligne à la hauteur ``top``."""
    rows, columns = values.shape
    edges = {"edgecolors": PALETTE[edge].light, "linewidth": 0.5}
    return ax.pcolormesh(np.arange(columns + 1), top + np.arange(rows + 1), values, **edges, **colours)


def _mark_negatives(ax, values, top):
    """Un tiret dans chaque case nettement négative."""
    rows, columns = np.nonzero(values < -_BOUND / 5)
    ax.scatter(columns + 0.5, top + rows + 0.5, marker="_", s=14, linewidth=1.0, color=PALETTE["paper"].light)


def _write_symbols(ax, symbols, height, columns):
    size = _text_size(ax, columns, max(map(len, symbols)), smallest=0)
    for k, symbol in enumerate(symbols):
        ax.text(k + 0.5, height, symbol, ha="center", va="center", fontsize=size, color=PALETTE["ink"].light)


def _label_units(ax, H, tops):
    """Numérote les unités de chaque ligne : toutes si la place le permet, sinon une sur n."""
    step = 1 if H <= 4 else 2 if H <= 12 else 1 + (H - 1) // 6
    units = np.arange(0, H, step)
    ax.set_yticks([top + unit + 0.5 for top in tops for unit in units], [str(unit + 1) for _ in tops for unit in units])
    ax.set_ylabel("unité")


def _symbol_map(ax, values, rows, columns, vmax=None):
    """Trace une matrice dont chaque ligne et chaque colonne est un symbole."""
    highest = vmax if vmax is not None else max(float(values.max()), np.finfo(float).tiny)
    mesh = _cells(ax, values, 0, edge="paper", cmap=sequential_colormap(), vmin=0.0, vmax=highest)
    ax.set(xlim=(0, values.shape[1]), ylim=(values.shape[0], 0))
    _label_symbols(ax, ax.xaxis, columns, values.shape[1])
    _label_symbols(ax, ax.yaxis, rows, values.shape[0])
    scale = ax.figure.colorbar(mesh, ax=ax)
    scale.outline.set_visible(False)
    french_axis(scale.ax)
    return _without_frame(ax)


def _label_symbols(ax, axis, symbols, count):
    """Écrit les symboles le long d'un axe, ou les instants s'ils n'y tiennent pas."""
    horizontal = axis is ax.xaxis
    longest = 1 if symbols is None else max(map(len, symbols))
    letters = longest if horizontal else 1.8  # une ligne de texte est haute de 1,8 lettre
    size = _text_size(ax, count, letters, horizontal=horizontal)
    if symbols is None or size is None:
        step = 1 + (count - 1) // 10
        axis.set_ticks(np.arange(0, count, step) + 0.5, [format_number(k + 1) for k in range(0, count, step)])
    else:
        labels = [symbol.replace(" ", "␣") for symbol in symbols]
        axis.set_ticks(np.arange(count) + 0.5, labels, fontsize=size)


def _text_size(ax, count, letters, horizontal=True, smallest=_SIZES[0]):
    """Corps d'un texte de ``letters`` lettres dans une case sur ``count`` ; None si trop petit."""
    figure, box = ax.figure, ax.get_position()
    points = 72 * (figure.get_figwidth() * box.width if horizontal else figure.get_figheight() * box.height)
    size = min(_SIZES[1], points / count / (0.65 * letters))
    return size if size >= smallest else None


def _without_frame(ax):
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _checked_states(states):
    states = real_array("states", states)
    if states.ndim != 2 or states.size == 0:
        raise ValueError(f"states : reçu la forme {states.shape}, attendu (T, H) avec T, H ≥ 1")
    if not np.isfinite(states).all():
        raise ValueError("states : reçu une valeur indéfinie ou infinie, attendu des nombres finis")
    return states.clip(-_BOUND, _BOUND)


def _checked_weights(name, values, square=False):
    values = real_array(name, values)
    wanted = "(N, N)" if square else "(N, M)"
    if values.ndim != 2 or values.size == 0 or (square and values.shape[0] != values.shape[1]):
        raise ValueError(f"{name} : reçu la forme {values.shape}, attendu {wanted}, non vide")
    wrong = values[~(np.isfinite(values) & (values >= 0))]
    if wrong.size:
        raise ValueError(f"{name} : reçu {wrong[0]}, attendu des valeurs finies, positives ou nulles")
    return values
