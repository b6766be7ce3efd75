r"""Des dates en français, comme on les écrit, et la même date en chiffres, selon la norme ISO 8601.

Les noms et les formes françaises sont ceux de la bibliothèque ``babel``. Une façon d'écrire est un de ses motifs :
``d`` le jour, ``M`` le mois, ``y`` l'année, ``yy`` ses deux derniers chiffres, ``E`` le jour de la semaine,
``G`` l'ère.
Ce module y ajoute la fin « en lettres », qui écrit les nombres en mots.
La lettre ``Y``, l'année de la **semaine**, est refusée : autour du jour de l'an, elle donne une autre année.

Écarts au protocole de :mod:`notebook_utils.tasks.task` : il y a trois ensembles, ``"train"``, ``"choice"``, qui sert à
choisir les réglages, et ``"test"`` ; l'ensemble d'un exemple se relit dans sa cible, qui donne la date sans détour.
"""

import datetime
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch

from .._checks import check_choice, check_integer, check_iterable, check_text, described
from .._tensor_checks import check_generator
from .digits import number_words
from .task import Batch
from .texts import decode_texts, encode_texts, marked_vocabulary

__all__ = ["DATE_PATTERNS", "Dates", "ambiguous_dates", "date_words"]

_IN_WORDS = " en lettres"
#: Vingt motifs de Babel, et trois façons d'écrire en toutes lettres.
DATE_PATTERNS = (
    "dd/MM/y", "d MMM y", "d MMMM y", "EEEE d MMMM y", "E dd/MM/y", "E d MMM y", "d MMM y G", "E d MMM y G",
    "'le' d MMMM y", "'le' EEEE d MMMM y", "dd.MM.y", "dd-MM-y", "y-MM-dd",
    "d/M/yy", "dd/MM/yy", "d.M.yy", "E d/M/yy", "d MMM yy", "d MMMM yy", "EEEE d MMMM yy",
    f"d MMMM y{_IN_WORDS}", f"EEEE d MMMM y{_IN_WORDS}", f"d MMMM yy{_IN_WORDS}",
)  # fmt: skip
_FIRST, _LAST = datetime.date(1930, 1, 1), datetime.date(2029, 12, 31)
_DAYS = tuple(datetime.date.fromordinal(n) for n in range(_FIRST.toordinal(), _LAST.toordinal() + 1))
#: Sur les dix restes d'une date, ceux de chaque ensemble.
_RESIDUES = {"train": range(8), "choice": (8,), "test": (9,), "all": range(10)}
_COMMA, _AND = ", ", " et "  # entre les dates d'une phrase
_ISO_SYMBOLS = " -0123456789"


def date_words(day, pattern):
    r"""Écrit une date en français.

    .. math::

        (\text{date}, \text{motif}) \longmapsto \text{texte}

    Avec « en lettres », le jour s'écrit en mots, « premier » compris, et l'année ``y`` aussi : « mille-neuf-cent… » ou
    « deux-mille… » ; ``yy`` n'y dit que les deux derniers chiffres des années 1930 à 1999, comme on parle.

    Args:
        day: une ``datetime.date``, de 1930 à 2029.
        pattern: un motif de Babel, éventuellement suivi de « en lettres », par exemple de :data:`DATE_PATTERNS`.

    Returns:
        Une chaîne.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si la date sort de 1930–2029, ou si le motif n'écrit pas une date.

    References:
        Consortium Unicode, *Unicode Locale Data Markup Language*, rapport technique 35, partie 4 : les motifs de dates.

    Example:
        >>> day = datetime.date(1987, 3, 1)
        >>> date_words(day, "EEEE d MMMM y"), date_words(day, "d/M/yy")
        ('dimanche 1 mars 1987', '1/3/87')
        >>> date_words(day, "d MMMM yy en lettres")
        'premier mars quatre-vingt-sept'
    """
    _check_day(day)
    _check_pattern(pattern)
    return _write(day, pattern)


