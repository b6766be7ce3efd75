"""La couche GRU, dans la formule de PyTorch."""

import torch
from torch.nn.functional import pad

from ..recurrence.weights import GRUWeights, Layer
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

__all__ = ["GRU"]


class GRU(Layer, GRUWeights):
    r"""Couche GRU, rétropropagation écrite à la main.

    L'aller est celui de :class:`~notebook_utils.recurrence.cells.GRUCell`, pour :math:`t = 1, \dots, T` :

    .. math::

        m_t &= W_{hn} h_{t-1} + b_h \\
        a^r_t &= W_{hr} h_{t-1} + W_{xr} x_t + b_r, \qquad r_t = \sigma(a^r_t) \\
        a^z_t &= W_{hz} h_{t-1} + W_{xz} x_t + b_z, \qquad z_t = \sigma(a^z_t) \\
        a^n_t &= r_t \odot m_t + W_{xn} x_t + b_n, \qquad \tilde{h}_t = \tanh(a^n_t) \\
        h_t &= (1 - z_t) \odot \tilde{h}_t + z_t \odot h_{t-1}

    Au retour, les quatre :math:`\delta` sont tous :math:`\partial L / \partial h_t`,
    multiplié par une pente que l'aller suffit à connaître :

    .. math::

        \delta^n_t = \frac{\partial L}{\partial a^n_t}
            &= (1 - z_t) \odot (1 - \tilde{h}_t^2) \odot \frac{\partial L}{\partial h_t} \\
        \delta^z_t = \frac{\partial L}{\partial a^z_t}
            &= (h_{t-1} - \tilde{h}_t) \odot z_t \odot (1 - z_t)
               \odot \frac{\partial L}{\partial h_t} \\
        \delta^m_t = \frac{\partial L}{\partial m_t} &= r_t \odot \delta^n_t \\
        \delta^r_t = \frac{\partial L}{\partial a^r_t}
            &= m_t \odot r_t \odot (1 - r_t) \odot \delta^n_t

    L'état précédent a cinq lecteurs, la perte, les deux portes, :math:`m_t` et l'interpolation :

    .. math::

        \frac{\partial L}{\partial h_{t-1}} = g_{t-1} + z_t \odot \frac{\partial L}{\partial h_t}
        + W_{hr}^\top \delta^r_t + W_{hz}^\top \delta^z_t + W_{hn}^\top \delta^m_t

    :math:`g_t` est celui de :class:`RNN`, comme les gradients des poids :
    :math:`W_h` y lit :math:`\delta^r, \delta^z, \delta^m`, et :math:`W_x` et :math:`b` lisent
    :math:`\delta^r, \delta^z, \delta^n` ; enfin,
    :math:`\partial L / \partial b_h = \sum_t \delta^m_t`.

    Paramètres : ceux de la cellule, ``W_x`` ``(3H, D)``, ``W_h`` ``(3H, H)``, ``b`` ``(3H)``,
    ``b_h`` ``(H)``. La couche lit toute la séquence, comme :class:`RNN`.

    Écarts à ``torch.nn.GRU`` : ceux de la cellule, et ceux de :class:`RNN`.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` de l'état caché.
        generator, dtype, device: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.

    Raises:
        TypeError: comme :class:`RNN`.
        ValueError: comme :class:`RNN`.
        RuntimeError: comme :class:`RNN`.

    References:
        Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder*, EMNLP, 2014.

    Example:
        >>> import torch
        >>> layer = GRU(3, 5, generator=torch.Generator().manual_seed(0))
        >>> outputs, state = layer(torch.ones(2, 7, 3))
        >>> outputs.shape, torch.equal(outputs[:, -1], state)
        (torch.Size([2, 7, 5]), True)
    """

    def forward(self, x, state=None):
        """Rend ``outputs`` ``(B, T, H)`` et l'état final ``(B, H)`` ; ``x`` est ``(B, T, D)``."""
        x, h_0 = self._start(x, state)
        return through_time(GRUThroughTime.apply, x, h_0, self.W_x, self.W_h, self.b, self.b_h)

    def _advance(self, x, h):
        b_hh = pad(self.b_h, (2 * self.hidden_size, 0))  # le biais de r et de z est tout entier dans b
        h = torch.gru_cell(x, h, self.W_x, self.W_h, self.b, b_hh)  # (B, H)
        return h, h


