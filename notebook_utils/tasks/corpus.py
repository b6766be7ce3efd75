r"""Un texte où apprendre à prédire le caractère suivant : la prose de ce cours, ou celle du lecteur.

L'extrait du cours est **figé** : il ne change pas quand un chapitre est récrit.
``scripts/corpus.py`` l'a tiré des sources ; une formule, du code, un renvoi, une valeur collée y sont un « X ».
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

import torch

from .._checks import check_choice, check_integer, check_text
from .._tensor_checks import check_generator
from .characters import Vocabulary

__all__ = ["UNKNOWN", "Corpus", "longest_copy"]

#: Le caractère qui remplace ceux qui sont trop rares pour s'apprendre.
UNKNOWN = "□"
_VERSION, _SHA256 = 1, "09572a36fdeb273e32033f598a88c4d321b0f9911ea0d118c22d8d64e93678c4"
_CHAPTER = "# "  # ce qui ouvre un chapitre, dans le fichier
#: Sur dix blocs consécutifs, le rang de ceux de chaque ensemble.
_RANKS = {"train": range(8), "choice": (8,), "test": (9,), "all": range(10)}


@dataclass(frozen=True)
class Corpus:
    r"""Un texte en chapitres, coupé en blocs qui servent à apprendre, à choisir, ou à juger.

    Le texte est coupé, à des fins de ligne, en blocs d'environ ``block_size`` caractères. Sur dix blocs consécutifs,

    .. math::

        \underbrace{b_0, \dots, b_7}_{\text{apprentissage}}, \qquad
        \underbrace{b_8}_{\text{choix}}, \qquad \underbrace{b_9}_{\text{test}}

    Les trois ensembles parlent donc des mêmes sujets, avec les mêmes tournures : c'est un test **facile**.
    :meth:`without` en donne un plus dur, un chapitre entier jamais lu.

    Le vocabulaire a les caractères lus au moins ``rare`` fois dans les blocs d'apprentissage, et « □ » pour les autres.

    Args:
        chapters: les couples ``(nom, texte)``, dans l'ordre.
        block_size: la longueur visée d'un bloc.
        rare: le nombre d'occurrences en deçà duquel un caractère devient « □ ».

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si un nombre n'est pas positif, si un nom est répété, ou si le texte ne fait pas dix blocs.

    Example:
        >>> corpus = Corpus.course()
        >>> corpus.names[:3]
        ('index', 'sequences', 'rnn')
        >>> sum(map(corpus.count, ("train", "choice", "test"))) == corpus.count("all")
        True
        >>> corpus.vocabulary.decode(corpus.encode("Où ça ? §"))
        'Où ça ? □'
    """

    chapters: tuple
    block_size: int = 3000
    rare: int = 5

    def __post_init__(self):
        object.__setattr__(self, "chapters", _checked_chapters(self.chapters))
        check_integer("block_size", self.block_size)
        check_integer("rare", self.rare)
        if len(self._all) < 10:
            received = f"{len(self._all)} blocs de {self.block_size} caractères"
            raise ValueError(
                f"chapters : reçu {received}, attendu au moins 10 : un texte plus long, ou block_size moindre"
            )

    @classmethod
    def course(cls):
        r"""Le texte de ce cours, dans son extrait figé.

        Returns:
            Un :class:`Corpus` d'environ 240 000 caractères.

        Raises:
            OSError: si l'extrait installé n'est pas celui que le paquet attend.

        Example:
            >>> "réseau récurrent" in dict(Corpus.course().chapters)["rnn"]
            True
        """
        octets = files(__package__).joinpath("data", f"cours-{_VERSION}.txt").read_bytes()
        if hashlib.sha256(octets).hexdigest() != _SHA256:
            raise OSError(f"cours-{_VERSION}.txt : l'extrait du cours est abîmé, réinstallez le paquet")
        parts = octets.decode().removeprefix(_CHAPTER).split(f"\n{_CHAPTER}")
        return cls(tuple((name, f"{text.strip()}\n") for name, text in (part.split("\n", 1) for part in parts)))

    @classmethod
    def from_text(cls, text, **options):
        r"""Un texte du lecteur, en un seul chapitre.

        Args:
            text: une chaîne, par exemple ``Path("mon-texte.txt").read_text("utf-8")``.
            **options: ``block_size`` et ``rare``, comme pour :class:`Corpus`.

        Returns:
            Un :class:`Corpus`.

        Raises:
            TypeError: si ``text`` n'est pas une chaîne.
            ValueError: comme :class:`Corpus`.

        Example:
            >>> corpus = Corpus.from_text("Il pleut.\nIl neige.\n" * 50, block_size=60)
            >>> corpus.vocabulary.symbols
            '\n .Iegilnptu□'
        """
        check_text("text", text)
        return cls((("texte", text),), **options)

    @property
    def names(self):
        """Les noms des chapitres, dans l'ordre."""
        return tuple(name for name, _ in self.chapters)

    @cached_property
    def vocabulary(self):
        """Le :class:`~notebook_utils.tasks.characters.Vocabulary` ; « □ » est son dernier symbole."""
        counts = Counter("".join(self.blocks("train")))
        return Vocabulary("".join(sorted(s for s, n in counts.items() if n >= self.rare and s != UNKNOWN)) + UNKNOWN)

    def blocks(self, split="train"):
        r"""Les blocs d'un ensemble, dans l'ordre du texte.

        Args:
            split: ``"train"``, ``"choice"``, ``"test"`` ou ``"all"``.

        Returns:
            Une liste de chaînes.

        Raises:
            TypeError: si ``split`` n'est pas une chaîne.
            ValueError: si ``split`` n'est pas l'un des quatre noms.

        Example:
            >>> corpus = Corpus.from_text("abcd\n" * 20, block_size=10)
            >>> len(corpus.blocks("train")), corpus.blocks("test")
            (8, ['abcd\nabcd\n'])
        """
        check_choice("split", split, _RANKS)
        return [block for rank, block in enumerate(self._all) if rank % 10 in _RANKS[split]]

    def count(self, split="all"):
        r"""Compte les caractères d'un ensemble.

        Args:
            split: comme pour :meth:`blocks`.

        Returns:
            Un entier.

        Raises:
            TypeError: comme :meth:`blocks`.
            ValueError: comme :meth:`blocks`.

        Example:
            >>> Corpus.from_text("abcd\n" * 20, block_size=10).count("test")
            10
        """
        return sum(map(len, self.blocks(split)))

    def without(self, name):
        r"""Met un chapitre de côté : on apprend sur les autres, et il sert de test.

        Args:
            name: le nom du chapitre.

        Returns:
            Le couple ``(corpus, texte)`` : un :class:`Corpus` sans ce chapitre, et son texte.

        Raises:
            ValueError: si ce chapitre n'existe pas, ou si le reste ne fait pas dix blocs.

        Example:
            >>> rest, text = Corpus.course().without("gru")
            >>> "gru" in rest.names, text.splitlines()[0]
            (False, 'GRU : deux portes, une seule mémoire')
        """
        check_choice("name", name, self.names)
        rest = tuple(chapter for chapter in self.chapters if chapter[0] != name)
        return Corpus(rest, self.block_size, self.rare), dict(self.chapters)[name]

    def fold(self, text):
        r"""Remplace par « □ » les caractères hors du vocabulaire.

        Args:
            text: une chaîne.

        Returns:
            Une chaîne de même longueur.

        Raises:
            TypeError: si ``text`` n'est pas une chaîne.

        Example:
            >>> Corpus.from_text("abcd\n" * 20, block_size=10).fold("bazar")
            'ba□a□'
        """
        check_text("text", text, empty=True)
        known = set(self.vocabulary.symbols)
        return "".join(symbol if symbol in known else UNKNOWN for symbol in text)

    def encode(self, text):
        r"""Donne les codes d'un texte, ses caractères rares remplacés par « □ ».

        Args:
            text: une chaîne non vide.

        Returns:
            Un tenseur ``(N,)``, de type ``int64``.

        Raises:
            TypeError: si ``text`` n'est pas une chaîne.
            ValueError: si ``text`` est vide.

        Example:
            >>> Corpus.from_text("abcd\n" * 20, block_size=10).encode("bazar")
            tensor([2, 1, 5, 1, 5])
        """
        return self.vocabulary.encode(self.fold(text))

    def stream(self, split="train", *, generator=None, pack=1500):
        r"""Donne un ensemble d'un seul tenant, prêt pour :func:`~notebook_utils.tasks.characters.text_columns`.

        Avec ``generator``, le texte est d'abord coupé en paquets d'environ ``pack`` caractères, à des fins de ligne,
        que l'on mélange : d'un passage à l'autre, le réseau ne lit pas les mêmes voisins ensemble.

        Args:
            split: comme pour :meth:`blocks`.
            generator: le ``torch.Generator`` du mélange ; sans lui, l'ordre est celui du texte.
            pack: la longueur visée d'un paquet.

        Returns:
            Un tenseur ``(N,)``, de type ``int64``.

        Raises:
            TypeError: si un argument n'est pas du bon type.
            ValueError: si ``split`` est inconnu, ou ``pack`` n'est pas positif.

        Example:
            >>> corpus = Corpus.from_text("".join(f"{chr(97 + n)}\n" for n in range(20)), block_size=2, rare=1)
            >>> corpus.vocabulary.decode(corpus.stream("train")).split()[6:10]
            ['g', 'h', 'k', 'l']
        """
        text = "".join(self.blocks(split))
        check_integer("pack", pack)
        if generator is not None:
            check_generator(generator)
            packs = _cut(text, pack)
            order = torch.randperm(len(packs), generator=generator, device=generator.device)
            text = "".join(packs[rank] for rank in order.tolist())
        return self.encode(text)

    @cached_property
    def _all(self):
        return _cut("".join(text for _, text in self.chapters), self.block_size)


