"""Ce que les rétropropagations écrites à la main ont en commun."""

import torch

from ..cells import LSTMCell, _check_pair, _check_tensor
from ..recurrent import check_sequence

#: Nombre de pas que le retour traite ensemble.
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


def windows(T):
    """Énumère les tranches de temps de la dernière à la première."""
    for stop in range(T, 0, -WINDOW):
        yield slice(max(0, stop - WINDOW), stop)


def after(window):
    r"""Rend la tranche des états qui suivent : ``h[window]`` est fait des :math:`h_{t-1}`, elle des :math:`h_t`."""
    return slice(window.start + 1, window.stop + 1)


def gradients_read(g, dh):
    r"""Copie les :math:`g_t` d'une tranche, et ajoute au dernier ce qui vient des pas suivants.

    La boucle de retour y accumule les :math:`\partial L / \partial h_t` ;
    elle a besoin d'une case de plus, pour l'état qui précède la tranche.
    """
    gradients = g.clone(memory_format=torch.contiguous_format)  # (n, …)
    if dh is not None:
        gradients[-1].add_(dh)
    return [torch.zeros_like(gradients[0]), *gradients.unbind()]  # n + 1 tenseurs


class Sums:
    r"""Les sommes sur le temps, tranche après tranche.

    .. math::

        \frac{\partial L}{\partial W_x} = \sum_{t=1}^{T} \delta_t \, x_t^\top, \qquad
        \frac{\partial L}{\partial W_h} = \sum_{t=1}^{T} \delta_t \, h_{t-1}^\top, \qquad
        \frac{\partial L}{\partial b} = \sum_{t=1}^{T} \delta_t, \qquad
        \frac{\partial L}{\partial x_t} = W_x^\top \delta_t

    Une somme de produits :math:`\delta_t \, x_t^\top`, sur les pas et sur les exemples,
    est un seul produit de matrices : il suffit de les ranger un par ligne.
    """

    def __init__(self, x, W_x, wants_dx):
        self.x, self.W_x = x.transpose(0, 1), W_x  # (T, B, D)
        self.dx = x.new_empty(self.x.shape) if wants_dx else None  # (T, B, D)
        self.totals = None

    def add(self, window, delta_x, delta_h, h_prev):
        r"""Ajoute une tranche de ``n`` pas.

        ``delta_x`` et ``delta_h``, de forme ``(nB, kH)``, sont les :math:`\delta_t` vus par
        :math:`W_x` et par :math:`W_h` ; ``h_prev`` ``(n, B, H)`` réunit les :math:`h_{t-1}`.
        """
        if self.dx is not None:
            torch.mm(delta_x, self.W_x, out=self.dx[window].view(len(delta_x), -1))  # (nB, D)
        terms = (
            delta_x.T @ self.x[window].flatten(0, 1),  # (kH, D)
            delta_h.T @ h_prev.flatten(0, 1),  # (kH, H)
            delta_x.sum(0),  # (kH)
        )
        self.totals = terms if self.totals is None else [s + d for s, d in zip(self.totals, terms, strict=True)]

    @property
    def inputs(self):
        """Le gradient des entrées, ``(B, T, D)``, ou None si personne ne le demande."""
        return None if self.dx is None else self.dx.transpose(0, 1)
