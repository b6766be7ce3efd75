"""Ce que les rétropropagations écrites à la main ont en commun."""

import torch

from ..cells import LSTMCell, _check_pair, _check_tensor
from ..recurrent import check_sequence

#: Nombre de pas qu'un aller et un retour traitent ensemble.
WINDOW = 128


def check_start(cell, x, state):
    """Vérifie l'entrée et l'état de départ ; rend cet état, nul s'il n'est pas donné."""
    check_sequence(x)
    _check_tensor("x", x, ("B", "T", cell.input_size), cell.W_x)
    if state is None:
        return cell.initial_state(len(x))
    gated = isinstance(cell, LSTMCell)
    parts = {"state.h": _check_pair(state)[0], "state.c": state[1]} if gated else {"state": state}
    for name, part in parts.items():
        _check_tensor(name, part, (len(x), cell.hidden_size), cell.W_x)
    return state


def refuse_second_derivative():
    """Refuse ``create_graph=True`` : autograd ne saurait pas dériver un retour écrit à la main."""
    if torch.is_grad_enabled():
        raise RuntimeError(
            "create_graph=True : reçu une demande de dérivée seconde, attendu une dérivée première ; "
            "pour dériver deux fois, dépliez la cellule avec unroll"
        )


def project(x, W_x, b):
    r"""Calcule :math:`W_x x_t + b` pour tous les pas : ``x`` ``(B, T, D)`` donne ``(T, kH, B)``."""
    x = x.permute(1, 2, 0)  # (T, D, B)
    return torch.baddbmm(b[:, None], W_x.expand(len(x), -1, -1), x)  # (T, kH, B)


def through_windows(through_time, x, state, *weights):
    r"""Applique ``through_time`` à une séquence, par fenêtres de ``WINDOW`` pas au plus.

    L'état final d'une fenêtre est l'état de départ de la suivante, gradient compris : rien n'est tronqué,
    et autograd ajoute les gradients que chaque fenêtre donne aux poids.
    Les tableaux de travail d'un retour, eux, ne dépassent jamais la taille d'une fenêtre.
    """
    if x.shape[1] <= WINDOW:
        return through_time(x, state, *weights)
    outputs = []
    for window in x.split(WINDOW, dim=1):  # (B, n, D)
        h, state = through_time(window, state, *weights)  # (B, n, H)
        outputs.append(h)
    return torch.cat(outputs, dim=1), state  # (B, T, H)


def sums_over_time(delta_x, delta_h, x, h_prev):
    r"""Rend les sommes sur le temps : les gradients de ``W_x``, de ``W_h`` et de ``b``.

    .. math::

        \frac{\partial L}{\partial W_x} = \sum_{t=1}^{T} \delta_t \, x_t^\top, \qquad
        \frac{\partial L}{\partial W_h} = \sum_{t=1}^{T} \delta_t \, h_{t-1}^\top, \qquad
        \frac{\partial L}{\partial b} = \sum_{t=1}^{T} \delta_t

    Une somme de produits :math:`\delta_t \, x_t^\top`, sur les pas et sur les exemples,
    est un seul produit de matrices : il suffit de ranger un pas d'un exemple par ligne.
    ``delta_x`` et ``delta_h``, de forme ``(TB, kH)``, sont les :math:`\delta_t` vus par
    :math:`W_x` et par :math:`W_h` ; ``h_prev`` ``(T, B, H)`` réunit les :math:`h_{t-1}`.
    """
    x = x.transpose(0, 1).reshape(len(delta_x), -1)  # (TB, D)
    return delta_x.T @ x, delta_h.T @ h_prev.flatten(0, 1), delta_x.sum(0)


def input_gradient(delta_x, W_x, x):
    r"""Rend :math:`\partial L / \partial x_t = W_x^\top \delta_t` pour tous les pas, ``(B, T, D)``."""
    B, T, D = x.shape
    return (delta_x @ W_x).view(T, B, D).transpose(0, 1)
