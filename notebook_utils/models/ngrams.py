r"""Prédire le caractère suivant en comptant : le modèle de Kneser–Ney modifié.

C'est la référence d'un modèle de langue : aucun apprentissage, des comptes, et une façon de les adoucir.
"""

import numpy as np
import torch

from .._checks import check_integer
from .._tensor_checks import check_codes, check_shape

__all__ = ["KneserNey"]


class KneserNey:
    r"""Modèle de Kneser–Ney modifié, interpolé, sur des codes.

    La probabilité du caractère :math:`w` après le contexte :math:`c` (ses :math:`n - 1` prédécesseurs) retire un peu
    à chaque compte, et distribue ce qui est retiré selon le contexte plus court :math:`c'`, son premier caractère ôté :

    .. math::

        p_n(w \mid c) &= \frac{a_n(cw) - D_n(a_n(cw))}{\sum_{w'} a_n(cw')}
        + \frac{\sum_{w'} D_n(a_n(cw'))}{\sum_{w'} a_n(cw')} \; p_{n-1}(w \mid c') \\
        p_0(w) &= \frac{1}{V}

    À l'ordre le plus haut, :math:`a` est le nombre de fois où la suite :math:`cw` a été lue ; aux autres, le nombre de
    caractères *différents* qui l'ont précédée : une suite fréquente mais toujours après le même caractère
    ne vaut presque rien ailleurs. Un contexte jamais lu laisse la place au suivant, plus court.
    Le retrait dépend du compte, selon :math:`n_j`, le nombre de suites de compte :math:`j` :

    .. math::

        Y &= \frac{n_1}{n_1 + 2 n_2}, \qquad D(0) = 0, \qquad D(1) = 1 - 2 Y \frac{n_2}{n_1} \\
        D(2) &= 2 - 3 Y \frac{n_3}{n_2}, \qquad D(a \geq 3) = 3 - 4 Y \frac{n_4}{n_3}

    Un retrait qui sortirait de :math:`]0, a]`, ou pour lequel il manque un :math:`n_j`, vaut la moitié de son compte.

    Args:
        codes: le texte lu, un tenseur ``(N,)`` de type ``int64``.
        order: l'ordre :math:`n`, nombre de caractères d'une suite : 1 n'a pas de contexte.
        vocabulary_size: le nombre :math:`V` de codes.

    Raises:
        TypeError: si ``codes`` n'est pas un tenseur ``int64``, ou si un nombre n'est pas un entier.
        ValueError: si un nombre n'est pas strictement positif, si un code est trop grand,
            ou si le texte est plus court que l'ordre.

    References:
        Chen et Goodman, *An Empirical Study of Smoothing Techniques for Language Modeling*,
        *Computer Speech and Language*, 1999 (équations 20 à 27).

    Example:
        >>> codes = torch.tensor([0, 1, 2] * 20)
        >>> model = KneserNey(codes, order=3, vocabulary_size=3)
        >>> p = model.probabilities(torch.tensor([0, 1]))
        >>> p.argmax().item(), round(p.sum().item(), 9)
        (2, 1.0)
    """

    def __init__(self, codes, order, vocabulary_size):
        self.order = check_integer("order", order)
        self.vocabulary_size = check_integer("vocabulary_size", vocabulary_size)
        check_codes("codes", codes, ("N",), self.vocabulary_size)
        if len(codes) < self.order:
            raise ValueError(f"codes : reçu {len(codes)} caractères, attendu au moins {self.order}, l'ordre")
        text, V = codes.cpu().numpy(), self.vocabulary_size
        ids, keys, starts = np.zeros(len(text), dtype=np.int64), [], []  # ids : la suite de k − 1 codes qui part d'ici
        suffixes = []
        for k in range(1, self.order + 1):
            wanted = ids[: len(text) - k + 1] * V + text[k - 1 :]  # une suite = son début, puis un code
            found, first, ids = np.unique(wanted, return_index=True, return_inverse=True)
            keys.append(found)
            starts.append(first)
            suffixes.append(ids)
        self._levels = []
        for k in range(self.order):
            if k == self.order - 1:
                counts = np.bincount(suffixes[k], minlength=len(keys[k]))
            else:  # combien de suites plus longues d'un code finissent par celle-ci
                counts = np.bincount(suffixes[k][starts[k + 1] + 1], minlength=len(keys[k]))
            self._levels.append(_Level(keys[k], counts, len(keys[k - 1]) if k else 1, V))

    def probabilities(self, context):
        r"""Distribution du caractère suivant.

        Args:
            context: ce qui précède, un tenseur ``(M,)`` de type ``int64``, éventuellement vide ;
                seuls les :math:`n - 1` derniers codes comptent.

        Returns:
            Un tenseur ``(V)``, de type ``float64`` et de somme 1.

        Raises:
            TypeError: si ``context`` n'est pas un tenseur ``int64``.
            ValueError: si ``context`` n'a pas une dimension, ou sort du vocabulaire.

        Example:
            >>> KneserNey(torch.tensor([0, 1, 1]), 1, 2).probabilities(torch.tensor([1])).sum().item()
            1.0
        """
        check_codes("context", context, ("M",), self.vocabulary_size)
        ids = self.initial_state(1).numpy()
        for code in context[max(0, len(context) - self.order + 1) :, None].cpu().numpy():
            ids = self._read(ids, code)
        return torch.from_numpy(self._spread(ids)[0])

    def initial_state(self, batch_size):
        """Rend l'état d'où commence un texte : un seul contexte connu, le vide."""
        ids = torch.full((check_integer("batch_size", batch_size), self.order), -1)
        ids[:, 0] = 0
        return ids

    def step(self, codes, state):
        r"""Lit un caractère par exemple, comme un réseau : compter est aussi une récurrence.

        L'état est le numéro de chaque contexte, du vide à celui de :math:`n - 1` codes, ou −1 s'il n'a jamais été lu.
        Un contexte de :math:`k + 1` codes est celui de :math:`k` codes du pas précédent, prolongé de ``codes``.

        Args:
            codes: les codes lus, ``(B)``, de type ``int64``.
            state: l'état, ``(B, n)``, que rend :meth:`initial_state` ou un pas précédent.

        Returns:
            Les log-probabilités du code suivant, ``(B, V)``, de type ``float64``, et l'état.

        Raises:
            TypeError: si ``codes`` ou ``state`` n'est pas un tenseur ``int64``.
            ValueError: si leur forme n'est pas la bonne, ou si un code sort du vocabulaire.

        Example:
            >>> model = KneserNey(torch.tensor([0, 1, 2] * 20), order=3, vocabulary_size=3)
            >>> log_p, state = model.step(torch.tensor([0]), model.initial_state(1))
            >>> log_p.argmax().item(), state.shape
            (1, torch.Size([1, 3]))
        """
        check_codes("codes", codes, ("B",), self.vocabulary_size)
        check_shape("state", state, (len(codes), self.order))
        if state.dtype != torch.int64:
            raise TypeError(f"state : reçu le type {state.dtype}, attendu torch.int64")
        ids = self._read(state.cpu().numpy(), codes.cpu().numpy())
        return torch.from_numpy(np.log(self._spread(ids))), torch.from_numpy(ids)

    def log_probabilities(self, codes):
        r"""Log-probabilité de chaque caractère d'un texte, sachant ceux qui le précèdent.

        Les premiers n'ont qu'un contexte plus court.

        Args:
            codes: le texte, un tenseur ``(N,)`` de type ``int64``.

        Returns:
            Un tenseur ``(N)``, de type ``float64``, en nats.

        Raises:
            TypeError: si ``codes`` n'est pas un tenseur ``int64``.
            ValueError: si ``codes`` n'a pas une dimension, ou sort du vocabulaire.

        Example:
            >>> model = KneserNey(torch.tensor([0, 1] * 50), order=2, vocabulary_size=2)
            >>> bool(model.log_probabilities(torch.tensor([0, 1, 0]))[1] > -0.02)
            True
        """
        check_codes("codes", codes, ("N",), self.vocabulary_size)
        text, N = codes.cpu().numpy(), len(codes)
        p, ids = np.full(N, 1 / self.vocabulary_size), np.zeros(N, dtype=np.int64)
        for k, level in enumerate(self._levels):  # ids : le contexte de k codes qui précède chaque caractère, ou −1
            p = level.mix(ids, text, p)
            if k + 1 < self.order:
                ids = self._contexts(text, k + 1)
        return torch.from_numpy(np.log(p))

    def _contexts(self, text, k):
        """Le numéro des ``k`` codes qui précèdent chaque caractère ; −1 s'ils n'ont jamais été lus."""
        found = np.full(len(text), -1)
        if len(text) > k:
            ids = np.zeros(len(text) - k, dtype=np.int64)
            for level, j in zip(self._levels, range(k), strict=False):
                ids = level.find(ids, text[j : len(text) - k + j])
            found[k:] = ids
        return found

    def _read(self, ids, codes):
        """Les numéros ``(B, n)`` des contextes, un code plus loin."""
        longer = [level.find(ids[:, k], codes) for k, level in enumerate(self._levels[:-1])]
        return np.stack([np.zeros(len(codes), dtype=np.int64), *longer], axis=1)

    def _spread(self, ids):
        """Les probabilités ``(B, V)`` de tous les codes, après ces contextes."""
        p = np.full((len(ids), self.vocabulary_size), 1 / self.vocabulary_size)
        for level, contexts in zip(self._levels, ids.T, strict=True):
            level.spread(contexts, p)
        return p


