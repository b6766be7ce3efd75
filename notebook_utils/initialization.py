r"""Initialisations dont les chapitres sur le gradient et sur la LSTM ont besoin.

Chaque fonction modifie la cellule sur place, hors du calcul des gradients, et la rend.
"""

import torch
from torch import nn

from .cells import LSTMCell, RNNCell

__all__ = ["identity_", "orthogonal_", "set_forget_bias_"]


@torch.no_grad()
def orthogonal_(cell, generator):
    r"""Tire au hasard des matrices récurrentes orthogonales.

    .. math::

        W_h^\top W_h = I

    :math:`W_h \in \mathbb{R}^{H \times H}` est chacun des blocs carrés de ``cell.W_h`` :
    il y en a un pour un RNN, trois pour une GRU, quatre pour une LSTM.
    Toutes leurs valeurs singulières valent 1 ; ``W_x`` et ``b`` ne changent pas.

    Args:
        cell: la cellule, modifiée sur place.
        generator: le ``torch.Generator`` du tirage, uniforme parmi les matrices orthogonales.

    Returns:
        La cellule reçue.

    Raises:
        TypeError: si ``generator`` n'est pas un ``torch.Generator``.

    References:
        Saxe, McClelland et Ganguli, *Exact solutions to the nonlinear dynamics of learning*, 2014.

    Example:
        >>> cell = RNNCell(2, 4, dtype=torch.float64)
        >>> W_h = orthogonal_(cell, torch.Generator().manual_seed(0)).W_h
        >>> torch.allclose(W_h.T @ W_h, torch.eye(4, dtype=torch.float64))
        True
    """
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator : reçu {type(generator).__name__}, attendu un torch.Generator")
    for W_h in cell.W_h.split(cell.hidden_size):  # (H, H)
        nn.init.orthogonal_(W_h, generator=generator)
    return cell


@torch.no_grad()
def identity_(cell):
    r"""Part de l'identité : sans entrée, l'état suivant vaut presque l'état présent.

    .. math::

        W_h = I, \qquad b = 0

    Écart à l'article : Le et al. emploient :math:`\max(0, \cdot)` à la place de :math:`\tanh`
    et tirent :math:`W_x` d'une loi normale d'écart type 0,001 ; ici ``W_x`` ne change pas.

    Args:
        cell: une :class:`~notebook_utils.cells.RNNCell`, modifiée sur place.

    Returns:
        La cellule reçue.

    Raises:
        TypeError: si la cellule a des portes, pour lesquelles l'article ne dit rien.

    References:
        Le, Jaitly et Hinton, *A Simple Way to Initialize Recurrent Networks of Rectified
        Linear Units*, 2015.

    Example:
        >>> identity_(RNNCell(3, 2)).W_h.tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    _check_type(cell, RNNCell)
    nn.init.eye_(cell.W_h)
    nn.init.zeros_(cell.b)
    return cell


@torch.no_grad()
def set_forget_bias_(cell, value):
    r"""Fixe le biais de la porte d'oubli, pour qu'elle parte ouverte ou fermée.

    .. math::

        b_f = v \, (1, \dots, 1)^\top

    :math:`b_f \in \mathbb{R}^H` est le bloc de ``cell.b`` lu par la porte :math:`f_t` ;
    quand les autres termes sont nuls, :math:`f_t = \sigma(v)`.

    Args:
        cell: une :class:`~notebook_utils.cells.LSTMCell`, modifiée sur place.
        value: la valeur :math:`v`, un nombre ou un tenseur de forme ``(H)``.

    Returns:
        La cellule reçue.

    Raises:
        TypeError: si la cellule n'a pas de porte d'oubli.

    References:
        Jozefowicz, Zaremba et Sutskever, *An Empirical Exploration of Recurrent Network
        Architectures*, ICML, 2015.

    Example:
        >>> set_forget_bias_(LSTMCell(3, 2), 1.0).b[2:4].tolist()
        [1.0, 1.0]
    """
    _check_type(cell, LSTMCell)
    H = cell.hidden_size
    cell.b[H : 2 * H] = value  # ordre i, f, g, o
    return cell


def _check_type(cell, expected):
    if not isinstance(cell, expected):
        received = type(cell).__name__
        raise TypeError(f"cell : reçu {received}, attendu {expected.__name__}")