def ambiguous_dates(patterns=DATE_PATTERNS, days=None):
    r"""Cherche les textes qui désignent deux dates, en les écrivant tous : une preuve, et non un sondage.

    .. math::

        \bigl\{\, (s, a, b) : \exists\, p, q \quad s = \text{texte}(a, p) = \text{texte}(b, q), \quad a \ne b \,\bigr\}

    Un ensemble vide prouve que, de chaque texte, on peut retrouver la date. Les 36 525 jours et les 23 motifs
    prennent quelques secondes. Un texte qui pourrait se couper comme une phrase de deux dates est refusé aussi.

    Args:
        patterns: les motifs, comme pour :func:`date_words`.
        days: les dates ; par défaut, tous les jours de 1930 à 2029.

    Returns:
        La liste des triplets ``(texte, première date, autre date)``, un par texte fautif et par autre date.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si un motif n'écrit pas une date, s'il écrit « , » ou « et », qui séparent deux dates,
            ou si une date sort de 1930–2029.

    Example:
        >>> days = [datetime.date(1987, 3, 4), datetime.date(1987, 4, 3)]
        >>> ambiguous_dates(["d/M/y", "EEEE d MMMM y"], days)
        []
        >>> ambiguous_dates(["d/M/y", "M/d/y"], days)[0]
        ('3/4/1987', datetime.date(1987, 3, 4), datetime.date(1987, 4, 3))
    """
    patterns = _checked_patterns(patterns)
    days = _DAYS if days is None else _checked_days(days)
    owners, found = {}, {}
    for day in days:
        for pattern in patterns:
            text = _write(day, pattern)
            owner = owners.setdefault(text, day)
            if owner != day:
                found[text, owner, day] = None
    for separator in (_COMMA, _AND):
        if any(separator in text for text in owners):
            raise ValueError(f"patterns : reçu un motif qui écrit {separator!r}, attendu des textes sans ce séparateur")
    return list(found)


