r"""Suivre un état : après chaque bit, dire où l'on en est d'un compte, ou d'un jeu de permutations."""

from dataclasses import dataclass
from itertools import permutations

import torch

from .._checks import check_integer
from .._tensor_checks import check_codes, check_shape
from .task import Batch, Task, bits_residue, draw_bits, read_bits, written_bits

__all__ = ["Counting", "Permutations"]

THIRDS = slice(0, None, 3), slice(1, None, 3)  # les bits 1, 4, 7… et les bits 2, 5, 8…


class Tracking(Task):
    """Ce que les deux tâches ont en commun : des bits, une table de transitions, et l'état après chaque bit.

    Chacune donne ``_table()``, l'état suivant, par bit et par état : ``(2, K)``.
    """

    @property
    def steps(self):
        """Nombre :math:`T` de pas de temps."""
        return self.length

    def _check_length(self):
        object.__setattr__(self, "length", check_integer("length", self.length, 5))

    def encode(self, streams):
        r"""Transforme des suites de bits écrites en lot.

        Args:
            streams: une liste de chaînes de 0 et de 1, de même longueur, qui peut différer de celle de la tâche.

        Returns:
            Un :class:`~notebook_utils.tasks.task.Batch` de formes ``(B, T, 1)`` et ``(B, T)``.

        Raises:
            TypeError: si ``streams`` n'est pas une liste de chaînes.
            ValueError: s'il y a un autre symbole, ou si les longueurs diffèrent.

        Example:
            >>> Counting(3).encode(["110111"]).targets.tolist()
            [[1, 2, 2, 0, 1, 2]]
        """
        return self._write(written_bits(streams))

    def decode(self, inputs):
        r"""Relit des entrées.

        Args:
            inputs: un tenseur ``(B, T, 1)`` de 0 et de 1 ; ``T`` est libre.

        Returns:
            La liste des suites, en chaînes de 0 et de 1.

        Raises:
            TypeError: si ``inputs`` n'est pas un tenseur de nombres à virgule flottante.
            ValueError: si la forme ne convient pas, ou s'il y a autre chose que des 0 et des 1.

        Example:
            >>> Counting().decode(torch.tensor([[[1.0], [0.0], [1.0]]]))
            ['101']
        """
        return ["".join(map(str, row)) for row in read_bits("inputs", inputs).tolist()]

    def _count(self):
        return 2**self.length

    def _residues(self, inputs):
        check_shape("inputs", inputs, ("B", self.length, 1))
        bits = read_bits("inputs", inputs)  # (B, T)
        return bits_residue(bits, THIRDS)

    def _draw(self, batch_size, split, generator):
        return (draw_bits(self.length, batch_size, split, generator, THIRDS),)

    def _write(self, bits):
        table = self._table().to(bits.device)
        codes, states = bits.to(torch.int64), []
        state = torch.zeros(len(bits), dtype=torch.int64, device=bits.device)
        for code in codes.unbind(dim=1):
            state = table[code, state]
            states.append(state)
        return Batch(bits.unsqueeze(-1).to(torch.float32), torch.stack(states, dim=1))  # (B, T, 1), (B, T)


