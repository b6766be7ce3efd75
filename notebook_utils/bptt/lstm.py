"""La couche LSTM."""

import torch

from ..recurrence.weights import Layer, LSTMState, LSTMWeights
from .common import (
    by_chunks,
    by_hand,
    columns,
    input_gradient,
    output_gradients,
    project,
    rows,
    state_gradient,
    state_gradients,
    sums_over_time,
    through_time,
)

__all__ = ["LSTM"]


class LSTM(Layer, LSTMWeights):
    r"""Couche LSTM, rétropropagation écrite à la main.

    L'aller est celui de :class:`~notebook_utils.recurrence.cells.LSTMCell`, pour :math:`t = 1, \dots, T` ;
    :math:`a^o_t, a^i_t, a^f_t, a^g_t` sont les pré-activations des portes et du candidat :

    .. math::

        c_t = f_t \odot c_{t-1} + i_t \odot \tilde{c}_t, \qquad h_t = o_t \odot \tanh(c_t)

    Au retour, le gradient de :math:`c_t` vient de :math:`h_t`, et de :math:`c_{t+1}`
    par la seule porte d'oubli (au dernier pas, de l'état final) :

    .. math::

        \frac{\partial L}{\partial c_t} &=
            o_t \odot (1 - \tanh^2(c_t)) \odot \frac{\partial L}{\partial h_t}
            + f_{t+1} \odot \frac{\partial L}{\partial c_{t+1}} \\
        \delta^o_t = \frac{\partial L}{\partial a^o_t}
            &= \tanh(c_t) \odot o_t \odot (1 - o_t) \odot \frac{\partial L}{\partial h_t} \\
        \delta^i_t = \frac{\partial L}{\partial a^i_t}
            &= \tilde{c}_t \odot i_t \odot (1 - i_t) \odot \frac{\partial L}{\partial c_t} \\
        \delta^f_t = \frac{\partial L}{\partial a^f_t}
            &= c_{t-1} \odot f_t \odot (1 - f_t) \odot \frac{\partial L}{\partial c_t} \\
        \delta^g_t = \frac{\partial L}{\partial a^g_t}
            &= i_t \odot (1 - \tilde{c}_t^2) \odot \frac{\partial L}{\partial c_t} \\
        \frac{\partial L}{\partial h_{t-1}} &= g_{t-1} + W_h^\top \delta_t

    :math:`\delta_t` empile les quatre, et :math:`g_t` est celui de :class:`RNN` :
    il n'a de commun que la lettre avec le bloc g, celui du candidat.
    Les gradients des poids sont ceux de :class:`RNN`, avec ce :math:`\delta_t`.

    Paramètres : ceux de la cellule, ``W_x`` ``(4H, D)``, ``W_h`` ``(4H, H)``, ``b`` ``(4H)``.
    La couche lit toute la séquence, comme :class:`RNN`.

    Écarts à ``torch.nn.LSTM`` : ceux de la cellule, et ceux de :class:`RNN`.
    Sur processeur, PyTorch confie sa LSTM à un noyau d'oneDNN, écrit pour elle ;
    sur de petits réseaux, aucune suite d'opérations de PyTorch ne l'égale :
    :class:`FusedLSTM` offre ce noyau, avec les mêmes paramètres.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` des deux états.
        generator, dtype, device: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.

    Raises:
        TypeError: comme :class:`RNN`, ou si l'état n'est pas un couple ``(h, c)``.
        ValueError: comme :class:`RNN`.
        RuntimeError: comme :class:`RNN`.

    References:
        Hochreiter et Schmidhuber, *Long Short-Term Memory*, Neural Computation, 1997 ;
        rétropropagation complète : Graves et Schmidhuber, *Framewise phoneme classification
        with bidirectional LSTM*, Neural Networks, 2005.

    Example:
        >>> import torch
        >>> layer = LSTM(3, 5, generator=torch.Generator().manual_seed(0))
        >>> outputs, state = layer(torch.ones(2, 7, 3))
        >>> outputs.shape, state.c.shape, torch.equal(outputs[:, -1], state.h)
        (torch.Size([2, 7, 5]), torch.Size([2, 5]), True)
    """

    def forward(self, x, state=None):
        """Rend ``outputs`` ``(B, T, H)`` et ``LSTMState(h, c)`` ; ``x`` est ``(B, T, D)``."""
        x, h_0, c_0 = self._start(x, state)
        outputs, *final = through_time(LSTMThroughTime.apply, x, h_0, c_0, self.W_x, self.W_h, self.b)
        return outputs, LSTMState(*final)

    def _advance(self, x, h, c):
        return lstm_step(self, x, h, c)


