r"""Les cellules récurrentes du cours, écrites comme leurs équations.

Toutes suivent le même protocole, en deux méthodes :

- ``h, state = cell(x, state)`` avance d'un pas de temps ;
- ``cell.initial_state(batch_size)`` donne l'état nul du départ.

L'entrée ``x`` est de forme ``(B, D)`` et la sortie ``h`` de forme ``(B, H)``.
L'état est ``h`` lui-même pour :class:`RNNCell`, :class:`GRUCell` et :class:`PaperGRUCell` ;
c'est le couple ``LSTMState(h, c)`` pour :class:`LSTMCell`.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["GRUCell", "LSTMCell", "LSTMState", "PaperGRUCell", "RNNCell"]


class LSTMState(NamedTuple):
    r"""État d'une cellule LSTM : :math:`(h_t, c_t)`.

    :math:`h_t \in \mathbb{R}^H` est l'état caché, lu par le reste du réseau ;
    :math:`c_t \in \mathbb{R}^H` est l'état de cellule, que seule la cellule lit.

    Example:
        >>> import torch
        >>> state = LSTMState(h=torch.zeros(2, 3), c=torch.ones(2, 3))
        >>> state.c.shape
        torch.Size([2, 3])
    """

    #: État caché, de forme ``(B, H)``.
    h: Tensor
    #: État de cellule, de forme ``(B, H)``.
    c: Tensor


class _Cell(nn.Module):
    """Ce que les quatre cellules ont en commun : tailles, tirage des poids, vérifications."""

    blocks = 1  # nombre de transformations affines empilées dans W_x, W_h et b

    def __init__(self, input_size, hidden_size, *, generator=None, dtype=None, device=None):
        super().__init__()
        _check_size("input_size", input_size)
        _check_size("hidden_size", hidden_size)
        self.input_size, self.hidden_size = input_size, hidden_size
        draw = _uniform_drawer(hidden_size, generator, dtype, device)
        rows = self.blocks * hidden_size
        self.W_x = draw(rows, input_size)  # (kH, D)
        self.W_h = draw(rows, hidden_size)  # (kH, H)
        self.b = draw(rows)  # (kH)
        self._add_parameters(draw)

    def _add_parameters(self, draw):
        """Ajoute les paramètres propres à une cellule, tirés après les autres."""

    def initial_state(self, batch_size):
        """Rend l'état nul du départ, de forme ``(B, H)``."""
        _check_size("batch_size", batch_size)
        return self.W_h.new_zeros(batch_size, self.hidden_size)  # (B, H)

    def extra_repr(self):
        """Affiche les tailles de la cellule."""
        return f"input_size={self.input_size}, hidden_size={self.hidden_size}"

    def _check(self, x, **states):
        """Refuse, avant tout calcul, une entrée ou un état que la cellule ne peut pas lire."""
        _check_tensor("x", x, ("B", self.input_size), self.W_x)
        for name, state in states.items():
            _check_tensor(name, state, (x.shape[0], self.hidden_size), self.W_x)


class RNNCell(_Cell):
    r"""Cellule récurrente standard.

    .. math::

        h_t = \tanh(W_h h_{t-1} + W_x x_t + b)

    où :math:`x_t \in \mathbb{R}^D` est l'entrée, :math:`h_t \in \mathbb{R}^H` l'état caché,
    :math:`W_x \in \mathbb{R}^{H \times D}`, :math:`W_h \in \mathbb{R}^{H \times H}`
    et :math:`b \in \mathbb{R}^H`.
    Paramètres : ``W_x`` ``(H, D)``, ``W_h`` ``(H, H)``, ``b`` ``(H)``,
    tirés dans cet ordre selon la loi uniforme sur :math:`[-1/\sqrt{H}, 1/\sqrt{H}]`.

    Écarts à ``torch.nn.RNNCell`` : un seul biais au lieu de deux qui s'ajoutent,
    donc un biais initial deux fois moins variable ;
    et sans ``generator``, le tirage vient d'un générateur neuf amorcé au hasard :
    ``torch.manual_seed`` n'a pas d'effet, et l'état du générateur global n'est pas touché.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` de l'état caché.
        generator: le ``torch.Generator`` dont les poids sont tirés.
        dtype: type des poids, celui de PyTorch par défaut.
        device: appareil où vivent les poids.

    Raises:
        TypeError: si une taille n'est pas un entier, ou une entrée pas un tenseur du bon type.
        ValueError: si une taille n'est pas positive, ou si une forme ne convient pas.

    References:
        Elman, *Finding Structure in Time*, Cognitive Science, 1990.

    Example:
        >>> import torch
        >>> cell = RNNCell(3, 5, generator=torch.Generator().manual_seed(0))
        >>> h, state = cell(torch.ones(2, 3), cell.initial_state(2))
        >>> h.shape, h is state
        (torch.Size([2, 5]), True)
    """

    def forward(self, x, state):
        """Avance d'un pas : ``x`` ``(B, D)`` et ``state`` ``(B, H)`` donnent ``h, h``."""
        self._check(x, state=state)
        W_h, W_x, b, h_prev = self.W_h, self.W_x, self.b, state
        h = torch.tanh(h_prev @ W_h.T + x @ W_x.T + b)  # (B, H)
        return h, h


