r"""Les couches de récurrence linéaire : ``MinGRU``, ``MinLSTM``, et une minGRU dont la porte a un signe.

Leurs portes ne lisent que l'entrée : un produit de matrices donne d'avance tous les coefficients de la récurrence,
et le balayage de :mod:`notebook_utils.linear.scan` fait le reste.

La séquence est lue par tranches, qui se transmettent l'état : les tableaux de travail restent dans le cache.
L'aller ne garde que les états ; le retour recalcule les portes, dont il connaît les pentes, et balaie à rebours.
"""

import math

import torch
from torch import nn

from .._checks import check_integer, check_number
from .._tensor_checks import check_alike, check_generator
from ..bptt.common import own_precision, through_time
from ..recurrence.weights import Layer, uniform_drawer
from .scan import linear_scan, pairwise, reversed_scan

__all__ = ["MinGRU", "MinLSTM", "SignedMinGRU", "chrono_gates_"]

#: Combien d'états (de nombres) une tranche calcule à la fois, au plus : en ``float32``, un demi-mébioctet.
WORK_SIZE = 2**17


class LinearRecurrence(Layer, nn.Module):
    """Ce que les couches ont en commun : les poids, l'état nul, et le balayage."""

    blocks = 2  # nombre de transformations affines de l'entrée, empilées dans W_x et b

    def __init__(self, input_size, hidden_size, *, generator=None, dtype=None, device=None):
        super().__init__()
        self.input_size = check_integer("input_size", input_size)
        self.hidden_size = check_integer("hidden_size", hidden_size)
        draw = uniform_drawer(self.hidden_size, generator, dtype, device)
        self.W_x = draw(self.blocks * self.hidden_size, self.input_size)  # (kH, D)
        self.b = draw(self.blocks * self.hidden_size)  # (kH)

    def initial_state(self, batch_size):
        """Rend l'état nul du départ, de forme ``(B, H)``."""
        return self.W_x.new_zeros(check_integer("batch_size", batch_size), self.hidden_size)

    def extra_repr(self):
        """Affiche les tailles."""
        return f"input_size={self.input_size}, hidden_size={self.hidden_size}"

    def gates(self, x):
        """Rend les coefficients :math:`a_t` et :math:`b_t` que la couche lit dans ``x``, deux tenseurs ``(B, T, H)``.

        ``linear_scan(*layer.gates(x))`` sont les sorties de la couche.
        """
        x, _ = self._start(x, None)
        a, b = self.coefficients(*project(x.transpose(0, 1), self.W_x, self.b, self.blocks))
        return a.transpose(0, 1), b.transpose(0, 1)

    def forward(self, x, state=None):
        """Rend ``outputs`` ``(B, T, H)`` et l'état final ``(B, H)`` ; ``x`` est ``(B, T, D)``."""
        x, h_0 = self._start(x, state)
        try:
            h, h_T = through_time(BlockScan.apply, x.transpose(0, 1), h_0, self.W_x, self.b, type(self))
        except RuntimeError as error:
            if "torch.func" not in str(error):
                raise
            outputs = linear_scan(*self.gates(x), h_0)  # le balayage, lui, se laisse transformer
            return outputs, outputs[:, -1].clone()
        return h.transpose(0, 1), h_T

    def _check_state(self, x, state):
        check_alike("state", state, (len(x), self.hidden_size), self.W_x)
        return (state,)


