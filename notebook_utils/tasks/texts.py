r"""Des textes de longueurs différentes en un seul lot : la marque qui les ouvre, les ferme et les complète.

Une seule marque, de code 0, suffit aux trois rôles :

- au début, c'est elle que le décodeur lit quand il n'a encore rien écrit ;
- à la fin, l'écrire, c'est dire que l'on a fini ;
- après la fin, elle complète les textes courts, et ne compte ni dans la perte, ni dans l'état.

Le code 0 n'étant jamais un caractère, la longueur d'un texte se relit dans ses codes.
"""

import torch

from .._checks import check_iterable
from .._tensor_checks import check_codes, check_shape
from .characters import Vocabulary
from .task import Batch

__all__ = ["MARK", "decode_texts", "encode_texts", "marked_vocabulary", "shifted", "text_lengths", "written_steps"]

#: La marque, toujours de code 0.
MARK = "¶"


def marked_vocabulary(symbols):
    r"""Vocabulaire dont le code 0 est la marque.

    Args:
        symbols: les caractères, sans la marque.

    Returns:
        Un :class:`~notebook_utils.tasks.characters.Vocabulary` de :math:`1 + V` symboles.

    Raises:
        TypeError: si ``symbols`` n'est pas une chaîne.
        ValueError: comme :class:`~notebook_utils.tasks.characters.Vocabulary`, ou si la marque s'y trouve déjà.

    Example:
        >>> marked_vocabulary("abc").symbols
        '¶abc'
    """
    return Vocabulary(MARK + Vocabulary(symbols).symbols)


def encode_texts(vocabulary, texts):
    r"""Range des textes dans un tableau, chacun suivi d'au moins une marque.

    .. math::

        c_{b,t} = \begin{cases}
            \text{code du } t\text{-ième caractère du texte } b & \text{si } t \le n_b \\
            0 & \text{sinon}
        \end{cases}
        \qquad t = 1, \dots, 1 + \max_b n_b

    :math:`n_b` est la longueur du texte :math:`b`. Le remplissage est **après** le texte.

    Args:
        vocabulary: un vocabulaire de :func:`marked_vocabulary`.
        texts: une liste non vide de chaînes, éventuellement vides, sans marque.

    Returns:
        Les codes, ``(B, T)``, de type ``int64``.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: s'il n'y a aucun texte, ou si un texte contient la marque ou un caractère inconnu.

    Example:
        >>> encode_texts(marked_vocabulary("abc"), ["cab", "a"])
        tensor([[3, 1, 2, 0],
                [1, 0, 0, 0]])
    """
    _check_marked(vocabulary)
    check_iterable("texts", texts, "une liste de chaînes")
    texts = list(texts)
    if not texts or not all(isinstance(text, str) for text in texts):
        raise (TypeError if texts else ValueError)(f"texts : reçu {texts!r:.60}, attendu une liste non vide de chaînes")
    if any(MARK in text for text in texts):
        raise ValueError(f"texts : reçu un texte qui contient la marque {MARK!r}, attendu des textes sans elle")
    width = 1 + max(map(len, texts))
    return vocabulary.encode("".join(text.ljust(width, MARK) for text in texts)).view(len(texts), width)  # (B, T)


def decode_texts(vocabulary, codes):
    r"""Relit des textes : chacun s'arrête à sa première marque.

    Args:
        vocabulary: un vocabulaire de :func:`marked_vocabulary`.
        codes: un tenseur ``(B, T)``, de type ``int64``.

    Returns:
        La liste des :math:`B` textes, sans marque.

    Raises:
        TypeError: si ``codes`` n'est pas un tenseur ``int64``.
        ValueError: si ``codes`` n'a pas deux dimensions, ou sort du vocabulaire.

    Example:
        >>> decode_texts(marked_vocabulary("abc"), torch.tensor([[3, 1, 0, 2], [0, 0, 0, 0]]))
        ['ca', '']
    """
    _check_marked(vocabulary)
    check_codes("codes", codes, ("B", "T"), len(vocabulary))
    return ["".join(vocabulary.symbols[code] for code in row).split(MARK)[0] for row in codes.tolist()]