class LSTMCell(_Cell):
    r"""Cellule LSTM, avec porte d'oubli.

    .. math::

        f_t &= \sigma(W_{hf} h_{t-1} + W_{xf} x_t + b_f) \\
        i_t &= \sigma(W_{hi} h_{t-1} + W_{xi} x_t + b_i) \\
        o_t &= \sigma(W_{ho} h_{t-1} + W_{xo} x_t + b_o) \\
        \tilde{c}_t &= \tanh(W_{hg} h_{t-1} + W_{xg} x_t + b_g) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot \tilde{c}_t \\
        h_t &= o_t \odot \tanh(c_t)

    où :math:`f_t, i_t, o_t \in {]0, 1[}^H` sont les portes d'oubli, d'entrée et de sortie,
    :math:`\tilde{c}_t` le candidat, :math:`c_t` l'état de cellule
    et :math:`\odot` le produit terme à terme.
    Paramètres : ``W_x`` ``(4H, D)``, ``W_h`` ``(4H, H)``, ``b`` ``(4H)``,
    blocs empilés dans l'ordre de PyTorch : i, f, g (le candidat), o.

    Écarts à ``torch.nn.LSTMCell`` : ceux de :class:`RNNCell` (biais unique, générateur),
    et l'état est un :class:`LSTMState` qui s'ajoute à la sortie.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` des deux états.
        generator, dtype, device: comme :class:`RNNCell`.

    Raises:
        TypeError: comme :class:`RNNCell`, ou si l'état n'est pas un couple ``(h, c)``.
        ValueError: comme :class:`RNNCell`.

    References:
        Hochreiter et Schmidhuber, *Long Short-Term Memory*, Neural Computation, 1997 ;
        porte d'oubli : Gers, Schmidhuber et Cummins, *Learning to Forget*, 2000.

    Example:
        >>> import torch
        >>> cell = LSTMCell(3, 5, generator=torch.Generator().manual_seed(0))
        >>> h, state = cell(torch.ones(2, 3), cell.initial_state(2))
        >>> state._fields, state.c.shape, h is state.h
        (('h', 'c'), torch.Size([2, 5]), True)
    """

    blocks = 4

    def initial_state(self, batch_size):
        """Rend l'état nul du départ : ``LSTMState(h, c)``, deux tenseurs ``(B, H)``."""
        zeros = super().initial_state(batch_size)  # (B, H)
        return LSTMState(h=zeros, c=zeros.clone())

    def forward(self, x, state):
        """Avance d'un pas : ``x`` ``(B, D)`` et ``LSTMState(h, c)`` donnent ``h, state``."""
        h_prev, c_prev = _check_pair(state)
        self._check(x, **{"state.h": h_prev, "state.c": c_prev})
        a = h_prev @ self.W_h.T + x @ self.W_x.T + self.b  # (B, 4H)
        a_i, a_f, a_g, a_o = a.chunk(4, dim=1)  # 4 × (B, H)
        f = torch.sigmoid(a_f)
        i = torch.sigmoid(a_i)
        o = torch.sigmoid(a_o)
        c_tilde = torch.tanh(a_g)
        c = f * c_prev + i * c_tilde  # (B, H)
        h = o * torch.tanh(c)  # (B, H)
        return h, LSTMState(h, c)


