r"""Quels caractères d'une phrase disent l'année, le mois et le jour qu'un traducteur doit écrire.

Le générateur de :class:`~notebook_utils.tasks.dates.Dates` sait ce qu'il écrit, champ par champ : la vérité de
l'alignement s'en déduit, sans annotation.
"""

import datetime
import re
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from .._checks import described
from .dates import Dates, date_words

__all__ = ["DateLinks", "date_fields", "date_links"]

_IN_WORDS = " en lettres"
_SENTENCE = re.compile(r"(?:^|, | et )(.+?)(?=, | et |$)")  # les dates d'une phrase
#: Les champs d'une date, dans l'ordre de la norme, et les lettres qui les écrivent dans un motif.
FIELDS = {"year": "y", "month": "ML", "day": "d"}
#: À quel champ appartient chacun des onze caractères d'une date selon la norme, séparateur compris.
_ISO = ("year",) * 4 + (None,) + ("month",) * 2 + (None,) + ("day",) * 2 + (None,)


class DateLinks(NamedTuple):
    """Où regarder : deux masques, vrais là où la source dit ce que la cible écrit.

    Example:
        >>> links = DateLinks(torch.zeros(2, 11, 9, dtype=torch.bool), torch.ones(2, 11, 9, dtype=torch.bool))
        >>> links.fields.shape
        torch.Size([2, 11, 9])
    """

    #: Les caractères du champ que l'on écrit, dans la date que l'on écrit, ``(B, T', S)``.
    fields: Tensor
    #: Tous les caractères de la date que l'on écrit, ``(B, T', S)``.
    dates: Tensor


def date_fields(day, pattern):
    r"""Écrit une date, et dit où sont ses champs.

    .. math::

        (\text{date}, \text{motif}) \longmapsto \bigl(\text{texte},\; \{\text{champ} : [a, b[\,\}\bigr)

    Args:
        day, pattern: comme pour :func:`~notebook_utils.tasks.dates.date_words`.

    Returns:
        Le couple ``(text, spans)`` : le texte de ``date_words``, et un dictionnaire ``{champ: (début, fin)}``
        de clés ``"year"``, ``"month"`` et ``"day"``.

    Raises:
        TypeError: comme :func:`~notebook_utils.tasks.dates.date_words`.
        ValueError: comme :func:`~notebook_utils.tasks.dates.date_words`, ou si le motif n'écrit pas les trois champs.

    Example:
        >>> text, spans = date_fields(datetime.date(1987, 3, 1), "EEEE d MMMM y")
        >>> {name: text[a:b] for name, (a, b) in spans.items()}
        {'day': '1', 'month': 'mars', 'year': '1987'}
    """
    date_words(day, pattern)  # refuse ce qui n'est ni une date, ni un motif
    text, spans = "", {}
    for field, part in _parts(pattern):
        start, text = len(text), text + (part if field == "" else date_words(day, part))
        if field in FIELDS:
            spans[field] = (start, len(text))
    if len(spans) < len(FIELDS):
        raise ValueError(f"pattern : reçu {pattern!r}, attendu un motif qui écrive l'année, le mois et le jour")
    return text, spans


def date_links(task, inputs, targets):
    r"""Dit, pour chaque caractère à écrire, quels caractères de la phrase le disent.

    .. math::

        F_{t,j} = [\,x_j \text{ écrit le champ et la date de } y_t\,], \qquad
        D_{t,j} = [\,x_j \text{ écrit la date de } y_t\,]

    Les tirets, les espaces et la marque n'ont pas de champ : leurs lignes de :math:`F` sont fausses. Celles de
    :math:`D` vont jusqu'au séparateur qui suit la date.

    Args:
        task: la tâche, :class:`~notebook_utils.tasks.dates.Dates`.
        inputs, targets: un lot de la tâche, ``(B, S)`` et ``(B, T')``.

    Returns:
        Des :class:`DateLinks`.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si une phrase n'écrit pas les dates de sa cible, dans l'ordre, avec les motifs de la tâche.

    Example:
        >>> task = Dates(("d MMMM y",))
        >>> read, codes = task.sample(1, generator=torch.Generator().manual_seed(0))
        >>> links = date_links(task, read, codes)
        >>> text = task.decode(read)[0]
        >>> ["".join(c for c, here in zip(text, row) if here) for row in links.fields[0, [0, 5, 8]].tolist()]
        ['2026', 'novembre', '25']
    """
    if not isinstance(task, Dates):
        raise TypeError(f"task : reçu {described(task)}, attendu Dates")
    sentences, answers = task.decode(inputs), task.decode_targets(targets)
    if len(sentences) != len(answers):
        raise ValueError(f"inputs, targets : reçu {len(sentences)} phrases et {len(answers)} cibles, attendu autant")
    shape = (len(sentences), targets.shape[1], inputs.shape[1])
    links = DateLinks(*(torch.zeros(shape, dtype=torch.bool) for _ in range(2)))
    for b, (sentence, answer) in enumerate(zip(sentences, answers, strict=True)):
        for k, (start, end, spans) in enumerate(_located(task.patterns, sentence, answer)):
            for t, name in enumerate(_ISO[: targets.shape[1] - 11 * k], start=11 * k):
                links.dates[b, t, start:end] = True
                if name is not None:
                    a, z = spans[name]
                    links.fields[b, t, start + a : start + z] = True
    return links


def _located(patterns, sentence, answer):
    """Le début, la fin et les champs de chaque date d'une phrase."""
    pieces = list(_SENTENCE.finditer(sentence))
    days = answer.split(" ")
    found = [_recognized(patterns, piece[1], day) for piece, day in zip(pieces, days, strict=False)]
    if len(pieces) != len(days) or None in found:
        raise ValueError(f"inputs : reçu {sentence!r:.80}, attendu une phrase qui écrive {answer}")
    return [(*piece.span(1), spans) for piece, spans in zip(pieces, found, strict=True)]


@lru_cache(maxsize=100_000)
def _recognized(patterns, text, iso):
    """Les champs d'un texte qui écrit une date donnée ; ``None`` si aucun motif ne l'écrit ainsi."""
    try:
        day = datetime.date.fromisoformat(iso)
        pattern = next((pattern for pattern in patterns if date_words(day, pattern) == text), None)
    except ValueError:
        return None
    return None if pattern is None else date_fields(day, pattern)[1]


@lru_cache(maxsize=1_000)
def _parts(pattern):
    """Un motif, en parties : le champ et le motif de chacune ; ``""`` et son texte si elle est fixe."""
    from babel.dates import tokenize_pattern

    if pattern.endswith(_IN_WORDS):
        parts = [part for field in pattern.removesuffix(_IN_WORDS).split() for part in (" ", field + _IN_WORDS)]
        return [("" if part == " " else _field(part), part) for part in parts[1:]]
    tokens = tokenize_pattern(pattern)
    return [("", value) if kind == "chars" else (_field(value[0]), value[0] * value[1]) for kind, value in tokens]


def _field(part):
    """Le champ qu'écrit une partie de motif, ou ``"other"``."""
    return next((name for name, letters in FIELDS.items() if part[0] in letters), "other")
