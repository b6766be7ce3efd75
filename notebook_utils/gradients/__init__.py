"""Les mesures de gradient : d'état à état, pour un réseau scalaire, de chaque réponse à chaque entrée."""

from .connectivity import connectivity
from .jacobians import (
    clip_by_norm,
    jacobian_products,
    jacobian_singular_values,
    singular_value_bounds,
    state_gradient_norms,
    state_jacobians,
)
from .scalar import (
    scalar_state_gradient,
    scalar_unroll,
    scalar_weight_gradient,
    scalar_weight_gradient_sum,
    tanh_derivative,
)

__all__ = [
    "clip_by_norm",
    "connectivity",
    "jacobian_products",
    "jacobian_singular_values",
    "scalar_state_gradient",
    "scalar_unroll",
    "scalar_weight_gradient",
    "scalar_weight_gradient_sum",
    "singular_value_bounds",
    "state_gradient_norms",
    "state_jacobians",
    "tanh_derivative",
]
