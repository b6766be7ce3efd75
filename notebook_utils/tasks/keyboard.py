r"""Taper un texte avec l'aide d'un modèle de langue : le clavier à neuf touches, et le compte des frappes.

Un *mot* est ici une suite de lettres, accents compris ; tout le reste (espaces, ponctuation, apostrophes) se tape.
"""

import re
import unicodedata

from .._checks import check_callable, check_text

__all__ = ["keypad_keys", "keystrokes", "words_of"]

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
