"""Écrire les nombres à la française : virgule, espace fine, puissances de dix."""

import math
import numbers

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import Formatter, NullFormatter

from .._checks import check_integer, check_text

__all__ = ["format_number", "format_range", "french_axis"]

THIN_SPACE = "\u202f"
MINUS = "\u2212"
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SPECIAL = {math.inf: "∞", -math.inf: f"{MINUS}∞"}


def format_number(value, digits=3, zeros=False):
    r"""Écrit un nombre comme un texte français l'imprime.

    Un entier est écrit en entier.
    Un réel garde ``digits`` chiffres significatifs, et sa partie entière n'est jamais arrondie à la dizaine ;
    hors de :math:`[10^{-3}, 10^6[`, il est écrit avec une puissance de dix.
    Les zéros de fin tombent d'un réglage (un pas de 0,01) ; gardez ceux d'une mesure (``zeros=True``),
    dont ils disent la précision.

    Args:
        value: un entier ou un réel, de Python, de NumPy ou de PyTorch (tenseur à un élément).
        digits: nombre de chiffres significatifs d'un réel, au moins 1.
        zeros: garde les zéros de fin d'un réel.

    Returns:
        Le texte, avec virgule décimale, espace fine insécable (U+202F) entre les milliers,
        signe moins typographique (U+2212), exposants en Unicode.

    Raises:
        TypeError: si ``value`` n'est pas un nombre réel, ou ``digits`` pas un entier.
        ValueError: si ``digits`` est inférieur à 1.

    Example:
        >>> format_number(3.14159), format_number(0.5), format_number(2.0)
        ('3,14', '0,5', '2')
        >>> format_number(0.5, zeros=True), format_number(0.18, zeros=True)
        ('0,500', '0,180')
        >>> format_number(31390) == "31\u202f390", format_number(-1.5) == "\u22121,5"
        (True, True)
        >>> format_number(8.88e-16, digits=2), format_number(1e-6), format_number(2.5e7)
        ('8,9·10⁻¹⁶', '10⁻⁶', '2,5·10⁷')
    """
    value = value.item() if hasattr(value, "item") else value
    _check_real(value)
    digits = check_integer("digits", digits)
    value = value if isinstance(value, numbers.Integral) else float(value)
    if value in _SPECIAL or value != value:
        return _SPECIAL.get(value, "indéfini")
    if isinstance(value, numbers.Integral):
        return _french(f"{value:,d}")
    trimmed = str if zeros else _without_trailing_zeros
    mantissa, exponent = _scientific(value, digits)
    if _is_plain(value):
        return _french(trimmed(f"{value:,.{max(0, digits - 1 - exponent)}f}"))
    return _power_of_ten(_french(trimmed(mantissa)), exponent)


def format_range(values, digits=3, unit=""):
    r"""Écrit la médiane et l'étendue d'une série de mesures : « 98,7 % (de 97,2 à 100,0) ».

    La médiane est interpolée (celle de NumPy) : pour un nombre pair de mesures, la moyenne des deux du milieu.
    Les trois nombres ont autant de décimales, celles de la médiane écrite avec ``digits`` chiffres ;
    si des puissances de dix les séparent, chacun garde ses propres chiffres significatifs.
    Une médiane de 100, la plus grande des parts, a les décimales de 99,9 : les lignes d'un tableau se comparent.
    Des mesures toutes égales n'ont pas d'étendue : leur valeur est écrite seule.

    Args:
        values: les mesures, au moins une, entières ou réelles.
        digits: nombre de chiffres significatifs de la médiane.
        unit: ce qui suit la médiane, après une espace fine insécable.

    Returns:
        Le texte.

    Raises:
        TypeError: si ``values`` ne se lit pas comme une série de nombres, si ``digits`` n'est pas un entier,
            ou ``unit`` un texte.
        ValueError: si elle est vide, ou si une mesure n'est pas un nombre.

    Example:
        >>> format_range([97.2, 98.7, 100.0], unit="%").replace("\u202f", " ")
        '98,7 % (de 97,2 à 100,0)'
        >>> format_range([3, 5, 8, 4]), format_range([1e-9, 0.02, 0.3], digits=2), format_range([7, 7])
        ('4,50 (de 3 à 8)', '0,020 (de 1,0·10⁻⁹ à 0,30)', '7')
        >>> format_range([76.25, 100.0, 100.0])
        '100,0 (de 76,2 à 100,0)'
    """
    low, middle, high = _spread(values)
    digits = check_integer("digits", digits)
    check_text("unit", unit, empty=True)
    unit = THIN_SPACE + unit if unit else ""
    low, middle, high = _alike([low, middle, high], digits)
    return f"{middle}{unit}" if low == high else f"{middle}{unit} (de {low} à {high})"


