r"""L'écho : répéter, k pas plus tard, ce que l'on a entendu."""

from dataclasses import dataclass

import torch

from .._checks import check_integer
from .._tensor_checks import check_real, check_shape
from .task import Batch, Task, bits_residue, draw_bits, read_bits, written_bits

__all__ = ["Echo", "echo_targets"]


@dataclass(frozen=True)
class Echo(Task):
    r"""L'écho d'un flux de bits, lu par fenêtres consécutives.

    .. math::

        y_t = \begin{cases} x_{t-k} & \text{si } t > k \\ 0 & \text{sinon} \end{cases}
        \qquad t = 1, \dots, T

    :math:`x_t \in \{0, 1\}` sont des bits uniformes et indépendants, :math:`k` le délai.
    Avant le début du flux, c'est le silence : les :math:`k` premières cibles sont nulles.
    Le flux a :math:`T` pas, ``windows`` fenêtres de ``window`` pas ;
    :meth:`stream` les donne l'une après l'autre, et l'écho traverse leurs frontières.

    Entrées et cibles : ``(B, T, 1)``, des 0 et des 1 ; aucun remplissage.
    Flux distincts : :math:`2^T`.

    Apprentissage et test : le reste d'un flux vaut :math:`p + 2q`,
    où :math:`p` est la parité du nombre de 1 dans les :math:`\lfloor T/2 \rfloor` premiers bits
    et :math:`q` celle du nombre de 1 dans les autres (voir :mod:`notebook_utils.tasks.task`).
    Le dernier bit de chaque moitié l'ajuste.
    Ce sont les flux entiers qui sont disjoints, et non les fenêtres :
    il n'y a que :math:`2^{20}` fenêtres de 20 bits.

    Args:
        delay: le délai :math:`k`, nul ou positif.
        window: la longueur d'une fenêtre.
        windows: le nombre de fenêtres d'un flux.

    Raises:
        TypeError: si un argument n'est pas un entier.
        ValueError: si un argument est trop petit, ou si le flux n'est pas plus long que le délai.

    References:
        Chapitre « L'écho du signal » ; la tâche n'a pas d'article d'origine.

    Example:
        >>> task = Echo(delay=3, window=4, windows=2)
        >>> inputs, targets = task.encode(["10110010"])
        >>> task.decode(targets)
        ['00010110']
        >>> [task.decode(window.targets) for window in task.cut(Batch(inputs, targets))]
        [['0001'], ['0110']]
    """

    delay: int = 3
    window: int = 20
    windows: int = 10

    def __post_init__(self):
        for name, minimum in (("delay", 0), ("window", 1), ("windows", 1)):
            object.__setattr__(self, name, check_integer(name, getattr(self, name), minimum))
        if self.steps <= max(self.delay, 1):
            expected = f"au moins {max(self.delay, 1) + 1} pas pour un délai de {self.delay}"
            raise ValueError(f"window × windows : reçu un flux de {self.steps} pas, attendu {expected}")

    @property
    def steps(self):
        r"""Nombre :math:`T` de pas de temps d'un flux."""
        return self.window * self.windows

    def stream(self, batch_size, *, generator, split="train"):
        r"""Tire des flux, et les donne fenêtre par fenêtre.

        Mises bout à bout, les fenêtres sont le lot que :meth:`~notebook_utils.tasks.task.Task.sample` tire
        du même état du générateur.
        L'état du réseau se transmet d'une fenêtre à la suivante ; il repart de zéro avec un flux.

        Args:
            batch_size: nombre :math:`B` de flux parallèles.
            generator: le ``torch.Generator`` du tirage.
            split: ``"train"``, ``"test"`` ou ``"all"``.

        Returns:
            Un itérateur de ``windows`` lots, de formes ``(B, window, 1)``.

        Raises:
            TypeError: comme :meth:`~notebook_utils.tasks.task.Task.sample`.
            ValueError: comme :meth:`~notebook_utils.tasks.task.Task.sample`.

        Example:
            >>> windows = Echo(delay=3).stream(5, generator=torch.Generator().manual_seed(0))
            >>> [tuple(inputs.shape) for inputs, targets in windows][:2]
            [(5, 20, 1), (5, 20, 1)]
        """
        return self.cut(self.sample(batch_size, generator=generator, split=split))

    def cut(self, batch):
        r"""Coupe un lot de flux en fenêtres consécutives, sans copie.

        Args:
            batch: un lot de formes ``(B, T, 1)``, où ``T`` est un multiple de ``window``.

        Returns:
            Un itérateur de lots de formes ``(B, window, 1)``.

        Raises:
            TypeError: si le lot n'est pas un couple, ou une partie pas un tenseur à virgule flottante.
            ValueError: si une forme ne convient pas, si les deux diffèrent, ou s'il y a un NaN.

        Example:
            >>> task = Echo(delay=1, window=2, windows=2)
            >>> [task.decode(inputs) for inputs, _ in task.cut(task.encode(["1011"]))]
            [['10'], ['11']]
        """
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise TypeError(f"batch : reçu {type(batch).__name__}, attendu un couple (inputs, targets)")
        for name, part in zip(("inputs", "targets"), batch, strict=True):
            check_real(name, part, ("B", "T", 1))
            if part.shape[1] == 0 or part.shape[1] % self.window:
                expected = f"un multiple de {self.window}"
                raise ValueError(f"{name} : reçu T = {part.shape[1]} pas, attendu {expected}")
        inputs, targets = batch
        if inputs.shape != targets.shape:
            received = f"les formes {tuple(inputs.shape)} et {tuple(targets.shape)}"
            raise ValueError(f"inputs, targets : reçu {received}, attendu deux fois la même")
        return map(Batch, *(part.split(self.window, dim=1) for part in batch))

    def encode(self, streams):
        r"""Transforme des flux écrits en lot.

        Args:
            streams: une liste de chaînes de 0 et de 1, de même longueur, comme ``"10110010"``.

        Returns:
            Un :class:`~notebook_utils.tasks.task.Batch` de formes ``(B, T, 1)``.

        Raises:
            TypeError: si ``streams`` n'est pas une liste de chaînes.
            ValueError: s'il y a un autre symbole, ou si les longueurs diffèrent.

        Example:
            >>> Echo(delay=1).encode(["110"]).targets.flatten().tolist()
            [0.0, 1.0, 1.0]
        """
        return self._write(written_bits(streams))

    def decode(self, inputs):
        r"""Relit des entrées ou des cibles.

        Args:
            inputs: un tenseur ``(B, T, 1)`` de 0 et de 1 ; ``T`` est libre.

        Returns:
            La liste des flux, en chaînes de 0 et de 1.

        Raises:
            TypeError: si ``inputs`` n'est pas un tenseur de nombres à virgule flottante.
            ValueError: si la forme ne convient pas, ou s'il y a autre chose que des 0 et des 1.

        Example:
            >>> Echo().decode(torch.tensor([[[1.0], [0.0], [1.0]]]))
            ['101']
        """
        return ["".join(map(str, row)) for row in read_bits("inputs", inputs).tolist()]

    def decode_targets(self, targets):
        r"""Relit des cibles : la même chose que :meth:`decode`.

        Args:
            targets: un tenseur ``(B, T, 1)`` de 0 et de 1.

        Returns:
            La liste des échos, en chaînes de 0 et de 1.

        Raises:
            TypeError: comme :meth:`decode`.
            ValueError: comme :meth:`decode`.

        Example:
            >>> Echo(delay=2).decode_targets(Echo(delay=2).encode(["1101"]).targets)
            ['0011']
        """
        return ["".join(map(str, row)) for row in read_bits("targets", targets).tolist()]

    def _count(self):
        return 2**self.steps

    def _residues(self, inputs):
        check_shape("inputs", inputs, ("B", self.steps, 1))  # un flux entier, et non une fenêtre
        bits = read_bits("inputs", inputs)  # (B, T)
        return bits_residue(bits, self._halves())

    def _draw(self, batch_size, split, generator):
        return (draw_bits(self.steps, batch_size, split, generator, self._halves()),)

    def _halves(self):
        half = self.steps // 2
        return slice(None, half), slice(half, None)

    def _write(self, bits):
        inputs = bits.unsqueeze(-1).to(torch.float32)  # (B, T, 1)
        return Batch(inputs, _shift(inputs, self.delay))


