r"""Les cellules récurrentes du cours, écrites comme leurs équations.

Toutes suivent le même protocole, en deux méthodes :

- ``h, state = cell(x, state)`` avance d'un pas de temps ;
- ``cell.initial_state(batch_size)`` donne l'état nul du départ.

L'entrée ``x`` est de forme ``(B, D)`` et la sortie ``h`` de forme ``(B, H)``.
L'état est ``h`` lui-même pour :class:`RNNCell`, :class:`GRUCell` et :class:`PaperGRUCell` ;
c'est le couple ``LSTMState(h, c)`` pour :class:`LSTMCell`.
"""

import torch

from .weights import GRUWeights, LSTMState, LSTMWeights, PaperGRUWeights, RNNWeights

__all__ = ["GRUCell", "LSTMCell", "LSTMState", "PaperGRUCell", "RNNCell"]


class RNNCell(RNNWeights):
    r"""Cellule récurrente standard.

    .. math::

        h_t = \tanh(W_h h_{t-1} + W_x x_t + b)

    où :math:`x_t \in \mathbb{R}^D` est l'entrée, :math:`h_t \in \mathbb{R}^H` l'état caché,
    :math:`W_x \in \mathbb{R}^{H \times D}`, :math:`W_h \in \mathbb{R}^{H \times H}`
    et :math:`b \in \mathbb{R}^H`.
    Paramètres : ``W_x`` ``(H, D)``, ``W_h`` ``(H, H)``, ``b`` ``(H)``,
    tirés dans cet ordre selon la loi uniforme sur :math:`[-1/\sqrt{H}, 1/\sqrt{H}]`.

    Écart à ``torch.nn.RNNCell`` : un seul biais au lieu de deux qui s'ajoutent,
    donc un biais initial deux fois moins variable.
    Sous ``torch.autocast``, les produits se font en précision réduite, comme dans ``torch.nn``.

    Args:
        input_size: taille :math:`D` de l'entrée.
        hidden_size: taille :math:`H` de l'état caché.
        generator: le ``torch.Generator`` dont les poids sont tirés ; par défaut le générateur global,
            que règle ``torch.manual_seed``.
        dtype: type des poids, celui de PyTorch par défaut.
        device: appareil où vivent les poids.

    Raises:
        TypeError: si une taille n'est pas un entier, ``generator`` pas un ``torch.Generator``,
            ``dtype`` pas un type à virgule flottante, ou une entrée pas un tenseur du bon type.
        ValueError: si une taille n'est pas positive, si ``device`` est inconnu, ou si une forme ne convient pas.

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
        self._check(x, state)
        W_h, W_x, b, h_prev = self.W_h, self.W_x, self.b, state
        h = torch.tanh(h_prev @ W_h.T + x @ W_x.T + b)  # (B, H)
        return h, h


class LSTMCell(LSTMWeights):
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

    Écarts à ``torch.nn.LSTMCell`` : celui de :class:`RNNCell` (biais unique),
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

    def forward(self, x, state):
        """Avance d'un pas : ``x`` ``(B, D)`` et ``LSTMState(h, c)`` donnent ``h, state``."""
        self._check(x, state)
        h_prev, c_prev = state
        a = h_prev @ self.W_h.T + x @ self.W_x.T + self.b  # (B, 4H)
        a_i, a_f, a_g, a_o = a.chunk(4, dim=1)  # 4 × (B, H)
        f = torch.sigmoid(a_f)
        i = torch.sigmoid(a_i)
        o = torch.sigmoid(a_o)
        c_tilde = torch.tanh(a_g)
        c = f * c_prev + i * c_tilde  # (B, H)
        h = o * torch.tanh(c)  # (B, H)
        return h, LSTMState(h, c)


class GRUCell(GRUWeights):
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
    Écart à ``torch.nn.GRUCell`` : celui de :class:`RNNCell` (biais fusionnés).

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

    def forward(self, x, state):
        """Avance d'un pas : ``x`` ``(B, D)`` et ``state`` ``(B, H)`` donnent ``h, h``."""
        self._check(x, state)
        h_prev, b_h = state, self.b_h
        h_r, h_z, h_n = (h_prev @ self.W_h.T).chunk(3, dim=1)  # 3 × (B, H)
        x_r, x_z, x_n = (x @ self.W_x.T + self.b).chunk(3, dim=1)  # 3 × (B, H)
        r = torch.sigmoid(h_r + x_r)
        z = torch.sigmoid(h_z + x_z)
        h_tilde = torch.tanh(r * (h_n + b_h) + x_n)
        h = (1 - z) * h_tilde + z * h_prev  # (B, H)
        return h, h


class PaperGRUCell(PaperGRUWeights):
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

    def forward(self, x, state):
        """Avance d'un pas : ``x`` ``(B, D)`` et ``state`` ``(B, H)`` donnent ``h, h``."""
        self._check(x, state)
        h_prev, H = state, self.hidden_size
        W_hr, W_hz, W_hn = self.W_h.split(H)  # 3 × (H, H)
        x_r, x_z, x_n = (x @ self.W_x.T + self.b).chunk(3, dim=1)  # 3 × (B, H)
        r = torch.sigmoid(h_prev @ W_hr.T + x_r)
        z = torch.sigmoid(h_prev @ W_hz.T + x_z)
        h_tilde = torch.tanh((r * h_prev) @ W_hn.T + x_n)
        h = (1 - z) * h_prev + z * h_tilde  # (B, H)
        return h, h