def _spread(values):
    """Minimum, médiane interpolée et maximum ; entiers si les mesures le sont."""
    try:
        series = np.asarray([getattr(value, "item", lambda value=value: value)() for value in values])
    except TypeError as error:
        raise TypeError(f"values : reçu {values!r}, attendu une série de nombres") from error
    if series.dtype.kind not in "iuf":
        raise TypeError(f"values : reçu {values!r}, attendu une série de nombres")
    if series.size == 0 or np.isnan(series).any():
        raise ValueError(f"values : reçu {values!r}, attendu au moins une mesure, et aucune indéfinie")
    found = series.min(), np.median(series), series.max()
    whole = series.dtype.kind in "iu"
    return [int(number) if whole and number == int(number) else float(number) for number in found]


def _alike(three, digits):
    """Les trois nombres avec les mêmes décimales, quand cela garde à chacun un chiffre significatif."""
    real = [float(value) for value in three if not isinstance(value, int)]
    sizes = [abs(value) for value in real if value]
    plain = real and all(map(_is_plain, real)) and math.isfinite(sum(real))
    decimals = max(0, digits - 1 - _exponent_of_range(three[1], digits)) if plain else 0
    if not plain or any(round(size, decimals) == 0 for size in sizes):
        return [format_number(value, digits, zeros=True) for value in three]
    return [
        format_number(value) if isinstance(value, int) else _french(f"{value:,.{decimals}f}") for value in three
    ]


def _exponent_of_range(middle, digits):
    """L'exposant de la médiane ; celui de 99,9 si elle s'écrit 100."""
    exponent = _scientific(middle, digits)[1]
    return 1 if _scientific(middle, digits) == _scientific(100.0, digits) else exponent


def _is_plain(value):
    return value == 0 or 1e-3 <= abs(value) < 1e6


def french_axis(ax):
    r"""Met les graduations d'un axe à la française : 0,5 ; 1 000 ; −2 ; 10⁻³.

    Sur une échelle logarithmique, les graduations sont des puissances de dix.
    À appeler après ``set_xscale`` et ``set_yscale``, qui remettent la graduation de Matplotlib.

    Args:
        ax: les axes de Matplotlib, modifiés sur place.

    Returns:
        Les axes reçus.

    Raises:
        TypeError: si ``ax`` n'est pas un axe de Matplotlib.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = french_axis(Figure().subplots())
        >>> ax.xaxis.get_major_formatter()(0.25)
        '0,25'
    """
    check_axes(ax)
    for axis in (ax.xaxis, ax.yaxis):
        french_ticks(axis)
    return ax


def check_axes(ax):
    """Refuse ce qui n'est pas un axe de Matplotlib."""
    if not isinstance(ax, Axes):
        raise TypeError(f"ax : reçu {type(ax).__name__}, attendu des axes de Matplotlib, comme ceux de plt.subplots()")


def french_ticks(axis):
    """Choisit la graduation d'un seul axe (``ax.xaxis`` ou ``ax.yaxis``) selon son échelle."""
    if axis.get_scale() == "log":
        axis.set_major_formatter(PowerFormatter())
        axis.set_minor_formatter(NullFormatter())
    elif axis.get_scale() == "linear":
        axis.set_major_formatter(DecimalFormatter())


class DecimalFormatter(Formatter):
    """Graduations d'une échelle linéaire."""

    def __call__(self, value, pos=None):
        """Écrit une graduation ; un zéro calculé à l'arrondi près est un zéro."""
        span = np.ptp(self.axis.get_view_interval()) if self.axis is not None else 0.0
        return format_number(0 if abs(value) < 1e-9 * span else float(value), digits=6)


class PowerFormatter(Formatter):
    """Graduations d'une échelle logarithmique : 10⁻¹, 1, 10, 10², les puissances entières de dix."""

    def __call__(self, value, pos=None):
        """Écrit une puissance de dix, et rien pour les autres valeurs."""
        exponent = round(math.log10(value)) if value > 0 else None
        if exponent is None or not math.isclose(value, 10.0**exponent):
            return ""
        return {0: "1", 1: "10"}.get(exponent) or _power_of_ten("1", exponent)


def _scientific(value, digits):
    """Sépare mantisse et exposant, après arrondi : 9,996 à 3 chiffres a pour exposant 1."""
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return mantissa, int(exponent)


def _power_of_ten(mantissa, exponent):
    power = "10" + str(exponent).translate(_SUPERSCRIPTS)
    return {"1": power, f"{MINUS}1": MINUS + power}.get(mantissa, f"{mantissa}·{power}")


def _without_trailing_zeros(text):
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _french(text):
    return text.replace(",", THIN_SPACE).replace(".", ",").replace("-", MINUS)


def _check_real(value):
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"value : reçu {value!r} ({type(value).__name__}), attendu un nombre réel")
