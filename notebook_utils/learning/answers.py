r"""Juger des réponses : la perte, et quelles réponses sont justes.

Les classes attendues s'écrivent de deux façons : des entiers, de forme ``(...)``,
ou des vecteurs de probabilités (*one-hot* par exemple), des réels de forme ``(..., K)``.
"""

import torch
from torch.nn import functional as F

from .._tensor_checks import check_codes, check_floating, check_tensor
from ..tasks.texts import text_lengths, written_steps

__all__ = ["cross_entropy", "same_bit", "same_class", "same_text", "text_cross_entropy"]


def cross_entropy(logits, y):
    r"""Entropie croisée moyenne entre des logits et les classes attendues.

    .. math::

        L = - \frac{1}{N} \sum_{n=1}^{N} \sum_{k=1}^{K} y_{n,k}
        \log \frac{e^{\hat{y}_{n,k}}}{\sum_{k'} e^{\hat{y}_{n,k'}}}

    :math:`n` parcourt toutes les réponses : une par séquence, ou une par pas de temps ;
    :math:`y_{n,k}` vaut 1 pour la classe attendue, 0 pour les autres.
    Écarts à ``torch.nn.functional.cross_entropy`` : l'axe des classes est toujours le dernier,
    il y a au moins un autre axe, et aucune classe n'est ignorée : −100 est refusé.

    Args:
        logits: les :math:`\hat{y}`, de forme ``(..., K)``.
        y: les classes attendues, entiers ``int64`` de 0 à :math:`K - 1` ``(...)``,
            ou réels ``(..., K)``.

    Returns:
        La perte, un tenseur sans dimension.

    Raises:
        TypeError: si un argument n'est pas un tenseur, si les logits ne sont pas des réels,
            ou si les classes ne sont ni des ``int64``, ni des réels.
        ValueError: si les formes ne vont pas ensemble, s'il n'y a aucune réponse, si une classe n'existe pas,
            ou si des réels ne sont pas des probabilités, de somme 1 à un millième près.

    Example:
        >>> loss = cross_entropy(torch.zeros(2, 7, 4), torch.zeros(2, 7, dtype=torch.long))
        >>> round(loss.item(), 3)  # ln 4
        1.386
    """
    _check_classes(logits, y)
    y = y.flatten(0, -2).to(logits.dtype) if y.is_floating_point() else y.flatten()  # (N, K) ou (N)
    return F.cross_entropy(logits.flatten(0, -2), y)


def same_class(logits, y):
    r"""Dit quelles réponses sont justes : la classe de plus grand logit est celle attendue.

    Args:
        logits: de forme ``(..., K)``.
        y: les classes attendues, comme pour :func:`cross_entropy`.

    Returns:
        Des booléens, de forme ``(...)``.

    Raises:
        TypeError: comme :func:`cross_entropy`.
        ValueError: comme :func:`cross_entropy`.

    Example:
        >>> same_class(torch.tensor([[0.0, 2.0], [1.0, -1.0]]), torch.tensor([1, 1])).tolist()
        [True, False]
    """
    _check_classes(logits, y)
    y = y.argmax(dim=-1) if y.is_floating_point() else y
    return logits.argmax(dim=-1) == y


def same_bit(logits, y):
    r"""Dit quels bits sont justes : on répond 1 quand la probabilité dépasse ½.

    .. math::

        \sigma(\hat{y}) > \tfrac{1}{2} \iff \hat{y} > 0

    Le seuil des logits est donc 0, pas ½.

    Args:
        logits: des réels.
        y: les bits attendus, 0 ou 1, de même forme.

    Returns:
        Des booléens, de même forme.

    Raises:
        TypeError: si un argument n'est pas un tenseur, ou si les logits ne sont pas des réels.
        ValueError: si les formes diffèrent, ou si un bit n'est ni 0 ni 1.

    Example:
        >>> same_bit(torch.tensor([0.3, -0.2]), torch.tensor([1.0, 0.0])).tolist()
        [True, True]
    """
    _check_tensors(logits, y)
    _check_shape(logits, y, logits.shape)
    if not ((y == 0) | (y == 1)).all():
        raise ValueError("y : reçu autre chose que des bits, attendu des 0 et des 1")
    return (logits > 0) == (y == 1)