@dataclass(frozen=True)
class Dates:
    r"""Une phrase française d'une ou plusieurs dates, et ces dates selon la norme ISO 8601.

    .. math::

        \text{« 1 mars 1987, 3/8/04 et dim. 5 juin 2011 »} \;\longmapsto\;
        \text{« 1987-03-01 2004-08-03 2011-06-05 »}

    Entrées : les codes de la phrase, ``(B, T)``, ``T`` étant la longueur de la plus longue, marque comprise.
    Cibles : les codes des dates, ``(B, T')``, :math:`T' = 11\,n` pour :math:`n` dates, marque comprise.
    Voir :func:`~notebook_utils.tasks.texts.encode_texts`.

    L'ensemble d'une date dépend d'elle seule, quelle que soit la façon de l'écrire : le reste par 10 d'une empreinte.

    .. math::

        r \in \{0, \dots, 7\} : \text{apprentissage}, \qquad r = 8 : \text{choix}, \qquad r = 9 : \text{test}

    Toutes les dates d'une phrase sont du même ensemble. Une date est tirée uniformément, une façon de l'écrire aussi.

    Args:
        patterns: les façons d'écrire, comme pour :func:`date_words`.

    Raises:
        TypeError: si ``patterns`` n'est pas un n-uplet de chaînes.
        ValueError: si un motif n'écrit pas une date, ou s'il n'y en a aucun.

    References:
        ISO 8601-1:2019, *Date et heure — Représentations pour l'échange d'information*.

    Example:
        >>> task = Dates()
        >>> read, codes = task.sample(4, generator=torch.Generator().manual_seed(0), split="test", dates=2)
        >>> codes.shape, set(task.split_of(codes))
        (torch.Size([4, 22]), {'test'})
        >>> task.count("train") + task.count("choice") + task.count("test") == task.count()
        True
    """

    patterns: tuple = DATE_PATTERNS

    def __post_init__(self):
        object.__setattr__(self, "patterns", _checked_patterns(self.patterns))

    @cached_property
    def vocabulary(self):
        """Le :class:`~notebook_utils.tasks.characters.Vocabulary` des phrases, marque d'abord."""
        texts = [_write(day, pattern) for day in _varied_days() for pattern in self.patterns]
        return marked_vocabulary("".join(sorted(set("".join(texts) + _COMMA + _AND))))

    @cached_property
    def target_vocabulary(self):
        """Le :class:`~notebook_utils.tasks.characters.Vocabulary` des cibles, marque d'abord."""
        return marked_vocabulary(_ISO_SYMBOLS)

    def days(self, split="all"):
        r"""Les dates d'un ensemble, dans l'ordre.

        Args:
            split: ``"train"``, ``"choice"``, ``"test"``, ou ``"all"``.

        Returns:
            Un n-uplet de ``datetime.date``.

        Raises:
            TypeError: si ``split`` n'est pas une chaîne.
            ValueError: si ``split`` est inconnu.

        Example:
            >>> Dates().days("test")[0]
            datetime.date(1930, 1, 4)
        """
        check_choice("split", split, _RESIDUES)
        return _days_of(split)

    def count(self, split="all"):
        r"""Compte les dates d'un ensemble.

        Args:
            split: comme pour :meth:`days`.

        Returns:
            Un entier.

        Raises:
            TypeError: comme :meth:`days`.
            ValueError: comme :meth:`days`.

        Example:
            >>> Dates().count()
            36525
        """
        return len(self.days(split))

    def write(self, day, pattern):
        r"""Écrit une date, voir :func:`date_words`.

        Args:
            day: une ``datetime.date``, de 1930 à 2029.
            pattern: l'un des motifs de la tâche.

        Returns:
            Une chaîne.

        Raises:
            TypeError: si un argument n'est pas du bon type.
            ValueError: si la date sort de 1930–2029, ou si la tâche n'a pas ce motif.

        Example:
            >>> Dates().write(datetime.date(2005, 8, 31), "EEEE d MMMM y en lettres")
            'mercredi trente-et-un août deux-mille-cinq'
        """
        _check_day(day)
        check_choice("pattern", pattern, self.patterns)
        return _write(day, pattern)

    def sample(self, batch_size, *, generator, split="train", dates=1):
        r"""Tire un lot, avec remise.

        Args:
            batch_size: le nombre :math:`B` de phrases.
            generator: le ``torch.Generator`` du tirage ; le lot est sur le processeur central.
            split: ``"train"``, ``"choice"``, ``"test"``, ou ``"all"``.
            dates: le nombre de dates de chaque phrase.

        Returns:
            Un :class:`~notebook_utils.tasks.task.Batch` de codes, ``(B, T)`` et ``(B, 11 × dates)``.

        Raises:
            TypeError: si un argument n'est pas du bon type.
            ValueError: si un nombre n'est pas positif, ou si ``split`` est inconnu.

        Example:
            >>> task = Dates(("d MMMM y",))
            >>> read, codes = task.sample(1, generator=torch.Generator().manual_seed(0), dates=2)
            >>> task.decode(read), task.decode_targets(codes)
            (['25 novembre 2026 et 22 janvier 1976'], ['2026-11-25 1976-01-22'])
        """
        batch_size = check_integer("batch_size", batch_size)
        check_generator(generator)
        check_choice("split", split, _RESIDUES)
        dates = check_integer("dates", dates)
        days = _days_of(split)
        sizes = torch.tensor([len(days), len(self.patterns)], device=generator.device)
        kind = {"generator": generator, "dtype": torch.float64, "device": generator.device}
        drawn = (torch.rand(batch_size, dates, 2, **kind) * sizes).long().tolist()  # (B, dates, 2)
        rows = [[(days[n], self.patterns[k]) for n, k in row] for row in drawn]
        sentences = [_sentence([_write(day, pattern) for day, pattern in row]) for row in rows]
        targets = [" ".join(day.isoformat() for day, _ in row) for row in rows]
        return Batch(encode_texts(self.vocabulary, sentences), encode_texts(self.target_vocabulary, targets))

    def decode(self, inputs):
        r"""Relit des phrases.

        Args:
            inputs: des codes, ``(B, T)``, de type ``int64``.

        Returns:
            La liste des textes.

        Raises:
            TypeError: si ``inputs`` n'est pas un tenseur ``int64``.
            ValueError: si ``inputs`` n'a pas deux dimensions, ou sort du vocabulaire.

        Example:
            >>> task = Dates()
            >>> task.decode(encode_texts(task.vocabulary, ["1 mars 1987"]))
            ['1 mars 1987']
        """
        return decode_texts(self.vocabulary, inputs)

    def decode_targets(self, targets):
        r"""Relit des cibles, ou ce qu'un réseau a écrit.

        Args:
            targets: des codes, ``(B, T')``, de type ``int64``.

        Returns:
            La liste des textes.

        Raises:
            TypeError: si ``targets`` n'est pas un tenseur ``int64``.
            ValueError: si ``targets`` n'a pas deux dimensions, ou sort du vocabulaire.

        Example:
            >>> task = Dates()
            >>> task.decode_targets(encode_texts(task.target_vocabulary, ["1987-03-01"]))
            ['1987-03-01']
        """
        return decode_texts(self.target_vocabulary, targets)

    def split_of(self, targets):
        r"""Dit à quel ensemble appartient chaque exemple, d'après sa cible.

        Args:
            targets: des cibles de la tâche, ``(B, T')``.

        Returns:
            Une liste de ``"train"``, ``"choice"`` et ``"test"``.

        Raises:
            TypeError: comme :meth:`decode_targets`.
            ValueError: comme :meth:`decode_targets`, si un texte n'est pas une suite de dates de 1930 à 2029,
                ou si un exemple réunit des dates de deux ensembles.

        Example:
            >>> task = Dates()
            >>> task.split_of(encode_texts(task.target_vocabulary, ["1930-01-04"]))
            ['test']
        """
        return [_split_of(text) for text in self.decode_targets(targets)]