class GRUCell(_Cell):
    r"""Cellule GRU, telle que PyTorch la calcule.

    .. math::

        r_t &= \sigma(W_{hr} h_{t-1} + W_{xr} x_t + b_r) \\
        z_t &= \sigma(W_{hz} h_{t-1} + W_{xz} x_t + b_z) \\
        \tilde{h}_t &= \tanh(r_t \odot (W_{hn} h_{t-1} + b_h) + W_{xn} x_t + b_n) \\
        h_t &= (1 - z_t) \odot \tilde{h}_t + z_t \odot h_{t-1}

    où :math:`r_t, z_t \in {]0, 1[}^H` sont les portes de réinitialisation et de mise à jour,
    et :math:`\tilde{h}_t` le candidat.
    Paramètres : ``W_x`` ``(3H, D)``, ``W_h`` ``(3H, H)``, ``b`` ``(3H)``,
    blocs dans l'ordre r, z, n (le candidat),
    et ``b_h`` ``(H)``, biais récurrent du candidat, qui reste à part
    parce que :math:`r_t` le multiplie.

    Écarts à la forme du cours, :class:`PaperGRUCell` :
    ici :math:`z_t` **garde** le passé et :math:`r_t` s'applique **après** le produit ; là,

    .. math::

        \tilde{h}_t &= \tanh(W_{hn} (r_t \odot h_{t-1}) + W_{xn} x_t + b_n) \\
        h_t &= (1 - z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t

    Échanger :math:`z_t` et :math:`1 - z_t` ne change que le signe des poids de la porte ;
    appliquer :math:`r_t` avant ou après :math:`W_{hn}` change la fonction.
    Écarts à ``torch.nn.GRUCell`` : ceux de :class:`RNNCell` (biais fusionnés, générateur).

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` de l'état caché.
        generator, dtype, device: comme :class:`RNNCell`.

    Raises:
        TypeError: comme :class:`RNNCell`.
        ValueError: comme :class:`RNNCell`.

    References:
        Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder*, EMNLP, 2014 ;
        documentation de ``torch.nn.GRU``.

    Example:
        >>> import torch
        >>> cell = GRUCell(3, 5, generator=torch.Generator().manual_seed(0))
        >>> h, state = cell(torch.ones(2, 3), cell.initial_state(2))
        >>> h.shape, cell.b_h.shape
        (torch.Size([2, 5]), torch.Size([5]))
    """

    blocks = 3

    def _add_parameters(self, draw):
        self.b_h = draw(self.hidden_size)  # (H)

    def forward(self, x, state):
        """Avance d'un pas : ``x`` ``(B, D)`` et ``state`` ``(B, H)`` donnent ``h, h``."""
        self._check(x, state=state)
        h_prev, b_h = state, self.b_h
        h_r, h_z, h_n = (h_prev @ self.W_h.T).chunk(3, dim=1)  # 3 × (B, H)
        x_r, x_z, x_n = (x @ self.W_x.T + self.b).chunk(3, dim=1)  # 3 × (B, H)
        r = torch.sigmoid(h_r + x_r)
        z = torch.sigmoid(h_z + x_z)
        h_tilde = torch.tanh(r * (h_n + b_h) + x_n)
        h = (1 - z) * h_tilde + z * h_prev  # (B, H)
        return h, h


