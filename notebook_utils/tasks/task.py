r"""Ce que les tâches ont en commun : tirer des lots, sans que l'apprentissage voie le test.

Une tâche est un objet immuable, sans hasard propre :

- ``inputs, targets = task.sample(batch_size, generator=g, split="train")`` tire un lot ;
- ``task.batches(batch_size, number, generator=g, split="train")`` en tire beaucoup, plus vite ;
- ``task.count(split)`` compte ses exemples distincts ;
- ``task.decode(inputs)`` et ``task.decode_targets(targets)`` relisent un lot ;
- ``task.split_of(inputs)`` dit à quel ensemble appartient chaque exemple.

**Apprentissage et test sont disjoints par construction.**
Chaque exemple porte un *reste* de 0 à 3, calculé sur l'exemple seul (chaque tâche dit comment).
Le reste 0 appartient au test, les restes 1, 2 et 3 à l'apprentissage :
un exemple ne peut donc pas être des deux côtés, quels que soient les tirages et leur nombre.
Le reste voulu est tiré d'abord, puis un élément sans effet sur la cible est ajusté pour l'obtenir :
aucun tirage n'est rejeté, et les deux ensembles ne diffèrent que par ce reste.
"""

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from .._checks import check_choice, check_integer, check_texts
from .._tensor_checks import check_generator, check_real

__all__ = ["SPLITS", "Batch", "Task"]

#: Restes de chaque ensemble, intervalles semi-ouverts.
SPLITS = {"train": range(1, 4), "test": range(0, 1), "all": range(0, 4)}

# Nombre de pas de temps que ``batches`` tire d'un coup, et qu'il écrit d'un coup :
# beaucoup de petits entiers amortissent les appels, peu de nombres flottants restent en cache.
_DRAWN, _WRITTEN = 2**17, 2**14


class Batch(NamedTuple):
    r"""Un lot : des entrées et les cibles correspondantes.

    Example:
        >>> import torch
        >>> inputs, targets = Batch(inputs=torch.zeros(2, 9, 8), targets=torch.ones(2, 4))
        >>> inputs.shape, targets.shape
        (torch.Size([2, 9, 8]), torch.Size([2, 4]))
    """

    #: Les entrées, de forme ``(B, T, D)``.
    inputs: Tensor
    #: Les cibles, de première dimension ``B``.
    targets: Tensor