def longest_copy(text, source):
    r"""Le plus long passage d'un texte qui se trouve tel quel dans un autre.

    .. math::

        \arg\max_{s} \; \{\, |s| : s \text{ est un facteur de } \text{text} \text{ et de } \text{source} \,\}

    C'est ce qui dit si un modèle de langue récite. Le premier passage l'emporte à égalité.

    Args:
        text: ce que le modèle a écrit.
        source: ce qu'il a lu.

    Returns:
        Une chaîne, éventuellement vide.

    Raises:
        TypeError: si un argument n'est pas une chaîne.

    Example:
        >>> longest_copy("un chat noir dort", "mon chat noir mange")
        'n chat noir '
    """
    check_text("text", text, empty=True)
    check_text("source", source, empty=True)
    start, best = 0, ""
    for end in range(1, len(text) + 1):
        while text[start:end] not in source:
            start += 1
        best = text[start:end] if end - start > len(best) else best
    return best


def _cut(text, size):
    """Coupe un texte à des fins de ligne, dès que la longueur visée est atteinte ; le dernier peut être court."""
    pieces, rows, length = [], [], 0
    for row in text.splitlines(keepends=True):
        rows.append(row)
        length += len(row)
        if length >= size:
            pieces.append("".join(rows))
            rows, length = [], 0
    return pieces + (["".join(rows)] if rows else [])


def _checked_chapters(chapters):
    if not isinstance(chapters, tuple | list) or not chapters:
        raise TypeError(f"chapters : reçu {chapters!r:.60}, attendu des couples (nom, texte)")
    for chapter in chapters:
        if not isinstance(chapter, tuple | list) or len(chapter) != 2:
            raise TypeError(f"chapters : reçu {chapter!r:.60}, attendu un couple (nom, texte)")
        for part in chapter:
            check_text("chapters", part)
    names = [name for name, _ in chapters]
    if len(set(names)) < len(names):
        raise ValueError(
            f"chapters : reçu {len(names)} chapitres de {len(set(names))} noms, attendu des noms différents"
        )
    return tuple(map(tuple, chapters))
