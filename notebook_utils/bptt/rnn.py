"""La couche RNN."""

import torch

from ..recurrence.weights import Layer, RNNWeights
from .common import (
    by_chunks,
    by_hand,
    input_gradient,
    state_gradients,
    sums_over_time,
    through_time,
)

__all__ = ["RNN"]


class RNN(Layer, RNNWeights):
    r"""Couche RNN, rétropropagation écrite à la main.

    L'aller est celui de :class:`~notebook_utils.recurrence.cells.RNNCell`, pour :math:`t = 1, \dots, T` :

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
    La couche a les poids d'une ``RNNCell``, et lit toute la séquence : ``load_torch_``, ``to_torch``
    et les initialisations s'y appliquent ; elle ne se déplie pas, elle l'est déjà.
    L'état final est un tenseur à part, que l'on peut détacher, garder ou remettre à zéro sans toucher aux sorties.

    Écarts à ``torch.nn.RNN`` : ceux de la cellule ; une seule couche, un seul sens ;
    l'état est de forme ``(B, H)`` ; pas de dérivée seconde (``create_graph=True`` est refusé).
    Les transformations de ``torch.func`` (``grad``, ``vmap``, ``jacobian(vectorize=True)``) sont refusées,
    ``torch.compile`` exécute la couche telle quelle, sans la compiler, ``torch.export`` demande ``torch.no_grad()``,
    et sous ``torch.autocast`` elle calcule dans le type de ses poids : une entrée de précision réduite est convertie.
    Ce que la couche rend ne se modifie pas sur place tant qu'autograd le suit
    (``outputs[:, 0] = 0``, ``relu_``, ``Dropout(inplace=True)``) : modifiez ``outputs.clone()``.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` de l'état caché.
        generator, dtype, device: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.

    Raises:
        TypeError: si une taille n'est pas un entier, ou une entrée pas un tenseur du bon type.
        ValueError: si une taille n'est pas positive, ou si une forme ne convient pas.
        RuntimeError: si une dérivée seconde, ou une transformation de ``torch.func``, est demandée.

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
        x, h_0 = self._start(x, state)
        return through_time(RNNThroughTime.apply, x, h_0, self.W_x, self.W_h, self.b)

    def _advance(self, x, h):
        h = torch.rnn_tanh_cell(x, h, self.W_x, self.W_h, self.b)  # (B, H)
        return h, h


class RNNThroughTime(torch.autograd.Function):
    """L'aller et le retour de la couche :class:`RNN`."""

    @staticmethod
    def forward(ctx, x, h_0, W_x, W_h, b):
        """Réserve ce que le retour relira, puis parcourt les pas."""
        x = x.transpose(0, 1).contiguous()  # (T, B, D)
        h = x.new_empty(len(x) + 1, *h_0.shape)  # h_0, …, h_T
        go_forward(x, h, h_0, W_x, W_h, b)
        ctx.save_for_backward(x, W_x, W_h, h)
        ctx.set_materialize_grads(False)
        return h[1:].transpose(0, 1), h[-1].clone()  # (B, T, H), (B, H)

    @by_hand
    def backward(ctx, g, dh_T):
        r"""Rend les gradients des cinq arguments ; ``g`` réunit les :math:`g_t`, et ``dh_T`` suit le dernier pas."""
        x, W_x, W_h, h = ctx.saved_tensors
        g = torch.zeros_like(h[1:]) if g is None else g.transpose(0, 1)  # (T, B, H)
        dh = torch.zeros_like(h[0]) if dh_T is None else dh_T.clone(memory_format=torch.contiguous_format)

        def one_chunk(totals, g, x, h_prev, h):
            delta = go_back(h, g, dh, W_h).flatten(0, 1).T  # (H, nB)
            dx = input_gradient(ctx, delta, W_x, len(x))
            return dx, sums_over_time(totals, delta, x.flatten(0, 1), h_prev.flatten(0, 1))

        over_time = g, x, h[:-1], h[1:]
        dx, weights = by_chunks(one_chunk, dh.numel(), *over_time)
        return dx, dh, *weights


@torch.inference_mode()
def go_forward(x, h, h_0, W_x, W_h, b):
    r"""Remplit ``h`` : :math:`W_x x_t + b` pour tous les pas, changé pas à pas en :math:`a_t`, puis en :math:`h_t`."""
    torch.addmm(b, x.flatten(0, 1), W_x.T, out=h[1:].flatten(0, 1))
    h_prev, *states = h.unbind()
    h_prev.copy_(h_0)
    W_hT = W_h.T
    for h_t in states:
        h_prev = h_t.addmm_(h_prev, W_hT).tanh_()


@torch.inference_mode()
def go_back(h, g, dh, W_h):
    r"""Remonte le temps ; rend les :math:`\delta_t`.

    ``dh``, ce que les pas suivants renvoient à l'état final,
    devient sur place ce que ceux-ci renvoient à l'état de départ.
    """
    delta = torch.ones_like(h).addcmul_(h, h, value=-1)  # tanh'(a_t) = 1 − h_t², puis δ_t
    *past, dh_t = state_gradients(g, dh)
    steps = zip(reversed(delta.unbind()), reversed(past), strict=True)
    for delta_t, dh_prev in steps:
        delta_t.mul_(dh_t)  # δ_t = (1 − h_t²) ⊙ ∂L/∂h_t
        dh_t = dh_prev.addmm_(delta_t, W_h)  # g_{t−1} + W_hᵀ δ_t
    return delta