class _Level:
    """Les suites d'une longueur donnée, rangées par numéro du contexte, puis par dernier code."""

    def __init__(self, keys, counts, contexts, V):
        self.keys, self.V = keys, V
        discounts = _discounts(counts)[np.minimum(counts, 3)]
        context = keys // V
        self.total = np.bincount(context, counts, minlength=contexts)
        self.left = np.bincount(context, discounts, minlength=contexts)
        self.kept = counts - discounts

    def find(self, contexts, codes):
        """Le numéro de la suite formée d'un contexte et d'un code ; −1 si elle n'a jamais été lue."""
        wanted = contexts * self.V + codes
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where((contexts >= 0) & (self.keys[place] == wanted), place, -1)

    def mix(self, contexts, codes, shorter):
        """La probabilité à cet ordre, d'après celle du contexte plus court."""
        gram, known = self.find(contexts, codes), contexts >= 0
        total = np.where(known, self.total[contexts], 0)
        seen = total > 0
        kept = np.where(gram >= 0, self.kept[gram], 0.0)
        return np.where(seen, (kept + self.left[contexts] * shorter) / np.where(seen, total, 1), shorter)

    def spread(self, contexts, p):
        """De même pour tous les codes : change, sur place, les probabilités ``p`` ``(B, V)`` de l'ordre plus court."""
        rows = np.flatnonzero(np.where(contexts >= 0, self.total[contexts], 0))
        contexts = contexts[rows]
        total = self.total[contexts].astype(float)
        p[rows] *= (self.left[contexts] / total)[:, None]
        first, end = np.searchsorted(self.keys, [contexts * self.V, (contexts + 1) * self.V])
        sizes = end - first  # les suites de chaque contexte se suivent
        grams = np.repeat(end - np.cumsum(sizes), sizes) + np.arange(sizes.sum())
        p[np.repeat(rows, sizes), self.keys[grams] % self.V] += self.kept[grams] / np.repeat(total, sizes)


def _discounts(counts):
    """Les retraits des comptes 0, 1, 2, et 3 ou plus."""
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(float)
    Y = n[1] / (n[1] + 2 * n[2]) if n[1] else 0.0
    found = [0.0]
    for j in (1, 2, 3):
        value = j - (j + 1) * Y * n[j + 1] / n[j] if n[j] and n[j + 1] else 0.0
        found.append(value if 0 < value <= j else j / 2)
    return np.array(found)
