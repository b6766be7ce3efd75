r"""La copie : retenir une suite de symboles pendant un long silence, puis la redire."""

import math
from dataclasses import dataclass

import torch
from torch.nn.functional import embedding

from .._checks import check_integer, check_texts
from .._tensor_checks import check_codes, read_one_hot
from .task import SPLITS, Batch, Task, draw_digits, draw_integers, one_hot_rows

__all__ = ["Copying"]

SYMBOLS = "01234567_|"  # a_0 … a_7 à retenir, a_8 le blanc, a_9 le signal
_BLANK, _SIGNAL = 8, 9


@dataclass(frozen=True)
class Copying(Task):
    r"""La copie, d'Arjovsky, Shah et Bengio (2016), d'après Hochreiter et Schmidhuber (1997).

    .. math::

        \text{entrée} &= s_1 \cdots s_n \; \underbrace{\_ \cdots \_}_{T - 1} \; | \;
        \underbrace{\_ \cdots \_}_{n} \\
        \text{cible} &= \underbrace{\_ \cdots \_}_{T + n} \; s_1 \cdots s_n

    Les :math:`n = 10` symboles :math:`s_i \in \{a_0, \dots, a_7\}`
    sont uniformes et indépendants ; ``_`` est le blanc :math:`a_8`
    et ``|`` le signal :math:`a_9`, qui demande la restitution.

    Entrées : one-hot ``(B, T + 2n, 10)`` ; cibles : les codes ``(B, T + 2n)``, de type ``int64``.
    La longueur est fixe : aucun remplissage.
    Suites distinctes : :math:`8^n`, soit 1 073 741 824 pour :math:`n = 10`.

    Apprentissage et test : le reste d'une suite est :math:`\sum_i s_i` modulo 4,
    où :math:`s_i` vaut 0 à 7 (voir :mod:`notebook_utils.tasks.task`).
    Le dernier symbole l'ajuste.

    Écart à l'article : il ne sépare pas les suites d'apprentissage de celles de test.

    Args:
        delay: le délai :math:`T` de l'article.
        copied: le nombre :math:`n` de symboles à retenir ; 10 dans l'article.

    Raises:
        TypeError: si un argument n'est pas un entier.
        ValueError: si un argument n'est pas strictement positif.

    References:
        Arjovsky, Shah et Bengio, *Unitary Evolution Recurrent Neural Networks*, ICML, 2016,
        section 4.1.

    Example:
        >>> task = Copying(delay=4, copied=3)
        >>> inputs, targets = task.encode(["507"])
        >>> task.decode(inputs), task.decode_targets(targets)
        (['507___|___'], ['_______507'])
        >>> Copying().sample(32, generator=torch.Generator().manual_seed(0)).inputs.shape
        torch.Size([32, 120, 10])
    """

    delay: int = 100
    copied: int = 10

    def __post_init__(self):
        for name in ("delay", "copied"):
            object.__setattr__(self, name, check_integer(name, getattr(self, name)))

    @property
    def steps(self):
        r"""Nombre :math:`T + 2n` de pas de temps."""
        return self.delay + 2 * self.copied

    def baseline(self):
        r"""Entropie croisée moyenne de qui ne retient rien.

        .. math::

            \frac{n \ln 8}{T + 2n}

        Il prédit le blanc quand il le faut, et tire les :math:`n` derniers symboles au hasard.

        Returns:
            Un nombre, en nats par pas de temps.

        References:
            Arjovsky, Shah et Bengio, 2016, section 4.1.

        Example:
            >>> round(Copying(delay=100).baseline(), 4)
            0.1733
        """
        return self.copied * math.log(8) / self.steps

    def encode(self, memories):
        r"""Transforme des suites à retenir en lot.

        Args:
            memories: une liste de chaînes de ``copied`` chiffres de 0 à 7.

        Returns:
            Un :class:`~notebook_utils.tasks.task.Batch` de formes ``(B, T + 2n, 10)``
            et ``(B, T + 2n)``.

        Raises:
            TypeError: si ``memories`` n'est pas une liste de chaînes.
            ValueError: s'il y a un autre symbole, ou si une longueur n'est pas ``copied``.

        Example:
            >>> Copying(delay=1, copied=2).encode(["71"]).targets.tolist()
            [[8, 8, 8, 7, 1]]
        """
        check_texts("memories", memories, SYMBOLS[:8])
        lengths = sorted(set(map(len, memories)))
        if lengths != [self.copied]:
            raise ValueError(f"memories : reçu les longueurs {lengths}, attendu {self.copied}")
        return self._write(torch.tensor([[int(symbol) for symbol in memory] for memory in memories]))

    def decode(self, inputs):
        r"""Relit des entrées.

        Args:
            inputs: un tenseur one-hot ``(B, T, 10)`` ; ``T`` est libre.

        Returns:
            La liste des séquences : chiffres, ``_`` pour le blanc, ``|`` pour le signal.

        Raises:
            TypeError: si ``inputs`` n'est pas un tenseur de nombres à virgule flottante.
            ValueError: si la forme ne convient pas, s'il y a un NaN ou autre chose que du one-hot.

        Example:
            >>> Copying(delay=1, copied=2).decode(torch.eye(10)[None, [7, 1, 9, 8, 8]])
            ['71|__']
        """
        return _write(read_one_hot("inputs", inputs, ("B", "T", 10)))

    def decode_targets(self, targets):
        r"""Relit des cibles.

        Args:
            targets: les codes, un tenseur ``int64`` ``(B, T)`` ; ``T`` est libre.

        Returns:
            La liste des séquences, écrites comme par :meth:`decode`.

        Raises:
            TypeError: si ``targets`` n'est pas un tenseur ``int64``.
            ValueError: si la forme ne convient pas, ou si un code n'est pas entre 0 et 9.

        Example:
            >>> Copying(delay=1, copied=2).decode_targets(torch.tensor([[8, 8, 8, 7, 1]]))
            ['___71']
        """
        check_codes("targets", targets, ("B", "T"), 10)
        return _write(targets)

    def _count(self):
        return 8**self.copied

    def _residues(self, inputs):
        codes = read_one_hot("inputs", inputs, ("B", self.steps, 10))
        return codes[:, : self.copied].sum(dim=1) % 4

    def _draw(self, batch_size, split, generator):
        residue = draw_integers((SPLITS[split],), batch_size, generator)  # (B, 1)
        memory = draw_digits(8, batch_size, self.copied, generator).to(torch.int64)  # (B, n)
        # Le dernier symbole garde son bit de poids fort ; les deux autres ajustent le reste.
        missing = residue - memory.sum(dim=1, keepdim=True)
        last = memory[:, -1:]
        memory[:, -1:] = (last & 4) | ((last + missing) & 3)
        return (memory,)

    def _write(self, memory):
        n = self.copied  # memory : (B, n)
        blank = memory.new_full((len(memory), self.steps), _BLANK)  # (B, T + 2n)
        codes, targets = blank, blank.clone()
        codes[:, :n] = memory
        codes[:, n + self.delay - 1] = _SIGNAL
        targets[:, -n:] = memory
        return Batch(embedding(codes, one_hot_rows(10, codes.device)), targets)


def _write(codes):
    return ["".join(SYMBOLS[code] for code in row) for row in codes.tolist()]
