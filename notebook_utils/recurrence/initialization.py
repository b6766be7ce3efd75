r"""Initialisations dont les chapitres sur le gradient et sur la LSTM ont besoin.

Chaque fonction modifie la cellule sur place, hors du calcul des gradients, et la rend.
Une couche qui a les mêmes paramètres (``W_x``, ``W_h``, ``b``) convient aussi.
"""

import math

import torch
from torch import nn

from .._checks import check_number
from .._tensor_checks import check_finite, check_floating, check_generator, check_shape
from .weights import GRUWeights, LSTMWeights, RNNWeights, Weights

__all__ = ["chrono_", "identity_", "orthogonal_", "set_forget_bias_", "set_update_bias_"]


@torch.no_grad()
def orthogonal_(cell, generator=None):
    r"""Tire au hasard des matrices récurrentes orthogonales.

    .. math::

        W_h^\top W_h = I

    :math:`W_h \in \mathbb{R}^{H \times H}` est chacun des blocs carrés de ``cell.W_h`` :
    il y en a un pour un RNN, trois pour une GRU, quatre pour une LSTM.
    Toutes leurs valeurs singulières valent 1 ; ``W_x`` et ``b`` ne changent pas.

    Args:
        cell: la cellule, modifiée sur place.
        generator: le ``torch.Generator`` du tirage, uniforme parmi les matrices orthogonales ;
            par défaut le générateur global.

    Returns:
        La cellule reçue.

    Raises:
        TypeError: si ``cell`` n'a pas de tels poids, ou si ``generator`` n'est pas un ``torch.Generator``.

    References:
        Saxe, McClelland et Ganguli, *Exact solutions to the nonlinear dynamics of learning*, 2014.

    Example:
        >>> from notebook_utils import RNNCell
        >>> cell = RNNCell(2, 4, dtype=torch.float64)
        >>> W_h = orthogonal_(cell, torch.Generator().manual_seed(0)).W_h
        >>> torch.allclose(W_h.T @ W_h, torch.eye(4, dtype=torch.float64))
        True
    """
    _check_weights(cell, "une cellule du cours, ou une couche de mêmes poids", Weights)
    check_generator(generator, optional=True)
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
        cell: une :class:`~notebook_utils.recurrence.cells.RNNCell`, modifiée sur place.

    Returns:
        La cellule reçue.

    Raises:
        TypeError: si la cellule a des portes, pour lesquelles l'article ne dit rien.

    References:
        Le, Jaitly et Hinton, *A Simple Way to Initialize Recurrent Networks of Rectified
        Linear Units*, 2015.

    Example:
        >>> from notebook_utils import RNNCell
        >>> identity_(RNNCell(3, 2)).W_h.tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    _check_weights(cell, "RNNCell", RNNWeights)
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
        cell: une :class:`~notebook_utils.recurrence.cells.LSTMCell`, modifiée sur place.
        value: la valeur :math:`v`, un nombre ou un tenseur de forme ``(H)``.

    Returns:
        La cellule reçue.

    Raises:
        TypeError: si la cellule n'a pas de porte d'oubli, ou si ``value`` n'est ni un nombre réel, ni un tenseur.
        ValueError: si ``value`` est NaN ou infini, ou n'est pas de forme ``(H)``.

    References:
        Jozefowicz, Zaremba et Sutskever, *An Empirical Exploration of Recurrent Network
        Architectures*, ICML, 2015.

    Example:
        >>> from notebook_utils import LSTMCell
        >>> set_forget_bias_(LSTMCell(3, 2), 1.0).b[2:4].tolist()
        [1.0, 1.0]
    """
    _check_weights(cell, "LSTMCell", LSTMWeights)
    H = cell.hidden_size
    cell.b[H : 2 * H] = _checked_bias(value, H)  # ordre i, f, g, o
    return cell


@torch.no_grad()
def set_update_bias_(cell, value):
    r"""Fixe le biais de la porte de mise à jour d'une GRU.

    .. math::

        b_z = v \, (1, \dots, 1)^\top

    :math:`b_z \in \mathbb{R}^H` est le bloc de ``cell.b`` lu par la porte :math:`z_t` ;
    quand les autres termes sont nuls, :math:`z_t = \sigma(v)`.
    Avec :class:`~notebook_utils.recurrence.cells.GRUCell`, :math:`z_t` garde le passé :
    un biais **positif** allonge la mémoire.
    Avec :class:`~notebook_utils.recurrence.cells.PaperGRUCell`, :math:`z_t` le renouvelle :
    il faut un biais **négatif**.

    Args:
        cell: une GRU, cellule ou couche, modifiée sur place.
        value: la valeur :math:`v`, un nombre ou un tenseur de forme ``(H)``.

    Returns:
        La cellule reçue.

    Raises:
        TypeError: si la cellule n'a pas de porte de mise à jour,
            ou si ``value`` n'est ni un nombre réel, ni un tenseur.
        ValueError: si ``value`` est NaN ou infini, ou n'est pas de forme ``(H)``.

    Example:
        >>> from notebook_utils import GRUCell
        >>> set_update_bias_(GRUCell(3, 2), 3.0).b[2:4].tolist()
        [3.0, 3.0]
    """
    _check_weights(cell, "GRUCell", GRUWeights)
    H = cell.hidden_size
    cell.b[H : 2 * H] = _checked_bias(value, H)  # ordre r, z, n
    return cell


@torch.no_grad()
def chrono_(cell, T_max, generator=None):
    r"""Règle les portes d'une LSTM sur les durées de la tâche (initialisation *chrono*).

    .. math::

        b_f = \log u, \qquad b_i = -b_f, \qquad u \sim \mathcal{U}(1, T_{\max} - 1)^H

    Quand les autres termes sont nuls, :math:`f_t = u / (1 + u)` :
    la mémoire d'une unité s'efface en :math:`1 + u` pas environ.
    Les unités se partagent ainsi toutes les durées de la tâche, de 2 pas à :math:`T_{\max}`.
    Les biais de la porte de sortie et du candidat ne changent pas.

    Args:
        cell: une LSTM, cellule ou couche, modifiée sur place.
        T_max: la plus longue dépendance à retenir, en pas de temps, plus grande que 2.
        generator: le ``torch.Generator`` du tirage ; par défaut le générateur global.

    Returns:
        La cellule reçue.

    Raises:
        TypeError: si la cellule n'a pas de porte d'oubli,
            si ``T_max`` n'est pas un nombre, ou ``generator`` pas un ``torch.Generator``.
        ValueError: si ``T_max`` n'est pas un nombre fini plus grand que 2.

    References:
        Tallec et Ollivier, *Can recurrent neural networks warp time?*, ICLR, 2018, section 2.

    Example:
        >>> from notebook_utils import LSTMCell
        >>> cell = chrono_(LSTMCell(3, 2), 100, torch.Generator().manual_seed(0))
        >>> b_i, b_f, _, _ = cell.b.chunk(4)
        >>> torch.equal(b_i, -b_f), (torch.sigmoid(b_f) < 0.99).all().item()
        (True, True)
    """
    _check_weights(cell, "LSTMCell", LSTMWeights)
    check_generator(generator, optional=True)
    if not 2 < check_number("T_max", T_max, "un nombre fini plus grand que 2") < math.inf:
        raise ValueError(f"T_max : reçu {T_max}, attendu un nombre fini plus grand que 2")
    H = cell.hidden_size
    u = torch.empty(H, dtype=cell.b.dtype, device=cell.b.device if generator is None else generator.device)
    b_f = u.uniform_(1, T_max - 1, generator=generator).log()
    cell.b[H : 2 * H] = b_f  # ordre i, f, g, o
    cell.b[:H] = -b_f
    return cell


def _check_weights(cell, expected, kind):
    """Refuse ce qui n'a pas les blocs de l'espèce attendue : cellule, ou couche de mêmes poids."""
    if not isinstance(cell, Weights) or (kind is not Weights and cell.blocks != kind.blocks):
        advice = " ; donnez sa cellule, layer.cell" if hasattr(cell, "cell") else ""
        raise TypeError(f"cell : reçu {type(cell).__name__}, attendu {expected}{advice}")


def _checked_bias(value, H):
    """Rend la valeur d'un biais : un nombre réel fini, ou un tenseur ``(H)`` de tels nombres."""
    if not isinstance(value, torch.Tensor):
        value = float(check_number("value", value, "un nombre réel ou un tenseur (H)"))
        value = torch.tensor(value, dtype=torch.float64)
    check_floating("value", value)
    if value.ndim:
        check_shape("value", value, (H,))
    check_finite("value", value)
    return value
