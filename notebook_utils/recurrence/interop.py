r"""Échanger des poids avec ``torch.nn`` : l'oracle des cellules du cours.

PyTorch ajoute deux biais, ``b_ih`` et ``b_hh``, là où le cours n'en écrit qu'un.
Seul le candidat de la GRU les distingue, parce que sa porte ne multiplie que le second.
"""

import torch
from torch import nn

from .weights import GRUWeights, LSTMWeights, RNNWeights

__all__ = ["load_torch_", "to_torch"]

_LAYERS = {RNNWeights: nn.RNN, LSTMWeights: nn.LSTM, GRUWeights: nn.GRU}
_CELLS = {RNNWeights: nn.RNNCell, LSTMWeights: nn.LSTMCell, GRUWeights: nn.GRUCell}


@torch.no_grad()
def load_torch_(cell, layer):
    r"""Copie dans une cellule du cours les poids d'une couche de PyTorch.

    .. math::

        W_x \leftarrow W_{ih}, \qquad W_h \leftarrow W_{hh}, \qquad b \leftarrow b_{ih} + b_{hh}

    Pour la GRU, le bloc du candidat fait exception :
    :math:`b_n \leftarrow b_{in}` et :math:`b_h \leftarrow b_{hn}`.

    Args:
        cell: une ``RNNCell``, ``LSTMCell`` ou ``GRUCell`` du cours, ou une couche de mêmes poids, modifiée sur place.
        layer: la couche de même espèce, de mêmes tailles et de même type :
            ``torch.nn.RNN``, ``LSTM``, ``GRU``, ou leurs variantes ``*Cell``,
            à une couche et un seul sens, avec ou sans biais.

    Returns:
        La cellule reçue.

    Raises:
        TypeError: si la couche n'est pas de l'espèce de la cellule, ou de son type de nombres.
        ValueError: si les tailles diffèrent, ou si la couche n'a pas d'équivalent dans le cours.

    References:
        Documentation de ``torch.nn.RNN``, ``torch.nn.LSTM`` et ``torch.nn.GRU``.

    Example:
        >>> from notebook_utils import LSTMCell
        >>> layer = nn.LSTM(3, 5)
        >>> cell = load_torch_(LSTMCell(3, 5), layer)
        >>> torch.equal(cell.W_h, layer.weight_hh_l0)
        True
    """
    kind = _kind(cell)
    _check_layer(cell, layer, (_LAYERS[kind], _CELLS[kind]))
    cell.W_x.copy_(_weight(layer, "weight_ih"))
    cell.W_h.copy_(_weight(layer, "weight_hh"))
    b_ih, b_hh = _weight(layer, "bias_ih"), _weight(layer, "bias_hh")
    if b_ih is None:
        b_ih = b_hh = torch.zeros_like(cell.b)
    cell.b.copy_(b_ih + b_hh)
    if kind is GRUWeights:
        H = cell.hidden_size
        cell.b[2 * H :] = b_ih[2 * H :]  # ordre r, z, n
        cell.b_h.copy_(b_hh[2 * H :])
    return cell


@torch.no_grad()
def to_torch(cell):
    r"""Rend la couche de PyTorch qui calcule la même fonction qu'une cellule du cours.

    .. math::

        W_{ih} \leftarrow W_x, \qquad W_{hh} \leftarrow W_h, \qquad
        b_{ih} \leftarrow b, \qquad b_{hh} \leftarrow 0

    Pour la GRU, :math:`b_{hn} \leftarrow b_h`.
    La couche a ses propres poids : l'entraîner ne change pas la cellule.
    Elle en a aussi deux biais : à l'entraînement, elle peut s'écarter de la cellule.

    Args:
        cell: une ``RNNCell``, ``LSTMCell`` ou ``GRUCell`` du cours, ou une couche de mêmes poids.

    Returns:
        Une ``torch.nn.RNN``, ``LSTM`` ou ``GRU`` à une couche,
        qui lit des entrées ``(B, T, D)`` (``batch_first=True``).

    Raises:
        TypeError: si la cellule n'a pas d'équivalent, comme ``PaperGRUCell``.

    References:
        Documentation de ``torch.nn.RNN``, ``torch.nn.LSTM`` et ``torch.nn.GRU``.

    Example:
        >>> from notebook_utils import GRUCell
        >>> layer = to_torch(GRUCell(3, 5))
        >>> outputs, h_T = layer(torch.ones(2, 7, 3))
        >>> outputs.shape, h_T.shape
        (torch.Size([2, 7, 5]), torch.Size([1, 2, 5]))
    """
    kind = _kind(cell)
    sizes = {"input_size": cell.input_size, "hidden_size": cell.hidden_size}
    # Bâtie sur « meta », la couche ne tire pas de poids : le générateur global ne bouge pas.
    layer = _LAYERS[kind](**sizes, batch_first=True, dtype=cell.b.dtype, device="meta")
    layer = layer.to_empty(device=cell.b.device)
    layer.weight_ih_l0.copy_(cell.W_x)
    layer.weight_hh_l0.copy_(cell.W_h)
    layer.bias_ih_l0.copy_(cell.b)
    layer.bias_hh_l0.zero_()
    if kind is GRUWeights:
        layer.bias_hh_l0[2 * cell.hidden_size :] = cell.b_h
    return layer


def _kind(cell):
    """Rend la classe du cours à laquelle la cellule appartient, ou refuse."""
    for kind in _LAYERS:
        if isinstance(cell, kind):
            return kind
    raise TypeError(
        f"cell : reçu {type(cell).__name__}, attendu RNNCell, LSTMCell ou GRUCell "
        "(la GRU des articles n'a pas d'équivalent dans torch.nn)"
    )


def _weight(layer, name):
    """Lit un poids d'une couche ou d'une cellule de PyTorch ; None si elle ne l'a pas."""
    return getattr(layer, name, getattr(layer, f"{name}_l0", None))


def _check_layer(cell, layer, expected):
    if not isinstance(layer, expected):
        names = " ou ".join(f"torch.nn.{kind.__name__}" for kind in expected)
        raise TypeError(f"layer : reçu {type(layer).__name__}, attendu {names}")
    received = (layer.input_size, layer.hidden_size)
    wanted = (cell.input_size, cell.hidden_size)
    if received != wanted:
        raise ValueError(f"layer : reçu les tailles (D, H) = {received}, attendu {wanted}")
    for option, value in _PLAIN.items():
        if getattr(layer, option, value) != value:
            raise ValueError(
                f"layer : reçu {option}={getattr(layer, option)!r}, attendu {option}={value!r}"
            )
    dtype = _weight(layer, "weight_ih").dtype
    if dtype != cell.b.dtype:
        raise TypeError(f"layer : reçu le type {dtype}, attendu {cell.b.dtype}")


# Les options de torch.nn que le cours n'écrit pas doivent garder leur valeur par défaut.
_PLAIN = {"num_layers": 1, "bidirectional": False, "proj_size": 0, "nonlinearity": "tanh"}
