r"""Lire une séquence, en garder un vecteur, en écrire une autre.

.. math::

    v &= \mathrm{encodeur}(x_1, \dots, x_S) \\
    p(y_1, \dots, y_T \mid x) &= \prod_{t=1}^{T} p(y_t \mid v, y_1, \dots, y_{t-1})

Les textes sont des codes, où 0 est la marque qui ouvre, ferme et complète (:mod:`notebook_utils.tasks.texts`).
"""

import torch
from torch import nn
from torch.nn.functional import embedding

from .._checks import check_integer
from .._tensor_checks import check_codes, check_module, check_real
from ..recurrence.weights import uniform_drawer
from ..tasks.texts import text_lengths
from .readout import check_layer

__all__ = ["Decoder", "Encoder", "EncoderDecoder"]


class Encoder(nn.Module):
    r"""Lit un texte, et en rend un vecteur.

    .. math::

        h_t = \mathrm{couche}(h_{t-1}, E_{x_t}), \qquad v = h_n

    :math:`x_t` est le code du :math:`t`-ième caractère, :math:`E \in \mathbb{R}^{V \times D}` le plongement
    (*embedding*), dont :math:`E_{x_t}` est une ligne, et :math:`n` la longueur du texte, marque non comprise.
    Les marques qui complètent un texte sont lues après lui : elles ne changent donc rien à :math:`v`.

    Args:
        layer: une couche ``outputs, state = layer(x)``, d'entrée :math:`D` et d'état :math:`H` ;
            celles de ``torch.nn`` conviennent comme pour :class:`~notebook_utils.models.readout.SequenceClassifier`.
        vocabulary_size: le nombre :math:`V` de codes, marque comprise.
        generator: le ``torch.Generator`` dont :math:`E` est tiré, selon la loi normale centrée réduite.

    Raises:
        TypeError: si ``layer`` n'est pas une couche, ou si un autre argument n'est pas du bon type.
        ValueError: si ``vocabulary_size`` n'est pas au moins 2.

    References:
        Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder*, EMNLP, 2014.

    Example:
        >>> from notebook_utils import GRU
        >>> encoder = Encoder(GRU(3, 5), vocabulary_size=4)
        >>> short, padded = torch.tensor([[3, 1]]), torch.tensor([[3, 1, 0, 0]])
        >>> torch.equal(encoder(short), encoder(padded))
        True
    """

    def __init__(self, layer, vocabulary_size, *, generator=None):
        super().__init__()
        self.hidden_size, like = check_layer(layer)
        self.vocabulary_size = check_integer("vocabulary_size", vocabulary_size, 2)
        self.layer = layer
        self.E = normal_rows(self.vocabulary_size, inner(layer).input_size, generator, like)  # (V, D)

    def read(self, codes):
        """Rend toutes les sorties, ``(B, S, H)``, et les longueurs, ``(B)``, de ``codes`` ``(B, S)``."""
        check_codes("codes", codes, ("B", "S"), self.vocabulary_size)
        lengths = text_lengths(codes)
        if lengths.numel() and lengths.min() == 0:
            raise ValueError("codes : reçu un texte vide, attendu au moins un caractère avant la marque")
        outputs, _ = self.layer(embedding(codes, self.E))  # (B, S, H)
        return outputs, lengths

    def forward(self, codes):
        """Rend le vecteur de chaque texte : ``codes`` ``(B, S)`` donne ``(B, H)``."""
        outputs, lengths = self.read(codes)
        return outputs[torch.arange(len(codes), device=codes.device), lengths - 1]  # (B, H)


