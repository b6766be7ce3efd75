r"""Des chiffres manuscrits, et le texte français qui dit ce qu'ils montrent.

Les 1 797 images sont celles que ``scikit-learn`` installe avec lui : 8 × 8 pixels, écrites par treize personnes,
rangées, semble-t-il, à peu près main par main. Rien n'est téléchargé.

Écarts au protocole de :mod:`notebook_utils.tasks.task` : les images sont en nombre fini, et déjà tirées.
Leur ensemble est donc fixé une fois pour toutes, sans dépendre d'aucune graine, et il y en a trois :
``"train"``, l'apprentissage, ``"choice"``, qui sert à choisir les réglages, et ``"test"``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from .._checks import check_callable, check_choice, check_integer, check_iterable, described
from .._tensor_checks import check_generator, check_real
from .task import Batch
from .texts import decode_texts, encode_texts, marked_vocabulary

__all__ = ["DigitPairs", "Digits", "digit_words", "fit_classifier", "number_words", "split_numbers"]

_UNITS = tuple("zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize".split())  # noqa: SIM905
_TENS = {2: "vingt", 3: "trente", 4: "quarante", 5: "cinquante", 6: "soixante", 8: "quatre-vingt"}
_SPLITS = ("train", "choice", "test")
_SIZE = 8  # côté d'une image, en pixels


def number_words(number):
    r"""Écrit un nombre de 0 à 99 en toutes lettres, avec les traits d'union de l'orthographe de 1990.

    .. math::

        n = 10\,d + u \;\longmapsto\; \text{mot de la dizaine } d \text{, puis mot de } u \text{, ou de } 10 + u

    Les dizaines 1, 7 et 9 n'ont pas de mot à elles en France : 7 emprunte celui de 6, et 9 celui de 8,
    le reste s'écrivant alors de dix à dix-neuf.

    Args:
        number: un entier de 0 à 99.

    Returns:
        Une chaîne, sans espace.

    Raises:
        TypeError: si ``number`` n'est pas un entier.
        ValueError: s'il n'est pas entre 0 et 99.

    Example:
        >>> [number_words(n) for n in (7, 21, 71, 80, 97)]
        ['sept', 'vingt-et-un', 'soixante-et-onze', 'quatre-vingts', 'quatre-vingt-dix-sept']
    """
    number = _check_number("number", number)
    if number < 17:
        return _UNITS[number]
    tens = number // 10
    if tens == 1:
        return "dix-" + _UNITS[number - 10]
    tens -= tens in (7, 9)
    rest = number - 10 * tens
    if rest == 0:
        return _TENS[tens] + "s" * (tens == 8)
    link = "-et-" if rest in (1, 11) and tens != 8 else "-"
    return _TENS[tens] + link + number_words(rest)


def digit_words(number):
    r"""Écrit un nombre de 0 à 99 chiffre par chiffre : le mot de sa dizaine, puis celui de son unité.

    C'est une langue que personne ne parle, mais où chaque mot ne dépend que d'un chiffre : un témoin.

    Args:
        number: un entier de 0 à 99.

    Returns:
        Deux mots, séparés par un trait d'union.

    Raises:
        TypeError: si ``number`` n'est pas un entier.
        ValueError: s'il n'est pas entre 0 et 99.

    Example:
        >>> digit_words(97), digit_words(7)
        ('neuf-sept', 'zéro-sept')
    """
    number = _check_number("number", number)
    return f"{_UNITS[number // 10]}-{_UNITS[number % 10]}"


def split_numbers(seen, *, generator):
    r"""Partage les nombres de 0 à 99 en deux : ceux que l'on montrera, et ceux que l'on gardera pour plus tard.

    .. math::

        \{10\,i + \pi(i) : 0 \le i \le 9\} \subset \text{montrés}

    Dix nombres, donnés par une permutation :math:`\pi` tirée au hasard, sont toujours montrés : chaque chiffre
    se voit ainsi au moins une fois à chaque place. Les autres sont tirés parmi les 90 qui restent.

    Args:
        seen: combien de nombres montrer, de 10 à 99.
        generator: le ``torch.Generator`` du tirage.

    Returns:
        Le couple ``(seen, unseen)`` de n-uplets triés, disjoints, de réunion 0 à 99.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si ``seen`` n'est pas entre 10 et 99.

    Example:
        >>> seen, unseen = split_numbers(80, generator=torch.Generator().manual_seed(0))
        >>> len(seen), len(unseen), sorted(seen + unseen) == list(range(100))
        (80, 20, True)
        >>> {n // 10 for n in seen} == {n % 10 for n in seen} == set(range(10))
        True
    """
    if not 10 <= check_integer("seen", seen) < 100:
        raise ValueError(f"seen : reçu {seen}, attendu un entier de 10 à 99")
    check_generator(generator)
    units = torch.randperm(10, generator=generator).tolist()
    always = {10 * tens + unit for tens, unit in enumerate(units)}
    others = [number for number in range(100) if number not in always]
    order = torch.randperm(len(others), generator=generator).tolist()
    chosen = always | {others[k] for k in order[: seen - 10]}
    return tuple(sorted(chosen)), tuple(number for number in range(100) if number not in chosen)


class _Images(NamedTuple):
    """Toutes les images, dans l'ordre de ``load_digits``."""

    images: Tensor  # (N, 8, 8), de 0 à 1
    digits: Tensor  # (N), de 0 à 9
    splits: Tensor  # (N), indices dans _SPLITS
    rows: dict  # le rang de chaque image, par ses octets


@lru_cache(maxsize=2)
def _load(blocks):
    """Lit les images, et les sépare : un rang sur six, ou des tranches."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = torch.tensor(found.images, dtype=torch.float32) / 16  # exact : des seizièmes
    digits = torch.tensor(found.target, dtype=torch.int64)
    splits = torch.empty_like(digits)
    shuffle = torch.Generator().manual_seed(0)  # une fois pour toutes : la séparation ne suit aucune graine
    for digit in range(10):
        rows = (digits == digit).nonzero()[:, 0]
        rank = torch.arange(len(rows)) if blocks else torch.randperm(len(rows), generator=shuffle)
        splits[rows] = torch.tensor([0, 0, 0, 0, 1, 2])[6 * rank // len(rows)]
    rows = {image.tobytes(): row for row, image in enumerate(images.numpy())}
    return _Images(images, digits, splits, rows)


@lru_cache(maxsize=16)
def _rows(blocks, split):
    """Les rangs des images d'un ensemble, chiffre par chiffre : ``(10, N)`` et combien il y en a, ``(10)``."""
    _, digits, splits, _ = _load(blocks)
    kept = splits == _SPLITS.index(split) if split in _SPLITS else torch.ones_like(splits, dtype=torch.bool)
    lists = [((digits == digit) & kept).nonzero()[:, 0] for digit in range(10)]
    return torch.nn.utils.rnn.pad_sequence(lists, batch_first=True), torch.tensor([len(rows) for rows in lists])


class _PicturesToTexts:
    """Ce que les deux tâches ont en commun : le vocabulaire, la relecture, le tirage des images."""

    @cached_property
    def vocabulary(self):
        """Le :class:`~notebook_utils.tasks.characters.Vocabulary` de tous les textes possibles, marque d'abord."""
        return marked_vocabulary("".join(sorted(set("".join(self._texts)))))

    @cached_property
    def _codes(self):
        """Les textes possibles, tous de la même largeur : ``(N, T)``."""
        return encode_texts(self.vocabulary, self._texts)

    def decode_targets(self, targets):
        r"""Relit des cibles, ou ce qu'un réseau a écrit.

        Args:
            targets: des codes, ``(B, T)``, de type ``int64``.

        Returns:
            La liste des textes.

        Raises:
            TypeError: si ``targets`` n'est pas un tenseur ``int64``.
            ValueError: si ``targets`` n'a pas deux dimensions, ou sort du vocabulaire.

        Example:
            >>> Digits().decode_targets(Digits().every("test").targets[:2])
            ['trois', 'quatre']
        """
        return decode_texts(self.vocabulary, targets)

    def split_of(self, inputs):
        r"""Dit à quel ensemble appartient chaque exemple.

        Args:
            inputs: des images de la tâche, telles quelles.

        Returns:
            Une liste de ``"train"``, ``"choice"`` et ``"test"``.

        Raises:
            TypeError: si ``inputs`` n'est pas un tenseur de nombres à virgule flottante.
            ValueError: si la forme ne convient pas, si une image n'est pas de ``load_digits``,
                ou si un exemple réunit des images de deux ensembles.

        Example:
            >>> Digits().split_of(Digits().every("choice").inputs[:2])
            ['choice', 'choice']
        """
        splits = self._source.splits[self._find(inputs)]  # (B, images par exemple)
        if (splits != splits[:, :1]).any():
            raise ValueError("inputs : reçu des images de deux ensembles dans un exemple, attendu un seul ensemble")
        return [_SPLITS[split] for split in splits[:, 0].tolist()]

    def sample(self, batch_size, *, generator, split="train"):
        r"""Tire un lot, avec remise.

        Args:
            batch_size: le nombre :math:`B` d'exemples.
            generator: le ``torch.Generator`` du tirage, sur le processeur central.
            split: ``"train"``, ``"choice"``, ``"test"``, ou ``"all"``.

        Returns:
            Un :class:`~notebook_utils.tasks.task.Batch`, dont la tâche dit les formes.

        Raises:
            TypeError: si un argument n'est pas du bon type.
            ValueError: si ``batch_size`` n'est pas positif, ou si ``split`` est inconnu.

        Example:
            >>> images, codes = Digits().sample(5, generator=torch.Generator().manual_seed(0), split="test")
            >>> set(Digits().split_of(images))
            {'test'}
        """
        batch_size = check_integer("batch_size", batch_size)
        check_generator(generator)
        self._check_split(split)
        return self._draw(batch_size, split, generator)

    @property
    def _source(self):
        return _load(self.blocks)

    def _check_split(self, split):
        check_choice("split", split, (*_SPLITS, "all"))

    def _find(self, inputs):
        """Le rang de chaque image de chaque exemple, ``(B, images par exemple)``."""
        check_real("inputs", inputs, ("B", *self._shape))
        parts = inputs.to(torch.float32).cpu().unfold(2, _SIZE, _SIZE).transpose(1, 2).contiguous().numpy()
        rows = [[self._source.rows.get(image.tobytes(), -1) for image in example] for example in parts]
        if any(row < 0 for example in rows for row in example):
            raise ValueError("inputs : reçu une image inconnue, attendu des images de load_digits, divisées par 16")
        return torch.tensor(rows, dtype=torch.int64).view(len(rows), -1)

    def _pick(self, digits, split, generator):
        """Une image, tirée au hasard, de chaque chiffre demandé : ``digits`` ``(B)`` donne ``(B, 8, 8)``."""
        rows, sizes = _rows(self.blocks, split)
        place = (torch.rand(len(digits), generator=generator, dtype=torch.float64) * sizes[digits]).long()
        return self._source.images[rows[digits, place]]


@dataclass(frozen=True)
class Digits(_PicturesToTexts):
    r"""Un chiffre manuscrit, et son nom.

    .. math::

        x \in [0, 1]^{8 \times 8} \;\longmapsto\; y_1 \dots y_n \in \{\text{zéro}, \text{un}, \dots, \text{neuf}\}

    Entrées : les images, ``(B, 8, 8)``, de 0 (le papier) à 1 (l'encre), des multiples de 1/16.
    Cibles : les codes du mot, ``(B, 7)``, voir :func:`~notebook_utils.tasks.texts.encode_texts`.

    Les images de chaque chiffre sont battues, toujours de la même façon, puis coupées en trois :
    quatre sixièmes pour l'apprentissage, un pour le choix, un pour le test.
    Chaque ensemble contient ainsi les dix chiffres dans les mêmes proportions, à une image près, et
    aucune image n'est dans deux ensembles. Les personnes, elles, sont dans les trois :
    une image du test peut ressembler beaucoup à une autre, de la même main, dans l'apprentissage.
    Avec ``blocks``, les images ne sont pas battues : chaque ensemble est une tranche du fichier,
    et les mains du test sont, pour l'essentiel, inconnues de l'apprentissage.

    Args:
        blocks: couper les images dans l'ordre du fichier, sans les battre.

    Raises:
        TypeError: si ``blocks`` n'est pas un booléen.

    References:
        Alpaydin et Kaynak, *Cascading Classifiers*, Kybernetika, 1998.

    Example:
        >>> task = Digits()
        >>> images, codes = task.every("test")
        >>> images.shape, codes.shape
        (torch.Size([296, 8, 8]), torch.Size([296, 7]))
        >>> [task.count(split) for split in ("train", "choice", "test", "all")]
        [1201, 300, 296, 1797]
    """

    blocks: bool = False

    def __post_init__(self):
        _check_boolean("blocks", self.blocks)

    _shape = (_SIZE, _SIZE)
    _texts = tuple(_UNITS[:10])

    def count(self, split="all"):
        r"""Compte les images d'un ensemble.

        Args:
            split: ``"train"``, ``"choice"``, ``"test"``, ou ``"all"``.

        Returns:
            Un entier.

        Raises:
            TypeError: si ``split`` n'est pas une chaîne.
            ValueError: si ``split`` est inconnu.

        Example:
            >>> Digits(blocks=True).count("test")
            296
        """
        self._check_split(split)
        return int(_rows(self.blocks, split)[1].sum())

    def every(self, split="all"):
        r"""Rend toutes les images d'un ensemble, dans l'ordre du fichier.

        Args:
            split: comme pour :meth:`count`.

        Returns:
            Un :class:`~notebook_utils.tasks.task.Batch`.

        Raises:
            TypeError: comme :meth:`count`.
            ValueError: comme :meth:`count`.

        Example:
            >>> len(Digits().every("choice").inputs)
            300
        """
        self._check_split(split)
        images, digits, splits, _ = self._source
        kept = splits == _SPLITS.index(split) if split in _SPLITS else slice(None)
        return Batch(images[kept], self._codes[digits[kept]])

    def decode(self, inputs):
        r"""Relit des images : le rang de chacune dans ``load_digits``.

        Args:
            inputs: des images de la tâche, ``(B, 8, 8)``.

        Returns:
            Une liste d'entiers, de 0 à 1 796.

        Raises:
            TypeError: comme :meth:`split_of`.
            ValueError: comme :meth:`split_of`.

        Example:
            >>> Digits().decode(Digits().every().inputs[:3])
            [0, 1, 2]
        """
        return self._find(inputs)[:, 0].tolist()

    def labels(self, inputs):
        r"""Le chiffre que montre chaque image.

        Args:
            inputs: des images de la tâche, ``(B, 8, 8)``.

        Returns:
            Un tenseur ``(B)``, d'entiers de 0 à 9.

        Raises:
            TypeError: comme :meth:`split_of`.
            ValueError: comme :meth:`split_of`.

        Example:
            >>> Digits().labels(Digits().every().inputs[:3])
            tensor([0, 1, 2])
        """
        return self._source.digits[self._find(inputs)[:, 0]]

    def _draw(self, batch_size, split, generator):
        rows, sizes = _rows(self.blocks, split)
        place = torch.randint(int(sizes.sum()), (batch_size,), generator=generator)
        digits = torch.bucketize(place, sizes.cumsum(0), right=True)
        found = rows[digits, place - (sizes.cumsum(0) - sizes)[digits]]
        return Batch(self._source.images[found], self._codes[digits])


@dataclass(frozen=True)
class DigitPairs(_PicturesToTexts):
    r"""Deux chiffres manuscrits côte à côte, et le nombre qu'ils forment, en toutes lettres.

    .. math::

        (x_d, x_u) \in [0, 1]^{8 \times 16} \;\longmapsto\; \text{écriture de } 10\,d + u

    Entrées : ``(B, 8, 16)``, la dizaine à gauche. Cibles : les codes du texte, ``(B, T)``, où ``T`` est le même
    quels que soient les nombres retenus. Un tirage choisit d'abord un nombre, puis une image de chacun de
    ses chiffres, toutes deux du même ensemble (:class:`Digits` dit lesquels).

    Deux tâches aux nombres disjoints n'ont aucun exemple commun, et les images du test
    ne sont jamais celles de l'apprentissage : « nombre jamais vu » et « image jamais vue » se règlent à part.

    Args:
        numbers: les nombres que l'on peut tirer, de 0 à 99, sans répétition ; tous par défaut.
        write: la fonction qui écrit un nombre, :func:`number_words` ou :func:`digit_words` par exemple ;
            elle fixe le vocabulaire, qui est celui des cent nombres.

    Raises:
        TypeError: si ``numbers`` n'est pas une suite d'entiers, ou ``write`` pas une fonction.
        ValueError: si ``numbers`` est vide, se répète, ou sort de 0 à 99.

    Example:
        >>> task = DigitPairs(numbers=(42, 71))
        >>> inputs, targets = task.sample(20, generator=torch.Generator().manual_seed(0))
        >>> inputs.shape, sorted(set(task.decode_targets(targets)))
        (torch.Size([20, 8, 16]), ['quarante-deux', 'soixante-et-onze'])
    """

    numbers: tuple = tuple(range(100))
    write: Callable = number_words

    blocks = False
    _shape = (_SIZE, 2 * _SIZE)

    def __post_init__(self):
        check_iterable("numbers", self.numbers, "une suite d'entiers de 0 à 99")
        numbers = tuple(_check_number("numbers", number) for number in self.numbers)
        if not numbers or len(set(numbers)) < len(numbers):
            raise ValueError(f"numbers : reçu {numbers}, attendu au moins un nombre, tous différents")
        check_callable("write", self.write, "une fonction qui écrit un nombre")
        object.__setattr__(self, "numbers", numbers)

    @cached_property
    def _texts(self):
        return tuple(self.write(number) for number in range(100))

    def count(self, split="all"):
        r"""Compte les exemples distincts : les couples d'images dont le nombre est retenu.

        Args:
            split: ``"train"``, ``"choice"``, ``"test"``, ou ``"all"`` pour la somme des trois.

        Returns:
            Un entier.

        Raises:
            TypeError: si ``split`` n'est pas une chaîne.
            ValueError: si ``split`` est inconnu.

        Example:
            >>> DigitPairs().count("test") == Digits().count("test") ** 2
            True
        """
        self._check_split(split)
        sizes = [_rows(False, name)[1].tolist() for name in (_SPLITS if split == "all" else [split])]
        return sum(size[n // 10] * size[n % 10] for size in sizes for n in self.numbers)

    def decode(self, inputs):
        r"""Relit des images : le couple des rangs de chaque exemple dans ``load_digits``.

        Args:
            inputs: des images de la tâche, ``(B, 8, 16)``.

        Returns:
            Une liste de couples d'entiers.

        Raises:
            TypeError: comme :meth:`split_of`.
            ValueError: comme :meth:`split_of`.

        Example:
            >>> task = DigitPairs((42,))
            >>> len(task.decode(task.sample(3, generator=torch.Generator().manual_seed(0)).inputs))
            3
        """
        return [tuple(pair) for pair in self._find(inputs).tolist()]

    def labels(self, inputs):
        r"""Le nombre que montre chaque exemple.

        Args:
            inputs: des images de la tâche, ``(B, 8, 16)``.

        Returns:
            Un tenseur ``(B)``, d'entiers de 0 à 99.

        Raises:
            TypeError: comme :meth:`split_of`.
            ValueError: comme :meth:`split_of`.

        Example:
            >>> task = DigitPairs((42,))
            >>> task.labels(task.sample(3, generator=torch.Generator().manual_seed(0)).inputs)
            tensor([42, 42, 42])
        """
        tens, units = self._source.digits[self._find(inputs)].unbind(dim=1)
        return 10 * tens + units

    def _draw(self, batch_size, split, generator):
        known = torch.tensor(self.numbers)
        numbers = known[torch.randint(len(known), (batch_size,), generator=generator)]  # (B)
        # Avec « all », les deux images viennent du même ensemble, tiré selon le nombre de couples qu'il contient.
        if split == "all":
            weights = torch.tensor([float(self.count(name)) for name in _SPLITS])
            drawn = weights.multinomial(batch_size, replacement=True, generator=generator)
            inputs = torch.empty(batch_size, *self._shape)
            for k, name in enumerate(_SPLITS):
                inputs[drawn == k] = self._pairs(numbers[drawn == k], name, generator)
        else:
            inputs = self._pairs(numbers, split, generator)
        return Batch(inputs, self._codes[numbers])

    def _pairs(self, numbers, split, generator):
        parts = [self._pick(digits, split, generator) for digits in (numbers // 10, numbers % 10)]
        return torch.cat(parts, dim=2)  # (B, 8, 16)


def fit_classifier(classifier, task, *, generator, split="train"):
    r"""Apprend un classifieur de scikit-learn sur des images, pour servir de témoin.

    .. math::

        x \in [0, 1]^{64} \;\longmapsto\; \text{un chiffre de 0 à 9}

    Son hasard (son ``random_state``) sort de ``generator``, comme tout le hasard du cours.

    Args:
        classifier: un classifieur de scikit-learn, entraîné sur place.
        task: une tâche :class:`Digits`.
        generator: le ``torch.Generator`` d'où vient la graine du classifieur.
        split: les images à apprendre, comme pour :meth:`Digits.every`.

    Returns:
        Une fonction ``classify(images)`` : des images ``(B, 8, 8)`` donnent des chiffres ``(B)``.

    Raises:
        TypeError: si ``classifier`` n'a pas de méthode ``fit``, ou si un autre argument n'est pas du bon type.
        ValueError: si ``split`` est inconnu.

    Example:
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> task, generator = Digits(), torch.Generator().manual_seed(0)
        >>> classify = fit_classifier(KNeighborsClassifier(1), task, generator=generator)
        >>> images, _ = task.every("test")
        >>> (classify(images) == task.labels(images)).sum().item()
        289
    """
    if not callable(getattr(classifier, "fit", None)):
        raise TypeError(f"classifier : reçu {described(classifier)}, attendu un classifieur de scikit-learn")
    if not isinstance(task, Digits):
        raise TypeError(f"task : reçu {described(task)}, attendu une tâche Digits")
    check_generator(generator)
    images, _ = task.every(split)
    if "random_state" in classifier.get_params():
        classifier.set_params(random_state=int(torch.randint(2**31, (), generator=generator)))
    classifier.fit(images.flatten(1).numpy(), task.labels(images).numpy())

    def classify(images):
        check_real("images", images, ("B", _SIZE, _SIZE))
        return torch.from_numpy(classifier.predict(images.flatten(1).numpy()))

    return classify


def _check_number(name, number):
    number = check_integer(name, number, 0)
    if number > 99:
        raise ValueError(f"{name} : reçu {number}, attendu un entier de 0 à 99")
    return number


def _check_boolean(name, value):
    if not isinstance(value, bool):
        raise TypeError(f"{name} : reçu {described(value)}, attendu un booléen")