class MinGRU(LinearRecurrence):
    r"""Couche minGRU : une GRU dont la porte et le candidat ne lisent pas l'état.

    .. math::

        z_t &= \sigma(W_z x_t + b_z) \\
        \tilde{h}_t &= W_n x_t + b_n \\
        h_t &= (1 - z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t

    où :math:`x_t \in \mathbb{R}^D`, :math:`h_t \in \mathbb{R}^H` et :math:`z_t \in {]0, 1[}^H`.
    Paramètres : ``W_x`` ``(2H, D)``, ``b`` ``(2H)``, blocs z, n (le candidat),
    tirés dans cet ordre selon la loi uniforme sur :math:`[-1/\sqrt{H}, 1/\sqrt{H}]`.

    Au retour, :math:`G_t = \partial L / \partial h_t` vient du balayage à rebours, et les pentes des portes :

    .. math::

        \frac{\partial L}{\partial a^z_t} = (\tilde{h}_t - h_{t-1}) \odot z_t \odot (1 - z_t) \odot G_t, \qquad
        \frac{\partial L}{\partial \tilde{h}_t} = z_t \odot G_t

    où :math:`a^z_t = W_z x_t + b_z`. La couche se dérive deux fois, et ``torch.func`` la transforme :
    elle passe alors par :func:`linear_scan`.

    Écarts à l'article : pour calculer en logarithmes, il rend le candidat positif ;
    le balayage n'en prend pas, et le candidat reste affine.
    Ici, :math:`z_t` *renouvelle*, comme dans :class:`~notebook_utils.recurrence.cells.PaperGRUCell`.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` de l'état.
        generator, dtype, device: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.

    Raises:
        TypeError: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.
        ValueError: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.

    References:
        Feng et al., *Were RNNs All We Needed?*, 2024.

    Example:
        >>> layer = MinGRU(3, 5, generator=torch.Generator().manual_seed(0))
        >>> outputs, state = layer(torch.ones(2, 7, 3))
        >>> outputs.shape, torch.equal(outputs[:, -1], state)
        (torch.Size([2, 7, 5]), True)
    """

    @staticmethod
    def coefficients(a_z, h_tilde):
        r"""Rend :math:`a_t = 1 - z_t` et :math:`b_t = z_t \odot \tilde{h}_t`."""
        z = torch.sigmoid(a_z)
        return 1 - z, z * h_tilde

    @staticmethod
    def slopes(G, h_prev, a, a_z, h_tilde):
        r"""Rend les gradients de :math:`a^z_t` et de :math:`\tilde{h}_t`."""
        dh_tilde = (1 - a) * G
        return dh_tilde * (h_tilde - h_prev) * a, dh_tilde

    @staticmethod
    def chrono(u):
        """Rend le biais qui garde l'état pendant ``1 + u`` pas."""
        return -u.log()


class MinLSTM(LinearRecurrence):
    r"""Couche minLSTM : deux portes qui ne lisent pas l'état, et dont la somme est ramenée à 1.

    .. math::

        f_t &= \sigma(W_f x_t + b_f), \qquad i_t = \sigma(W_i x_t + b_i) \\
        f'_t &= \frac{f_t}{f_t + i_t}, \qquad i'_t = \frac{i_t}{f_t + i_t} \\
        \tilde{h}_t &= W_n x_t + b_n \\
        h_t &= f'_t \odot h_{t-1} + i'_t \odot \tilde{h}_t

    Les lettres sont celles de :class:`MinGRU` ; il n'y a ni porte de sortie, ni second état.
    Paramètres : ``W_x`` ``(3H, D)``, ``b`` ``(3H)``, blocs f, i, n (le candidat).
    Écart à l'article : celui de :class:`MinGRU`.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` de l'état.
        generator, dtype, device: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.

    Raises:
        TypeError: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.
        ValueError: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.

    References:
        Feng et al., *Were RNNs All We Needed?*, 2024.

    Example:
        >>> layer = MinLSTM(3, 5, generator=torch.Generator().manual_seed(0))
        >>> outputs, state = layer(torch.ones(2, 7, 3), layer.initial_state(2))
        >>> outputs.shape, state.shape
        (torch.Size([2, 7, 5]), torch.Size([2, 5]))
    """

    blocks = 3

    @staticmethod
    def coefficients(a_f, a_i, h_tilde):
        r"""Rend :math:`a_t = f'_t` et :math:`b_t = i'_t \odot \tilde{h}_t`."""
        f, i = torch.sigmoid(a_f), torch.sigmoid(a_i)
        kept = f / (f + i)
        return kept, i / (f + i) * h_tilde

    @staticmethod
    def slopes(G, h_prev, a, a_f, a_i, h_tilde):
        r"""Rend les gradients de :math:`a^f_t`, de :math:`a^i_t` et de :math:`\tilde{h}_t`."""
        dh_tilde = (1 - a) * G
        shared = dh_tilde * (h_prev - h_tilde) * a  # ∂f' = f' (1 − f') (∂ log f − ∂ log i)
        return shared * torch.sigmoid(-a_f), -shared * torch.sigmoid(-a_i), dh_tilde

    @staticmethod
    def chrono(u):
        """Rend les biais qui gardent l'état pendant ``1 + u`` pas."""
        return torch.cat([u.log(), -u.log()])


