r"""Un petit Transformer : un encodeur et un décodeur où seule l'attention fait passer d'un instant à l'autre.

.. math::

    \begin{aligned}
    x &\leftarrow x + \mathrm{attention}(\mathrm{norme}(x)) \\
    x &\leftarrow x + W_2 \max(0, W_1 \,\mathrm{norme}(x) + b_1) + b_2
    \end{aligned}

Rien n'y dépend de l'ordre des caractères, sinon ce qu'on leur ajoute : leur place (:func:`sinusoids`).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, scaled_dot_product_attention

from .._checks import check_callable, check_integer
from .._tensor_checks import check_alike, check_codes, check_generator, check_shape
from ..tasks.texts import text_lengths
from .attention import Memory, checked_mask
from .encoder_decoder import normal_rows
from .readout import affine

__all__ = ["MultiHeadAttention", "Transformer", "sinusoids"]


def sinusoids(length, size):
    r"""La place de chaque instant, écrite en sinus et en cosinus.

    .. math::

        P_{t,2i} = \sin\bigl(t / 10000^{2i/D}\bigr), \qquad P_{t,2i+1} = \cos\bigl(t / 10000^{2i/D}\bigr)

    Args:
        length: le nombre :math:`T` d'instants, comptés à partir de 0.
        size: la taille :math:`D`, paire.

    Returns:
        Un tenseur ``(T, D)``.

    Raises:
        TypeError: si un argument n'est pas un entier.
        ValueError: si ``length`` n'est pas strictement positif, ou ``size`` pas un nombre pair strictement positif.

    References:
        Vaswani et al., *Attention Is All You Need*, NIPS, 2017.

    Example:
        >>> sinusoids(3, 4)[0].tolist()
        [0.0, 1.0, 0.0, 1.0]
    """
    length, size = check_integer("length", length), check_integer("size", size, 2)
    if size % 2:
        raise ValueError(f"size : reçu {size}, attendu un nombre pair")
    rates = 10_000.0 ** -(torch.arange(0, size, 2) / size)  # (D/2)
    angles = torch.arange(length)[:, None] * rates  # (T, D/2)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)  # (T, D)


class MultiHeadAttention(nn.Module):
    r"""Plusieurs attentions à la fois, chacune sur sa part des coordonnées.

    .. math::

        \begin{aligned}
        \text{tête}_k &= \mathrm{softmax}\Bigl(\frac{Q_k K_k^\top}{\sqrt{D/n}}\Bigr) V_k, \qquad
        (Q, K, V) = (x W_q^\top + b_q,\; m W_k^\top + b_k,\; m W_v^\top + b_v) \\
        \mathrm{sortie} &= [\text{tête}_1, \dots, \text{tête}_n]\, W_o^\top + b_o
        \end{aligned}

    :math:`x` pose les questions, :math:`m` donne les clés et les valeurs ; dans l'auto-attention, :math:`m = x`.
    Le calcul est celui de ``torch.nn.MultiheadAttention`` ; les poids, tirés d'un générateur, sont à part.

    Args:
        size: la taille :math:`D` des vecteurs.
        heads: le nombre :math:`n` de têtes, qui divise :math:`D`.
        generator: le ``torch.Generator`` d'où viennent, dans l'ordre, les couches de :math:`W_q`, :math:`W_k`,
            :math:`W_v` et :math:`W_o`, voir :func:`~notebook_utils.models.readout.affine`.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si une taille n'est pas strictement positive, ou si ``heads`` ne divise pas ``size``.

    References:
        Vaswani et al., *Attention Is All You Need*, NIPS, 2017.

    Example:
        >>> attention = MultiHeadAttention(size=8, heads=2)
        >>> x = torch.ones(3, 5, 8)
        >>> attention(x, attention.keys(x)).shape
        torch.Size([3, 5, 8])
    """

    def __init__(self, size, heads, *, generator=None):
        super().__init__()
        self.size, self.heads = check_integer("size", size), check_integer("heads", heads)
        if size % heads:
            raise ValueError(f"heads : reçu {heads}, attendu un diviseur de {size}")
        check_generator(generator, optional=True)
        self.q, self.k, self.v, self.o = (affine(size, size, generator) for _ in range(4))

    def keys(self, memory):
        """Les clés et les valeurs : ``memory`` ``(B, S, D)`` donne deux tenseurs ``(B, n, S, D/n)``."""
        check_alike("memory", memory, ("B", "S", self.size), self.k.weight)
        return self._split(self.k(memory)), self._split(self.v(memory))

    def forward(self, queries, keys, allowed=None):
        """Rend ``(B, T, D)`` ; ``keys`` vient de :meth:`keys`, ``allowed`` est ``(B, S)`` ou ``(B, T, S)``."""
        check_alike("queries", queries, ("B", "T", self.size), self.q.weight)
        if allowed is not None:
            shape = (*queries.shape[:2], keys[0].shape[2])
            allowed = checked_mask(allowed, shape)[:, None]  # (B, 1, T, S)
        heads = scaled_dot_product_attention(self._split(self.q(queries)), *keys, attn_mask=allowed)
        return self.o(heads.transpose(1, 2).flatten(2))

    def _split(self, x):
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, n, T, D/n)


class _Block(nn.Module):
    """Une couche : une attention sur soi, une sur la source (au décodeur seulement), un réseau à deux couches."""

    def __init__(self, size, heads, generator, source):
        super().__init__()
        self.itself = MultiHeadAttention(size, heads, generator=generator)
        self.source = MultiHeadAttention(size, heads, generator=generator) if source else None
        self.network = nn.Sequential(affine(size, 4 * size, generator), nn.ReLU(), affine(4 * size, size, generator))
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(3 if source else 2))

    def forward(self, x, allowed, past=None, source=None):
        """Rend ``(B, T, D)``, et les clés et valeurs de ``x`` mises à la suite de celles de ``past``."""
        y = self.norms[0](x)
        keys = self.itself.keys(y)
        if past is not None:
            keys = tuple(torch.cat(pair, dim=2) for pair in zip(past, keys, strict=True))
        x = x + self.itself(y, keys, allowed)
        if source is not None:
            x = x + self.source(self.norms[1](x), *source)
        return x + self.network(self.norms[-1](x)), keys


class TransformerState(NamedTuple):
    """Ce que le décodeur garde : les clés et valeurs déjà écrites, puis celles de la source et ses places permises.

    Chacune est un n-uplet, une entrée par couche, de couples de tenseurs ``(B, n, t, D/n)``.
    """

    allowed: Tensor
    source: tuple
    past: tuple


class Transformer(nn.Module):
    r"""Lit un texte et en écrit un autre, sans récurrence.

    .. math::

        \begin{aligned}
        m &= \text{couches}(E_x + P), \qquad \hat{y} = W_y\, \text{couches}(E'_y + P \mid m) + b_y
        \end{aligned}

    Chaque couche d'encodeur est une auto-attention, puis un réseau à deux couches ; chaque couche de décodeur a, entre
    les deux, une attention sur :math:`m`, et son auto-attention ne voit que les caractères déjà lus. Comme un
    :class:`~notebook_utils.models.encoder_decoder.EncoderDecoder`, il se donne à ``greedy`` et à ``beam_search``
    par :meth:`start` et :meth:`step`, qui garde les clés et les valeurs de ce qui est écrit.
    Écarts à l'article de 2017 : la normalisation précède chaque bloc, au lieu de le suivre ; les plongements ne sont
    pas multipliés par :math:`\sqrt{D}` ; il n'y a pas d'abandon (*dropout*).

    Args:
        source_size, target_size: les nombres de codes de la source et de la cible, marque comprise.
        size: la taille :math:`D` des vecteurs ; le réseau de chaque couche a :math:`4D` unités.
        heads: le nombre de têtes.
        layers: le nombre de couches de l'encodeur, et du décodeur.
        positions: la fonction ``positions(T, D)`` qui rend :math:`P`, ``(T, D)``.
        generator: le ``torch.Generator`` d'où viennent tous les poids ; ceux des normalisations partent de 1 et de 0.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si une taille ne convient pas.

    References:
        Vaswani et al., *Attention Is All You Need*, NIPS, 2017 ; Xiong et al., *On Layer Normalization in the
        Transformer Architecture*, ICML, 2020, pour la place de la normalisation.

    Example:
        >>> model = Transformer(source_size=6, target_size=4, size=8, heads=2, layers=1)
        >>> source, read = torch.tensor([[3, 1, 5, 0]]), torch.tensor([[0, 3, 1]])
        >>> logits, state = model((source, read)), model.start(source)
        >>> for t in range(3):
        ...     logits_t, state = model.step(read[:, t], state)
        >>> logits.shape, torch.allclose(logits[:, -1], logits_t, atol=1e-6)
        (torch.Size([1, 3, 4]), True)
    """

    def __init__(self, source_size, target_size, *, size=64, heads=4, layers=2, positions=sinusoids, generator=None):
        super().__init__()
        self.source_size = check_integer("source_size", source_size, 2)
        self.target_size = check_integer("target_size", target_size, 2)
        self.size, layers = check_integer("size", size), check_integer("layers", layers)
        check_callable("positions", positions, "une fonction positions(T, D)")
        check_shape("positions", positions(1, self.size), (1, self.size))
        self.positions = positions
        encoder, decoder = ([_Block(size, heads, generator, source) for _ in range(layers)] for source in (False, True))
        self.encoder, self.decoder = nn.ModuleList(encoder), nn.ModuleList(decoder)
        like = self.encoder[0].itself.q.weight
        self.E_x = normal_rows(self.source_size, size, generator, like)  # (V, D)
        self.E_y = normal_rows(self.target_size, size, generator, like)  # (V', D)
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(2))
        self.y = affine(size, self.target_size, generator)

    def memory(self, codes):
        """Lit ``codes`` ``(B, S)`` ; rend la :class:`~notebook_utils.models.attention.Memory`, ``(B, S, D)``."""
        check_codes("codes", codes, ("B", "S"), self.source_size)
        lengths = text_lengths(codes)
        if (lengths == 0).any():
            raise ValueError("codes : reçu un texte vide, attendu au moins un caractère avant la marque")
        allowed = torch.arange(codes.shape[1], device=codes.device) < lengths[:, None]  # (B, S)
        x = self._placed(self.E_x, codes, 0)
        for block in self.encoder:
            x, _ = block(x, allowed)
        return Memory(self.norms[0](x), allowed)

    def start(self, source):
        """Lit ``source``, et rend l'état de départ du décodeur."""
        values, allowed = self.memory(source)
        none = values.new_zeros(len(values), self.decoder[0].itself.heads, 0, self.size // self.decoder[0].itself.heads)
        keys = tuple(block.source.keys(values) for block in self.decoder)
        return TransformerState(allowed, keys, tuple((none, none) for _ in self.decoder))

    def step(self, codes, state):
        """Lit un caractère par exemple, ``codes`` ``(B)`` ; rend les logits du suivant, ``(B, V)``, et l'état."""
        logits, state = self._decode(codes[:, None], state)
        return logits[:, 0], state

    def forward(self, x):
        """Rend les logits ``(B, T, V)`` ; ``x`` est le couple ``(source, lu)``, voir ``shifted``."""
        if not isinstance(x, tuple | list) or len(x) != 2:
            raise TypeError(f"x : reçu {type(x).__name__}, attendu un couple (source, lu)")
        source, read = x
        check_codes("read", read, ("B", "T"), self.target_size)
        return self._decode(read, self.start(source))[0]

    def _decode(self, read, state):
        done, T = state.past[0][0].shape[2], read.shape[1]
        places = torch.arange(done + T, device=read.device)
        seen = (places <= places[done:, None]).expand(len(read), T, done + T)  # (B, T, done + T)
        x, kept = self._placed(self.E_y, read, done), []
        for block, past, keys in zip(self.decoder, state.past, state.source, strict=True):
            x, pair = block(x, seen, past, (keys, state.allowed))
            kept.append(pair)
        return self.y(self.norms[1](x)), state._replace(past=tuple(kept))

    def _placed(self, E, codes, done):
        """Le plongement de chaque code et sa place, ``(B, T, D)`` ; les ``done`` premières places sont passées."""
        P = self.positions(done + codes.shape[1], self.size)[done:]
        return embedding(codes, E) + P.to(E)
