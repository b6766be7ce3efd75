"""La couche LSTM."""

import torch

from ..cells import LSTMCell, LSTMState
from .common import (
    check_start,
    input_gradient,
    project,
    refuse_second_derivative,
    sums_over_time,
    through_windows,
)

__all__ = ["LSTM"]


class LSTM(LSTMCell):
    r"""Couche LSTM, rétropropagation écrite à la main.

    L'aller est celui de :class:`~notebook_utils.cells.LSTMCell`, pour :math:`t = 1, \dots, T` ;
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
    La couche est une ``LSTMCell`` qui lit toute la séquence, comme :class:`RNN`.

    Écarts à ``torch.nn.LSTM`` : ceux de la cellule, et ceux de :class:`RNN`.
    Sur processeur, PyTorch confie sa LSTM à un noyau d'oneDNN, écrit pour elle ;
    sur de petits réseaux, aucune suite d'opérations de PyTorch ne l'égale :
    :class:`FusedLSTM` offre ce noyau, avec les mêmes paramètres.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` des deux états.
        generator, dtype, device: comme :class:`~notebook_utils.cells.RNNCell`.

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
        state = check_start(self, x, state)
        return through_windows(lstm_through_time, x, state, self.W_x, self.W_h, self.b)


def lstm_through_time(x, state, W_x, W_h, b):
    """Applique :class:`LSTMThroughTime` ; rend ``outputs`` ``(B, T, H)`` et l'état final."""
    outputs, c_T = LSTMThroughTime.apply(x, *state, W_x, W_h, b)  # (B, T, H)
    return outputs, LSTMState(outputs[:, -1], c_T)


class LSTMThroughTime(torch.autograd.Function):
    r"""L'aller et le retour de la couche :class:`LSTM`.

    Les blocs sont rangés o, i, f, g : les trois portes se suivent, pour une seule sigmoïde,
    et i, f, g, que :math:`\partial L / \partial c_t` multiplie, se suivent aussi.
    Les poids, dont l'ordre est i, f, g, o, tournent donc d'un bloc.
    """

    @staticmethod
    def forward(ctx, x, h_0, c_0, W_x, W_h, b):
        """Prépare tous les pas, puis les parcourt."""
        (B, T, _), H = x.shape, W_h.shape[1]
        W_x, W_h, b = (weight.roll(H, 0) for weight in (W_x, W_h, b))  # o, i, f, g
        blocks = project(x, W_x, b)  # (T, 4H, B)
        h, c = x.new_empty(T + 1, B, H), x.new_empty(T + 1, H, B)
        h[0], c[0] = h_0, c_0.T
        go_forward(blocks, h.mT, c, W_h)
        ctx.save_for_backward(x, W_x, W_h, h, c, blocks)
        return h[1:].transpose(0, 1), c[-1].T  # (B, T, H), (B, H)

    @staticmethod
    def backward(ctx, g, dc_T):
        r"""Rend les gradients des six arguments ; ``g`` réunit les :math:`g_t`."""
        refuse_second_derivative()
        x, W_x, W_h, h, c, blocks = ctx.saved_tensors
        H, dc = W_h.shape[1], dc_T.T.clone()  # (H, B)
        g = g.permute(1, 2, 0).clone(memory_format=torch.contiguous_format)  # (T, H, B)
        delta, slope_c = slopes(blocks, c[:-1], c[1:])
        dh_0 = go_back(delta, slope_c, g, dc, blocks[:, 2 * H : 3 * H], W_h)
        delta = delta.transpose(0, 1).flatten(1).T  # (TB, 4H) : o, i, f, g
        dx = input_gradient(delta, W_x, x) if ctx.needs_input_grad[0] else None
        weights = sums_over_time(delta, delta, x, h[:-1])
        return dx, dh_0.T, dc.T, *(weight.roll(-H, 0) for weight in weights)  # i, f, g, o


def go_forward(blocks, h, c, W_h):
    r"""Parcourt les pas : ``blocks`` reçoit o, i, f et le candidat, ``h`` et ``c`` les états.

    Un pas se calcule dans ``now``, petit et toujours à la même place, puis est recopié.
    """
    now = torch.empty_like(blocks[0])  # (4H, B)
    o, i, f, c_tilde = now.chunk(4)
    gates, tanh_c = now[: 3 * len(o)], torch.empty_like(o)
    (h_prev, *states), (c_prev, *memories) = h.unbind(), c.unbind()
    for block_t, h_t, c_t in zip(blocks.unbind(), states, memories, strict=True):
        now.copy_(block_t).addmm_(W_h, h_prev)  # W_x x_t + b, plus W_h h_{t−1}
        gates.sigmoid_()
        c_tilde.tanh_()
        c_prev = torch.mul(f, c_prev, out=c_t).addcmul_(i, c_tilde)
        h_prev = torch.mul(o, torch.tanh(c_t, out=tanh_c), out=h_t)
        block_t.copy_(now)


def slopes(blocks, c_prev, c):
    r"""Rend les pentes des quatre blocs, et celle de :math:`h_t` par rapport à :math:`c_t`.

    Écrire :math:`u (1 - v)` comme :math:`u - u v` épargne un tableau : ici, ils coûtent plus que les opérations.
    """
    delta = torch.empty_like(blocks)  # (n, 4H, B)
    (o, i, f, c_tilde), (d_o, d_i, d_f, d_g) = blocks.chunk(4, dim=1), delta.chunk(4, dim=1)
    tanh_c = c.tanh()
    torch.mul(tanh_c, o, out=d_o)
    slope_c = torch.addcmul(o, d_o, tanh_c, value=-1)  # o ⊙ (1 − tanh² c)
    d_o.addcmul_(d_o, o, value=-1)  # tanh c ⊙ o ⊙ (1 − o)
    torch.mul(c_tilde, i, out=d_i)
    torch.addcmul(i, d_i, c_tilde, value=-1, out=d_g)  # i ⊙ (1 − c̃²)
    d_i.addcmul_(d_i, i, value=-1)  # c̃ ⊙ i ⊙ (1 − i)
    torch.mul(c_prev, f, out=d_f)
    d_f.addcmul_(d_f, f, value=-1)  # c_{t−1} ⊙ f ⊙ (1 − f)
    return delta, slope_c


def go_back(delta, slope_c, g, dc, f, W_h):
    r"""Remonte le temps, en changeant sur place les pentes en :math:`\delta_t` et ``g`` en gradients des états.

    Rend :math:`\partial L / \partial h_0`, ``(H, B)`` ;
    ``dc``, modifié sur place, devient :math:`\partial L / \partial c_0`.
    """
    H, W_hT = W_h.shape[1], W_h.T
    *past, dh_t = g.unbind()  # g_1, …, g_{T−1}, puis ∂L/∂h_T
    past.insert(0, torch.zeros_like(dh_t))  # g_0
    ifg = delta.unflatten(1, (4, H))[:, 1:]
    steps = [reversed(part.unbind()) for part in (delta, delta[:, :H], ifg, slope_c, f)]
    for delta_t, delta_o, delta_ifg, slope_t, f_t, g_prev in zip(*steps, reversed(past), strict=True):
        dc.addcmul_(slope_t, dh_t)  # ∂L/∂c_t
        delta_o.mul_(dh_t)
        delta_ifg.mul_(dc)
        dc.mul_(f_t)  # ce que c_t transmet à c_{t−1}
        dh_t = g_prev.addmm_(W_hT, delta_t)  # ∂L/∂h_{t−1} = g_{t−1} + W_hᵀ δ_t
    return dh_t
