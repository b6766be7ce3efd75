"""Ce que toutes les tâches vérifient, avant de tirer ou de calculer quoi que ce soit."""

import torch
from torch import Tensor


def check_integer(name, value, minimum):
    """Refuse ce qui n'est pas un entier au moins égal à ``minimum``."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} : reçu {value!r} ({type(value).__name__}), attendu un entier")
    if value < minimum:
        raise ValueError(f"{name} : reçu {value}, attendu un entier au moins égal à {minimum}")


def check_range(name, value):
    """Refuse ce qui n'est pas un ``range`` de pas 1, positif et non vide."""
    if not isinstance(value, range):
        raise TypeError(f"{name} : reçu {value!r} ({type(value).__name__}), attendu un range")
    if value.step != 1 or len(value) == 0 or value.start < 0:
        raise ValueError(f"{name} : reçu {value!r}, attendu un range de pas 1, positif et non vide")


def check_generator(generator):
    """Refuse ce qui n'est pas un ``torch.Generator``."""
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator : reçu {type(generator).__name__}, attendu un torch.Generator")


def check_choice(name, value, choices):
    """Refuse une valeur hors de la liste permise."""
    if not isinstance(value, str):
        raise TypeError(f"{name} : reçu {value!r} ({type(value).__name__}), attendu une chaîne")
    if value not in choices:
        expected = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} : reçu {value!r}, attendu {expected}")


def check_texts(name, texts, alphabet):
    """Refuse ce qui n'est pas une liste, non vide, de chaînes écrites avec l'alphabet donné."""
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"{name} : reçu {texts!r}, attendu une liste de chaînes")
    if not texts:
        raise ValueError(f"{name} : reçu une liste vide, attendu au moins une chaîne")
    unknown = sorted(set("".join(texts)) - set(alphabet))
    if unknown:
        shown = " ".join(repr(symbol) for symbol in unknown)
        raise ValueError(f"{name} : reçu des symboles inconnus, {shown} ; attendu ceux de {alphabet!r}")


def check_shape(name, value, shape):
    """Refuse ce qui n'est pas un tenseur de cette forme ; une lettre accepte toute taille."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} : reçu {type(value).__name__}, attendu un tenseur")
    sizes_match = value.ndim == len(shape) and all(
        isinstance(wanted, str) or size == wanted for size, wanted in zip(value.shape, shape, strict=True)
    )
    if not sizes_match:
        expected = "(" + ", ".join(str(size) for size in shape) + ")"
        raise ValueError(f"{name} : reçu la forme {tuple(value.shape)}, attendu {expected}")


def check_real(name, value, shape):
    """Refuse un tenseur qui n'est pas réel, fini et de cette forme."""
    check_shape(name, value, shape)
    if not value.is_floating_point():
        raise TypeError(f"{name} : reçu le type {value.dtype}, attendu un type à virgule flottante")
    if not value.isfinite().all():
        raise ValueError(f"{name} : reçu une valeur NaN ou infinie, attendu des nombres finis")


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
