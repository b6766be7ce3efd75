r"""Ce qu'un modèle de langue propose à qui écrit : la suite d'un texte, jugée ou devinée à partir d'un état.

Un état est ici celui de :meth:`~notebook_utils.models.language_model.LanguageModel.step`, pour un lot d'exemples :
un tenseur de première dimension :math:`B`, ou un n-uplet d'états.
"""

import torch
from torch import Tensor
from torch.nn.functional import log_softmax
from torch.nn.utils.rnn import pad_sequence

from .._checks import check_integer, check_iterable
from .._tensor_checks import check_codes
from .decoding import beam_search

__all__ = ["likely_endings", "log_probabilities_from", "states_before"]


@torch.no_grad()
def states_before(model, texts):
    r"""L'état d'un modèle de langue avant chaque caractère de plusieurs textes.

    .. math::

        (s_0, s_1, \dots, s_{T-1}) \quad\text{pour chaque texte } x_1, \dots, x_T

    Les textes sont lus de front, chacun depuis l'état nul : il y a autant de pas que de caractères dans le plus long.

    Args:
        model: un réseau qui a ``initial_state`` et ``step``, comme
            :class:`~notebook_utils.models.language_model.LanguageModel`.
        texts: une suite de textes en codes, chacun ``(T)``.

    Returns:
        Les états de tous les textes, l'un après l'autre : de même structure qu'un état, pour :math:`\sum T` exemples.

    Raises:
        TypeError: si ``texts`` n'est pas une suite de tenseurs d'entiers.
        ValueError: s'il n'y a pas de texte, ou s'il en est un de vide.

    Example:
        >>> from notebook_utils import GRU, LanguageModel
        >>> g = torch.Generator().manual_seed(0)
        >>> model = LanguageModel(GRU(3, 5, generator=g), vocabulary_size=7, generator=g)
        >>> states = states_before(model, [torch.tensor([1, 4, 2]), torch.tensor([6])])
        >>> states.shape, states[0].any().item(), states[3].any().item()
        (torch.Size([4, 5]), False, False)
    """
    texts = _checked(texts)
    lengths = torch.tensor([len(text) for text in texts])
    state, kept = model.initial_state(len(texts)), []
    for codes in pad_sequence(texts, batch_first=True).unbind(dim=1):
        kept.append(state)
        _, state = model.step(codes, state)
    inside = torch.arange(len(kept)) < lengths[:, None]  # (B, T)
    return _at(kept, inside)


@torch.no_grad()
def log_probabilities_from(model, state, texts):
    r"""La log-probabilité de chaque caractère de textes, lus à partir d'un état.

    .. math::

        \log p(x_t \mid s, x_0, \dots, x_{t-1}), \qquad t = 1, \dots, n

    Args:
        model: un réseau qui a ``read``, comme :class:`~notebook_utils.models.language_model.LanguageModel`.
        state: l'état :math:`s` de chaque exemple, **avant** son premier code.
        texts: une suite de textes en codes, un par exemple, chacun ``(n + 1)`` ; le premier code est lu, non jugé.

    Returns:
        Un tenseur ``(B, n)`` du type des poids, nul après la fin d'un texte.

    Raises:
        TypeError: si ``texts`` n'est pas une suite de tenseurs d'entiers.
        ValueError: s'il n'y a pas de texte, ou s'il en est un de vide.

    Example:
        >>> from notebook_utils import GRU, LanguageModel
        >>> g = torch.Generator().manual_seed(0)
        >>> model = LanguageModel(GRU(3, 5, generator=g), vocabulary_size=7, generator=g)
        >>> texts = [torch.tensor([1, 4, 2]), torch.tensor([6, 0])]
        >>> found = log_probabilities_from(model, model.initial_state(2), texts)
        >>> found.shape, found[1, 1].item()
        (torch.Size([2, 2]), 0.0)
    """
    texts = _checked(texts)
    codes = pad_sequence(texts, batch_first=True)  # (B, n + 1)
    logits, _ = model.read(codes[:, :-1], state)
    found = log_softmax(logits, dim=2).gather(2, codes[:, 1:, None])[..., 0]  # (B, n)
    written = torch.tensor([len(text) - 1 for text in texts], device=found.device)
    return found.masked_fill(torch.arange(found.shape[1], device=found.device) >= written[:, None], 0)