@dataclass(frozen=True)
class Counting(Tracking):
    r"""Compter les 1 modulo :math:`m` : la parité pour :math:`m = 2`.

    .. math::

        y_t = \Bigl( \sum_{k=1}^{t} x_k \Bigr) \bmod m, \qquad t = 1, \dots, T

    :math:`x_t \in \{0, 1\}` sont des bits uniformes et indépendants.
    Entrées ``(B, T, 1)``, des 0 et des 1 ; cibles ``(B, T)``, des entiers de 0 à :math:`m - 1`.
    Suites distinctes : :math:`2^T`.

    Apprentissage et test : le reste d'une suite vaut :math:`p + 2q`, où :math:`p` est la parité du nombre de 1
    aux instants 1, 4, 7… et :math:`q` aux instants 2, 5, 8… (voir :mod:`notebook_utils.tasks.task`).
    Le dernier bit de chacun des deux groupes l'ajuste.
    Un tiers des bits n'y entre pas : le reste ne dit rien de la cible, même pour la parité.

    Args:
        modulus: le nombre :math:`m` d'états, au moins 2.
        length: le nombre :math:`T` de pas, au moins 5.

    Raises:
        TypeError: si un argument n'est pas un entier.
        ValueError: si un argument est trop petit.

    References:
        Grazzi et al., *Unlocking State-Tracking in Linear RNNs Through Negative Eigenvalues*, ICLR, 2025.

    Example:
        >>> task = Counting(2, length=8)
        >>> inputs, targets = task.encode(["10110010"])
        >>> task.decode(inputs), task.decode_targets(targets)
        (['10110010'], ['11011100'])
    """

    modulus: int = 2
    length: int = 32

    def __post_init__(self):
        object.__setattr__(self, "modulus", check_integer("modulus", self.modulus, 2))
        self._check_length()

    @property
    def states(self):
        """Nombre d'états, c'est-à-dire de réponses possibles."""
        return self.modulus

    def decode_targets(self, targets):
        r"""Relit des cibles.

        Args:
            targets: un tenseur ``int64`` ``(B, T)``.

        Returns:
            La liste des comptes, en chaînes ; un espace les sépare si :math:`m` dépasse 10.

        Raises:
            TypeError: si ``targets`` n'est pas un tenseur ``int64``.
            ValueError: si la forme ne convient pas, ou si un compte n'existe pas.

        Example:
            >>> Counting(3).decode_targets(torch.tensor([[0, 1, 2, 0]]))
            ['0120']
        """
        check_codes("targets", targets, ("B", "T"), self.modulus)
        return [(" " if self.modulus > 10 else "").join(map(str, row)) for row in targets.tolist()]

    def _table(self):
        state = torch.arange(self.modulus)
        return torch.stack([state, (state + 1) % self.modulus])


@dataclass(frozen=True)
class Permutations(Tracking):
    r"""Suivre trois objets que l'on échange : un 0 échange les deux premiers, un 1 fait tourner les trois.

    .. math::

        p_t = p_{t-1} \circ g_{x_t}, \qquad g_0 = (1\;2), \quad g_1 = (1\;2\;3), \qquad p_0 = \mathrm{id}

    :math:`p_t` est l'ordre des objets après :math:`t` bits, uniformes et indépendants : l'un des six de :math:`S_3`.
    Échanger puis faire tourner n'est pas faire tourner puis échanger : ce que fait un bit dépend de ceux d'avant.
    Entrées ``(B, T, 1)``, des 0 et des 1 ; cibles ``(B, T)``, des entiers de 0 à 5,
    les ordres rangés comme dans un dictionnaire : abc, acb, bac, bca, cab, cba.

    Apprentissage et test : comme :class:`Counting`.

    Args:
        length: le nombre :math:`T` de pas, au moins 5.

    Raises:
        TypeError: si ``length`` n'est pas un entier.
        ValueError: s'il est trop petit.

    References:
        Merrill, Petty et Sabharwal, *The Illusion of State in State-Space Models*, ICML, 2024.

    Example:
        >>> task = Permutations(length=5)
        >>> task.decode_targets(task.encode(["01011"]).targets)
        ['bac acb cab abc bca']
    """

    length: int = 32

    def __post_init__(self):
        self._check_length()

    @property
    def states(self):
        """Nombre d'états, c'est-à-dire de réponses possibles."""
        return len(ORDERS)

    def decode_targets(self, targets):
        r"""Relit des cibles.

        Args:
            targets: un tenseur ``int64`` ``(B, T)``.

        Returns:
            La liste des suites d'ordres, séparés par des espaces.

        Raises:
            TypeError: si ``targets`` n'est pas un tenseur ``int64``.
            ValueError: si la forme ne convient pas, ou si un code dépasse 5.

        Example:
            >>> Permutations().decode_targets(torch.tensor([[0, 2, 5]]))
            ['abc bac cba']
        """
        check_codes("targets", targets, ("B", "T"), len(ORDERS))
        return [" ".join(ORDERS[code] for code in row) for row in targets.tolist()]

    def _table(self):
        moves = (lambda a, b, c: b + a + c), (lambda a, b, c: b + c + a)
        return torch.tensor([[ORDERS.index(move(*order)) for order in ORDERS] for move in moves])


ORDERS = ["".join(order) for order in permutations("abc")]