class Decoder(nn.Module):
    r"""Écrit un texte à partir d'un vecteur, un caractère par pas.

    .. math::

        s_0 &= \tanh(W_s v + b_s) \\
        (h_t, s_t) &= \mathrm{couche}(s_{t-1}, E_{y_{t-1}}) \\
        \hat{y}_t &= W_y h_t + b_y

    :math:`v \in \mathbb{R}^{D_v}` est le vecteur, :math:`y_0` la marque, :math:`s_t` l'état (``h``, ou ``h`` et
    ``c`` pour la LSTM, chacun avec ses lignes de :math:`W_s`) et :math:`\hat{y}_t \in \mathbb{R}^V` les logits du
    caractère suivant. À l'apprentissage, :math:`y_{t-1}` est le vrai caractère (:meth:`forward`) ;
    à l'usage, celui que le décodeur vient de choisir (:meth:`step`, que déroulent les fonctions de
    :mod:`notebook_utils.models.decoding`).

    Args:
        layer: une couche du cours, d'entrée :math:`D` et d'état :math:`H`, ou ``Recurrent(cellule)``.
        vocabulary_size: le nombre :math:`V` de codes, marque comprise.
        vector_size: la taille :math:`D_v` du vecteur.
        generator: le ``torch.Generator`` d'où viennent, dans l'ordre, :math:`E` (loi normale centrée réduite),
            :math:`W_s`, :math:`b_s` (loi uniforme sur :math:`[-1/\sqrt{D_v}, 1/\sqrt{D_v}]`),
            :math:`W_y` et :math:`b_y` (sur :math:`[-1/\sqrt{H}, 1/\sqrt{H}]`).

    Raises:
        TypeError: si ``layer`` n'est pas une couche du cours, ou si un autre argument n'est pas du bon type.
        ValueError: si une taille n'est pas strictement positive.

    References:
        Sutskever, Vinyals et Le, *Sequence to Sequence Learning with Neural Networks*, NIPS, 2014.

    Example:
        >>> from notebook_utils import LSTM
        >>> decoder = Decoder(LSTM(3, 5), vocabulary_size=4, vector_size=2)
        >>> state = decoder.start(torch.ones(1, 2))
        >>> read = torch.tensor([[0, 3, 1]])
        >>> logits = decoder(read, state)
        >>> for t in range(3):
        ...     logits_t, state = decoder.step(read[:, t], state)
        >>> logits.shape, torch.allclose(logits[:, -1], logits_t, atol=1e-6)
        (torch.Size([1, 3, 4]), True)
    """

    def __init__(self, layer, vocabulary_size, vector_size, *, generator=None):
        super().__init__()
        H, like = check_layer(layer)
        self.vocabulary_size = check_integer("vocabulary_size", vocabulary_size, 2)
        self.vector_size = check_integer("vector_size", vector_size)
        if not hasattr(inner(layer), "initial_state"):
            raise TypeError(f"layer : reçu {type(layer).__name__}, attendu une couche du cours, ou Recurrent(cellule)")
        self.layer = layer
        zeros = inner(layer).initial_state(1)
        self.parts = len(zeros) if isinstance(zeros, tuple) else 1
        self.E = normal_rows(self.vocabulary_size, inner(layer).input_size, generator, like)  # (V, D)
        draw = uniform_drawer(self.vector_size, generator, like.dtype, like.device)
        self.W_s, self.b_s = draw(self.parts * H, self.vector_size), draw(self.parts * H)
        draw = uniform_drawer(H, generator, like.dtype, like.device)
        self.W_y, self.b_y = draw(self.vocabulary_size, H), draw(self.vocabulary_size)

    def start(self, vector):
        """Rend l'état de départ : ``vector`` est ``(B, D_v)``."""
        check_real("vector", vector, ("B", self.vector_size))
        state = torch.tanh(vector @ self.W_s.T + self.b_s)  # (B, kH)
        zeros = inner(self.layer).initial_state(1)
        return type(zeros)(*state.chunk(self.parts, dim=1)) if isinstance(zeros, tuple) else state

    def step(self, codes, state):
        """Lit un caractère par exemple, ``codes`` ``(B)`` ; rend les logits du suivant, ``(B, V)``, et l'état."""
        h, state = one_step(self.layer, embedding(codes, self.E), state)  # (B, H)
        return h @ self.W_y.T + self.b_y, state  # (B, V)

    def forward(self, read, state):
        """Rend tous les logits, ``(B, T, V)`` ; ``read`` ``(B, T)`` réunit les caractères lus, marque d'abord."""
        check_codes("read", read, ("B", "T"), self.vocabulary_size)
        outputs, _ = self.layer(embedding(read, self.E), state)  # (B, T, H)
        return outputs @ self.W_y.T + self.b_y  # (B, T, V)


class EncoderDecoder(nn.Module):
    r"""Un encodeur, un vecteur, un décodeur : le vecteur est tout ce que le second sait du premier.

    .. math::

        \hat{y} = \text{décodeur}\bigl(y,\; \text{encodeur}(x)\bigr)

    Args:
        encoder: tout réseau qui rend un vecteur ``(B, D_v)`` : un :class:`Encoder`, ou un réseau qui lit une image.
        decoder: un :class:`Decoder`, dont ``vector_size`` est :math:`D_v`.

    Raises:
        TypeError: si l'un ou l'autre n'est pas du bon type.

    Example:
        >>> from notebook_utils import GRU
        >>> model = EncoderDecoder(nn.Linear(64, 8), Decoder(GRU(3, 5), vocabulary_size=4, vector_size=8))
        >>> model((torch.ones(2, 64), torch.tensor([[0, 3, 1], [0, 2, 2]]))).shape
        torch.Size([2, 3, 4])
    """

    def __init__(self, encoder, decoder):
        super().__init__()
        check_module(encoder)
        if not isinstance(decoder, Decoder):
            raise TypeError(f"decoder : reçu {type(decoder).__name__}, attendu un Decoder")
        self.encoder, self.decoder = encoder, decoder

    def forward(self, x):
        """Rend les logits ``(B, T, V)`` ; ``x`` est le couple ``(source, lu)``, voir ``shifted``."""
        if not isinstance(x, tuple | list) or len(x) != 2:
            raise TypeError(f"x : reçu {type(x).__name__}, attendu un couple (source, lu)")
        source, read = x
        return self.decoder(read, self.start(source))

    def start(self, source):
        """Lit ``source``, et rend l'état de départ du décodeur."""
        return self.decoder.start(self.encoder(source))

    def step(self, codes, state):
        """Avance d'un caractère, voir :meth:`Decoder.step`."""
        return self.decoder.step(codes, state)


def inner(layer):
    """La cellule d'une couche ``Recurrent(cellule)`` ; sinon, la couche elle-même."""
    return getattr(layer, "cell", layer)


def one_step(layer, x, state):
    """Un pas d'une couche, par son raccourci si elle en a un ; ``x`` ``(B, D)`` donne ``h`` ``(B, H)`` et l'état."""
    if hasattr(layer, "step"):
        return layer.step(x, state)
    outputs, state = layer(x[:, None], state)  # (B, 1, H)
    return outputs[:, 0], state


def normal_rows(rows, columns, generator, like):
    """Tire un plongement, ``(rows, columns)``, selon la loi normale centrée réduite."""
    place = like.device if generator is None else generator.device
    values = torch.empty(rows, columns, dtype=like.dtype, device=place).normal_(generator=generator)
    return nn.Parameter(values.to(like.device))
