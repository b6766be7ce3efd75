r"""Écrire les poids d'un réseau pour les figures interactives, et mesurer ce que l'arrondi y perd.

Un export est un dictionnaire que ``json`` sait écrire, et que lit ``figures/src/weights.js`` :
``version``, ``seed``, ``symbols``, et ``weights``, un tenseur par nom de paramètre.
Chaque tenseur dit son type, sa forme, et ses nombres, petit-boutistes, ligne par ligne, en base 64.
"""

import base64
import binascii
import math

import torch
from torch import nn

from .._checks import check_choice, check_integer
from .._tensor_checks import check_finite, check_floating, check_shape

__all__ = ["decode_weights", "export_weights", "rounding_error"]

VERSION = 1
_TYPES = {"float16": torch.float16, "float32": torch.float32, "int8": torch.int8}
_LEVELS = 127  # un int8 va de −127 à 127 : la valeur −128 ne sert pas


def export_weights(weights, dtype="float16", symbols=None, seed=None):
    r"""Écrit les poids d'un réseau en peu de signes.

    ``float32`` et ``float16`` arrondissent chaque poids. ``int8`` donne une échelle à chaque ligne :

    .. math::

        s_i = \frac{\max_j |W_{ij}|}{127}, \qquad
        q_{ij} = \mathrm{arrondi}\left(\frac{W_{ij}}{s_i}\right) \in \{-127, \dots, 127\}, \qquad
        |s_i \, q_{ij} - W_{ij}| \le \frac{s_i}{2}

    à l'arrondi de :math:`s_i` près, qui est gardée en ``float32``. Une ligne réunit tout ce qui suit le premier axe.
    Les vecteurs, comme les biais, sont peu nombreux et mal servis par une seule échelle :
    avec ``int8``, ils restent en ``float16``.

    Args:
        weights: un ``torch.nn.Module``, dont le ``state_dict`` est lu, ou un dictionnaire de tenseurs de réels.
        dtype: ``"float16"``, ``"float32"`` ou ``"int8"``.
        symbols: les symboles que le réseau lit, dans l'ordre de leurs codes : une chaîne, ou une liste de chaînes.
        seed: la graine de l'apprentissage, un entier positif ou nul.

    Returns:
        Un dictionnaire : ``version``, ``seed``, ``symbols`` (une liste, ou ``None``) et ``weights``.

    Raises:
        TypeError: si ``weights`` n'est ni un module ni un dictionnaire de tenseurs de réels,
            si ``symbols`` n'est pas fait de chaînes, ou si ``seed`` n'est pas un entier.
        ValueError: si ``dtype`` est inconnu, s'il n'y a aucun poids, si l'un d'eux est vide, NaN ou infini,
            s'il dépasse ce que ce type sait écrire, si un symbole est répété, ou si la graine est négative.

    References:
        Jacob et al., *Quantization and Training of Neural Networks for Efficient
        Integer-Arithmetic-Only Inference*, CVPR, 2018.

    Example:
        >>> exported = export_weights({"W": torch.tensor([[1.0, -0.5], [0.0, 8.0]])}, "int8", symbols="ab", seed=3)
        >>> exported["symbols"], exported["seed"], exported["weights"]["W"]["data"]
        (['a', 'b'], 3, 'f8AAfw==')
        >>> decode_weights(exported)["W"].tolist()
        [[1.0, -0.5039370059967041], [0.0, 8.0]]
    """
    check_choice("dtype", dtype, tuple(_TYPES))
    named = _named_tensors(weights)
    return {
        "version": VERSION,
        "seed": None if seed is None else check_integer("seed", seed, minimum=0),
        "symbols": None if symbols is None else _checked_symbols(symbols),
        "weights": {name: _encoded(name, tensor, dtype) for name, tensor in named.items()},
    }


def decode_weights(exported):
    r"""Relit un export, comme le fera la figure.

    .. math::

        W_{ij} = s_i \, q_{ij} \quad \text{(int8)}, \qquad W_{ij} = q_{ij} \quad \text{(réels)}

    Les lettres sont celles de :func:`export_weights`.

    Args:
        exported: ce qu'a rendu :func:`export_weights`, passé ou non par JSON.

    Returns:
        Un dictionnaire de tenseurs ``float32``, de mêmes noms et de mêmes formes que les poids exportés.

    Raises:
        TypeError: si ``exported`` n'est pas un dictionnaire.
        ValueError: si l'export est d'une autre version, ou abîmé : type inconnu, données illisibles
            ou d'une longueur qui ne va pas avec la forme.

    Example:
        >>> weights = {"b": torch.tensor([0.1, 1.0])}
        >>> decode_weights(export_weights(weights))["b"].tolist()
        [0.0999755859375, 1.0]
    """
    if not isinstance(exported, dict):
        raise TypeError(f"exported : reçu {type(exported).__name__}, attendu un dictionnaire d'export_weights")
    if exported.get("version") != VERSION:
        raise ValueError(f"exported : reçu la version {exported.get('version')!r}, attendu {VERSION}")
    if not isinstance(exported.get("weights"), dict):
        raise ValueError("exported : reçu un export sans poids, attendu ce que rend export_weights")
    return {name: _decoded(name, item) for name, item in exported["weights"].items()}


