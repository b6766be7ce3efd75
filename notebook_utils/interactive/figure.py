"""Une figure avec laquelle on joue, et son image fixe : un seul appel dans le chapitre."""

import json
from importlib import resources
from importlib.util import find_spec

from .._checks import check_choice

__all__ = ["DATA_MIME", "FIGURES", "InteractiveFigure", "interactive_figure"]

#: Type des données d'une figure parmi les résultats d'une cellule ; la page les incorpore.
DATA_MIME = "application/vnd.livre.figure+json"
_VERSION = 1
_STATIC = resources.files(__package__) / "static" / "figures"
#: Les figures que l'on sait rendre : celles dont le script est construit.
FIGURES = tuple(sorted(path.name.removesuffix(".mjs") for path in _STATIC.iterdir() if path.name.endswith(".mjs")))
_MOST_BYTES = 400_000  # de données, par figure : une page reste légère


class InteractiveFigure:
    """Ce qu'une cellule montre : la figure dans la page et dans JupyterLab, son image partout ailleurs.

    Voir :func:`interactive_figure`.
    """

    def __init__(self, name, picture, data):
        self.name, self.data = name, data
        self._picture = picture

    def _repr_mimebundle_(self, include=None, exclude=None):
        """L'image en SVG et en PDF, les données, et le widget si JupyterLab sait l'afficher."""
        bundle, metadata = _pictures(self._picture), {}
        bundle[DATA_MIME] = {"figure": self.name, "version": _VERSION, "data": self.data}
        if find_spec("anywidget") is not None:
            bundle |= _widget(self.name, bundle[DATA_MIME])._repr_mimebundle_()[0]
        return bundle, metadata


def interactive_figure(name, picture, /, **data):
    r"""Montre une figure interactive, avec l'image fixe de son premier état.

    La page du livre incorpore les données et appelle le script de la figure, construit depuis ``figures/`` ;
    JupyterLab et Binder la montrent par anywidget, s'il est installé ; le PDF, un carnet ordinaire et une page
    sans JavaScript gardent l'image.

    Args:
        name: le nom d'une des figures du cours ; elles sont dans ``FIGURES``.
        picture: l'image fixe : des axes ou une figure de Matplotlib, que la cellule n'affichera pas une seconde fois.
        data: les données de la figure : nombres, textes, listes, et poids d'``export_weights``.

    Returns:
        Un objet que le carnet affiche, si la cellule finit par lui.

    Raises:
        TypeError: si ``picture`` n'est ni une figure ni des axes, ou si une donnée ne s'écrit pas en JSON.
        ValueError: si le nom est inconnu, un nombre infini ou indéfini, ou les données trop lourdes.

    Example:
        >>> from matplotlib.figure import Figure
        >>> shown = interactive_figure("unite", Figure().subplots(), draws=[[0.5, -1.0]])
        >>> shown.name, shown.data
        ('unite', {'draws': [[0.5, -1.0]]})
    """
    check_choice("name", name, FIGURES)
    return InteractiveFigure(name, _closed_figure(picture), _checked_data(data))


def _checked_data(data):
    try:
        text = json.dumps(data, allow_nan=False)
    except TypeError as error:
        raise TypeError(f"data : {error} ; attendu des nombres, des textes, des listes ou des dictionnaires") from error
    except ValueError as error:
        raise ValueError("data : un nombre est infini ou indéfini, attendu des nombres finis") from error
    if len(text) > _MOST_BYTES:
        raise ValueError(f"data : reçu {len(text)} octets, attendu {_MOST_BYTES} au plus")
    return json.loads(text)


def _closed_figure(picture):
    """La figure de Matplotlib, fermée : le carnet ne la montrera pas une fois de plus."""
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    figure = picture.figure if isinstance(picture, Axes) else picture
    if not isinstance(figure, Figure):
        raise TypeError(f"picture : reçu {type(picture).__name__}, attendu une figure ou des axes de Matplotlib")
    plt.close(figure)
    return figure


def _pictures(figure):
    """L'image, comme le carnet la rendrait : en SVG pour la page, en PDF pour le livre imprimé."""
    from base64 import b64encode

    from IPython.core.pylabtools import print_figure

    pdf = print_figure(figure, "pdf")
    return {"image/svg+xml": print_figure(figure, "svg"), "application/pdf": b64encode(pdf).decode()}


def _widget(name, data):
    """Le même ``render``, servi par anywidget."""
    import anywidget
    import traitlets

    attributes = {"_esm": (_STATIC / f"{name}.mjs").read_text("utf-8"), "data": traitlets.Dict().tag(sync=True)}
    return type("FigureWidget", (anywidget.AnyWidget,), attributes)(data=data)
