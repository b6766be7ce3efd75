r"""Les caractères d'un texte : vocabulaire, colonnes, et fenêtres à prédire."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch.nn.functional import one_hot

from .._checks import check_integer, check_number, check_text
from .._tensor_checks import check_codes
from .task import Batch

__all__ = ["Vocabulary", "split_text", "text_columns", "text_windows"]


@dataclass(frozen=True)
class Vocabulary:
    r"""Les caractères connus, et leur numéro.

    .. math::

        \text{caractère} \in \{s_0, \dots, s_{V-1}\} \;\longleftrightarrow\;
        \text{code} \in \{0, \dots, V - 1\}

    Un caractère inconnu est une erreur, qui le montre : il n'y a pas de code de secours.
    Les caractères sont ceux d'Unicode, sans normalisation :
    « é » et « e » suivi d'un accent combinant sont deux écritures différentes
    (``unicodedata.normalize("NFC", texte)`` les confond).

    Args:
        symbols: les :math:`V` caractères, tous différents, dans l'ordre de leurs codes.

    Raises:
        TypeError: si ``symbols`` n'est pas une chaîne.
        ValueError: si ``symbols`` est vide, ou répète un caractère.

    References:
        Chapitre « Rétropropagation à travers le temps ».

    Example:
        >>> vocabulary = Vocabulary.from_text("abracadabra")
        >>> vocabulary.symbols, len(vocabulary)
        ('abcdr', 5)
        >>> vocabulary.encode("cab")
        tensor([2, 0, 1])
        >>> try:
        ...     vocabulary.encode("cabane")
        ... except ValueError as error:
        ...     print(error)
        text : reçu 2 caractères inconnus, 'e' (indice 5) et 'n' (indice 4) ;
        attendu l'un des 5 connus, 'abcdr'
    """

    symbols: str

    def __post_init__(self):
        check_text("symbols", self.symbols)
        repeated = sorted({s for s in self.symbols if self.symbols.count(s) > 1})
        if repeated:
            raise ValueError(f"symbols : reçu plusieurs fois {' '.join(map(repr, repeated))}, attendu une fois")

    @classmethod
    def from_text(cls, text):
        r"""Vocabulaire d'un texte : ses caractères, dans l'ordre d'Unicode.

        Args:
            text: une chaîne non vide.

        Returns:
            Le vocabulaire.

        Raises:
            TypeError: si ``text`` n'est pas une chaîne.
            ValueError: si ``text`` est vide.

        Example:
            >>> Vocabulary.from_text("le chat").symbols
            ' acehlt'
        """
        check_text("text", text)
        return cls("".join(sorted(set(text))))

    def __len__(self):
        return len(self.symbols)

    @cached_property
    def _codes(self):
        return {symbol: code for code, symbol in enumerate(self.symbols)}

    def encode(self, text):
        r"""Donne les codes des caractères d'un texte.

        Args:
            text: une chaîne non vide.

        Returns:
            Un tenseur ``(N,)``, de type ``int64``.

        Raises:
            TypeError: si ``text`` n'est pas une chaîne.
            ValueError: si ``text`` est vide, ou contient des caractères inconnus.

        Example:
            >>> Vocabulary("abc").encode("cab")
            tensor([2, 0, 1])
        """
        check_text("text", text)
        unknown = sorted(set(text) - set(self.symbols))
        if unknown:
            shown = " et ".join(f"{symbol!r} (indice {text.index(symbol)})" for symbol in unknown)
            plural = "s" if len(unknown) > 1 else ""
            received = f"{len(unknown)} caractère{plural} inconnu{plural}, {shown}"
            expected = f"l'un des {len(self)} connus, {self.symbols!r}"
            raise ValueError(f"text : reçu {received} ; attendu {expected}")
        return torch.tensor([self._codes[symbol] for symbol in text])  # (N)

    def decode(self, codes):
        r"""Relit des codes.

        Args:
            codes: un tenseur ``(N,)``, de type ``int64``.

        Returns:
            Le texte.

        Raises:
            TypeError: si ``codes`` n'est pas un tenseur ``int64``.
            ValueError: si ``codes`` n'a pas une dimension, ou sort du vocabulaire.

        Example:
            >>> Vocabulary("abc").decode(torch.tensor([2, 0, 1]))
            'cab'
        """
        check_codes("codes", codes, ("N",), len(self))
        return "".join(self.symbols[code] for code in codes.tolist())

    def one_hot(self, codes):
        r"""Transforme des codes en entrées d'un réseau.

        Args:
            codes: un tenseur de type ``int64``, de forme quelconque.

        Returns:
            Un tenseur one-hot ``(…, V)``, de type ``float32``.

        Raises:
            TypeError: si ``codes`` n'est pas un tenseur ``int64``.
            ValueError: si un code sort du vocabulaire.

        Example:
            >>> Vocabulary("abc").one_hot(torch.tensor([2, 0])).tolist()
            [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
        """
        shape = codes.shape if isinstance(codes, torch.Tensor) else ("N",)
        check_codes("codes", codes, shape, len(self))
        return one_hot(codes, len(self)).to(torch.float32)  # (..., V)


def split_text(text, test_fraction=0.1):
    r"""Sépare un texte en une partie d'apprentissage et une partie de test.

    .. math::

        \text{texte} = \text{apprentissage} \cdot \text{test}, \qquad
        N_\text{test} = \lfloor f N + \tfrac{1}{2} \rfloor

    Le test est la **fin** du texte : aucun caractère n'est des deux côtés, et aucun n'est perdu.
    Un passage répété dans le texte peut, lui, se retrouver dans les deux parties.

    Args:
        text: une chaîne de :math:`N` caractères.
        test_fraction: la fraction :math:`f` du texte gardée pour le test, dans ]0, 1[.

    Returns:
        Le couple ``(train, test)`` de chaînes.

    Raises:
        TypeError: si ``text`` n'est pas une chaîne, ou ``test_fraction`` un nombre.
        ValueError: si la fraction n'est pas dans ]0, 1[, ou si une partie serait vide.

    Example:
        >>> split_text("abcdefghij", 0.2)
        ('abcdefgh', 'ij')
    """
    check_text("text", text)
    if not 0 < check_number("test_fraction", test_fraction, "un nombre dans ]0, 1[") < 1:
        raise ValueError(f"test_fraction : reçu {test_fraction}, attendu un nombre dans ]0, 1[")
    cut = len(text) - int(test_fraction * len(text) + 0.5)
    if not 0 < cut < len(text):
        raise ValueError(f"text : reçu {len(text)} caractères, attendu assez pour deux parties non vides")
    return text[:cut], text[cut:]


def text_columns(codes, columns):
    r"""Coupe un flux en colonnes, que le réseau lira en parallèle.

    .. math::

        X_{b, t} = c_{b \lfloor N / B \rfloor + t}, \qquad
        0 \le b < B, \quad 0 \le t < \lfloor N / B \rfloor

    :math:`c_0, \dots, c_{N-1}` est le flux, :math:`B` le nombre de colonnes.
    Chaque colonne du livre est ici une ligne, le lot venant en premier.
    Les :math:`N \bmod B` derniers caractères, qui ne remplissent pas une tranche, sont **laissés**.

    Args:
        codes: le flux, un tenseur ``(N,)`` de type ``int64``.
        columns: le nombre :math:`B` de colonnes.

    Returns:
        Un tenseur ``(B, N // B)``, sans copie.

    Raises:
        TypeError: si ``codes`` n'est pas un tenseur ``int64``, ou ``columns`` pas un entier.
        ValueError: si ``columns`` n'est pas positif,
            ou si le flux n'a pas un caractère par colonne.

    References:
        Chapitre « Rétropropagation à travers le temps ».

    Example:
        >>> vocabulary = Vocabulary("abcdefghijklmnopqrstuvwx")
        >>> columns = text_columns(vocabulary.encode(vocabulary.symbols), 4)
        >>> [vocabulary.decode(column) for column in columns]
        ['abcdef', 'ghijkl', 'mnopqr', 'stuvwx']
    """
    check_codes("codes", codes, ("N",), None)
    columns = check_integer("columns", columns)
    height = len(codes) // columns
    if height == 0:
        raise ValueError(f"codes : reçu {len(codes)} caractères, attendu au moins {columns}, un par colonne")
    return codes[: columns * height].view(columns, height)  # (B, N // B)


def text_windows(columns, length):
    r"""Donne les fenêtres consécutives d'un texte en colonnes, et ce qu'il faut y prédire.

    .. math::

        x_t = X_{:, t}, \qquad y_t = X_{:, t + 1}

    Les cibles sont les entrées décalées d'un pas : à chaque caractère, prédire le suivant.
    Chaque fenêtre commence où la précédente finit : l'état du réseau peut se transmettre.
    Toutes ont la même longueur. Une colonne de :math:`M` caractères
    donne :math:`\lfloor (M - 1) / T \rfloor` fenêtres ;
    les :math:`(M - 1) \bmod T` derniers couples (entrée, cible) de chacune sont **laissés**
    (avec ``length = M − 1``, une seule fenêtre lit tout).
    Le dernier caractère d'une colonne n'est jamais une entrée :
    sa suite est en tête d'une autre colonne.

    Args:
        columns: le texte en colonnes, un tenseur ``(B, M)`` de type ``int64``.
        length: la longueur :math:`T` d'une fenêtre.

    Returns:
        Un itérateur de :class:`~notebook_utils.tasks.task.Batch`,
        entrées et cibles de forme ``(B, T)``, sans copie.

    Raises:
        TypeError: si ``columns`` n'est pas un tenseur ``int64``, ou ``length`` pas un entier.
        ValueError: si ``length`` n'est pas positif, ou si aucune fenêtre ne tient.

    References:
        Chapitre « Rétropropagation à travers le temps ».

    Example:
        L'alphabet de a à x en 4 colonnes de 6, lu par fenêtres de 3 :
        les lignes affichées sont les instants, comme dans le livre.

        >>> vocabulary = Vocabulary("abcdefghijklmnopqrstuvwx")
        >>> columns = text_columns(vocabulary.encode(vocabulary.symbols), 4)
        >>> x, y = next(text_windows(columns, 3))
        >>> [" ".join(vocabulary.decode(row)) for row in x.T]
        ['a g m s', 'b h n t', 'c i o u']
        >>> [" ".join(vocabulary.decode(row)) for row in y.T]
        ['b h n t', 'c i o u', 'd j p v']
    """
    check_codes("columns", columns, ("B", "M"), None)
    length = check_integer("length", length)
    number = (columns.shape[1] - 1) // length
    if number < 1:
        received = f"des colonnes de {columns.shape[1]} caractères"
        raise ValueError(f"columns : reçu {received}, attendu au moins {length + 1} pour des fenêtres de {length}")
    starts = range(0, number * length, length)
    return (Batch(columns[:, s : s + length], columns[:, s + 1 : s + length + 1]) for s in starts)