class SignedMinGRU(LinearRecurrence):
    r"""Couche minGRU dont la porte a un signe : d'un pas au suivant, une coordonnée peut se retourner.

    .. math::

        a_t &= \tanh(W_a x_t + b_a) \\
        \tilde{h}_t &= W_n x_t + b_n \\
        h_t &= a_t \odot h_{t-1} + \tilde{h}_t

    où :math:`a_t \in {]-1, 1[}^H` ; les autres lettres sont celles de :class:`MinGRU`.
    Paramètres : ``W_x`` ``(2H, D)``, ``b`` ``(2H)``, blocs a, n (le candidat).
    Écarts à l'article cité, qui étend ainsi Mamba et DeltaNet : la porte est celle d'une minGRU,
    et elle ne pèse pas le candidat.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` de l'état.
        generator, dtype, device: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.

    Raises:
        TypeError: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.
        ValueError: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.

    References:
        Grazzi et al., *Unlocking State-Tracking in Linear RNNs Through Negative Eigenvalues*, ICLR, 2025.

    Example:
        >>> layer = SignedMinGRU(1, 2, dtype=torch.float64)
        >>> with torch.no_grad():  # un 1 retourne l'état, un 0 le garde ; rien ne s'y ajoute
        ...     _ = layer.W_x.zero_(), layer.b.zero_()
        ...     layer.b[:2], layer.W_x[:2] = 20.0, -40.0
        >>> x = torch.tensor([0.0, 1, 1, 1]).double().view(1, 4, 1)
        >>> layer(x, torch.ones(1, 2).double())[0][0, :, 0].tolist()
        [1.0, -1.0, 1.0, -1.0]
    """

    @staticmethod
    def coefficients(a_a, h_tilde):
        r"""Rend :math:`a_t` et :math:`b_t = \tilde{h}_t`."""
        return torch.tanh(a_a), h_tilde

    @staticmethod
    def slopes(G, h_prev, a, a_a, h_tilde):
        r"""Rend les gradients de :math:`W_a x_t + b_a` et de :math:`\tilde{h}_t`."""
        return (1 - a * a) * h_prev * G, G

    @staticmethod
    def chrono(u):
        """Rend le biais qui garde l'état pendant ``1 + u`` pas."""
        return torch.log1p(2 * u) / 2


class BlockScan(torch.autograd.Function):
    r"""L'aller et le retour des couches ; le temps est le premier axe, et ``kind`` dit les portes."""

    @staticmethod
    def forward(ctx, x, h_0, W_x, b, kind):
        """Rend les états ``(T, B, H)`` et le dernier, ``(B, H)`` ; seuls les états sont gardés pour le retour."""
        h = x.new_empty(*x.shape[:2], h_0.shape[1])
        h_prev = h_0
        for x_n, h_n in zip(*(by_blocks(array, h_0) for array in (x, h)), strict=True):
            pairwise(*kind.coefficients(*project(x_n, W_x, b, kind.blocks)), h_prev, h_n)
            h_prev = h_n[-1]
        ctx.kind = kind
        ctx.save_for_backward(x, h_0, W_x, b, h)
        ctx.set_materialize_grads(False)
        return h, h_prev.clone()

    @staticmethod
    def backward(ctx, g, dh_T):
        r"""Rend les gradients de ``x``, ``h_0``, ``W_x`` et ``b`` ; à dériver encore, il passe par ``linear_scan``."""
        x, h_0, W_x, b, h = ctx.saved_tensors
        g = torch.zeros_like(h) if g is None else g
        dh_T = torch.zeros_like(h_0) if dh_T is None else dh_T
        inputs = x, h_0, W_x, b
        with own_precision(g):
            if torch.is_grad_enabled():
                return *differentiable(ctx, inputs, g, dh_T), None
            return *by_hand(ctx, inputs, h, g, dh_T), None


def by_hand(ctx, inputs, h, g, dh_T):
    r"""Remonte la séquence tranche par tranche, la dernière d'abord."""
    (x, h_0, W_x, b), kind = inputs, ctx.kind
    dx = torch.empty_like(x) if ctx.needs_input_grad[0] else None
    dW_x, db = torch.zeros_like(W_x), torch.zeros_like(b)
    blocks = [array.chunk(kind.blocks) for array in (W_x, dW_x, db)]
    a_next, G_next = torch.ones_like(h_0), dh_T
    stop = len(x)
    for x_n, h_n, g_n in reversed(list(zip(*(by_blocks(array, h_0) for array in (x, h, g)), strict=True))):
        start = stop - len(x_n)
        parts = project(x_n, W_x, b, kind.blocks)
        a, _ = kind.coefficients(*parts)
        G = reversed_scan(a, g_n, a_next, G_next)
        h_prev = torch.cat([h[start - 1 : start] if start else h_0[None], h_n[:-1]])
        deltas = kind.slopes(G, h_prev, a, *parts)
        rows = x_n.flatten(0, 1)  # (nB, D)
        for rank, (delta, W, dW, d) in enumerate(zip(deltas, *blocks, strict=True)):
            delta = delta.flatten(0, 1)  # (nB, H)
            dW.addmm_(delta.T, rows)
            d.add_(delta.sum(0))
            if dx is not None:
                part = (delta @ W).unflatten(0, x_n.shape[:2])
                dx[start:stop] = part if rank == 0 else dx[start:stop] + part
        a_next, G_next, stop = a[0], G[0], start
    return dx, a_next * G_next, dW_x, db


