r"""Relire la source à chaque pas : les scores, l'attention, et le décodeur qui s'en sert.

.. math::

    \begin{aligned}
    \alpha_{t,j} &= \frac{\exp e_{t,j}}{\sum_{i \,\text{permis}} \exp e_{t,i}}, \qquad
    c_t = \sum_{j \,\text{permis}} \alpha_{t,j}\, h_j
    \end{aligned}

:math:`h_1, \dots, h_S` sont les états de l'encodeur, :math:`e_{t,j}` le score de :math:`h_j` au pas :math:`t` de
l'écriture. Les places du remplissage ne sont pas permises : leur poids est nul.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from .._checks import check_integer
from .._tensor_checks import check_alike, check_codes, check_floating, check_shape, check_tensor
from ..recurrence.weights import uniform_drawer
from .encoder_decoder import Decoder, Encoder, one_step

__all__ = ["AdditiveScore", "AttentionDecoder", "AttentiveEncoder", "DotScore", "Memory", "attend"]


class Memory(NamedTuple):
    r"""Ce qu'un encodeur laisse relire : un vecteur par caractère.

    Example:
        >>> memory = Memory(torch.zeros(2, 7, 5), torch.ones(2, 7, dtype=torch.bool))
        >>> memory.values.shape
        torch.Size([2, 7, 5])
    """

    #: Les états de l'encodeur, ``(B, S, H)``.
    values: Tensor
    #: Les places permises, des booléens ``(B, S)`` ; celles du remplissage ne le sont pas.
    allowed: Tensor


def attend(scores, values, allowed=None):
    r"""Moyenne de valeurs, pondérée par le softmax de leurs scores.

    .. math::

        \alpha_{t,j} = \frac{\exp e_{t,j}}{\sum_{i \,\text{permis}} \exp e_{t,i}}, \qquad
        c_t = \sum_{j=1}^{S} \alpha_{t,j}\, v_j

    Écart à ``torch.nn.functional.scaled_dot_product_attention`` : les scores sont donnés, quelle que soit leur
    formule, et une ligne dont aucune place n'est permise est refusée, au lieu de donner des NaN.

    Args:
        scores: les :math:`e_{t,j}`, ``(B, T, S)``.
        values: les :math:`v_j`, ``(B, S, D)``.
        allowed: les places permises, des booléens, ``(B, S)`` ou ``(B, T, S)`` ; toutes par défaut.

    Returns:
        Le couple ``(contexts, weights)``, de formes ``(B, T, D)`` et ``(B, T, S)``.

    Raises:
        TypeError: si un argument n'est pas un tenseur du bon type.
        ValueError: si les formes ne vont pas ensemble, ou si une ligne n'a aucune place permise.

    References:
        Bahdanau, Cho et Bengio, *Neural Machine Translation by Jointly Learning to Align and Translate*, ICLR, 2015.

    Example:
        >>> scores, values = torch.tensor([[[0.0, 0.0, 9.0]]]), torch.tensor([[[1.0], [3.0], [7.0]]])
        >>> contexts, weights = attend(scores, values, torch.tensor([[True, True, False]]))
        >>> contexts.item(), weights.tolist()
        (2.0, [[[0.5, 0.5, 0.0]]])
    """
    check_floating("scores", scores)
    check_shape("scores", scores, ("B", "T", "S"))
    B, T, S = scores.shape
    check_alike("values", values, (B, S, "D"), scores)
    if allowed is not None:
        scores = scores.masked_fill(~checked_mask(allowed, (B, T, S)), -torch.inf)
    weights = scores.softmax(dim=2)  # (B, T, S)
    return weights @ values, weights  # (B, T, D)


class _Score(nn.Module):
    r"""Deux projections, l'une de la question, l'autre de la clé, vers :math:`\mathbb{R}^A`."""

    def __init__(self, query_size, key_size, size, *, generator=None, dtype=None, device=None):
        super().__init__()
        self.query_size = check_integer("query_size", query_size)
        self.key_size = check_integer("key_size", key_size)
        self.size = check_integer("size", size)
        draw = uniform_drawer(self.query_size, generator, dtype, device)
        self.W_q = draw(self.size, self.query_size)  # (A, D_q)
        draw = uniform_drawer(self.key_size, generator, dtype, device)
        self.W_k = draw(self.size, self.key_size)  # (A, D_k)
        self._add_parameters(uniform_drawer(self.size, generator, dtype, device))

    def _add_parameters(self, draw):
        """Ajoute les poids propres à une formule, tirés après les autres."""

    def keys(self, memory):
        """Projette les clés, une fois par source : ``(B, S, D_k)`` donne ``(B, S, A)``."""
        check_alike("memory", memory, ("B", "S", self.key_size), self.W_k)
        return memory @ self.W_k.T

    def forward(self, queries, keys):
        """Rend les scores ``(B, T, S)`` de ``queries`` ``(B, T, D_q)`` et de ``keys`` ``(B, S, A)``."""
        check_alike("queries", queries, ("B", "T", self.query_size), self.W_q)
        check_alike("keys", keys, (len(queries), "S", self.size), self.W_q)
        return self._scores(queries @ self.W_q.T, keys)

    def extra_repr(self):
        """Affiche les tailles."""
        return f"query_size={self.query_size}, key_size={self.key_size}, size={self.size}"


class AdditiveScore(_Score):
    r"""Le score additif : un petit réseau lit la question et la clé.

    .. math::

        e_{t,j} = w^\top \tanh(W_q s_t + W_k h_j + b)

    :math:`s_t \in \mathbb{R}^{D_q}` est la question, :math:`h_j \in \mathbb{R}^{D_k}` la clé,
    :math:`W_q \in \mathbb{R}^{A \times D_q}`, :math:`W_k \in \mathbb{R}^{A \times D_k}`,
    :math:`w, b \in \mathbb{R}^A`. :math:`W_k h_j` ne dépend pas de :math:`t` : :meth:`keys` le calcule une fois.

    Args:
        query_size, key_size, size: les tailles :math:`D_q`, :math:`D_k` et :math:`A`.
        generator: le ``torch.Generator`` d'où viennent, dans l'ordre, :math:`W_q`, :math:`W_k`, :math:`w` et
            :math:`b`, selon la loi uniforme sur :math:`[-1/\sqrt{n}, 1/\sqrt{n}]`, :math:`n` étant :math:`D_q`,
            :math:`D_k`, puis :math:`A`.
        dtype, device: comme :class:`~notebook_utils.recurrence.cells.RNNCell`.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si une taille n'est pas strictement positive, ou si les formes ne vont pas ensemble.

    References:
        Bahdanau, Cho et Bengio, *Neural Machine Translation by Jointly Learning to Align and Translate*, ICLR, 2015,
        où :math:`b` n'est pas écrit.

    Example:
        >>> score = AdditiveScore(query_size=4, key_size=5, size=3)
        >>> score(torch.ones(2, 6, 4), score.keys(torch.ones(2, 7, 5))).shape
        torch.Size([2, 6, 7])
    """

    def _add_parameters(self, draw):
        self.w, self.b = draw(self.size), draw(self.size)  # (A)

    def _scores(self, queries, keys):
        sums = (queries + self.b)[:, :, None] + keys[:, None]  # (B, T, S, A)
        return sums.tanh() @ self.w  # (B, T, S)


class DotScore(_Score):
    r"""Le score du produit scalaire, réduit.

    .. math::

        e_{t,j} = \frac{(W_q s_t) \cdot (W_k h_j)}{\sqrt{A}}

    Les lettres, les arguments et le tirage sont ceux de :class:`AdditiveScore`, sans :math:`w` ni :math:`b`.
    Un produit de matrices donne tous les scores : aucun tableau ``(B, T, S, A)``.

    Args:
        query_size, key_size, size: les tailles :math:`D_q`, :math:`D_k` et :math:`A`.
        generator, dtype, device: comme :class:`AdditiveScore`.

    Raises:
        TypeError: comme :class:`AdditiveScore`.
        ValueError: comme :class:`AdditiveScore`.

    References:
        Vaswani et al., *Attention Is All You Need*, NIPS, 2017.

    Example:
        >>> score = DotScore(query_size=4, key_size=5, size=3)
        >>> score(torch.ones(2, 6, 4), score.keys(torch.ones(2, 7, 5))).shape
        torch.Size([2, 6, 7])
    """

    def _scores(self, queries, keys):
        return queries @ keys.transpose(1, 2) / math.sqrt(self.size)  # (B, T, S)


class AttentiveEncoder(Encoder):
    r"""Lit un texte, et en rend tous les états, au lieu du dernier.

    .. math::

        h_t = \mathrm{couche}(h_{t-1}, E_{x_t}), \qquad \text{mémoire} = (h_1, \dots, h_n)

    Les lettres et les arguments sont ceux de :class:`~notebook_utils.models.encoder_decoder.Encoder`.

    Args:
        layer, vocabulary_size, generator: comme :class:`~notebook_utils.models.encoder_decoder.Encoder`.

    Raises:
        TypeError: comme :class:`~notebook_utils.models.encoder_decoder.Encoder`.
        ValueError: comme :class:`~notebook_utils.models.encoder_decoder.Encoder`.

    Example:
        >>> from notebook_utils import GRU
        >>> encoder = AttentiveEncoder(GRU(3, 5), vocabulary_size=4)
        >>> values, allowed = encoder(torch.tensor([[3, 1, 2, 0], [1, 0, 0, 0]]))
        >>> values.shape, allowed.sum(dim=1)
        (torch.Size([2, 4, 5]), tensor([3, 1]))
    """

    def forward(self, codes):
        """Rend la :class:`Memory` de ``codes`` ``(B, S)``."""
        outputs, lengths = self.read(codes)  # (B, S, H)
        return Memory(outputs, torch.arange(codes.shape[1], device=codes.device) < lengths[:, None])


class AttentionState(NamedTuple):
    """L'état d'un décodeur à attention : celui de sa couche, les clés, les valeurs, les places permises."""

    state: Any
    keys: Tensor
    values: Tensor
    allowed: Tensor


class AttentionDecoder(Decoder):
    r"""Écrit un texte en relisant la source à chaque caractère.

    .. math::

        \begin{aligned}
        (s_t, \cdot) &= \mathrm{couche}(s_{t-1}, E_{y_{t-1}}), \qquad s_0 = \tanh(W_s \bar h + b_s) \\
        e_{t,j} &= \mathrm{score}(s_t, h_j), \qquad \alpha_t = \mathrm{softmax}(e_t), \qquad
        c_t = \sum_j \alpha_{t,j} h_j \\
        \hat{y}_t &= W_y \tanh(W_c s_t + U_c c_t + b_c) + b_y
        \end{aligned}

    :math:`h_1, \dots, h_n` est la mémoire de l'encodeur, et :math:`\bar h` sa moyenne.
    Écarts à l'article de 2015 : le contexte :math:`c_t` entre dans la sortie et non dans l'état, comme chez Luong
    et al. (2015), de sorte qu'à l'apprentissage tous les pas se calculent à la fois ; et :math:`s_0` vient de la
    moyenne des états, non du premier état d'un encodeur à rebours.

    Args:
        layer, vocabulary_size: comme :class:`~notebook_utils.models.encoder_decoder.Decoder`.
        score: un :class:`AdditiveScore` ou un :class:`DotScore` ; ``query_size`` est la taille :math:`H` de l'état,
            ``key_size`` celle de la mémoire.
        generator: le ``torch.Generator`` d'où viennent les poids du décodeur, puis :math:`W_c`, :math:`b_c` et
            :math:`U_c`.

    Raises:
        TypeError: si ``layer`` ou ``score`` n'est pas du bon type.
        ValueError: si les tailles ne vont pas ensemble.

    References:
        Bahdanau, Cho et Bengio, ICLR, 2015 ; Luong, Pham et Manning, *Effective Approaches to Attention-based Neural
        Machine Translation*, EMNLP, 2015.

    Example:
        >>> from notebook_utils import GRU, EncoderDecoder, greedy
        >>> decoder = AttentionDecoder(GRU(3, 5), 6, AdditiveScore(query_size=5, key_size=5, size=4))
        >>> model = EncoderDecoder(AttentiveEncoder(GRU(3, 5), vocabulary_size=4), decoder)
        >>> source, read = torch.tensor([[3, 1, 0]]), torch.tensor([[0, 2, 5, 1]])
        >>> model((source, read)).shape, decoder.weights(read, model.start(source)).shape
        (torch.Size([1, 4, 6]), torch.Size([1, 4, 3]))
        >>> greedy(model.step, model.start(source), length=4).shape[0]
        1
    """

    def __init__(self, layer, vocabulary_size, score, *, generator=None):
        if not isinstance(score, _Score):
            raise TypeError(f"score : reçu {type(score).__name__}, attendu un AdditiveScore ou un DotScore")
        super().__init__(layer, vocabulary_size, score.key_size, generator=generator)
        H = self.W_y.shape[1]
        if score.query_size != H:
            raise ValueError(f"score : reçu query_size={score.query_size}, attendu {H}, la taille de l'état")
        self.score = score
        draw = uniform_drawer(H, generator, self.W_y.dtype, self.W_y.device)
        self.W_c, self.b_c = draw(H, H), draw(H)
        draw = uniform_drawer(self.vector_size, generator, self.W_y.dtype, self.W_y.device)
        self.U_c = draw(H, self.vector_size)  # (H, D_k)

    def start(self, memory):
        """Rend l'état de départ ; ``memory`` est une :class:`Memory`, ``(B, S, D_k)`` et ``(B, S)``."""
        if not isinstance(memory, tuple) or len(memory) != 2:
            raise TypeError(f"memory : reçu {type(memory).__name__}, attendu un couple Memory(values, allowed)")
        values, allowed = memory
        keys = self.score.keys(values)  # (B, S, A)
        weights = checked_mask(allowed, values.shape[:2]).to(values.dtype)  # (B, S)
        mean = (weights[:, None] @ values)[:, 0] / weights.sum(dim=1, keepdim=True)  # (B, D_k)
        return AttentionState(super().start(mean), keys, values, allowed)

    def step(self, codes, state):
        """Lit un caractère par exemple, ``codes`` ``(B)`` ; rend les logits du suivant, ``(B, V)``, et l'état."""
        h, inner = one_step(self.layer, embedding(codes, self.E), state.state)  # (B, H)
        logits, _ = self._look(h[:, None], state)
        return logits[:, 0], state._replace(state=inner)

    def forward(self, read, state):
        """Rend tous les logits, ``(B, T, V)`` ; ``read`` ``(B, T)`` réunit les caractères lus, marque d'abord."""
        return self._look(self._states(read, state), state)[0]

    def weights(self, read, state):
        """Rend les poids d'attention, ``(B, T, S)``, de chaque pas de ``read`` ``(B, T)``."""
        return self._look(self._states(read, state), state)[1]

    def _states(self, read, state):
        check_codes("read", read, ("B", "T"), self.vocabulary_size)
        return self.layer(embedding(read, self.E), state.state)[0]  # (B, T, H)

    def _look(self, s, state):
        """Les logits et les poids ; ``s`` est ``(B, T, H)``."""
        c, weights = attend(self.score(s, state.keys), state.values, state.allowed)
        joined = torch.tanh(s @ self.W_c.T + c @ self.U_c.T + self.b_c)  # (B, T, H)
        return joined @ self.W_y.T + self.b_y, weights


def checked_mask(allowed, shape):
    """Rend un masque de booléens ``(B, T, S)``, ou ``(B, S)`` si ``shape`` n'a que deux axes."""
    check_tensor("allowed", allowed, "des booléens")
    if allowed.dtype != torch.bool:
        raise TypeError(f"allowed : reçu le type {allowed.dtype}, attendu torch.bool")
    short = (shape[0], shape[-1])
    check_shape("allowed", allowed, short if allowed.ndim == 2 else shape)
    if not allowed.any(dim=-1).all():
        raise ValueError("allowed : reçu une ligne sans aucune place permise, attendu au moins une place par ligne")
    return allowed[:, None].expand(shape) if allowed.ndim < len(shape) else allowed
