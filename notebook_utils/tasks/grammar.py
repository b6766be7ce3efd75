r"""Une petite grammaire du français, dont on connaît tout : de quoi mesurer ce qu'apprend un plongement de mots.

.. code-block:: text

    phrase → [quand] sujet verbe [comment] | quand verbe [comment] sujet | lieu
    lieu   → où sujet parle LANGUE | sujet parle LANGUE où | où on parle LANGUE | CAPITALE est la capitale de la PAYS
    où     → en PAYS | à CAPITALE
    sujet  → déterminant [adjectif] nom [de complément] [adjectif]

Le sujet s'accorde en genre et en nombre, et le verbe avec lui ; ce qui dit *quand* commande le temps.
Chaque nom a un complément à lui et un verbe favori, chaque verbe un adverbe, chaque pays une capitale et une langue :
ces mots-là suivent « dort » comme « dorment », « chat » comme « chats ».
"""

import zlib
from functools import cached_property

import torch

from .._checks import check_choice, check_integer, check_iterable
from .._tensor_checks import check_codes, check_generator
from .task import SPLITS
from .texts import MARK, text_lengths

__all__ = ["Grammar"]

# Un nom : masculin singulier et pluriel, féminin singulier et pluriel, complément.
_NOUNS = """
chat chats chatte chattes gouttière | chien chiens chienne chiennes traîneau | lion lions lionne lionnes cirque
loup loups louve louves forêt | voisin voisins voisine voisines palier | marchand marchands marchande marchandes fleurs
danseur danseurs danseuse danseuses tango | boulanger boulangers boulangère boulangères quartier
coiffeur coiffeurs coiffeuse coiffeuses théâtre | musicien musiciens musicienne musiciennes rue
fermier fermiers fermière fermières montagne | cuisinier cuisiniers cuisinière cuisinières cantine"""
# Un verbe, le favori du nom de même rang : singulier et pluriel, au présent, à l'imparfait, au futur ; son adverbe.
_VERBS = """
dort dorment dormait dormaient dormira dormiront profondément
garde gardent gardait gardaient gardera garderont fidèlement
chasse chassent chassait chassaient chassera chasseront habilement
court courent courait couraient courra courront vite
jardine jardinent jardinait jardinaient jardinera jardineront soigneusement
compte comptent comptait comptaient comptera compteront juste
danse dansent dansait dansaient dansera danseront gracieusement
travaille travaillent travaillait travaillaient travaillera travailleront dur
bavarde bavardent bavardait bavardaient bavardera bavarderont gaiement
chante chantent chantait chantaient chantera chanteront fort
marche marchent marchait marchaient marchera marcheront lentement
goûte goûtent goûtait goûtaient goûtera goûteront délicatement"""
# Un adjectif : comme un nom, sans complément.
_BEFORE = "petit petits petite petites | grand grands grande grandes | gentil gentils gentille gentilles"
_AFTER = """
content contents contente contentes | prudent prudents prudente prudentes | discret discrets discrète discrètes
blond blonds blonde blondes | patient patients patiente patientes"""
_SPEAK = ("parle", "parlent", "parlait", "parlaient", "parlera", "parleront")
_COUNTRIES = """
France Paris français | Grèce Athènes grec | Pologne Varsovie polonais | Suède Stockholm suédois
Norvège Oslo norvégien | Hongrie Budapest hongrois | Roumanie Bucarest roumain | Russie Moscou russe
Finlande Helsinki finnois | Bulgarie Sofia bulgare | Turquie Ankara turc | Chine Pékin chinois
Croatie Zagreb croate | Lituanie Vilnius lituanien | Lettonie Riga letton | Thaïlande Bangkok thaï"""
_DETERMINERS = ("le un ce", "les ces nos certains divers", "la une cette", "les ces nos certaines diverses")
_WHEN = ("aujourd'hui maintenant", "hier autrefois jadis", "demain bientôt")  # présent, imparfait, futur
_PLACES = "en à est la capitale de on"


def _rows(text):
    """Les lignes d'un lexique : un mot par colonne."""
    return tuple(tuple(row.split()) for line in text.strip().splitlines() for row in line.split("|"))