class GRUThroughTime(torch.autograd.Function):
    r"""L'aller et le retour de la couche :class:`GRU`.

    Les blocs sont rangés m, r, z, n : les trois premiers lisent :math:`h_{t-1}`,
    les trois derniers :math:`x_t`. ``W_h``, dont l'ordre est r, z, n, tourne donc d'un bloc.
    """

    @staticmethod
    def forward(ctx, x, h_0, W_x, W_h, b, b_h):
        """Réserve ce que le retour relira, puis parcourt les pas."""
        (B, T, _), H = x.shape, len(b_h)
        W_h = W_h.roll(H, 0)  # n, r, z
        blocks, h = x.new_empty(T, 4 * H, B), x.new_empty(T + 1, H, B)  # h : h_0, …, h_T
        go_forward(x, blocks, h, h_0.T, W_x, W_h, b, b_h)
        ctx.save_for_backward(x, W_x, W_h, h, blocks)
        ctx.set_materialize_grads(False)
        return h[1:].permute(2, 0, 1), rows(h[-1])  # (B, T, H), (B, H)

    @by_hand
    def backward(ctx, g, dh_T):
        r"""Rend les gradients des six arguments ; ``g`` réunit les :math:`g_t`, et ``dh_T`` suit le dernier pas."""
        x, W_x, W_h, h, blocks = ctx.saved_tensors
        H, W_hT = W_h.shape[1], W_h.T.contiguous()
        dh = state_gradient(dh_T, h[0])

        def one_chunk(totals, g, x, h_prev, blocks):
            delta = go_back(blocks, h_prev, g, dh, W_hT)  # (4H, nB) : m, r, z, n
            delta_h, delta_x = delta[: 3 * H], delta[H:]
            dx = input_gradient(ctx, delta_x, W_x, len(x))
            return dx, sums_over_time(totals, delta, x.flatten(0, 1), columns(h_prev).T, delta_x, delta_h)

        over_time = output_gradients(g, h), x.transpose(0, 1), h[:-1], blocks
        dx, (dW_x, dW_h, db) = by_chunks(one_chunk, blocks[0].numel(), *over_time)
        return dx, dh.T, dW_x, dW_h.roll(-H, 0), db[H:], db[:H]


@torch.inference_mode()
def go_forward(x, blocks, h, h_0, W_x, W_h, b, b_h):
    r"""Prépare tous les pas, puis les parcourt : ``blocks`` reçoit m, r, z et n, ``h`` les états.

    Un pas se calcule dans ``now``, petit et toujours à la même place, puis est recopié.
    """
    H = len(b_h)
    blocks[:, :H] = b_h[:, None]
    project(x, W_x, b, out=blocks[:, H:])
    now = torch.empty_like(blocks[0])  # (4H, B)
    m, r, z, h_tilde = now.chunk(4)
    mrz, rz = now[: 3 * H], now[H : 3 * H]
    h_prev, *states = h.unbind()
    h_prev.copy_(h_0)
    for block_t, h_t in zip(blocks.unbind(), states, strict=True):
        now.copy_(block_t)  # b_h et W_x x_t + b
        mrz.addmm_(W_h, h_prev)
        rz.sigmoid_()
        h_tilde.addcmul_(r, m).tanh_()
        h_prev = torch.lerp(h_tilde, h_prev, z, out=h_t)  # (1 − z) ⊙ h̃ + z ⊙ h_{t−1}
        block_t.copy_(now)


def slopes(blocks, h_prev):
    r"""Rend :math:`\partial h_t / \partial m_t`, :math:`a^r_t`, :math:`a^z_t`, :math:`a^n_t`, pour tous les pas.

    Écrire :math:`u (1 - v)` comme :math:`u - u v` épargne un tableau : ici, ils coûtent plus que les opérations.
    """
    delta = torch.empty_like(blocks)  # (n, 4H, B)
    (m, r, z, h_tilde), (d_m, d_r, d_z, d_n) = blocks.chunk(4, dim=1), delta.chunk(4, dim=1)
    torch.sub(1, z, out=d_z)
    torch.mul(h_tilde, h_tilde, out=d_n)
    torch.addcmul(d_z, d_z, d_n, value=-1, out=d_n)  # (1 − z) ⊙ (1 − h̃²)
    d_z.mul_(z).mul_(h_prev - h_tilde)  # (h_{t−1} − h̃) ⊙ z ⊙ (1 − z)
    torch.mul(d_n, r, out=d_m)
    torch.mul(d_m, m, out=d_r)
    d_r.addcmul_(d_r, r, value=-1)  # m ⊙ r ⊙ (1 − r), fois la pente de n
    return delta


@torch.inference_mode()
def go_back(blocks, h_prev, g, dh, W_hT):
    r"""Remonte le temps, en changeant sur place les pentes en :math:`\delta_t` ; les rend, ``(4H, nB)``.

    ``dh``, ce que les pas suivants renvoient à l'état final,
    devient sur place ce que ceux-ci renvoient à l'état de départ.
    """
    H, delta = len(dh), slopes(blocks, h_prev)
    *past, dh_t = state_gradients(g, dh)
    parts = delta.unflatten(1, (4, H)), delta[:, : 3 * H], blocks[:, 2 * H : 3 * H]
    steps = [reversed(part.unbind()) for part in parts]
    for delta_t, delta_mrz, z_t, dh_prev in zip(*steps, reversed(past), strict=True):
        delta_t.mul_(dh_t)  # δ_t : la pente de chaque bloc, fois ∂L/∂h_t
        dh_t = dh_prev.addmm_(W_hT, delta_mrz).addcmul_(z_t, dh_t)  # ∂L/∂h_{t−1}
    return columns(delta)