def text_cross_entropy(logits, y):
    r"""Entropie croisée moyenne par caractère de textes complétés, marque de fin comprise.

    .. math::

        L = - \frac{1}{\sum_b (n_b + 1)} \sum_{b=1}^{B} \sum_{t=1}^{n_b + 1} \log p(y_{b,t})

    :math:`n_b` est la longueur du texte :math:`b` ; les marques qui le complètent ensuite ne comptent pas.

    Args:
        logits: de forme ``(B, T, V)``.
        y: les codes attendus, ``(B, T)``, voir :func:`~notebook_utils.tasks.texts.encode_texts`.

    Returns:
        La perte, un tenseur sans dimension, en nats par caractère.

    Raises:
        TypeError: comme :func:`cross_entropy`.
        ValueError: comme :func:`cross_entropy`, ou si ``y`` n'a pas deux dimensions.

    Example:
        >>> y = torch.tensor([[2, 1, 0], [0, 0, 0]])
        >>> logits = torch.zeros(2, 3, 4)
        >>> logits[1, 1:] = torch.tensor([0.0, 9, 9, 9])  # après la fin : ne compte pas
        >>> round(text_cross_entropy(logits, y).item(), 3)  # ln 4
        1.386
    """
    check_tensor("y", y)
    counted = written_steps(y)  # (B, T)
    _check_classes(logits, y)
    return F.cross_entropy(logits[counted], y[counted])


def same_text(written, y):
    r"""Dit quels textes sont écrits sans faute, du premier caractère à la marque de fin.

    Args:
        written: les codes écrits, ``(B, T)``.
        y: les codes attendus, ``(B, T')`` ; les deux largeurs peuvent différer.

    Returns:
        Des booléens, ``(B)``. Un texte que rien ne termine n'est juste que s'il remplit les deux tableaux.

    Raises:
        TypeError: si un argument n'est pas un tenseur ``int64``.
        ValueError: si un argument n'a pas deux dimensions, ou si les nombres de textes diffèrent.

    Example:
        >>> same_text(torch.tensor([[2, 1, 0, 3], [2, 0, 0, 0]]), torch.tensor([[2, 1, 0], [2, 2, 0]])).tolist()
        [True, False]
    """
    check_codes("written", written, ("B", "T"), None)
    check_codes("y", y, (len(written), "T"), None)
    width = max(written.shape[1], y.shape[1])
    lengths = text_lengths(written)
    texts = [F.pad(codes, (0, width - codes.shape[1])) for codes in (written, y)]
    inside = torch.arange(width, device=y.device) < lengths[:, None]
    return (lengths == text_lengths(y)) & ((texts[0] == texts[1]) | ~inside).all(dim=1)


def _check_classes(logits, y):
    _check_tensors(logits, y)
    if logits.ndim < 2:
        raise ValueError(f"logits : reçu la forme {tuple(logits.shape)}, attendu (N, K) ou (B, T, K)")
    if logits.numel() == 0:
        raise ValueError(f"logits : reçu la forme {tuple(logits.shape)}, attendu au moins une réponse et une classe")
    if y.is_floating_point():
        _check_shape(logits, y, logits.shape)
        if not ((y >= 0).all() and ((y.sum(dim=-1) - 1).abs() <= 1e-3).all()):
            raise ValueError("y : reçu d'autres réels que des probabilités, attendu des nombres positifs de somme 1")
        return
    if y.dtype != torch.int64:
        raise TypeError(f"y : reçu le type {y.dtype}, attendu des classes torch.int64 ou des réels")
    _check_shape(logits, y, logits.shape[:-1])
    last = logits.shape[-1] - 1
    inside = y.clamp(0, last)
    if not torch.equal(y, inside):
        raise ValueError(f"y : reçu la classe {y[y != inside][0]}, attendu des entiers de 0 à {last}")


def _check_tensors(logits, y):
    check_floating("logits", logits)
    check_tensor("y", y)


def _check_shape(logits, y, shape):
    if y.shape != shape:
        received = f"les formes {tuple(logits.shape)} et {tuple(y.shape)}"
        raise ValueError(f"logits, y : reçu {received}, attendu y de forme {tuple(shape)}")
