r"""Coller dans le texte d'un chapitre les nombres que ses cellules calculent.

Le texte les lit par un rôle de ``myst_nb``. Là où cette bibliothèque n'est pas installée,
dans un carnet ouvert hors du livre, le texte est déjà écrit : ces fonctions n'y font rien.
"""

import re

from ._checks import check_text

__all__ = ["glue_number", "glue_range", "glue_text"]

_KEY = re.compile(r"[a-z0-9]+(-[A-Za-z0-9_+]+)+")


def glue_text(key, text):
    r"""Colle un texte sous une clé, que la page lira.

    Args:
        key: la clé, qui commence par le nom du chapitre : ``"echo-mur"``.
        text: le texte, tel qu'il paraîtra.

    Raises:
        TypeError: si ``key`` ou ``text`` n'est pas un texte.
        ValueError: si la clé n'a pas cette forme, ou si le texte est vide.

    Example:
        >>> glue_text("echo-reponse", "oui")
    """
    check_text("key", key)
    check_text("text", text)
    if not _KEY.fullmatch(key):
        raise ValueError(f"key : reçu {key!r}, attendu le nom du chapitre, un tiret, puis un nom")
    try:
        from myst_nb import glue
    except ImportError:
        return
    glue(key, text, display=False)


def glue_number(key, value, digits=3, unit="", zeros=True):
    r"""Colle un nombre mesuré, écrit par :func:`~notebook_utils.plotting.format_number`.

    Args:
        key: la clé, qui commence par le nom du chapitre.
        value: le nombre.
        digits: nombre de chiffres significatifs d'un réel.
        unit: ce qui suit le nombre, après une espace fine insécable : ``"%"``.
        zeros: garde les zéros de fin, qui disent la précision d'une mesure ; ``False`` pour un réglage.

    Raises:
        TypeError: si ``value`` n'est pas un nombre réel.
        ValueError: si la clé n'a pas la forme voulue.

    Example:
        >>> glue_number("echo-reussite", 99.5, unit="%")
    """
    from .plotting import format_number  # au premier nombre, et non à l'import : Matplotlib vient avec

    check_text("unit", unit, empty=True)
    text = format_number(value, digits, zeros=zeros)
    glue_text(key, f"{text}\u202f{unit}" if unit else text)


def glue_range(key, values, digits=3, unit=""):
    r"""Colle la médiane et l'étendue d'une série, écrites par :func:`~notebook_utils.plotting.format_range`.

    Args:
        key: la clé, qui commence par le nom du chapitre.
        values: les mesures, une par graine.
        digits: nombre de chiffres significatifs de la médiane.
        unit: ce qui suit la médiane : ``"%"``.

    Raises:
        TypeError: si ``values`` n'est pas une série de nombres.
        ValueError: si la série est vide, ou si la clé n'a pas la forme voulue.

    Example:
        >>> glue_range("echo-reussites", [97.2, 98.7, 100.0], unit="%")
    """
    from .plotting import format_range

    check_text("unit", unit, empty=True)
    glue_text(key, format_range(values, digits, unit))