def likely_endings(model, state, first, letters, *, number=3, width=5, length=14):
    r"""Les fins de mot les plus probables, par une recherche en faisceau.

    Une fin de mot est une suite de lettres, suivie d'un autre signe quel qu'il soit :

    .. math::

        p(\ell_1, \dots, \ell_n) = \prod_{t=1}^{n} p(\ell_t \mid s, x, \ell_1, \dots, \ell_{t-1})
        \sum_{v \notin \text{lettres}} p(v \mid s, x, \ell_1, \dots, \ell_n)

    Args:
        model: un réseau qui a ``step``, comme :class:`~notebook_utils.models.language_model.LanguageModel`.
        state: l'état :math:`s` de chaque exemple, **avant** ``first``.
        first: le code :math:`x` à lire d'abord, ``(B)``.
        letters: pour chaque code, s'il est une lettre, ``(V)``, booléen ; le code 0 n'en est pas une.
        number: le nombre de fins à rendre, au plus.
        width: le nombre de débuts gardés par la recherche.
        length: le nombre de lettres d'une fin, au plus.

    Returns:
        Pour chaque exemple, la liste de ses fins, des listes de codes, de la plus probable à la moins probable ;
        la fin vide n'y est pas.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si ``letters`` contient le code 0, ou si un nombre n'est pas strictement positif.

    Example:
        >>> from notebook_utils import GRU, LanguageModel
        >>> g = torch.Generator().manual_seed(0)
        >>> model = LanguageModel(GRU(3, 5, generator=g), vocabulary_size=4, generator=g)
        >>> letters = torch.tensor([False, True, True, False])
        >>> found = likely_endings(model, model.initial_state(1), torch.tensor([1]), letters, length=2)
        >>> [len(endings) for endings in found], all(code in (1, 2) for end in found[0] for code in end)
        ([3], True)
    """
    number = check_integer("number", number)
    if not isinstance(letters, Tensor) or letters.dtype != torch.bool or letters.ndim != 1:
        kind = letters.dtype if isinstance(letters, Tensor) else type(letters).__name__
        raise TypeError(f"letters : reçu {kind}, attendu un tenseur de booléens (V), vrai pour une lettre")
    if letters[0]:
        raise ValueError("letters : reçu le code 0 comme lettre, attendu qu'il finisse un mot")

    def spell(codes, state):
        """Un pas qui n'écrit que des lettres ; tout autre signe est la fin, de code 0."""
        logits, state = model.step(codes, state)
        log_p = log_softmax(logits, dim=1)
        only = log_p.masked_fill(~letters, -torch.inf)
        only[:, 0] = log_p[:, ~letters].logsumexp(dim=1)
        return only, state

    beams, scores = beam_search(spell, state, width=width, length=length, first=first)
    possible = beams * (scores > -torch.inf)[..., None]  # s'il y en a moins de width, les autres sont vides
    endings = [[[code for code in row if code] for row in rows] for rows in possible.tolist()]
    return [[end for end in rows if end][:number] for rows in endings]


def _checked(texts):
    """Refuse ce qui n'est pas une suite de textes en codes ; la rend en liste."""
    check_iterable("texts", texts, "une suite de textes en codes")
    texts = list(texts)
    for text in texts:
        check_codes("texts", text, ("T",), None)
    if not texts or not all(len(text) for text in texts):
        raise ValueError("texts : reçu aucun texte, ou un texte vide, attendu au moins un caractère dans chacun")
    return texts


def _at(states, inside):
    """Réunit des états successifs, ``(B, …)`` chacun, et n'en garde que les places ``inside`` ``(B, T)``."""
    if isinstance(states[0], Tensor):
        return torch.stack(states, dim=1)[inside.to(states[0].device)]
    parts = [_at(list(part), inside) for part in zip(*states, strict=True)]
    return type(states[0])(*parts) if hasattr(states[0], "_fields") else tuple(parts)
