"""Les cellules récurrentes, leur dépliage, leurs initialisations, et l'échange de poids avec PyTorch."""

from .cells import GRUCell, LSTMCell, LSTMState, PaperGRUCell, RNNCell
from .initialization import chrono_, identity_, orthogonal_, set_forget_bias_, set_update_bias_
from .interop import load_torch_, to_torch
from .unroll import Recurrent, unroll

__all__ = [
    "GRUCell",
    "LSTMCell",
    "LSTMState",
    "PaperGRUCell",
    "RNNCell",
    "Recurrent",
    "chrono_",
    "identity_",
    "load_torch_",
    "orthogonal_",
    "set_forget_bias_",
    "set_update_bias_",
    "to_torch",
    "unroll",
]
