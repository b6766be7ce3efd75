r"""Le problème de l'addition : retenir deux nombres réels, parmi beaucoup d'autres."""

from dataclasses import dataclass

import torch

from .._checks import check_integer
from .._tensor_checks import check_real, check_shape
from .task import SPLITS, Batch, Task, draw_integers

__all__ = ["Adding"]

_HALF = 2**23  # les valeurs sont des multiples de 2⁻²³, que float32 représente exactement


@dataclass(frozen=True)
class Adding(Task):
    r"""L'addition, expérience 4 de Hochreiter et Schmidhuber (1997).

    .. math::

        (v_1, m_1), \dots, (v_L, m_L)
        \;\longmapsto\; y = \frac{1}{2} + \frac{X_1 + X_2}{4}

    Chaque élément est un couple : une valeur :math:`v_t`, uniforme sur :math:`[-1, 1[`,
    et une marque :math:`m_t`. La longueur :math:`L` est uniforme
    sur l'intervalle **semi-ouvert** :math:`[T, T + \lfloor T/10 \rfloor + 1[`.
    La première et la dernière marque valent −1.
    On marque par 1 l'un des dix premiers couples, de valeur :math:`X_1`,
    puis l'un des :math:`\lfloor T/2 \rfloor - 1` premiers couples encore libres,
    de valeur :math:`X_2` ; les autres marques sont nulles.
    Si le premier couple est choisi, sa marque reste −1 et sa valeur devient 0.
    La somme des valeurs marquées par 1 est donc toujours :math:`X_1 + X_2`.

    Entrées : ``(B, W, 2)``, la valeur puis la marque, précédées de lignes nulles
    (remplissage **devant**), où ``W`` est la plus grande longueur, ``T + T // 10`` :
    le dernier couple est toujours à l'indice ``−1``.
    Cibles : ``(B, 1)``. L'article juge une séquence réussie
    si l'erreur absolue est inférieure à :attr:`TOLERANCE`.

    Les valeurs sont des multiples de :math:`2^{-23}` : il y en a :math:`2^{24}`,
    et :meth:`~notebook_utils.tasks.task.Task.count` donne le nombre exact de séquences distinctes
    (environ :math:`10^{797}` pour ``T = 100``).

    Apprentissage et test : le reste d'une séquence est :math:`2^{23} \sum_t v_t` modulo 4
    (voir :mod:`notebook_utils.tasks.task`). La dernière valeur, jamais marquée,
    l'ajuste de moins de :math:`10^{-6}`.

    Écarts à l'article : l'intervalle des valeurs est fermé dans l'article, ici semi-ouvert ;
    l'article ne dit pas ce que devient la marque d'un premier couple choisi,
    ni que :math:`X_2` peut l'être aussi ; il tire ses tests sans exclure l'apprentissage.
    Arjovsky et al. (2016) emploient une variante à longueur fixe, sans marque −1.

    Args:
        length: la longueur minimale :math:`T`, au moins 11 :
            ni l'un ni l'autre nombre ne peut alors tomber sur le dernier couple.

    Raises:
        TypeError: si ``length`` n'est pas un entier.
        ValueError: si ``length`` est inférieur à 11.

    References:
        Hochreiter et Schmidhuber, *Long Short-Term Memory*, Neural Computation, 1997,
        section 5.4.

    Example:
        >>> task = Adding(length=100)
        >>> inputs, targets = task.sample(32, generator=torch.Generator().manual_seed(0))
        >>> inputs.shape, targets.shape
        (torch.Size([32, 110, 2]), torch.Size([32, 1]))
        >>> first = task.decode(inputs)[0]
        >>> total = sum(value for value, mark in first if mark == 1)
        >>> abs(total - task.decode_targets(targets)[0]) < 1e-6
        True
    """

    length: int = 100

    #: Erreur absolue en dessous de laquelle l'article compte une séquence comme réussie.
    TOLERANCE = 0.04

    def __post_init__(self):
        object.__setattr__(self, "length", check_integer("length", self.length, 11))

    @property
    def steps(self):
        """Nombre de pas de temps des entrées, c'est-à-dire la plus grande longueur ``W``."""
        return self.length + self.length // 10

    def decode(self, inputs):
        r"""Relit des entrées.

        Args:
            inputs: un tenseur ``(B, T, 2)``, lignes nulles devant ; ``T`` est libre.

        Returns:
            Pour chaque exemple, la liste de ses couples ``(valeur, marque)``, sans remplissage.

        Raises:
            TypeError: si ``inputs`` n'est pas un tenseur de nombres à virgule flottante.
            ValueError: si la forme ne convient pas, s'il y a un NaN,
                une valeur hors de [−1, 1], une autre marque que −1, 0 et 1,
                ou si les marques −1 ne sont pas celles des deux bouts.

        Example:
            >>> Adding().decode(torch.tensor([[[0.0, 0], [0.5, -1], [0.25, 1], [0.125, -1]]]))
            [[(0.5, -1.0), (0.25, 1.0), (0.125, -1.0)]]
        """
        starts = _starts(inputs).tolist()
        rows = zip(inputs.tolist(), starts, strict=True)
        return [[tuple(pair) for pair in row[start:]] for row, start in rows]

    def decode_targets(self, targets):
        r"""Relit des cibles.

        Args:
            targets: un tenseur ``(B, 1)``.

        Returns:
            La liste des sommes :math:`X_1 + X_2`.

        Raises:
            TypeError: si ``targets`` n'est pas un tenseur de nombres à virgule flottante.
            ValueError: si la forme ne convient pas, ou s'il y a un NaN.

        Example:
            >>> Adding().decode_targets(torch.tensor([[0.5], [0.875]]))
            [0.0, 1.5]
        """
        check_real("targets", targets, ("B", 1))
        return (4 * (targets[:, 0].double() - 0.5)).tolist()

    def _count(self):
        chosen = {frozenset((i, j + (j >= i))) for i in range(10) for j in range(self.length // 2 - 1)}
        with_first = sum(0 in pair for pair in chosen)  # la première valeur est alors nulle
        lengths, values = range(self.length, self.steps + 1), 2 * _HALF
        free = len(chosen) - with_first
        return sum(free * values**length + with_first * values ** (length - 1) for length in lengths)

    def _residues(self, inputs):
        check_shape("inputs", inputs, ("B", self.steps, 2))
        _starts(inputs)
        grid = (inputs[..., 0].double() * _HALF).round().to(torch.int64)  # (B, T)
        return grid.sum(dim=1) % 4

    def _draw(self, batch_size, split, generator):
        W, device = self.steps, generator.device
        padding = range(0, W - self.length + 1)
        ranges = (padding, range(10), range(self.length // 2 - 1), SPLITS[split])
        start, i, j, residue = draw_integers(ranges, batch_size, generator).split(1, dim=1)
        i, j = start + i, start + j + (j >= i)  # (B, 1) : j saute le couple déjà marqué
        grid = torch.randint(-_HALF, _HALF, (batch_size, W), generator=generator, device=device)
        time = torch.arange(W, device=device)
        grid.masked_fill_((time < start) | ((time == start) & ((i == start) | (j == start))), 0)
        # Les deux bits de poids faible de la dernière valeur ajustent le reste.
        missing = residue - grid.sum(dim=1, keepdim=True)
        grid[:, -1:] ^= (grid[:, -1:] ^ (grid[:, -1:] + missing)) & 3
        value = grid.to(torch.float32) / _HALF  # (B, W)
        mark = ((time == i) | (time == j)).to(torch.float32)
        mark.masked_fill_((time == start) | (time == W - 1), -1.0)  # (B, W)
        targets = 0.5 + (value.gather(1, i) + value.gather(1, j)) / 4  # (B, 1)
        return torch.stack([value, mark], dim=2), targets  # (B, W, 2), (B, 1)

    def _write(self, inputs, targets):
        return Batch(inputs, targets)


def _starts(inputs):
    """Vérifie des entrées et rend l'indice du premier couple de chacune : ``(B)``."""
    check_real("inputs", inputs, ("B", "T", 2))
    value, mark = inputs.unbind(dim=2)  # (B, T)
    if not ((value.abs() <= 1).all() and ((mark == -1) | (mark == 0) | (mark == 1)).all()):
        raise ValueError("inputs : reçu d'autres nombres, attendu |valeur| ≤ 1 et une marque −1, 0 ou 1")
    ends = mark == -1
    if not ((ends.sum(dim=1) == 2).all() and ends[:, -1].all()):
        raise ValueError("inputs : reçu d'autres marques −1, attendu au premier et au dernier couple")
    starts = ends.to(torch.int64).argmax(dim=1)
    if inputs.ne(0).any(dim=2).to(torch.int64).argmax(dim=1).ne(starts).any():
        raise ValueError("inputs : reçu des nombres avant la première marque −1, attendu des 0")
    return starts