@lru_cache(maxsize=1)
def _french():
    from babel import Locale

    return Locale.parse("fr_FR")


def _write(day, pattern):
    """Une date selon un motif, sans vérification."""
    if not pattern.endswith(_IN_WORDS):
        return _format(day, pattern)
    return " ".join(_word(day, field) for field in pattern.removesuffix(_IN_WORDS).split())


def _format(day, pattern):
    from babel.dates import format_date

    return format_date(day, pattern, locale=_french())


def _word(day, field):
    """Un champ d'un motif en lettres : le jour et l'année en mots, le reste tel que Babel l'écrit."""
    if field in ("d", "dd"):
        return "premier" if day.day == 1 else number_words(day.day)
    if field in ("y", "yy"):
        century, rest = divmod(day.year, 100)
        if century == 19 and field == "yy":
            return number_words(rest)
        start = "mille-neuf-cent" if century == 19 else "deux-mille"
        return f"{start}-{number_words(rest)}" if rest else start
    return _format(day, field)


def _sentence(texts):
    """Des dates écrites, réunies : « a, b et c »."""
    *others, last = texts
    return _COMMA.join(others) + _AND + last if others else last


def _residue(text):
    """Le reste d'une date, écrite selon la norme, qui décide de son ensemble."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") % 10


@lru_cache(maxsize=1)
def _residues():
    return {day.isoformat(): _residue(day.isoformat()) for day in _DAYS}


@lru_cache(maxsize=4)
def _days_of(split):
    return tuple(day for day in _DAYS if _residues()[day.isoformat()] in _RESIDUES[split])


def _split_of(text):
    try:
        residues = {_residues()[part] for part in text.split(" ")}
    except KeyError:
        raise ValueError(f"targets : reçu {text!r:.60}, attendu des dates de 1930 à 2029, comme 1987-03-01") from None
    names = {name for name in ("train", "choice", "test") if not residues.isdisjoint(_RESIDUES[name])}
    if len(names) > 1:
        raise ValueError(f"targets : reçu {text!r:.60}, des dates de deux ensembles, attendu un seul ensemble")
    return names.pop()


@lru_cache(maxsize=1)
def _varied_days():
    """De quoi voir tous les caractères : chaque jour d'une année bissextile, et un jour de chaque année."""
    leap = tuple(day for day in _DAYS if day.year == 2000)
    return leap + tuple(datetime.date(year, 1, 1) for year in range(_FIRST.year, _LAST.year + 1))


def _check_day(day):
    if not isinstance(day, datetime.date) or isinstance(day, datetime.datetime):
        raise TypeError(f"day : reçu {described(day)}, attendu une datetime.date")
    if not _FIRST <= day <= _LAST:
        raise ValueError(f"day : reçu {day.isoformat()}, attendu une date de 1930 à 2029")


def _check_pattern(pattern):
    check_text("pattern", pattern)
    letters = re.sub("'[^']*'", "", pattern.removesuffix(_IN_WORDS))
    if "Y" in letters:
        raise ValueError(f"pattern : reçu {pattern!r}, où Y est l'année de la semaine ; attendu y, l'année")
    try:
        _write(_FIRST, pattern)
    except (AttributeError, KeyError, ValueError) as error:
        raise ValueError(f"pattern : reçu {pattern!r}, attendu un motif de date de Babel") from error


def _checked_patterns(patterns):
    if not isinstance(patterns, tuple | list):
        raise TypeError(f"patterns : reçu {described(patterns)}, attendu un n-uplet de motifs")
    if not patterns:
        raise ValueError("patterns : reçu aucun motif, attendu au moins un motif")
    for pattern in patterns:
        _check_pattern(pattern)
    return tuple(patterns)


def _checked_days(days):
    check_iterable("days", days, "des dates")
    days = tuple(days)
    for day in days:
        _check_day(day)
    return days
