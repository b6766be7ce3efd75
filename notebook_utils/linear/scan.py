r"""Le balayage : tous les états d'une récurrence linéaire, par paires de pas.

Composer deux pas affines donne un pas affine, et cette composition est associative :

.. math::

    (a_2, b_2) \circ (a_1, b_1) = (a_2 a_1, \; a_2 b_1 + b_2)

On peut donc grouper les pas deux à deux, parcourir la séquence deux fois plus courte qui en résulte,
puis revenir aux pas que l'on a sautés.
"""

import torch

from .._tensor_checks import check_alike, check_floating, check_shape
from ..bptt.common import through_time

__all__ = ["linear_scan"]


def linear_scan(a, b, h_0=None):
    r"""Calcule tous les états d'une récurrence linéaire, sans les attendre l'un après l'autre.

    .. math::

        h_t = a_t \odot h_{t-1} + b_t, \qquad t = 1, \dots, T

    Le balayage est par paires : :math:`\lceil \log_2 T \rceil` étages d'opérations sur des tableaux entiers,
    et environ trois fois le travail de la boucle. Il ne divise jamais et ne prend aucun logarithme :
    les :math:`a_t` peuvent être nuls, négatifs ou plus grands que 1.

    Le retour est écrit à la main : c'est un balayage à rebours, de mêmes coefficients décalés d'un pas,

    .. math::

        G_t = g_t + a_{t+1} \odot G_{t+1}, \qquad
        \frac{\partial L}{\partial a_t} = G_t \odot h_{t-1}, \qquad
        \frac{\partial L}{\partial b_t} = G_t, \qquad
        \frac{\partial L}{\partial h_0} = a_1 \odot G_1

    où :math:`g_t` est le gradient de la perte par rapport à la sortie :math:`h_t`, et :math:`G_{T+1} = 0`.
    Écart aux couches de :mod:`notebook_utils.bptt` : ce retour est lui-même fait de balayages,
    et se dérive autant de fois que l'on veut.

    Args:
        a: les coefficients, ``(B, T, H)``, de type ``float32`` ou ``float64``.
        b: les termes ajoutés, ``(B, T, H)``.
        h_0: l'état de départ, ``(B, H)`` ; nul s'il n'est pas donné.

    Returns:
        Les états :math:`h_1, \dots, h_T`, ``(B, T, H)``.

    Raises:
        TypeError: si un argument n'est pas un tenseur à virgule flottante, ou si leurs types diffèrent.
        ValueError: si une forme ne convient pas, si une dimension est vide, ou si les appareils diffèrent.

    References:
        Blelloch, *Prefix Sums and Their Applications*, 1990 ;
        Martin et Cundy, *Parallelizing Linear Recurrent Neural Nets Over Sequence Length*, ICLR, 2018.

    Example:
        >>> a, b = torch.full((1, 5, 1), 2.0), torch.ones(1, 5, 1)
        >>> linear_scan(a, b).flatten().tolist()
        [1.0, 3.0, 7.0, 15.0, 31.0]
        >>> linear_scan(a, b, h_0=torch.ones(1, 1)).flatten().tolist()
        [3.0, 7.0, 15.0, 31.0, 63.0]
    """
    check_shape("a", a, ("B", "T", "H"))
    check_floating("a", a)
    if a.numel() == 0:
        raise ValueError(f"a : reçu la forme {tuple(a.shape)}, attendu (B, T, H), tous au moins égaux à 1")
    check_alike("b", b, a.shape, a)
    if h_0 is None:
        h_0 = torch.zeros_like(a[:, 0])
    check_alike("h_0", h_0, (len(a), a.shape[2]), a)
    parts = a.transpose(0, 1), b.transpose(0, 1), h_0  # (T, B, H), (T, B, H), (B, H)
    return through_time(LinearScan.apply, *parts).transpose(0, 1)  # (B, T, H)


def pairwise(a, b, h_0, h):
    r"""Écrit dans ``h`` les états de la récurrence ; le temps est le premier axe.

    Un pas sur deux vient de la séquence des pas composés deux à deux ; les autres s'en déduisent d'un seul pas.
    """
    torch.addcmul(b[0], a[0], h_0, out=h[0])
    if len(a) > 1:
        first, second = slice(0, -1, 2), slice(1, None, 2)
        composed = a[second] * a[first], torch.addcmul(b[second], a[second], b[first])
        pairwise(*composed, h_0, h[second])
        torch.addcmul(b[2::2], a[2::2], h[1:-1:2], out=h[2::2])


def reversed_scan(a, g, a_next, G_next):
    r"""Rend les :math:`G_t = g_t + a_{t+1} \odot G_{t+1}` d'une tranche, que suivent ``a_next`` et ``G_next``."""
    G = torch.empty_like(a)
    pairwise(torch.cat([a_next[None], a[1:].flip(0)]), g.flip(0), G_next, G)
    return G.flip(0)


class LinearScan(torch.autograd.Function):
    r"""L'aller et le retour de :func:`linear_scan`, le temps étant le premier axe."""

    @staticmethod
    def forward(a, b, h_0):
        """Rend les états, ``(T, B, H)``."""
        h = torch.empty_like(b, memory_format=torch.contiguous_format)
        pairwise(a, b, h_0, h)
        return h

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Garde ce que le retour relira : ni ``b``, ni rien des étages."""
        a, _, h_0 = inputs
        ctx.save_for_backward(a, h_0, output)

    @staticmethod
    def backward(ctx, g):
        r"""Rend :math:`G_t \odot h_{t-1}`, :math:`G_t` et :math:`a_1 \odot G_1`, par un balayage à rebours."""
        a, h_0, h = ctx.saved_tensors
        after = torch.cat([torch.zeros_like(a[:1]), a[1:].flip(0)])  # 0, a_T, …, a_2
        G = LinearScan.apply(after, g.flip(0), torch.zeros_like(h_0)).flip(0)
        return G * torch.cat([h_0[None], h[:-1]]), G, a[0] * G[0]

    @staticmethod
    def vmap(info, in_dims, a, b, h_0):
        """Un axe de plus ne change rien : le balayage ne mélange que les pas."""
        parts = []
        for part, place in zip((a, b, h_0), in_dims, strict=True):
            part = part.unsqueeze(-1) if place is None else part.movedim(place, -1)
            parts.append(part.expand(*part.shape[:-1], info.batch_size))
        return LinearScan.apply(*parts), -1
