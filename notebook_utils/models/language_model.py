r"""Le modèle de langue : à chaque caractère, la probabilité du suivant."""

import torch
from torch import nn
from torch.nn.functional import embedding

from .._checks import check_integer, check_number
from .._tensor_checks import check_codes, check_generator
from ..recurrence.weights import uniform_drawer
from .encoder_decoder import inner, one_step
from .readout import check_layer

__all__ = ["LanguageModel"]


class LanguageModel(nn.Module):
    r"""Lit des codes, et prédit à chaque pas le suivant.

    .. math::

        (h_t, s_t) &= \mathrm{couche}\bigl(s_{t-1},\; m \odot E_{x_t}\bigr) \\
        \hat{y}_t &= E \,\bigl(W_p (m' \odot h_t) + b_p\bigr) + b_y

    :math:`E \in \mathbb{R}^{V \times D}` est le plongement des codes. Il sert **deux fois**, à lire et à écrire
    (poids liés, *tied embeddings*) : deux caractères qui s'emploient de même façon y ont des lignes voisines.
    :math:`W_p \in \mathbb{R}^{D \times H}` ramène l'état à la taille d'un plongement.

    À l'apprentissage seulement, :math:`m` et :math:`m'` sont des masques d'abandon (*dropout*) : chaque coordonnée est
    nulle avec la probabilité :math:`p` (une pour l'entrée, une pour la sortie), et vaut :math:`1 / (1 - p)` sinon. Le
    masque d'un exemple est **le même à tous les pas** (abandon verrouillé) : c'est le chemin d'une unité qui est coupé,
    et non un souvenir sur deux. Écart à ``torch.nn.Dropout`` : les masques sont tirés de ``generator``, et non de la
    graine globale. Donné aussi à :func:`~notebook_utils.learning.training.fit`, il est gardé avec les points de
    reprise : l'apprentissage reprend au bit près.

    Avec ``tied=False``, la matrice qui écrit est une autre, :math:`U \in \mathbb{R}^{V \times D}`, à la place de la
    seconde :math:`E` : de quoi mesurer ce que lier les poids apporte.

    Args:
        layer: une couche du cours, d'entrée :math:`D` et d'état :math:`H`, ou ``Recurrent(cellule)``.
        vocabulary_size: le nombre :math:`V` de codes.
        generator: le ``torch.Generator`` d'où viennent :math:`E` (loi normale, d'écart type :math:`1/\sqrt{D}`),
            :math:`W_p` et :math:`b_p` (loi uniforme sur :math:`[-1/\sqrt{H}, 1/\sqrt{H}]`), :math:`U` s'il y en a une
            (comme :math:`E`), puis les masques ; :math:`b_y` est nul.
        dropout: le couple des probabilités d'abandon, à l'entrée et à la sortie, dans [0, 1[.
        tied: si la matrice qui lit est aussi celle qui écrit.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si ``vocabulary_size`` n'est pas au moins 2, ou si une probabilité n'est pas dans [0, 1[.

    References:
        Press et Wolf, *Using the Output Embedding to Improve Language Models*, EACL, 2017 ;
        Gal et Ghahramani, *A Theoretically Grounded Application of Dropout in Recurrent Neural Networks*, NIPS, 2016.

    Example:
        >>> from notebook_utils import GRU
        >>> g = torch.Generator().manual_seed(0)
        >>> model = LanguageModel(GRU(3, 5, generator=g), vocabulary_size=7, generator=g)
        >>> codes = torch.tensor([[1, 4, 2, 6]])
        >>> logits, state = model.read(codes[:, :2])
        >>> rest, _ = model.read(codes[:, 2:], state)
        >>> torch.allclose(torch.cat([logits, rest], dim=1), model(codes), atol=1e-6)
        True
    """

    def __init__(self, layer, vocabulary_size, *, generator, dropout=(0.0, 0.0), tied=True):
        super().__init__()
        H, like = check_layer(layer)
        if not hasattr(inner(layer), "initial_state"):
            raise TypeError(f"layer : reçu {type(layer).__name__}, attendu une couche du cours, ou Recurrent(cellule)")
        self.vocabulary_size = check_integer("vocabulary_size", vocabulary_size, 2)
        check_generator(generator)
        self.dropout = _rates(dropout)
        self.generator, self.layer = generator, layer
        D = inner(layer).input_size
        self.E = self._codes(D, like)  # (V, D)
        draw = uniform_drawer(H, generator, like.dtype, like.device)
        self.W_p, self.b_p = draw(D, H), draw(D)
        self.U = None if tied else self._codes(D, like)  # (V, D)
        self.b_y = nn.Parameter(torch.zeros_like(self.E[:, 0]))

    def _codes(self, D, like):
        """Tire une matrice d'une ligne par code."""
        values = torch.empty(self.vocabulary_size, D, dtype=like.dtype, device=self.generator.device)
        return nn.Parameter(values.normal_(0, D**-0.5, generator=self.generator).to(like.device))

    def initial_state(self, batch_size):
        """Rend l'état nul d'où commence un texte."""
        return inner(self.layer).initial_state(batch_size)

    def read(self, codes, state=None):
        """Lit ``codes`` ``(B, T)`` ; rend les logits ``(B, T, V)`` et l'état, à donner à la suite du texte."""
        check_codes("codes", codes, ("B", "T"), self.vocabulary_size)
        x = self._dropped(embedding(codes, self.E), self.dropout[0])  # (B, T, D)
        outputs, state = self.layer(x, state)  # (B, T, H)
        return self._logits(self._dropped(outputs, self.dropout[1])), state

    def forward(self, codes):
        """Rend les logits ``(B, T, V)`` d'un texte lu depuis l'état nul."""
        return self.read(codes)[0]

    def step(self, codes, state):
        """Lit un caractère par exemple, ``codes`` ``(B)`` ; rend les logits du suivant, ``(B, V)``, et l'état."""
        h, state = one_step(self.layer, embedding(codes, self.E), state)  # (B, H)
        return self._logits(h), state

    def _logits(self, h):
        writer = self.E if self.U is None else self.U
        return (h @ self.W_p.T + self.b_p) @ writer.T + self.b_y

    def _dropped(self, values, p):
        """Applique un masque d'abandon, le même à tous les pas, si l'on apprend."""
        if not (self.training and p):
            return values
        shape = len(values), 1, values.shape[2]
        mask = torch.rand(shape, generator=self.generator, device=self.generator.device) >= p
        return values * mask.to(values) / (1 - p)


def _rates(dropout):
    """Refuse ce qui n'est pas un couple de probabilités."""
    if not isinstance(dropout, tuple | list) or len(dropout) != 2:
        raise TypeError(f"dropout : reçu {dropout!r}, attendu le couple (entrée, sortie)")
    for p in dropout:
        if not 0 <= check_number("dropout", p) < 1:
            raise ValueError(f"dropout : reçu {p}, attendu une probabilité dans [0, 1[")
    return tuple(dropout)
