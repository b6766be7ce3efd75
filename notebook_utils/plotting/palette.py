"""La palette du cours : une couleur par rôle, en clair et en sombre."""

from typing import NamedTuple

from matplotlib.colors import LinearSegmentedColormap, to_rgb

__all__ = ["PALETTE", "Shade", "sequential_colormap"]


class Shade(NamedTuple):
    """Les deux teintes d'un rôle, en hexadécimal minuscule.

    Example:
        >>> Shade(light="#ffffff", dark="#121212").dark
        '#121212'
    """

    #: Teinte sur papier clair, celle qu'écrivent les figures.
    light: str
    #: Teinte sur papier sombre, que la page met à sa place.
    dark: str


#: Une teinte par rôle.
#: Les rôles tracés contrastent d'au moins 4,5:1 avec le papier,
#: et restent distincts pour les lecteurs protanopes, deutéranopes et tritanopes.
#: La GRU reprend deux couleurs de la LSTM : sa porte de mise à jour z celle de la porte d'entrée
#: (``input_gate``), sa porte de réinitialisation r celle de la porte d'oubli (``forget``).
PALETTE = {
    "input": Shade("#0a5487", "#127ff9"),
    "hidden": Shade("#c35418", "#f18435"),
    "output": Shade("#0a3b05", "#9eff89"),
    "cell": Shade("#7f38c0", "#9f6fb8"),
    "forget": Shade("#97565e", "#e74855"),
    "input_gate": Shade("#257f9d", "#78d6fe"),
    "output_gate": Shade("#6c4b02", "#f9b90f"),
    "candidate": Shade("#540151", "#c78eb5"),
    "gradient": Shade("#7428ff", "#9b9afe"),
    "neutral": Shade("#444444", "#bec2b4"),
    "ink": Shade("#1b1f24", "#e6e6e6"),
    "paper": Shade("#ffffff", "#121212"),
    "grid": Shade("#d8dce0", "#3a3f45"),
}

#: Les rôles qui colorent des courbes, dans l'ordre où Matplotlib les prend.
LINE_ROLES = (
    "hidden",
    "cell",
    "input_gate",
    "candidate",
    "output_gate",
    "input",
    "forget",
    "output",
    "gradient",
    "neutral",
)

# Opacité la plus forte d'une case : l'encre y garde un contraste de 4,5:1 dans les deux thèmes.
_MOST_OPAQUE = 0.55
_LEVELS = 32  # à partir de 50, Matplotlib trace l'échelle de couleurs comme une image


def sequential_colormap():
    r"""Dégradé du papier à la couleur du gradient, par l'opacité seule.

    La teinte est partout celle de la palette, donc la page peut la changer avec le thème ;
    seule l'opacité croît, de 0 à 0,55.
    La clarté varie donc dans un seul sens : la lecture ne demande pas de distinguer les teintes.

    Returns:
        Une échelle de couleurs de Matplotlib.

    Example:
        >>> from matplotlib.colors import to_hex
        >>> colours = sequential_colormap()
        >>> to_hex(colours(0.3)) == to_hex(colours(0.9)) == PALETTE["gradient"].light
        True
    """
    rgb = to_rgb(PALETTE["gradient"].light)
    ends = [(*rgb, 0.0), (*rgb, _MOST_OPAQUE)]
    return LinearSegmentedColormap.from_list("notebook_utils_gradient", ends, N=_LEVELS)
