"""La couche RNN."""

import torch

from ..cells import RNNCell
from .common import (
    check_start,
    input_gradient,
    refuse_second_derivative,
    sums_over_time,
    through_windows,
)

__all__ = ["RNN"]


class RNN(RNNCell):
    r"""Couche RNN, rétropropagation écrite à la main.

    L'aller est celui de :class:`~notebook_utils.cells.RNNCell`, pour :math:`t = 1, \dots, T` :

    .. math::

        a_t = W_h h_{t-1} + W_x x_t + b, \qquad h_t = \tanh(a_t)

    Le retour part du dernier pas. Avec :math:`g_t` le gradient de la perte :math:`L`
    par rapport à la sortie :math:`h_t`, telle que la suite du réseau la lit
    (:math:`g_0 = 0` : personne ne lit l'état de départ), et pour :math:`t = T, \dots, 1` :

    .. math::

        \frac{\partial L}{\partial h_T} &= g_T \\
        \delta_t = \frac{\partial L}{\partial a_t}
            &= (1 - h_t^2) \odot \frac{\partial L}{\partial h_t} \\
        \frac{\partial L}{\partial h_{t-1}} &= g_{t-1} + W_h^\top \delta_t

    Les mêmes poids servent à chaque pas ; leurs gradients sont des sommes :

    .. math::

        \frac{\partial L}{\partial W_h} = \sum_{t=1}^{T} \delta_t \, h_{t-1}^\top, \qquad
        \frac{\partial L}{\partial W_x} = \sum_{t=1}^{T} \delta_t \, x_t^\top, \qquad
        \frac{\partial L}{\partial b} = \sum_{t=1}^{T} \delta_t, \qquad
        \frac{\partial L}{\partial x_t} = W_x^\top \delta_t

    Paramètres : ceux de la cellule, ``W_x`` ``(H, D)``, ``W_h`` ``(H, H)``, ``b`` ``(H)``.
    La couche est une ``RNNCell`` qui lit toute la séquence : ``load_torch_``, ``to_torch``
    et les initialisations s'y appliquent ; elle ne se déplie pas, elle l'est déjà.

    Écarts à ``torch.nn.RNN`` : ceux de la cellule ; une seule couche, un seul sens ;
    l'état est de forme ``(B, H)`` ; pas de dérivée seconde (``create_graph=True`` est refusé).

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` de l'état caché.
        generator, dtype, device: comme :class:`~notebook_utils.cells.RNNCell`.

    Raises:
        TypeError: si une taille n'est pas un entier, ou une entrée pas un tenseur du bon type.
        ValueError: si une taille n'est pas positive, ou si une forme ne convient pas.
        RuntimeError: au retour, si une dérivée seconde est demandée.

    References:
        Werbos, *Backpropagation through time: what it does and how to do it*,
        *Proceedings of the IEEE*, 1990.

    Example:
        >>> import torch
        >>> layer = RNN(3, 5, generator=torch.Generator().manual_seed(0))
        >>> outputs, state = layer(torch.ones(2, 7, 3))
        >>> outputs.shape, torch.equal(outputs[:, -1], state)
        (torch.Size([2, 7, 5]), True)
        >>> outputs.sum().backward()
        >>> layer.W_h.grad.shape
        torch.Size([5, 5])
    """

    def forward(self, x, state=None):
        """Rend ``outputs`` ``(B, T, H)`` et l'état final ``(B, H)`` ; ``x`` est ``(B, T, D)``."""
        h_0 = check_start(self, x, state)
        return through_windows(rnn_through_time, x, h_0, self.W_x, self.W_h, self.b)


def rnn_through_time(x, h_0, W_x, W_h, b):
    """Applique :class:`RNNThroughTime` ; rend ``outputs`` ``(B, T, H)`` et l'état final."""
    outputs = RNNThroughTime.apply(x, h_0, W_x, W_h, b)  # (B, T, H)
    return outputs, outputs[:, -1]


class RNNThroughTime(torch.autograd.Function):
    """L'aller et le retour de la couche :class:`RNN`."""

    @staticmethod
    def forward(ctx, x, h_0, W_x, W_h, b):
        r"""Remplace sur place :math:`W_x x_t + b` par :math:`a_t`, puis par :math:`h_t`."""
        B, T, D = x.shape
        h = x.new_empty(T + 1, B, W_h.shape[0])  # h_0, …, h_T
        x_rows = x.transpose(0, 1).reshape(T * B, D)
        torch.addmm(b, x_rows, W_x.T, out=h[1:].view(T * B, -1))  # W_x x_t + b, pour tout t
        h_prev, *states = h.unbind()
        h_prev.copy_(h_0)
        W_hT = W_h.T
        for h_t in states:
            h_prev = h_t.addmm_(h_prev, W_hT).tanh_()
        ctx.save_for_backward(x, W_x, W_h, h)
        return h[1:].transpose(0, 1)  # (B, T, H)

    @staticmethod
    def backward(ctx, g):
        r"""Rend les gradients de ``x``, ``h_0``, ``W_x``, ``W_h`` et ``b`` ; ``g`` réunit les :math:`g_t`."""
        refuse_second_derivative()
        x, W_x, W_h, h = ctx.saved_tensors
        h_prev, h = h[:-1], h[1:]
        delta = 1 - h * h  # tanh'(a_t)
        g = g.transpose(0, 1).clone(memory_format=torch.contiguous_format)  # (T, B, H)
        dh_0 = go_back(delta, g, W_h)
        delta = delta.flatten(0, 1)  # (TB, H)
        dx = input_gradient(delta, W_x, x) if ctx.needs_input_grad[0] else None
        return dx, dh_0, *sums_over_time(delta, delta, x, h_prev)


def go_back(delta, g, W_h):
    r"""Remonte le temps, en changeant sur place les pentes en :math:`\delta_t` et ``g`` en gradients des états.

    Rend :math:`\partial L / \partial h_0`, ``(B, H)``.
    """
    *past, dh_t = g.unbind()  # g_1, …, g_{T−1}, puis ∂L/∂h_T
    delta_1, *deltas = delta.unbind()
    for delta_t, g_prev in zip(reversed(deltas), reversed(past), strict=True):
        delta_t.mul_(dh_t)  # δ_t = (1 − h_t²) ⊙ ∂L/∂h_t
        dh_t = g_prev.addmm_(delta_t, W_h)  # ∂L/∂h_{t−1} = g_{t−1} + W_hᵀ δ_t
    return delta_1.mul_(dh_t) @ W_h
