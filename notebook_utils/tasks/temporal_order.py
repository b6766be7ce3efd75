r"""L'ordre temporel : retenir deux symboles, et lequel est venu d'abord."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch.nn.functional import embedding

from .._checks import check_choice, check_integer, check_range, check_texts
from .._tensor_checks import read_one_hot
from .task import SPLITS, Batch, Task, draw_digits, draw_integers, one_hot_rows

__all__ = [
    "EASY",
    "HARD",
    "MODERATE",
    "NIGHTMARE",
    "NORMAL",
    "TemporalOrder",
    "temporal_order_class",
]

SYMBOLS = "XYabcdBE"
CLASSES = "QRSU"  # (X, X), (X, Y), (Y, X), (Y, Y)
_A, _B, _E, _PADDING = 2, 6, 7, 8  # codes ; a, b, c, d se suivent ; 8 est la ligne nulle


@dataclass(frozen=True)
class TemporalOrder(Task):
    r"""L'ordre temporel, expérience 6a de Hochreiter et Schmidhuber (1997).

    .. math::

        \mathrm{B} \; s_1 \cdots s_{t_1 - 1} \; u \; s_{t_1 + 1} \cdots s_{t_2 - 1} \; v \;
        s_{t_2 + 1} \cdots s_{L-2} \; \mathrm{E}
        \;\longmapsto\;
        (u, v) = \begin{cases}
        (\mathrm{X}, \mathrm{X}) & \to \mathrm{Q} \\ (\mathrm{X}, \mathrm{Y}) & \to \mathrm{R} \\
        (\mathrm{Y}, \mathrm{X}) & \to \mathrm{S} \\ (\mathrm{Y}, \mathrm{Y}) & \to \mathrm{U}
        \end{cases}

    La longueur :math:`L`, les instants :math:`t_1 < t_2` (le B est à l'instant 0),
    :math:`u, v \in \{\mathrm{X}, \mathrm{Y}\}` et les distracteurs
    :math:`s_t \in \{\mathrm{a}, \mathrm{b}, \mathrm{c}, \mathrm{d}\}`
    sont tirés uniformément et indépendamment.

    Entrées : one-hot ``(B, W, 8)``, symboles dans l'ordre X Y a b c d B E,
    précédés de lignes nulles (remplissage **devant**) : E est toujours à l'indice ``−1``.
    La largeur ``W`` est par défaut la borne supérieure, exclue, de la longueur :
    il y a donc au moins une ligne nulle.
    Cibles : one-hot ``(B, 4)``, classes dans l'ordre Q R S U.

    Difficultés, en intervalles **semi-ouverts**, et nombre de séquences distinctes :

    ================  =============  ===========  =============  ======================
    tâche             longueur       t1           t2             séquences distinctes
    ================  =============  ===========  =============  ======================
    ``EASY``          [7, 9[         [1, 3[       [4, 6[         5 120
    ``NORMAL``        [30, 41[       [2, 6[       [20, 28[       8,1 · 10²³
    ``MODERATE``      [60, 81[       [10, 21[     [45, 55[       3,3 · 10⁴⁸
    ``HARD``          [100, 111[     [10, 21[     [50, 61[       4,2 · 10⁶⁶
    ``NIGHTMARE``     [300, 501[     [10, 81[     [250, 291[     6,5 · 10³⁰²
    ================  =============  ===========  =============  ======================

    ``HARD`` est la tâche de l'article.
    Les séquences ne sont pas équiprobables : chaque longueur l'est,
    et il y a moins de séquences courtes.

    Apprentissage et test : le reste d'une séquence est la somme des indices de ses symboles,
    de 0 pour X à 7 pour E, modulo 4 (voir :mod:`notebook_utils.tasks.task`).
    Pour ``BbXcXcbE``, 6 + 3 + 0 + 4 + 0 + 4 + 3 + 7 = 27, dont le reste est 3 : apprentissage.
    Le distracteur de l'instant ``t1.stop``, toujours entre :math:`t_1` et :math:`t_2`, l'ajuste.
    Longueur, instants et classe ont donc la même loi dans les deux ensembles.

    Écarts à l'article : il fait commencer la séquence par E et la termine par B,
    ne dit pas si les instants se comptent à partir de 0 ou de 1,
    et tire ses séquences de test sans exclure celles de l'apprentissage.

    Args:
        length: les longueurs possibles, un ``range``.
        t1: les instants possibles du premier symbole à retenir, un ``range``.
        t2: ceux du second, un ``range``.
        width: la largeur ``W`` ; par défaut ``length.stop``.

    Raises:
        TypeError: si un intervalle n'est pas un ``range``, ou ``width`` pas un entier.
        ValueError: si un intervalle est vide, si :math:`t_1 \ge t_2` est possible
            ou ne laisse aucun distracteur au milieu, si :math:`t_2` peut tomber sur E ou après,
            ou si ``width`` ne contient pas la plus longue séquence.

    References:
        Hochreiter et Schmidhuber, *Long Short-Term Memory*, Neural Computation, 1997,
        section 5.6, tâche 6a.

    Example:
        >>> EASY
        TemporalOrder(length=range(7, 9), t1=range(1, 3), t2=range(4, 6), width=9)
        >>> inputs, targets = EASY.sample(32, generator=torch.Generator().manual_seed(0))
        >>> inputs.shape, targets.shape
        (torch.Size([32, 9, 8]), torch.Size([32, 4]))
        >>> inputs, targets = EASY.encode(["BbXcXcbE"])
        >>> EASY.decode(inputs), EASY.decode_targets(targets), targets.tolist()
        (['BbXcXcbE'], ['Q'], [[1.0, 0.0, 0.0, 0.0]])
    """

    length: range
    t1: range
    t2: range
    width: int | None = None

    def __post_init__(self):
        for name in ("length", "t1", "t2"):
            check_range(name, getattr(self, name))
        if self.t1.start == 0:
            raise ValueError(f"t1 : reçu {self.t1!r}, attendu t1 ≥ 1 (B est à l'instant 0)")
        if self.t1.stop >= self.t2.start:
            received = f"t1 dans {self.t1!r} et t2 dans {self.t2!r}"
            raise ValueError(f"t1, t2 : reçu {received}, attendu t1 < t2, avec un distracteur au milieu")
        if self.t2.stop >= self.length.start:
            received = f"t2 dans {self.t2!r} et une longueur dans {self.length!r}"
            raise ValueError(f"t2 : reçu {received}, attendu t2 < longueur − 1 (la place de E)")
        if self.width is None:
            object.__setattr__(self, "width", self.length.stop)
        object.__setattr__(self, "width", check_integer("width", self.width, self.length.stop - 1))

    @property
    def steps(self):
        """Nombre de pas de temps des entrées, c'est-à-dire la largeur ``W``."""
        return self.width

    def encode(self, sequences):
        r"""Transforme des séquences écrites en lot.

        Elles peuvent sortir des intervalles de la tâche, mais pas de sa largeur.

        Args:
            sequences: une liste de chaînes comme ``"BbXcXcbE"``.

        Returns:
            Un :class:`~notebook_utils.tasks.task.Batch` de formes ``(B, W, 8)`` et ``(B, 4)``.

        Raises:
            TypeError: si ``sequences`` n'est pas une liste de chaînes.
            ValueError: comme :func:`temporal_order_class`, ou si une séquence est trop longue.

        Example:
            >>> inputs, targets = EASY.encode(["BbXcXcbE"])
            >>> targets.tolist()
            [[1.0, 0.0, 0.0, 0.0]]
            >>> inputs[0].sum(dim=1).tolist()  # une ligne nulle devant
            [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
        """
        check_texts("sequences", sequences, SYMBOLS)
        classes = [CLASSES.index(temporal_order_class(sequence)) for sequence in sequences]
        longest = max(map(len, sequences))
        if longest > self.width:
            raise ValueError(f"sequences : reçu une longueur {longest}, attendu au plus {self.width}")
        padded = [sequence.rjust(self.width) for sequence in sequences]
        codes = [[(SYMBOLS + " ").index(symbol) for symbol in sequence] for sequence in padded]
        return self._write(torch.tensor(codes), torch.tensor(classes))  # (B, W, 8), (B, 4)

    def decode(self, inputs):
        r"""Relit des entrées.

        Args:
            inputs: un tenseur one-hot ``(B, T, 8)``, lignes nulles devant ; ``T`` est libre.

        Returns:
            La liste des séquences, sans leur remplissage.

        Raises:
            TypeError: si ``inputs`` n'est pas un tenseur de nombres à virgule flottante.
            ValueError: si la forme ne convient pas, s'il y a un NaN, autre chose que du one-hot,
                ou une ligne nulle ailleurs que devant.

        Example:
            >>> EASY.decode(EASY.encode(["BbXcXcbE"]).inputs)
            ['BbXcXcbE']
        """
        codes = read_one_hot("inputs", inputs, ("B", "T", 8), padded=True)  # (B, T)
        sequences = ["".join((SYMBOLS + " ")[code] for code in row).lstrip() for row in codes.tolist()]
        if any(" " in sequence for sequence in sequences):
            raise ValueError("inputs : reçu une ligne nulle dans une séquence, attendu seulement devant")
        return sequences

    def decode_targets(self, targets):
        r"""Relit des cibles.

        Args:
            targets: un tenseur one-hot ``(B, 4)``.

        Returns:
            La liste des classes, parmi Q, R, S et U.

        Raises:
            TypeError: si ``targets`` n'est pas un tenseur de nombres à virgule flottante.
            ValueError: si la forme ne convient pas, s'il y a un NaN ou autre chose que du one-hot.

        Example:
            >>> EASY.decode_targets(torch.tensor([[1.0, 0, 0, 0], [0, 0, 1.0, 0]]))
            ['Q', 'S']
        """
        return [CLASSES[code] for code in read_one_hot("targets", targets, ("B", 4)).tolist()]

    def _count(self):
        places = len(self.t1) * len(self.t2)
        return sum(places * 4 * 4 ** (length - 4) for length in self.length)

    def _residues(self, inputs):
        codes = read_one_hot("inputs", inputs, ("B", self.width, 8), padded=True)  # (B, W)
        for sequence in self.decode(inputs):
            temporal_order_class(sequence)  # refuse ce qui n'a pas la forme de la règle
        return codes.sum(dim=1) % 4  # une ligne nulle a le code 8 : elle ne compte pas

    def _draw(self, batch_size, split, generator):
        ranges, background = _tables(self, split, generator.device)
        plan = draw_integers(ranges, batch_size, generator)
        padding, places, symbols, residue = plan.split((1, 3, 3, 1), dim=1)
        noise = draw_digits(4, batch_size, self.width, generator).add_(_A)  # (B, W) : a, b, c, d
        # B, E et le remplissage ont de plus grands codes que le bruit : le maximum les pose.
        codes = torch.maximum(noise, background.index_select(0, padding[:, 0]))  # (B, W)
        places = places + padding  # t1, t2 et l'instant ajusté, comptés depuis le bord
        codes.scatter_(1, places, symbols.to(torch.uint8))
        missing = residue - codes.sum(dim=1, keepdim=True)
        codes.scatter_add_(1, places[:, 2:], missing.bitwise_and_(3).to(torch.uint8))
        return codes, 2 * symbols[:, 0] + symbols[:, 1]  # (B, W), (B)

    def _write(self, codes, classes):
        symbols = one_hot_rows(8, codes.device, blank=True)  # la ligne 8 est le remplissage
        return Batch(embedding(codes.int(), symbols), embedding(classes, one_hot_rows(4, codes.device)))


@lru_cache(maxsize=32)
def _tables(task, split, device):
    """Les intervalles à tirer, et le fond (remplissage, B, E) de chaque longueur."""
    longest, shortest = task.length[-1], task.length[0]
    padding = range(task.width - longest, task.width - shortest + 1)
    adjusted = range(task.t1.stop, task.t1.stop + 1)
    u = v = range(2)
    ranges = (padding, task.t1, task.t2, adjusted, u, v, range(_A, _A + 1), SPLITS[split])
    background = torch.zeros(padding.stop, task.width, dtype=torch.uint8)
    for p in padding:
        background[p, :p], background[p, p], background[p, -1] = _PADDING, _B, _E
    return ranges, background.to(device)


def temporal_order_class(sequence):
    r"""Classe d'une séquence écrite, lue par la règle de l'article.

    Args:
        sequence: une chaîne comme ``"BbXcXcbE"``.

    Returns:
        La classe, parmi Q, R, S et U.

    Raises:
        TypeError: si ``sequence`` n'est pas une chaîne.
        ValueError: si un symbole est inconnu, si la séquence ne va pas de B à E,
            ou ne contient pas exactement deux symboles X ou Y.

    References:
        Hochreiter et Schmidhuber, *Long Short-Term Memory*, Neural Computation, 1997,
        section 5.6, tâche 6a.

    Example:
        >>> temporal_order_class("BbXcXcbE")
        'Q'
    """
    check_texts("sequence", [sequence], SYMBOLS)
    if not (len(sequence) >= 2 and sequence[0] == "B" and sequence[-1] == "E"):
        raise ValueError(f"sequence : reçu {sequence!r}, attendu un B au début et un E à la fin")
    if set(sequence[1:-1]) & set("BE"):
        raise ValueError(f"sequence : reçu {sequence!r}, attendu B et E aux deux bouts seulement")
    kept = "".join(symbol for symbol in sequence if symbol in "XY")
    check_choice("symboles X ou Y de la séquence", kept, ("XX", "XY", "YX", "YY"))
    return {"XX": "Q", "XY": "R", "YX": "S", "YY": "U"}[kept]


#: Longueur [7, 9[, t1 dans [1, 3[, t2 dans [4, 6[.
EASY = TemporalOrder(length=range(7, 9), t1=range(1, 3), t2=range(4, 6))
#: Longueur [30, 41[, t1 dans [2, 6[, t2 dans [20, 28[.
NORMAL = TemporalOrder(length=range(30, 41), t1=range(2, 6), t2=range(20, 28))
#: Longueur [60, 81[, t1 dans [10, 21[, t2 dans [45, 55[.
MODERATE = TemporalOrder(length=range(60, 81), t1=range(10, 21), t2=range(45, 55))
#: Longueur [100, 111[, t1 dans [10, 21[, t2 dans [50, 61[, la tâche de l'article.
HARD = TemporalOrder(length=range(100, 111), t1=range(10, 21), t2=range(50, 61))
#: Longueur [300, 501[, t1 dans [10, 81[, t2 dans [250, 291[.
NIGHTMARE = TemporalOrder(length=range(300, 501), t1=range(10, 81), t2=range(250, 291))