def lstm_step(layer, x, h, c):
    """Un pas d'une couche LSTM, confié au noyau de PyTorch ; rend ``h`` et l'état."""
    state = LSTMState(*torch.lstm_cell(x, (h, c), layer.W_x, layer.W_h, layer.b))  # deux fois (B, H)
    return state.h, state


class LSTMThroughTime(torch.autograd.Function):
    """L'aller et le retour de la couche :class:`LSTM`."""

    @staticmethod
    def forward(ctx, x, h_0, c_0, W_x, W_h, b):
        """Réserve ce que le retour relira, puis parcourt les pas."""
        (B, T, _), H = x.shape, W_h.shape[1]
        blocks = x.new_empty(T, 4 * H, B)
        h, c = x.new_empty(T + 1, H, B), x.new_empty(T + 1, H, B)  # h_0, …, h_T et c_0, …, c_T
        go_forward(x, blocks, h, h_0.T, c, c_0.T, W_x, W_h, b)
        ctx.save_for_backward(x, W_x, W_h, h, c, blocks)
        ctx.set_materialize_grads(False)
        return h[1:].permute(2, 0, 1), rows(h[-1]), rows(c[-1])  # (B, T, H), deux fois (B, H)

    @by_hand
    def backward(ctx, g, dh_T, dc_T):
        r"""Rend les gradients des six arguments ; ``g`` réunit les :math:`g_t`, les autres suivent le dernier pas."""
        x, W_x, W_h, h, c, blocks = ctx.saved_tensors
        W_hT, dh, dc = W_h.T.contiguous(), state_gradient(dh_T, h[0]), state_gradient(dc_T, c[0])

        def one_chunk(totals, g, x, h_prev, c_prev, c, blocks):
            delta = go_back(blocks, c_prev, c, g, dh, dc, W_hT)  # (4H, nB) : i, f, g, o
            dx = input_gradient(ctx, delta, W_x, len(x))
            return dx, sums_over_time(totals, delta, x.flatten(0, 1), columns(h_prev).T)

        over_time = output_gradients(g, h), x.transpose(0, 1), h[:-1], c[:-1], c[1:], blocks
        dx, weights = by_chunks(one_chunk, blocks[0].numel(), *over_time)
        return dx, dh.T, dc.T, *weights


@torch.inference_mode()
def go_forward(x, blocks, h, h_0, c, c_0, W_x, W_h, b):
    r"""Prépare tous les pas, puis les parcourt : ``blocks`` reçoit o, i, f et le candidat, ``h`` et ``c`` les états.

    Les poids, dont l'ordre est i, f, g, o, y tournent d'un bloc : o, i, f, g.
    Les trois portes se suivent alors, pour une seule sigmoïde.
    Un pas se calcule dans ``now``, petit et toujours à la même place, puis est recopié.
    """
    H = W_h.shape[1]
    W_h = W_h.roll(H, 0)
    project(x, W_x.roll(H, 0), b.roll(H, 0), out=blocks)
    now = torch.empty_like(blocks[0])  # (4H, B)
    o, i, f, c_tilde = now.chunk(4)
    gates = now[: 3 * H]
    (h_prev, *states), (c_prev, *memories) = h.unbind(), c.unbind()
    h_prev.copy_(h_0)
    c_prev.copy_(c_0)
    for block_t, h_t, c_t in zip(blocks.unbind(), states, memories, strict=True):
        torch.addmm(block_t, W_h, h_prev, out=now)  # W_x x_t + b, plus W_h h_{t−1}
        gates.sigmoid_()
        c_tilde.tanh_()
        c_prev = torch.mul(f, c_prev, out=c_t).addcmul_(i, c_tilde)
        h_prev = torch.tanh(c_t, out=h_t).mul_(o)
        block_t.copy_(now)


