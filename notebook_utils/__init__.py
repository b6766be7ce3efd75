"""Le code du cours : cellules récurrentes, gradients et figures.

Les noms publics de chaque module sont repris ici ; importer le paquet n'a aucun autre effet.
"""

from .cells import GRUCell, LSTMCell, LSTMState, PaperGRUCell, RNNCell
from .gradients import (
    clip_by_norm,
    jacobian_products,
    singular_value_bounds,
    state_gradient_norms,
    state_jacobians,
)
from .initialization import identity_, orthogonal_, set_forget_bias_
from .interop import load_torch_, to_torch
from .plotting import (
    PALETTE,
    Shade,
    format_number,
    french_axis,
    plot_derivative_products,
    plot_fading_influence,
    plot_gradient_norms,
    plot_tanh,
    prepare_notebook_graphics,
    sequential_colormap,
)
from .recurrent import Recurrent, unroll
from .scalar_gradients import (
    scalar_state_gradient,
    scalar_unroll,
    scalar_weight_gradient,
    scalar_weight_gradient_sum,
    tanh_derivative,
)

__version__ = "0.1.0"

__all__ = [
    "PALETTE",
    "GRUCell",
    "LSTMCell",
    "LSTMState",
    "PaperGRUCell",
    "RNNCell",
    "Recurrent",
    "Shade",
    "clip_by_norm",
    "format_number",
    "french_axis",
    "identity_",
    "jacobian_products",
    "load_torch_",
    "orthogonal_",
    "plot_derivative_products",
    "plot_fading_influence",
    "plot_gradient_norms",
    "plot_tanh",
    "prepare_notebook_graphics",
    "scalar_state_gradient",
    "scalar_unroll",
    "scalar_weight_gradient",
    "scalar_weight_gradient_sum",
    "sequential_colormap",
    "set_forget_bias_",
    "singular_value_bounds",
    "state_gradient_norms",
    "state_jacobians",
    "tanh_derivative",
    "to_torch",
    "unroll",
]
