"""Ce que tous les modules refusent, dit une seule fois : nombres, textes, choix, fonctions.

Chaque fonction refuse, en français, ce qui ne convient pas : le message nomme l'argument, ce qui est reçu
et ce qui est attendu. Celles qui rendent une valeur la rendent sous sa forme la plus simple (un ``int`` de Python
pour un entier de NumPy). Les tenseurs ont leur module, ``_tensor_checks`` : celui-ci n'importe pas PyTorch.
"""

import math
import numbers
from collections.abc import Iterable


def described(value):
    """Une valeur et son type, pour un message : ``3.0 (float)`` ; le type seul si la valeur est longue."""
    text = repr(value)
    return f"{text} ({type(value).__name__})" if len(text) <= 40 else type(value).__name__


def check_integer(name, value, minimum=1):
    """Rend un entier de Python au moins égal à ``minimum`` ; ceux de NumPy conviennent, un booléen non."""
    if type(value) is not int and (not isinstance(value, numbers.Integral) or isinstance(value, bool)):
        raise TypeError(f"{name} : reçu {described(value)}, attendu un entier")
    if value < minimum:
        expected = {0: "un entier positif ou nul", 1: "un entier strictement positif"}
        raise ValueError(
            f"{name} : reçu {value}, attendu {expected.get(minimum, f'un entier au moins égal à {minimum}')}"
        )
    return int(value)


def check_number(name, value, expected="un nombre réel"):
    """Rend un nombre réel, entier ou à virgule ; ni booléen, ni texte, ni NaN."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name} : reçu {described(value)}, attendu {expected}")
    if math.isnan(value):
        raise ValueError(f"{name} : reçu nan, attendu {expected}")
    return value


def check_positive(name, value):
    """Rend un nombre strictement positif."""
    if not check_number(name, value, "un nombre strictement positif") > 0:
        raise ValueError(f"{name} : reçu {value}, attendu un nombre strictement positif")
    return value


def check_range(name, value):
    """Refuse ce qui n'est pas un ``range`` de pas 1, positif et non vide."""
    if not isinstance(value, range):
        raise TypeError(f"{name} : reçu {described(value)}, attendu un range")
    if value.step != 1 or len(value) == 0 or value.start < 0:
        raise ValueError(f"{name} : reçu {value!r}, attendu un range de pas 1, positif et non vide")


def check_choice(name, value, choices):
    """Refuse une valeur hors de la liste permise."""
    if not isinstance(value, str):
        raise TypeError(f"{name} : reçu {described(value)}, attendu une chaîne")
    if value not in choices:
        expected = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} : reçu {value!r}, attendu {expected}")


def check_text(name, value, empty=False):
    """Refuse ce qui n'est pas une chaîne, ou une chaîne vide si ``empty`` est faux."""
    if not isinstance(value, str):
        raise TypeError(f"{name} : reçu {type(value).__name__}, attendu une chaîne")
    if not value and not empty:
        raise ValueError(f"{name} : reçu une chaîne vide, attendu au moins un caractère")


def check_texts(name, texts, alphabet):
    """Refuse ce qui n'est pas une liste, non vide, de chaînes écrites avec l'alphabet donné."""
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"{name} : reçu {texts!r}, attendu une liste de chaînes")
    if not texts:
        raise ValueError(f"{name} : reçu une liste vide, attendu au moins une chaîne")
    unknown = sorted(set("".join(texts)) - set(alphabet))
    if unknown:
        shown = " ".join(repr(symbol) for symbol in unknown)
        raise ValueError(f"{name} : reçu des symboles inconnus, {shown} ; attendu ceux de {alphabet!r}")


def check_callable(name, value, expected):
    """Refuse ce qui ne s'appelle pas."""
    if not callable(value):
        raise TypeError(f"{name} : reçu {described(value)}, attendu {expected}")


def check_iterable(name, value, expected):
    """Refuse ce qui ne se parcourt pas ; un texte se parcourt, mais n'est jamais ce que l'on attend."""
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        raise TypeError(f"{name} : reçu {described(value)}, attendu {expected}")


def as_number(name, value):
    """Rend un nombre de Python ; un tenseur ou un tableau d'un seul élément en vaut un."""
    number = value.item() if hasattr(value, "item") and math.prod(getattr(value, "shape", ())) == 1 else value
    if not isinstance(number, int | float):
        raise TypeError(f"{name} : reçu {type(value).__name__}, attendu un nombre")
    return number
