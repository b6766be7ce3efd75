"""Les figures du cours : calculer ailleurs, tracer ici.

Chaque fonction ``plot_*`` reçoit des tableaux déjà calculés et un axe facultatif,
trace, et rend l'axe ; aucune n'appelle ``plt.show``.
Ce module n'importe aucun autre module de ``notebook_utils``.
"""

from .delays import plot_delay_map
from .figures import (
    plot_derivative_products,
    plot_fading_influence,
    plot_gradient_norms,
    plot_tanh,
)
from .learning import plot_learning_curves, plot_pca
from .maps import plot_attention, plot_confusion_matrix, plot_connectivity, plot_states
from .numbers import format_number, format_range, french_axis
from .palette import PALETTE, Shade, sequential_colormap
from .style import prepare_notebook_graphics

__all__ = [
    "PALETTE",
    "Shade",
    "format_number",
    "format_range",
    "french_axis",
    "plot_attention",
    "plot_confusion_matrix",
    "plot_connectivity",
    "plot_delay_map",
    "plot_derivative_products",
    "plot_fading_influence",
    "plot_gradient_norms",
    "plot_learning_curves",
    "plot_pca",
    "plot_states",
    "plot_tanh",
    "prepare_notebook_graphics",
    "sequential_colormap",
]