class Task(ABC):
    r"""Classe de base des tâches ; le module dit le protocole et la séparation des ensembles.

    .. math::

        \text{test} = \{e : r(e) = 0\}, \qquad
        \text{apprentissage} = \{e : r(e) \in \{1, 2, 3\}\}

    :math:`r(e)` est le reste de l'exemple :math:`e`, calculé sur lui seul.

    Example:
        >>> from notebook_utils.tasks import EASY
        >>> isinstance(EASY, Task), EASY.count("train") + EASY.count("test") == EASY.count()
        (True, True)
    """

    @property
    @abstractmethod
    def steps(self):
        """Nombre de pas de temps des entrées, remplissage compris."""

    @abstractmethod
    def _count(self):
        """Nombre d'exemples distincts, également répartis entre les quatre restes."""

    @abstractmethod
    def _draw(self, batch_size, split, generator):
        """Tire de quoi écrire un lot, des tenseurs de première dimension ``batch_size``."""

    @abstractmethod
    def _write(self, *drawn):
        """Écrit, en nombres flottants, le lot que :meth:`_draw` a tiré."""

    @abstractmethod
    def _residues(self, inputs):
        """Reste de chaque exemple, relu dans les entrées : ``(B)``."""

    def count(self, split="all"):
        r"""Compte les exemples distincts.

        Args:
            split: ``"all"`` pour tous, ``"train"`` pour les trois quarts de l'apprentissage,
                ``"test"`` pour le quart du test.

        Returns:
            Un entier exact.

        Raises:
            TypeError: si ``split`` n'est pas une chaîne.
            ValueError: si ``split`` n'est pas l'un des trois noms.

        Example:
            >>> from notebook_utils.tasks import EASY
            >>> EASY.count(), EASY.count("train"), EASY.count("test")
            (5120, 3840, 1280)
        """
        check_choice("split", split, SPLITS)
        return self._count() * len(SPLITS[split]) // 4

    def split_of(self, inputs):
        r"""Dit à quel ensemble appartient chaque exemple d'un lot, quelle qu'en soit la source.

        Args:
            inputs: les entrées d'un lot de la tâche.

        Returns:
            Une liste de ``"train"`` et de ``"test"``.

        Raises:
            TypeError: si ``inputs`` n'est pas un tenseur de nombres à virgule flottante.
            ValueError: si ``inputs`` n'a pas la longueur, ``steps``, ou les valeurs d'entrées de la tâche.

        Example:
            >>> from notebook_utils.tasks import EASY
            >>> EASY.split_of(EASY.encode(["BbXcXcbE", "BcXcXcbE"]).inputs)
            ['train', 'test']
        """
        return ["test" if r in SPLITS["test"] else "train" for r in self._residues(inputs).tolist()]

    def sample(self, batch_size, *, generator, split="train"):
        r"""Tire un lot d'exemples.

        Args:
            batch_size: nombre :math:`B` d'exemples.
            generator: le ``torch.Generator`` du tirage ; le lot vit sur son appareil.
            split: ``"train"``, ``"test"``, ou ``"all"`` pour ne pas séparer.

        Returns:
            Un :class:`Batch`, dont chaque tâche dit les formes.

        Raises:
            TypeError: si un argument n'est pas du bon type.
            ValueError: si ``batch_size`` n'est pas positif, ou si ``split`` est inconnu.

        Example:
            >>> from notebook_utils.tasks import EASY
            >>> inputs, targets = EASY.sample(32, generator=torch.Generator().manual_seed(0))
            >>> inputs.shape, targets.shape
            (torch.Size([32, 9, 8]), torch.Size([32, 4]))
        """
        batch_size = check_integer("batch_size", batch_size)
        check_generator(generator)
        check_choice("split", split, SPLITS)
        return self._write(*self._draw(batch_size, split, generator))

    def batches(self, batch_size, number, *, generator, split="train"):
        r"""Tire des lots l'un après l'autre, pour une boucle d'apprentissage.

        Les lots sont tirés par blocs, puis découpés : à petit ``batch_size``,
        c'est bien plus rapide que ``number`` appels de :meth:`sample`.
        L'ordre des tirages n'est pas le même : les lots diffèrent de ceux de :meth:`sample`,
        mais le même état du générateur redonne les mêmes lots.

        Args:
            batch_size: nombre :math:`B` d'exemples par lot.
            number: nombre de lots.
            generator: le ``torch.Generator`` du tirage.
            split: comme pour :meth:`sample`.

        Returns:
            Un itérateur de ``number`` :class:`Batch`.

        Raises:
            TypeError: si un argument n'est pas du bon type.
            ValueError: si un nombre n'est pas positif, ou si ``split`` est inconnu.

        Example:
            >>> from notebook_utils.tasks import EASY
            >>> lots = EASY.batches(32, 100, generator=torch.Generator().manual_seed(0))
            >>> sum(len(inputs) for inputs, targets in lots)
            3200
        """
        batch_size = check_integer("batch_size", batch_size)
        number = check_integer("number", number)
        check_generator(generator)
        check_choice("split", split, SPLITS)
        return self._batches(batch_size, number, split, generator)

    def _batches(self, batch_size, number, split, generator):
        drawn, written = (max(1, size // (batch_size * self.steps)) for size in (_DRAWN, _WRITTEN))
        for done in range(0, number, drawn):
            block = self._draw(min(drawn, number - done) * batch_size, split, generator)
            for parts in zip(*(tensor.split(written * batch_size) for tensor in block), strict=True):
                yield from map(Batch, *(tensor.split(batch_size) for tensor in self._write(*parts)))


@lru_cache(maxsize=64)
def _bounds(ranges, device):
    starts = torch.tensor([r.start for r in ranges], device=device)
    return starts, torch.tensor([len(r) for r in ranges], device=device)


@lru_cache(maxsize=16)
def one_hot_rows(size, device, blank=False):
    """Les lignes one-hot de ``size`` symboles, suivies, avec ``blank``, d'une ligne nulle."""
    return torch.eye(size + blank, size, dtype=torch.float32, device=device)


def draw_integers(ranges, rows, generator):
    """Tire une ligne par exemple et une colonne par intervalle semi-ouvert : ``(rows, R)``.

    C'est la partie entière de ``size × u``, où ``u`` est un multiple de 2⁻⁵³ tiré dans [0, 1[ :
    l'arrondi ne la fait jamais atteindre ``size``, et l'écart à la loi uniforme,
    inférieur à 2⁻⁴⁰ pour les intervalles du cours, ne se mesure pas.
    """
    starts, sizes = _bounds(ranges, generator.device)
    shape, kind = (rows, len(ranges)), {"dtype": torch.float64, "device": generator.device}
    u = torch.rand(shape, generator=generator, **kind)
    return u.mul_(sizes).to(torch.int64).add_(starts)  # (rows, R)


def draw_digits(base, rows, columns, generator):
    """Tire des chiffres de 0 à ``base − 1``, ``base`` étant une puissance de 2 : ``(rows, columns)``.

    Un nombre de 64 bits donne huit octets, donc huit chiffres : huit fois moins de tirages.
    Les chiffres sont de type ``uint8``, que l'appelant convertit quand il le faut.
    """
    words = torch.empty((rows * columns + 7) // 8, dtype=torch.int64, device=generator.device)
    octets = words.random_(generator=generator).view(torch.uint8)[: rows * columns]
    return octets.bitwise_and_(base - 1).view(rows, columns)


def written_bits(streams):
    """Lit des suites de bits écrites en chaînes, toutes de même longueur ; les rend en entiers ``(B, T)``."""
    check_texts("streams", streams, "01")
    lengths = sorted(set(map(len, streams)))
    if len(lengths) > 1 or lengths[0] == 0:
        raise ValueError(f"streams : reçu les longueurs {lengths}, attendu une seule, positive")
    return torch.tensor([[int(bit) for bit in stream] for stream in streams])


def read_bits(name, value):
    """Vérifie des bits ``(B, T, 1)`` et les rend en entiers ``(B, T)``."""
    check_real(name, value, ("B", "T", 1))
    if not ((value == 0) | (value == 1)).all():
        raise ValueError(f"{name} : reçu autre chose que des bits, attendu des 0 et des 1")
    return value[..., 0].to(torch.int64)


def draw_bits(length, rows, split, generator, parts):
    """Tire des suites de bits dont les parités de deux parties donnent le reste : ``(rows, length)``.

    ``parts`` donne les deux parties, des tranches ; le dernier bit de chacune fixe sa parité.
    """
    residue = draw_integers((SPLITS[split],), rows, generator)[:, 0]  # (B)
    bits = draw_digits(2, rows, length, generator)  # (B, T)
    for part, wanted in zip(parts, (residue & 1, residue >> 1), strict=True):
        chosen = bits[:, part]
        chosen[:, -1] ^= ((chosen.sum(dim=1) + wanted) & 1).to(torch.uint8)  # vue : change ``bits``
    return bits


def bits_residue(bits, parts):
    """Le reste que ``draw_bits`` a voulu : la parité d'une partie, plus deux fois celle de l'autre."""
    first, second = (bits[:, part].sum(dim=1) % 2 for part in parts)
    return first + 2 * second
