"""Ce que tous les modules refusent, dit une seule fois : tenseurs, générateurs, types de nombres, appareils."""

import torch
from torch import Tensor, nn


def check_generator(generator, optional=False):
    """Refuse ce qui n'est pas un ``torch.Generator`` ; avec ``optional``, ``None`` désigne le générateur global."""
    if not isinstance(generator, torch.Generator) and not (optional and generator is None):
        raise TypeError(f"generator : reçu {type(generator).__name__}, attendu un torch.Generator")


def check_floating_dtype(dtype):
    """Refuse ce qui n'est pas un type de PyTorch à virgule flottante ; ``None`` désigne celui par défaut."""
    if dtype is not None and not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
        raise TypeError(f"dtype : reçu {dtype}, attendu un type à virgule flottante, comme torch.float32")


def check_device(device):
    """Refuse un appareil dont PyTorch ne connaît pas le nom ; ``None`` désigne celui par défaut."""
    try:
        torch.device("cpu" if device is None else device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"device : reçu {device!r}, attendu un appareil, comme 'cpu' ou 'cuda'") from error


def check_tensor(name, value, expected="un tenseur"):
    """Refuse ce qui n'est pas un tenseur."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} : reçu {type(value).__name__}, attendu {expected}")


def check_shape(name, value, shape):
    """Refuse ce qui n'est pas un tenseur de cette forme ; une lettre accepte toute taille."""
    check_tensor(name, value)
    found = value.shape
    right = len(found) == len(shape)
    for size, expected in zip(found, shape, strict=False):
        right = right and (size == expected or isinstance(expected, str))
    if not right:
        expected = ", ".join(str(size) for size in shape)
        raise ValueError(f"{name} : reçu la forme {tuple(value.shape)}, attendu ({expected})")


def check_alike(name, value, shape, like):
    """Refuse un tenseur d'une autre forme, d'un autre type ou d'un autre appareil que ``like``.

    Sous ``torch.autocast``, tout type à virgule flottante convient : PyTorch convertit lui-même.
    """
    check_shape(name, value, shape)
    if value.dtype != like.dtype and not (value.is_floating_point() and torch.is_autocast_enabled(like.device.type)):
        raise TypeError(f"{name} : reçu le type {value.dtype}, attendu {like.dtype}")
    if value.device != like.device:
        raise ValueError(f"{name} : reçu sur {value.device}, attendu sur {like.device}")


def check_floating(name, value):
    """Refuse ce qui n'est pas un tenseur de nombres à virgule flottante."""
    check_tensor(name, value)
    if not value.is_floating_point():
        raise TypeError(f"{name} : reçu le type {value.dtype}, attendu un type à virgule flottante")


def check_finite(name, value):
    """Refuse un NaN ou un infini, que l'algèbre linéaire refuserait en anglais, ou propagerait."""
    if not value.isfinite().all():
        raise ValueError(f"{name} : reçu une valeur NaN ou infinie, attendu des nombres finis")


def check_real(name, value, shape):
    """Refuse un tenseur qui n'est pas réel, fini et de cette forme."""
    check_shape(name, value, shape)
    check_floating(name, value)
    check_finite(name, value)


def check_codes(name, value, shape, size):
    """Refuse un tenseur qui ne contient pas des entiers ``int64`` de 0 à ``size − 1``.

    ``size=None`` accepte tout entier positif ou nul.
    """
    check_shape(name, value, shape)
    if value.dtype != torch.int64:
        raise TypeError(f"{name} : reçu le type {value.dtype}, attendu torch.int64")
    low, high = (int(value.min()), int(value.max())) if value.numel() else (0, 0)
    if low < 0 or (size is not None and high >= size):
        expected = "positifs ou nuls" if size is None else f"de 0 à {size - 1}"
        raise ValueError(f"{name} : reçu des codes de {low} à {high}, attendu {expected}")


def read_one_hot(name, value, shape, *, padded=False):
    """Rend les codes d'un tenseur one-hot ; avec ``padded``, une ligne nulle vaut ``shape[-1]``."""
    check_real(name, value, shape)
    blank = value.new_zeros(1, shape[-1]) if padded else value.new_zeros(0, shape[-1])
    rows = torch.cat([torch.eye(shape[-1], dtype=value.dtype, device=value.device), blank])
    codes = value.argmax(dim=-1)
    if padded:
        codes = codes.masked_fill(~value.any(dim=-1), shape[-1])
    if not torch.equal(rows[codes], value):
        expected = "un seul 1 par ligne" + (", ou aucun" if padded else "")
        raise ValueError(f"{name} : reçu autre chose que du one-hot, attendu {expected} et des 0")
    return codes


def check_module(model):
    """Refuse ce qui n'est pas un réseau de PyTorch."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model : reçu {type(model).__name__}, attendu un réseau (torch.nn.Module)")


def check_optimizer(optimizer):
    """Refuse ce qui n'est pas un optimiseur de PyTorch."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer : reçu {type(optimizer).__name__}, attendu un optimiseur de torch.optim")


def check_sequence(x):
    """Refuse ce qui n'est pas une séquence ``(B, T, D)``, avec au moins un exemple et un pas de temps."""
    check_tensor("x", x, "un tenseur (B, T, D)")
    shape = x.shape
    if len(shape) != 3 or shape[0] == 0 or shape[1] == 0:
        raise ValueError(f"x : reçu la forme {tuple(shape)}, attendu (B, T, D) avec B ≥ 1 et T ≥ 1")