def rounding_error(weights, exported):
    r"""Le plus grand écart entre des poids et leur export.

    .. math::

        \max_{k} \, \lvert \tilde{w}_k - w_k \rvert

    :math:`\tilde{w}_k` est le poids relu, :math:`w_k` le poids d'origine, de tous les tenseurs à la fois.

    Args:
        weights: le module ou le dictionnaire exporté, comme pour :func:`export_weights`.
        exported: ce qu'a rendu :func:`export_weights`.

    Returns:
        L'écart, un nombre de Python.

    Raises:
        TypeError: comme :func:`export_weights` et :func:`decode_weights`.
        ValueError: comme :func:`decode_weights`, ou si les noms ou les formes diffèrent.

    Example:
        >>> weights = {"W": torch.tensor([[1.0, 0.3], [0.02, 0.01]])}
        >>> [round(rounding_error(weights, export_weights(weights, dtype)), 5) for dtype in ("float16", "int8")]
        [5e-05, 0.00079]
    """
    named, found = _named_tensors(weights), decode_weights(exported)
    if named.keys() != found.keys():
        raise ValueError(f"exported : reçu les poids {', '.join(found)}, attendu {', '.join(named)}")
    largest = 0.0
    for name, tensor in named.items():
        check_shape(name, found[name], tuple(tensor.shape))
        largest = max(largest, (found[name].double() - tensor.double()).abs().max().item())
    return largest


def _named_tensors(weights):
    """Les poids par nom, détachés et sur le processeur ; refuse ce qui ne s'exporte pas."""
    if isinstance(weights, nn.Module):
        weights = weights.state_dict()
    if not isinstance(weights, dict):
        received = type(weights).__name__
        raise TypeError(f"weights : reçu {received}, attendu un torch.nn.Module ou un dictionnaire de tenseurs")
    if not weights:
        raise ValueError("weights : reçu aucun poids, attendu au moins un tenseur")
    for name, tensor in weights.items():
        if not isinstance(name, str):
            raise TypeError(f"weights : reçu le nom {name!r}, attendu une chaîne")
        check_floating(name, tensor)
        if tensor.numel() == 0:
            raise ValueError(f"{name} : reçu la forme {tuple(tensor.shape)}, attendu au moins une valeur")
        check_finite(name, tensor)
    return {name: tensor.detach().cpu() for name, tensor in weights.items()}


def _checked_symbols(symbols):
    """La liste des symboles : des chaînes, toutes différentes."""
    found = list(symbols) if isinstance(symbols, str | list | tuple) else [symbols]
    if not all(isinstance(symbol, str) for symbol in found):
        raise TypeError(f"symbols : reçu {type(symbols).__name__}, attendu une chaîne ou une liste de chaînes")
    if len(set(found)) != len(found):
        raise ValueError("symbols : reçu un symbole répété, attendu des symboles tous différents")
    return found


def _encoded(name, tensor, dtype):
    """Un tenseur, écrit ; un vecteur n'est pas quantifié."""
    kind = "float16" if dtype == "int8" and tensor.ndim < 2 else dtype
    shape = list(tensor.shape)
    scale, values = quantized(tensor) if kind == "int8" else (None, tensor.to(_TYPES[kind]))
    if not (values if scale is None else scale).isfinite().all():
        largest = tensor.abs().max().item()
        raise ValueError(f"{name} : reçu {largest:.3g}, attendu des poids que {kind} sait écrire")
    scaled = {} if scale is None else {"scale": _packed(scale)}
    return {"dtype": kind, "shape": shape, **scaled, "data": _packed(values)}


def quantized(matrix):
    """Les échelles ``(N)``, en ``float32``, et les entiers ``(N, M)`` d'une matrice, ligne par ligne."""
    rows = matrix.double().flatten(1)  # (N, M)
    scale = (rows.abs().amax(dim=1) / _LEVELS).float()
    divisor = torch.where(scale > 0, scale, 1).double()[:, None]
    return scale, (rows / divisor).round().clamp(-_LEVELS, _LEVELS).to(torch.int8)


def _packed(tensor):
    """Les octets d'un tenseur, petit-boutistes, en base 64."""
    array = tensor.contiguous().numpy()
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode("ascii")


def _unpacked(place, text, dtype, count):
    """Les nombres d'un texte en base 64 ; refuse une autre longueur que celle attendue."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise ValueError(f"{place} : reçu un texte illisible, attendu de la base 64") from error
    expected = count * dtype.itemsize
    if len(data) != expected:
        raise ValueError(f"{place} : reçu {len(data)} octets, attendu {expected}")
    return torch.frombuffer(bytearray(data), dtype=dtype).float()


def _decoded(name, item):
    """Un tenseur ``float32``, relu."""
    if not isinstance(item, dict) or item.get("dtype") not in _TYPES:
        raise ValueError(f"{name} : reçu un tenseur de type inconnu, attendu {', '.join(_TYPES)}")
    shape = item.get("shape")
    if not isinstance(shape, list | tuple) or not all(type(size) is int and size > 0 for size in shape):
        raise ValueError(f"{name} : reçu la forme {shape!r}, attendu des entiers positifs")
    values = _unpacked(f"{name}.data", item.get("data"), _TYPES[item["dtype"]], math.prod(shape)).reshape(shape)
    if item["dtype"] != "int8":
        return values
    scale = _unpacked(f"{name}.scale", item.get("scale"), torch.float32, shape[0])
    return values * scale.view(-1, *[1] * (len(shape) - 1))