def local_factors(blocks, c_prev, c):
    r"""Rend, pour tous les pas, ce que les gradients des deux états multiplieront : ``(n, 6H, B)``.

    :math:`\partial L / \partial c_t` multipliera les quatre premiers blocs, :math:`f_t` et les pentes de i, f et g ;
    :math:`\partial L / \partial h_t`, les deux derniers, la pente de o, et celle de :math:`h_t` en :math:`c_t`.
    Le premier et le dernier sont aussi rendus à part, ``(n, H, B)``.
    Écrire :math:`u (1 - v)` comme :math:`u - u v` épargne un tableau : ici, ils coûtent plus que les opérations.
    """
    n, H, B = c.shape
    result = blocks.new_empty(n, 6 * H, B)
    (o, i, f, c_tilde), (keep, s_i, s_f, s_g, s_o, s_c) = blocks.chunk(4, dim=1), result.chunk(6, dim=1)
    keep.copy_(f)
    torch.mul(c_tilde, i, out=s_i)
    torch.addcmul(i, s_i, c_tilde, value=-1, out=s_g)  # i ⊙ (1 − c̃²)
    s_i.addcmul_(s_i, i, value=-1)  # c̃ ⊙ i ⊙ (1 − i)
    torch.mul(c_prev, f, out=s_f)
    s_f.addcmul_(s_f, f, value=-1)  # c_{t−1} ⊙ f ⊙ (1 − f)
    torch.tanh(c, out=s_c)
    torch.mul(s_c, o, out=s_o)
    torch.addcmul(o, s_o, s_c, value=-1, out=s_c)  # o ⊙ (1 − tanh² c)
    s_o.addcmul_(s_o, o, value=-1)  # tanh c ⊙ o ⊙ (1 − o)
    return result, keep, s_c


@torch.inference_mode()
def go_back(blocks, c_prev, c, g, dh, dc, W_hT):
    r"""Remonte le temps, en multipliant sur place les facteurs ; rend les :math:`\delta_t`, ``(4H, nB)``.

    ``dh`` et ``dc``, ce que les pas suivants renvoient à l'état final,
    deviennent sur place ce que ceux-ci renvoient à l'état de départ.
    """
    H, dc_next = len(dh), dc
    *past, dh_t = state_gradients(g, dh)
    factors, f, dc_from_h = local_factors(blocks, c_prev, c)  # (n, 6H, B), deux fois (n, H, B)
    delta, factors = factors[:, H : 5 * H], factors.unflatten(1, (6, H))
    parts = delta, f, factors[:, :4], factors[:, 4:], dc_from_h
    steps = [reversed(part.unbind()) for part in parts]
    for delta_t, f_t, read_by_c, read_by_h, dc_t, dh_prev in zip(*steps, reversed(past), strict=True):
        read_by_h.mul_(dh_t)  # δ^o_t, et dans dc_t, ce que h_t renvoie à c_t
        dc_t.add_(dc_next)  # ∂L/∂c_t
        read_by_c.mul_(dc_t)  # δ^i_t, δ^f_t, δ^g_t, et dans f_t, ce que c_t renvoie à c_{t−1}
        dc_next = f_t
        dh_t = dh_prev.addmm_(W_hT, delta_t)  # ∂L/∂h_{t−1} = g_{t−1} + W_hᵀ δ_t
    dc.copy_(dc_next)
    return columns(delta)
