r"""Lire une réponse dans les états d'une couche récurrente."""

from torch import nn

from .._checks import check_integer
from ..recurrence.weights import is_cell, uniform_drawer

__all__ = ["SequenceClassifier", "SequenceTagger", "affine"]


class _Readout(nn.Module):
    """Ce que les deux réseaux ont en commun : une couche, puis une transformation affine."""

    def __init__(self, layer, output_size, *, generator=None):
        super().__init__()
        hidden_size, like = check_layer(layer)
        output_size = check_integer("output_size", output_size)
        draw = uniform_drawer(hidden_size, generator, like.dtype, like.device)
        self.layer = layer
        self.W_y = draw(output_size, hidden_size)  # (K, H)
        self.b_y = draw(output_size)  # (K)


class SequenceClassifier(_Readout):
    r"""Une réponse par séquence, lue dans la dernière sortie.

    .. math::

        \hat{y} = W_y h_T + b_y

    :math:`h_T \in \mathbb{R}^H` est la dernière sortie de la couche,
    :math:`\hat{y} \in \mathbb{R}^K` les logits,
    :math:`W_y \in \mathbb{R}^{K \times H}` et :math:`b_y \in \mathbb{R}^K`.
    Les séquences courtes doivent être complétées par des zéros **devant** :
    c'est ainsi que la dernière sortie suit le dernier symbole.

    Args:
        layer: toute couche ``outputs, state = layer(x)``, comme
            :class:`~notebook_utils.recurrence.unroll.Recurrent` ; celles de ``torch.nn`` conviennent
            avec ``batch_first=True`` et un seul sens.
        output_size: le nombre :math:`K` de logits.
        generator: le ``torch.Generator`` dont :math:`W_y` et :math:`b_y` sont tirés,
            selon la loi uniforme sur :math:`[-1/\sqrt{H}, 1/\sqrt{H}]`, après ceux de la couche ;
            par défaut le générateur global.

    Raises:
        TypeError: si ``layer`` n'est pas une couche (une cellule nue, par exemple),
            ``output_size`` pas un entier, ou ``generator`` pas un ``torch.Generator``.
        ValueError: si ``output_size`` n'est pas positif, ou si une couche de ``torch.nn``
            a une option qui change l'ordre ou le nombre de ses sorties.

    Example:
        >>> import torch
        >>> from notebook_utils import Recurrent, RNNCell
        >>> model = SequenceClassifier(Recurrent(RNNCell(8, 5)), output_size=4)
        >>> model(torch.ones(2, 7, 8)).shape
        torch.Size([2, 4])
    """

    def forward(self, x):
        """Rend les logits : ``x`` ``(B, T, D)`` donne ``(B, K)``."""
        outputs, _ = self.layer(x)  # (B, T, H)
        return outputs[:, -1] @ self.W_y.T + self.b_y  # (B, K)


class SequenceTagger(_Readout):
    r"""Une réponse par pas de temps.

    .. math::

        \hat{y}_t = W_y h_t + b_y, \qquad t = 1, \dots, T

    Les lettres et les arguments sont ceux de :class:`SequenceClassifier`.

    Args:
        layer: toute couche ``outputs, state = layer(x)``.
        output_size: le nombre :math:`K` de logits par pas de temps.
        generator: comme :class:`SequenceClassifier`.

    Raises:
        TypeError: comme :class:`SequenceClassifier`.
        ValueError: comme :class:`SequenceClassifier`.

    Example:
        >>> import torch
        >>> from notebook_utils import Recurrent, RNNCell
        >>> model = SequenceTagger(Recurrent(RNNCell(8, 5)), output_size=4)
        >>> model(torch.ones(2, 7, 8)).shape
        torch.Size([2, 7, 4])
    """

    def forward(self, x):
        """Rend les logits : ``x`` ``(B, T, D)`` donne ``(B, T, K)``."""
        outputs, _ = self.layer(x)  # (B, T, H)
        return outputs @ self.W_y.T + self.b_y  # (B, T, K)


def affine(inputs, outputs, generator=None):
    r"""Une couche affine dont les poids sortent d'un générateur.

    .. math::

        \hat{y} = W x + b, \qquad W_{ij}, b_i \sim \mathcal{U}(-1/\sqrt{n}, 1/\sqrt{n})

    :math:`n` est la taille de :math:`x`. La loi est celle de ``torch.nn.Linear`` ; l'écart est que celle-ci ne tire
    que du générateur global.

    Args:
        inputs: la taille :math:`n` de l'entrée.
        outputs: la taille de la sortie.
        generator: le ``torch.Generator`` d'où viennent :math:`W`, puis :math:`b` ; par défaut le générateur global.

    Returns:
        Une ``torch.nn.Linear``.

    Raises:
        TypeError: si une taille n'est pas un entier, ou ``generator`` pas un ``torch.Generator``.
        ValueError: si une taille n'est pas strictement positive.

    Example:
        >>> import torch
        >>> layer = affine(3, 2, torch.Generator().manual_seed(0))
        >>> layer(torch.ones(5, 3)).shape
        torch.Size([5, 2])
    """
    inputs, outputs = check_integer("inputs", inputs), check_integer("outputs", outputs)
    draw = uniform_drawer(inputs, generator, None, None)
    layer = nn.Linear(inputs, outputs, device="meta")  # sans poids : rien n'est tiré du générateur global
    layer.weight, layer.bias = draw(outputs, inputs), draw(outputs)
    return layer


def check_layer(layer):
    """Rend la taille de l'état d'une couche, et un poids dont prendre le type et l'appareil ; refuse le reste."""
    weights = list(layer.parameters()) if isinstance(layer, nn.Module) else []
    hidden_size = getattr(getattr(layer, "cell", layer), "hidden_size", None)
    if not weights or hidden_size is None or is_cell(layer) or isinstance(layer, nn.RNNCellBase):
        raise TypeError(
            f"layer : reçu {type(layer).__name__}, attendu une couche récurrente : outputs, state = layer(x) ; "
            "une cellule se déroule avec Recurrent(cell)"
        )
    for option, value in _EXPECTED.items():
        if isinstance(layer, nn.RNNBase) and getattr(layer, option) != value:
            raise ValueError(f"layer : reçu {option}={getattr(layer, option)!r}, attendu {option}={value!r}")
    return hidden_size, weights[0]


# Les options de torch.nn sans lesquelles les sorties ne seraient pas de forme (B, T, H).
_EXPECTED = {"batch_first": True, "bidirectional": False, "proj_size": 0}