class PaperGRUCell(_Cell):
    r"""Cellule GRU, telle que les articles et ce cours l'écrivent.

    .. math::

        r_t &= \sigma(W_{hr} h_{t-1} + W_{xr} x_t + b_r) \\
        z_t &= \sigma(W_{hz} h_{t-1} + W_{xz} x_t + b_z) \\
        \tilde{h}_t &= \tanh(W_{hn} (r_t \odot h_{t-1}) + W_{xn} x_t + b_n) \\
        h_t &= (1 - z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t

    Les lettres sont celles de :class:`GRUCell`.
    Paramètres : ``W_x`` ``(3H, D)``, ``W_h`` ``(3H, H)``, ``b`` ``(3H)``,
    blocs dans l'ordre r, z, n (le candidat).

    Écarts à PyTorch, donc à :class:`GRUCell` :
    ici :math:`z_t` **renouvelle** l'état et :math:`r_t` s'applique **avant** le produit ; là,

    .. math::

        \tilde{h}_t &= \tanh(r_t \odot (W_{hn} h_{t-1} + b_h) + W_{xn} x_t + b_n) \\
        h_t &= (1 - z_t) \odot \tilde{h}_t + z_t \odot h_{t-1}

    Écarts entre les articles : Cho et al. (2014) appliquent :math:`r_t` avant le produit,
    mais leur équation 7 fait **garder** le passé par :math:`z_t`, comme PyTorch ;
    l'écriture de :math:`h_t` retenue ici est celle de Chung et al. (2014).
    Ces articles n'écrivent pas de biais ; le cours en ajoute un.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` de l'état caché.
        generator, dtype, device: comme :class:`RNNCell`.

    Raises:
        TypeError: comme :class:`RNNCell`.
        ValueError: comme :class:`RNNCell`.

    References:
        Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder*, EMNLP, 2014 ;
        Chung et al., *Empirical Evaluation of Gated Recurrent Neural Networks*, 2014.

    Example:
        >>> import torch
        >>> cell = PaperGRUCell(3, 5, generator=torch.Generator().manual_seed(0))
        >>> h, state = cell(torch.ones(2, 3), cell.initial_state(2))
        >>> h.shape
        torch.Size([2, 5])
    """

    blocks = 3

    def forward(self, x, state):
        """Avance d'un pas : ``x`` ``(B, D)`` et ``state`` ``(B, H)`` donnent ``h, h``."""
        self._check(x, state=state)
        h_prev, H = state, self.hidden_size
        W_hr, W_hz, W_hn = self.W_h.split(H)  # 3 × (H, H)
        x_r, x_z, x_n = (x @ self.W_x.T + self.b).chunk(3, dim=1)  # 3 × (B, H)
        r = torch.sigmoid(h_prev @ W_hr.T + x_r)
        z = torch.sigmoid(h_prev @ W_hz.T + x_z)
        h_tilde = torch.tanh((r * h_prev) @ W_hn.T + x_n)
        h = (1 - z) * h_prev + z * h_tilde  # (B, H)
        return h, h


def _uniform_drawer(hidden_size, generator, dtype, device):
    """Rend la fonction qui tire un paramètre selon U(−1/√H, 1/√H), sans générateur global."""
    if dtype is not None and not dtype.is_floating_point:
        raise TypeError(f"dtype : reçu {dtype}, attendu un type à virgule flottante")
    if generator is None:
        generator = torch.Generator()
        generator.seed()
    bound = hidden_size**-0.5

    def draw(*shape):
        values = torch.empty(shape, dtype=dtype, device=generator.device)
        return nn.Parameter(values.uniform_(-bound, bound, generator=generator).to(device))

    return draw


def _check_size(name, size):
    if not isinstance(size, int) or isinstance(size, bool):
        raise TypeError(f"{name} : reçu {size!r} ({type(size).__name__}), attendu un entier")
    if size <= 0:
        raise ValueError(f"{name} : reçu {size}, attendu un entier strictement positif")


def _check_tensor(name, value, shape, like):
    """Compare forme, type et appareil ; une lettre dans ``shape`` accepte toute taille."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} : reçu {type(value).__name__}, attendu un tenseur")
    right = value.ndim == len(shape)
    for size, expected in zip(value.shape, shape, strict=False):
        right = right and (size == expected or isinstance(expected, str))
    if not right:
        expected = ", ".join(str(m) for m in shape)
        raise ValueError(f"{name} : reçu la forme {tuple(value.shape)}, attendu ({expected})")
    if value.dtype != like.dtype:
        raise TypeError(f"{name} : reçu le type {value.dtype}, attendu {like.dtype}")
    if value.device != like.device:
        raise ValueError(f"{name} : reçu sur {value.device}, attendu sur {like.device}")


def _check_pair(state):
    if not isinstance(state, tuple) or len(state) != 2:
        raise TypeError(f"state : reçu {type(state).__name__}, attendu LSTMState(h, c)")
    return state