def text_lengths(codes):
    r"""Longueur de chaque texte : le nombre de ses codes avant la première marque.

    Args:
        codes: un tenseur ``(B, T)``, de type ``int64``.

    Returns:
        Un tenseur ``(B)``, d'entiers de 0 à ``T``.

    Raises:
        TypeError: si ``codes`` n'est pas un tenseur ``int64``.
        ValueError: si ``codes`` n'a pas deux dimensions, ou contient un code négatif.

    Example:
        >>> text_lengths(torch.tensor([[3, 1, 2, 0], [1, 0, 0, 0]])).tolist()
        [3, 1]
    """
    check_codes("codes", codes, ("B", "T"), None)
    return (codes != 0).cumprod(dim=1).sum(dim=1)  # (B)


def written_steps(codes):
    r"""Le masque des pas qui comptent : ceux du texte, et la première marque, qui dit la fin.

    .. math::

        \text{masque}_{b,t} = [\, t \le n_b + 1 \,]

    Args:
        codes: un tenseur ``(B, T)``, de type ``int64``.

    Returns:
        Des booléens, ``(B, T)``.

    Raises:
        TypeError: comme :func:`text_lengths`.
        ValueError: comme :func:`text_lengths`.

    Example:
        >>> written_steps(torch.tensor([[3, 1, 2, 0], [1, 0, 0, 0]])).int()
        tensor([[1, 1, 1, 1],
                [1, 1, 0, 0]], dtype=torch.int32)
    """
    steps = torch.arange(codes.shape[-1] if isinstance(codes, torch.Tensor) else 0)
    return steps.to(text_lengths(codes).device) <= text_lengths(codes)[:, None]  # (B, T)


def shifted(source, codes):
    r"""Un lot pour apprendre à écrire : à chaque pas, la vraie suite à lire, et le caractère suivant à prédire.

    .. math::

        \text{lu}_{b,t} = \begin{cases} 0 & \text{si } t = 1 \\ c_{b,t-1} & \text{sinon} \end{cases},
        \qquad y_{b,t} = c_{b,t}

    C'est l'apprentissage forcé (*teacher forcing*) : le décodeur lit le texte attendu, et non ce qu'il écrirait.

    Args:
        source: ce que lit l'encodeur, un tenseur de première dimension :math:`B`.
        codes: les textes attendus :math:`c`, ``(B, T)``, voir :func:`encode_texts`.

    Returns:
        Un :class:`~notebook_utils.tasks.task.Batch`, d'entrées ``(source, lu)`` et de cibles ``codes``.

    Raises:
        TypeError: si ``source`` n'est pas un tenseur, ou ``codes`` pas un tenseur ``int64``.
        ValueError: si ``codes`` n'a pas deux dimensions, ou pas autant de lignes que ``source``.

    Example:
        >>> (source, read), targets = shifted(torch.zeros(1, 5), torch.tensor([[3, 1, 2, 0]]))
        >>> read, targets
        (tensor([[0, 3, 1, 2]]), tensor([[3, 1, 2, 0]]))
    """
    check_codes("codes", codes, ("B", "T"), None)
    shape = source.shape if isinstance(source, torch.Tensor) else ()
    check_shape("source", source, (len(codes), *shape[1:]))
    return Batch((source, torch.cat([torch.zeros_like(codes[:, :1]), codes[:, :-1]], dim=1)), codes)


def _check_marked(vocabulary):
    if not isinstance(vocabulary, Vocabulary):
        raise TypeError(f"vocabulary : reçu {type(vocabulary).__name__}, attendu un Vocabulary")
    if vocabulary.symbols[0] != MARK:
        raise ValueError(f"vocabulary : reçu {vocabulary.symbols[0]!r} pour code 0, attendu la marque {MARK!r}")