def echo_targets(inputs, delay):
    r"""Cibles de l'écho : les entrées, ``delay`` pas plus tôt.

    .. math::

        y_t = \begin{cases} x_{t-k} & \text{si } t > k \\ 0 & \text{sinon} \end{cases}

    :math:`k` est le délai ; les autres lettres sont celles de :class:`Echo`.

    Args:
        inputs: le flux :math:`x`, un tenseur ``(B, T, 1)``.
        delay: le délai :math:`k`, nul ou positif.

    Returns:
        Les cibles :math:`y`, de même forme ; les :math:`k` premières sont nulles.

    Raises:
        TypeError: si ``inputs`` n'est pas un tenseur à virgule flottante, ou ``delay`` un entier.
        ValueError: si ``inputs`` n'est pas de forme ``(B, T, 1)``, contient un NaN,
            ou si ``delay`` est négatif.

    Example:
        >>> x = torch.tensor([1.0, 0, 1, 1, 0, 0, 1, 0]).reshape(1, 8, 1)
        >>> echo_targets(x, 3).flatten().tolist()
        [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    """
    check_real("inputs", inputs, ("B", "T", 1))
    return _shift(inputs, check_integer("delay", delay, 0))


def _shift(inputs, delay):
    targets = torch.zeros_like(inputs)  # (B, T, 1)
    if delay < inputs.shape[1]:
        targets[:, delay:] = inputs[:, : inputs.shape[1] - delay]
    return targets
