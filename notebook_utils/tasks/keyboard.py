r"""Taper un texte avec l'aide d'un modèle de langue : le clavier à neuf touches, et le compte des frappes.

Un *mot* est ici une suite de lettres, accents compris ; tout le reste (espaces, ponctuation, apostrophes) se tape.
"""

import re
import unicodedata
from collections import Counter, defaultdict

from .._checks import check_callable, check_integer, check_iterable, check_text

__all__ = ["WordEndings", "keypad_keys", "keystrokes", "words_of"]

_KEYS = {
    letter: key
    for key, row in zip("23456789", ["abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"], strict=True)
    for letter in row
}
_WORD = re.compile(r"[^\W\d_]+")


def words_of(text):
    r"""Les mots d'un texte, et leurs places.

    Args:
        text: une chaîne.

    Returns:
        La liste des couples ``(début, mot)``.

    Raises:
        TypeError: si ``text`` n'est pas une chaîne.

    Example:
        >>> words_of("L'état h_t, déjà.")
        [(0, 'L'), (2, 'état'), (7, 'h'), (9, 't'), (12, 'déjà')]
    """
    check_text("text", text, empty=True)
    return [(found.start(), found[0]) for found in _WORD.finditer(text)]


def keypad_keys(word):
    r"""Les touches d'un mot sur un clavier de téléphone : une par lettre, sans accent ni majuscule.

    .. math::

        \text{abc} \to 2, \quad \text{def} \to 3, \quad \dots, \quad \text{wxyz} \to 9

    Args:
        word: un mot.

    Returns:
        Une chaîne de chiffres, ``"*"`` pour un caractère sans touche ; « œ » vaut « oe ».

    Raises:
        TypeError: si ``word`` n'est pas une chaîne.
        ValueError: si ``word`` est vide.

    Example:
        >>> keypad_keys("État"), keypad_keys("fuas")
        ('3828', '3827')
    """
    check_text("word", word)
    plain = unicodedata.normalize("NFD", word.lower().replace("œ", "oe").replace("æ", "ae"))
    return "".join(_KEYS.get(letter, "*") for letter in plain if not unicodedata.combining(letter))


def keystrokes(text, suggest):
    r"""Compte les frappes d'une personne à qui l'on propose, avant chaque lettre, la fin du mot.

    .. math::

        \text{économie} = 1 - \frac{\text{frappes}}{\text{caractères}}

    Accepter la bonne proposition coûte une frappe, et finit le mot ; taper un caractère, une aussi.
    La personne est parfaite : elle accepte toujours quand elle peut, et lire les propositions ne lui coûte rien.

    Args:
        text: ce qu'elle veut écrire.
        suggest: la fonction ``suggest(place)`` qui rend les fins de mot proposées avant de taper ``text[place]``,
            une collection de chaînes.

    Returns:
        Le nombre de frappes, un entier.

    Raises:
        TypeError: si ``text`` n'est pas une chaîne, ou si ``suggest`` n'est pas une fonction.

    Example:
        On propose toujours « rien », et « nt » après « dor ».

        >>> text = "ils dorment"
        >>> keystrokes(text, lambda place: {"rien"}), keystrokes(text, lambda place: {text[place:]})
        (11, 5)
    """
    check_text("text", text, empty=True)
    check_callable("suggest", suggest, "une fonction suggest(place)")
    spared = 0
    for start, word in words_of(text):
        for typed in range(len(word)):
            if word[typed:] in suggest(start + typed):
                spared += len(word) - typed - 1
                break
    return len(text) - spared


class WordEndings:
    r"""Propose des fins de mot d'après un texte lu d'avance, sans réseau : les suites de mots les plus fréquentes.

    Pour un début de mot et les :math:`n` mots qui le précèdent, ce sont, par fréquence, les mots qui ont suivi
    ces :math:`n` mots dans le texte et qui commencent ainsi ; à défaut, ceux qui ont suivi les :math:`n - 1` derniers ;
    et ainsi de suite, jusqu'aux mots les plus fréquents :

    .. math::

        w^\star = \arg\max_{w \,:\, w \text{ commence par le début}} \#(w_{-n}, \dots, w_{-1}, w)

    Args:
        text: le texte lu d'avance.
        longest: le plus grand :math:`n`.

    Raises:
        TypeError: si ``text`` n'est pas une chaîne, ou ``longest`` un entier.
        ValueError: si ``longest`` est négatif.

    Example:
        >>> endings = WordEndings("le chat dort, le chien dort, le chat chante")
        >>> endings("ch", ["le"]), endings("ch", ["chat"])
        (['at', 'ien', 'ante'], ['ante', 'at', 'ien'])
    """

    def __init__(self, text, longest=2):
        words = [word for _, word in words_of(text)]
        self.longest = check_integer("longest", longest, 0)
        self._by_prefix, self._after = defaultdict(list), defaultdict(Counter)
        for word, _ in Counter(words).most_common():
            for k in range(len(word)):
                self._by_prefix[word[:k]].append(word)
        for n in range(1, self.longest + 1):
            for rank in range(n, len(words)):
                self._after[tuple(words[rank - n : rank])][words[rank]] += 1

    def __call__(self, prefix, history=(), number=3):
        """Rend au plus ``number`` fins de mot pour le début ``prefix``, après les mots ``history``."""
        check_text("prefix", prefix, empty=True)
        check_iterable("history", history, "les mots qui précèdent")
        number, history, found = check_integer("number", number), tuple(history), {}
        for n in range(min(self.longest, len(history)), -1, -1):
            after = self._after.get(history[len(history) - n :], Counter())
            words = [word for word, _ in after.most_common()] if n else self._by_prefix[prefix]
            found |= {word[len(prefix) :]: None for word in words if word.startswith(prefix) and word != prefix}
            if len(found) >= number:
                break
        return list(found)[:number]
