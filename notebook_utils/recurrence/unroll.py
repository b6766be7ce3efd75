r"""Dérouler une cellule le long d'une séquence."""

import torch
from torch import nn

from .._tensor_checks import check_sequence, check_tensor
from .weights import check_cell

__all__ = ["Recurrent", "detach", "unroll"]


def unroll(cell, x, state=None):
    r"""Déroule une cellule sur toute une séquence, avec les mêmes poids à chaque pas.

    .. math::

        (h_t, s_t) = \mathrm{cell}(x_t, s_{t-1}), \qquad t = 1, \dots, T

    :math:`x_t \in \mathbb{R}^D` est l'entrée, :math:`s_t` l'état (``h``, ou ``(h, c)``
    pour la LSTM) et :math:`h_t \in \mathbb{R}^H` la sortie.

    Args:
        cell: toute cellule qui suit le protocole ``h, state = cell(x, state)``
            et ``cell.initial_state(batch_size)``.
        x: la séquence, de forme ``(B, T, D)``.
        state: l'état :math:`s_0` de départ ; nul s'il n'est pas donné.

    Returns:
        Le couple ``(outputs, state)``, où ``outputs`` réunit toutes les sorties, ``(B, T, H)``,
        et ``state`` est l'état final :math:`s_T`, de même structure que l'état de départ.

    Raises:
        TypeError: si ``x`` n'est pas un tenseur, ou si ``cell`` ne suit pas le protocole
            (une couche, qui lit déjà toute la séquence, ne le suit pas).
        ValueError: si ``x`` n'a pas trois dimensions, n'a aucun exemple ou aucun pas de temps.

    References:
        Chapitre « Réseaux récurrents standard ».

    Example:
        >>> from notebook_utils import RNNCell
        >>> outputs, state = unroll(RNNCell(3, 5), torch.ones(2, 7, 3))
        >>> outputs.shape, torch.equal(outputs[:, -1], state)
        (torch.Size([2, 7, 5]), True)
    """
    check_cell(cell)
    check_sequence(x)
    state = cell.initial_state(x.shape[0]) if state is None else state
    outputs = []
    for x_t in x.unbind(dim=1):  # (B, D)
        h, state = cell(x_t, state)  # (B, H)
        outputs.append(h)
    return torch.stack(outputs, dim=1), state  # (B, T, H)


class Recurrent(nn.Module):
    r"""Couche récurrente : une cellule, déroulée par :func:`unroll`.

    .. math::

        (h_1, \dots, h_T), s_T = \mathrm{unroll}(\mathrm{cell}, (x_1, \dots, x_T), s_0)

    Les lettres sont celles de :func:`unroll`.
    Écart à ``torch.nn`` : les tenseurs vont toujours du lot vers le temps,
    et l'état final garde la forme ``(B, H)``, sans dimension pour les couches.

    Args:
        cell: toute cellule du protocole ; ses paramètres deviennent ceux de la couche.

    Raises:
        TypeError: si ``cell`` ne suit pas le protocole, voir :func:`unroll`.

    References:
        Chapitre « Réseaux récurrents standard ».

    Example:
        >>> from notebook_utils import LSTMCell
        >>> layer = Recurrent(LSTMCell(3, 5))
        >>> outputs, state = layer(torch.ones(2, 7, 3))
        >>> outputs.shape, state.c.shape
        (torch.Size([2, 7, 5]), torch.Size([2, 5]))
    """

    def __init__(self, cell):
        super().__init__()
        check_cell(cell)
        self.cell = cell

    def forward(self, x, state=None):
        """Rend ``outputs, state`` ; ``x`` est de forme ``(B, T, D)``, voir :func:`unroll`."""
        return unroll(self.cell, x, state)

    def step(self, x, state):
        """Avance d'un pas : ``x`` ``(B, D)`` et l'état donnent ``h`` ``(B, H)`` et l'état."""
        return self.cell(x, state)


def detach(state):
    r"""Rend le même état, sans son histoire : le gradient n'en remontera pas plus loin.

    .. math::

        s'_t = s_t, \qquad \frac{\partial s'_t}{\partial s_{t-1}} = 0

    C'est ce qui sépare deux fenêtres d'un signal dont l'état passe de l'une à l'autre.

    Args:
        state: l'état :math:`s_t` d'une cellule ou d'une couche, un tenseur ou un n-uplet de tenseurs.

    Returns:
        Un état de même structure, qui partage ses nombres avec ``state``.

    Raises:
        TypeError: si ``state`` n'est ni un tenseur, ni un n-uplet de tenseurs.

    References:
        Chapitre « L'écho du signal ».

    Example:
        >>> from notebook_utils import LSTMCell
        >>> cell = LSTMCell(3, 5)
        >>> _, state = cell(torch.ones(2, 3), cell.initial_state(2))
        >>> state.c.requires_grad, detach(state).c.requires_grad
        (True, False)
    """
    if isinstance(state, tuple):
        parts = [detach(part) for part in state]
        return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
    check_tensor("state", state, "un tenseur, ou un n-uplet de tenseurs")
    return state.detach()