class Grammar:
    r"""Des phrases tirées d'une grammaire, mot par mot, et les relations exactes entre ses mots.

    L'ensemble d'une phrase dépend d'elle seule : :math:`r` est le reste par 4 de la somme de contrôle CRC-32 de son
    texte, le reste 0 appartient au test. Ici, un tirage de l'autre ensemble est **rejeté**, et refait.

    References:
        Mikolov, Yih et Zweig, *Linguistic Regularities in Continuous Space Word Representations*, NAACL, 2013,
        d'où vient l'idée de mesurer des relations entre mots.

    Example:
        >>> grammar = Grammar()
        >>> codes = grammar.sample(3, generator=torch.Generator().manual_seed(0))
        >>> codes.shape[0], grammar.split_of(codes)
        (3, ['train', 'train', 'train'])
        >>> grammar.relations["capitale"][:2]
        [('France', 'Paris'), ('Grèce', 'Athènes')]
    """

    def __init__(self):
        self._nouns, self._verbs, self._before, self._after = map(_rows, (_NOUNS, _VERBS, _BEFORE, _AFTER))
        self._countries = _rows(_COUNTRIES)
        self._determiners = tuple(text.split() for text in _DETERMINERS)
        self._when = tuple(text.split() for text in _WHEN)
        lists = [*self._nouns, *self._before, *self._after, *self._verbs, _SPEAK, *self._countries]
        lists += [*self._determiners, *self._when, _PLACES.split()]
        #: Les mots, dans l'ordre de leurs codes ; le code 0 est la marque, qui ouvre, ferme et complète les phrases.
        self.words = (MARK, *dict.fromkeys(word for row in lists for word in row))
        self._codes = {word: code for code, word in enumerate(self.words)}

    def __len__(self):
        """Le nombre de mots, marque comprise."""
        return len(self.words)

    @cached_property
    def relations(self):
        """Les couples de mots de chaque relation (genre, nombre des noms, nombre du verbe, temps, capitale)."""
        nouns = self._nouns
        return {
            "genre": [(row[k], row[k + 2]) for row in nouns for k in (0, 1)],
            "nombre": [(row[k], row[k + 1]) for row in nouns for k in (0, 2)],
            "nombre du verbe": [(row[k], row[k + 1]) for row in self._verbs for k in (0, 2, 4)],
            "imparfait": [(row[k], row[k + 2]) for row in self._verbs for k in (0, 1)],
            "futur": [(row[k], row[k + 4]) for row in self._verbs for k in (0, 1)],
            "capitale": [row[:2] for row in self._countries],
        }

    def encode(self, sentences):
        r"""Donne les codes de phrases, chacune suivie d'au moins une marque.

        Args:
            sentences: une liste non vide de chaînes, les mots séparés par une espace.

        Returns:
            Un tenseur ``(B, T)``, de type ``int64``.

        Raises:
            TypeError: si ``sentences`` n'est pas une liste de chaînes.
            ValueError: si la liste est vide, ou si un mot est inconnu.

        Example:
            >>> Grammar().encode(["le chat dort"]).shape
            torch.Size([1, 4])
        """
        check_iterable("sentences", sentences, "une liste de chaînes")
        rows = [_split(sentence) for sentence in sentences]
        if not rows:
            raise ValueError("sentences : reçu une liste vide, attendu au moins une phrase")
        unknown = sorted({word for row in rows for word in row} - set(self.words[1:]))
        if unknown:
            raise ValueError(f"sentences : reçu des mots inconnus, {' '.join(unknown)} ; attendu ceux de la grammaire")
        width = 1 + max(map(len, rows))
        return torch.tensor([[self._codes[word] for word in row] + [0] * (width - len(row)) for row in rows])  # (B, T)

    def decode(self, codes):
        r"""Relit des phrases : chacune s'arrête à sa première marque.

        Args:
            codes: un tenseur ``(B, T)``, de type ``int64``.

        Returns:
            La liste des :math:`B` phrases.

        Raises:
            TypeError: si ``codes`` n'est pas un tenseur ``int64``.
            ValueError: si ``codes`` n'a pas deux dimensions, ou sort du vocabulaire.

        Example:
            >>> grammar = Grammar()
            >>> grammar.decode(grammar.encode(["demain danseront les louves", "le chat dort"]))
            ['demain danseront les louves', 'le chat dort']
        """
        check_codes("codes", codes, ("B", "T"), len(self))
        lengths = text_lengths(codes).tolist()
        return [" ".join(self.words[code] for code in row[:n]) for row, n in zip(codes.tolist(), lengths, strict=True)]

    def split_of(self, codes):
        r"""Dit à quel ensemble appartient chaque phrase.

        Args:
            codes: comme pour :meth:`decode`.

        Returns:
            Une liste de ``"train"`` et de ``"test"``.

        Raises:
            TypeError: comme :meth:`decode`.
            ValueError: comme :meth:`decode`.

        Example:
            >>> grammar = Grammar()
            >>> grammar.split_of(grammar.encode(["le danseur dort", "le chien dort"]))
            ['test', 'train']
        """
        return ["test" if _residue(sentence) in SPLITS["test"] else "train" for sentence in self.decode(codes)]

    def sample(self, number, *, generator, split="train"):
        r"""Tire des phrases.

        Args:
            number: le nombre :math:`B` de phrases.
            generator: le ``torch.Generator`` du tirage.
            split: ``"train"``, ``"test"``, ou ``"all"`` pour ne pas séparer.

        Returns:
            Les codes, un tenseur ``(B, T)`` de type ``int64``.

        Raises:
            TypeError: si un argument n'est pas du bon type.
            ValueError: si ``number`` n'est pas positif, ou si ``split`` est inconnu.

        Example:
            >>> grammar = Grammar()
            >>> codes = grammar.sample(50, generator=torch.Generator().manual_seed(0), split="test")
            >>> set(grammar.split_of(codes))
            {'test'}
        """
        check_integer("number", number)
        check_generator(generator)
        check_choice("split", split, SPLITS)
        draw, sentences = _Draws(generator), []
        while len(sentences) < number:
            sentence = " ".join(self._sentence(draw))
            if _residue(sentence) in SPLITS[split]:
                sentences.append(sentence)
        return self.encode(sentences)

    def _sentence(self, draw):
        """Une phrase, en liste de mots."""
        tense, kind = draw.below(3), draw.below(10)
        if kind >= 5:
            return self._place(draw, tense, kind)
        noun, plural, subject = self._subject(draw)
        verb, how = self._verb(draw, noun, plural, tense)
        how = [how] if draw.below(2) else []
        when = [draw.one(self._when[tense])]
        if kind == 4:
            return [*when, verb, *how, *subject]
        return [*(when if draw.below(3) else []), *subject, verb, *how]

    def _place(self, draw, tense, kind):
        """Une phrase où il est question d'un pays."""
        country, capital, language = draw.one(self._countries)
        _, plural, subject = self._subject(draw)
        where = [("en", country), ("à", capital)][draw.below(2)]
        if kind == 9:
            return [capital, "est", "la", "capitale", "de", "la", country]
        if kind >= 7:
            return [*where, "on", _SPEAK[2 * tense], language]
        speak = [_SPEAK[2 * tense + plural], language]
        return [*where, *subject, *speak] if kind == 5 else [*subject, *speak, *where]

    def _subject(self, draw):
        """Le rang du nom, son nombre, et le groupe du sujet, accordé."""
        noun, form = draw.below(len(self._nouns)), draw.below(4)
        before = [draw.one(self._before)[form]] if draw.below(3) == 0 else []
        after = [draw.one(self._after)[form]] if draw.below(3) == 0 else []
        *forms, complement = self._nouns[noun]
        told = ["de", complement] if draw.below(2) else []
        return noun, form % 2, [draw.one(self._determiners[form]), *before, forms[form], *told, *after]

    def _verb(self, draw, noun, plural, tense):
        """Le favori du nom, une fois sur deux, sinon n'importe lequel ; et son adverbe."""
        *forms, how = self._verbs[noun if draw.below(2) else draw.below(len(self._verbs))]
        return forms[2 * tense + plural], how


class _Draws:
    """Des entiers tirés un à un d'un générateur, par blocs pour aller vite."""

    def __init__(self, generator):
        self._generator, self._left = generator, []

    def below(self, bound):
        """Un entier de 0 à ``bound − 1``."""
        if not self._left:
            block = torch.rand(4096, generator=self._generator, dtype=torch.float64, device=self._generator.device)
            self._left = block.tolist()
        return int(self._left.pop() * bound)

    def one(self, items):
        """L'un des éléments."""
        return items[self.below(len(items))]


def _split(sentence):
    if not isinstance(sentence, str):
        raise TypeError(f"sentences : reçu {type(sentence).__name__}, attendu des chaînes")
    return sentence.split()


def _residue(sentence):
    """Le reste d'une phrase, qui décide de son ensemble."""
    return zlib.crc32(sentence.encode()) % 4