def differentiable(ctx, inputs, g, dh_T):
    """Les mêmes gradients, par une suite d'opérations qu'autograd sait suivre : pour dériver deux fois."""
    x, h_0, W_x, b = inputs
    a, b_t = ctx.kind.coefficients(*project(x, W_x, b, ctx.kind.blocks))
    h = linear_scan(a.transpose(0, 1), b_t.transpose(0, 1), h_0).transpose(0, 1)
    wanted = [part for part, needed in zip(inputs, ctx.needs_input_grad, strict=False) if needed]
    found = iter(torch.autograd.grad((h, h[-1]), wanted, (g, dh_T), create_graph=True))
    return [next(found) if needed else None for needed in ctx.needs_input_grad[:4]]


def project(x, W_x, b, blocks):
    r"""Rend les ``blocks`` transformations affines de ``x`` ``(n, B, D)``, chacune ``(n, B, H)``."""
    rows = x.flatten(0, 1)  # (nB, D)
    pairs = zip(b.chunk(blocks), W_x.chunk(blocks), strict=True)
    return [torch.addmm(bias, rows, W.T).unflatten(0, x.shape[:2]) for bias, W in pairs]


def by_blocks(array, h_0):
    """Coupe le temps en tranches qui tiennent dans le cache ; une carte graphique préfère la séquence entière."""
    return array.split(len(array) if array.is_cuda else max(1, WORK_SIZE // h_0.numel()))


@torch.no_grad()
def chrono_gates_(layer, T_max, generator=None):
    r"""Règle les portes d'une récurrence linéaire sur les durées de la tâche (initialisation *chrono*).

    .. math::

        a_t = \frac{u}{1 + u} \; \text{ quand } x_t = 0, \qquad u \sim \mathcal{U}(1, T_{\max} - 1)^H

    La mémoire d'une unité s'efface en :math:`1 + u` pas environ, et les unités se partagent ainsi
    toutes les durées de la tâche, comme avec :func:`~notebook_utils.recurrence.initialization.chrono_`.
    Pour :class:`MinGRU`, :math:`b_z = -\log u` ; pour :class:`MinLSTM`, :math:`b_f = \log u` et :math:`b_i = -b_f` ;
    pour :class:`SignedMinGRU`, :math:`b_a = \tfrac12 \log (1 + 2u)`, positif.
    Les biais du candidat ne changent pas.

    Args:
        layer: une :class:`MinGRU`, une :class:`MinLSTM` ou une :class:`SignedMinGRU`, modifiée sur place.
        T_max: la plus longue dépendance à retenir, en pas de temps, plus grande que 2.
        generator: le ``torch.Generator`` du tirage ; par défaut le générateur global.

    Returns:
        La couche reçue.

    Raises:
        TypeError: si ``layer`` n'est pas l'une des trois couches,
            si ``T_max`` n'est pas un nombre, ou ``generator`` pas un ``torch.Generator``.
        ValueError: si ``T_max`` n'est pas un nombre fini plus grand que 2.

    References:
        Tallec et Ollivier, *Can recurrent neural networks warp time?*, ICLR, 2018, section 2.

    Example:
        >>> layer = chrono_gates_(MinGRU(3, 2), 100, torch.Generator().manual_seed(0))
        >>> a, _ = layer.gates(torch.zeros(1, 1, 3))
        >>> ((a >= 0.5) & (a <= 0.99)).all().item()
        True
    """
    if not isinstance(layer, LinearRecurrence):
        raise TypeError(f"layer : reçu {type(layer).__name__}, attendu MinGRU, MinLSTM ou SignedMinGRU")
    check_generator(generator, optional=True)
    if not 2 < check_number("T_max", T_max, "un nombre fini plus grand que 2") < math.inf:
        raise ValueError(f"T_max : reçu {T_max}, attendu un nombre fini plus grand que 2")
    H, place = layer.hidden_size, layer.b.device if generator is None else generator.device
    u = torch.empty(H, dtype=layer.b.dtype, device=place).uniform_(1, T_max - 1, generator=generator)
    layer.b[: (layer.blocks - 1) * H] = layer.chrono(u).to(layer.b.device)
    return layer
