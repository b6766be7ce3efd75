"""Régler Matplotlib pour les pages du cours."""

import logging
import os
import sys

import matplotlib as mpl
from cycler import cycler
from matplotlib.scale import LinearScale, LogScale, register_scale

from .numbers import french_ticks
from .palette import LINE_ROLES, PALETTE

__all__ = ["prepare_notebook_graphics"]


def prepare_notebook_graphics():
    r"""Prépare les figures d'un chapitre : à appeler une fois, dans sa première cellule.

    Les figures sortent en SVG pour la page et en PDF pour le livre imprimé,
    aux couleurs claires de la palette, avec des graduations françaises,
    et identiques d'une exécution à l'autre.
    Le réglage vaut pour tout le processus ; hors d'un notebook, les formats ne changent pas.

    Effets : ``matplotlib.rcParams``, les échelles ``"linear"`` et ``"log"`` de Matplotlib,
    les avertissements de ``fontTools`` sur la date des polices, qui sont tus,
    et la variable d'environnement ``SOURCE_DATE_EPOCH`` si elle n'existe pas
    (elle fixe la date écrite dans les SVG et les PDF).

    Example:
        >>> with mpl.rc_context():
        ...     prepare_notebook_graphics()
        ...     mpl.rcParams["axes.spines.top"]
        False
    """
    mpl.rcParams.update(_page_style())
    register_scale(FrenchLinearScale)
    register_scale(FrenchLogScale)
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # il s'étonne de la date d'une police
    if _inside_ipython():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", "pdf")


class FrenchLinearScale(LinearScale):
    """L'échelle linéaire de Matplotlib, graduée à la française."""

    def __init__(self):
        super().__init__()

    def set_default_locators_and_formatters(self, axis):
        """Garde les positions de Matplotlib, change l'écriture."""
        super().set_default_locators_and_formatters(axis)
        french_ticks(axis)


class FrenchLogScale(LogScale):
    """L'échelle logarithmique de Matplotlib, graduée à la française."""

    def __init__(self, **options):
        super().__init__(**options)

    def set_default_locators_and_formatters(self, axis):
        """Garde les positions de Matplotlib, change l'écriture."""
        super().set_default_locators_and_formatters(axis)
        french_ticks(axis)


def _inside_ipython():
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _page_style():
    ink, paper, grid = (PALETTE[role].light for role in ("ink", "paper", "grid"))
    inks = ["text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color"]
    inks += ["ytick.color", "patch.edgecolor", "hatch.color", "legend.labelcolor"]
    papers = ["figure.facecolor", "axes.facecolor", "legend.facecolor"]
    colours = [PALETTE[role].light for role in LINE_ROLES]
    return (
        dict.fromkeys(inks, ink)
        | dict.fromkeys(papers, paper)
        | {
            "grid.color": grid,
            "legend.edgecolor": grid,
            "patch.facecolor": colours[0],
            "axes.prop_cycle": cycler(color=colours),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": "medium",
            "figure.figsize": (6.4, 3.2),
            "figure.constrained_layout.use": True,
            "font.size": 13.0,  # 9,5 px quand la page en fait 345 de large
            "legend.frameon": False,
            "lines.linewidth": 2.0,
            "pdf.fonttype": 42,
            "svg.fonttype": "path",
            "svg.hashsalt": "notebook_utils",
        }
    )
