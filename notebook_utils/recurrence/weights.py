r"""Les poids des cellules et des couches du cours : tailles, tirage, état nul, et rien d'autre.

Une cellule (``RNNCell``) et une couche (``RNN``) de même espèce ont les mêmes poids, tirés dans le même ordre ;
elles diffèrent par ce qu'elles en font : la première avance d'un pas, la seconde lit toute la séquence.
"""

from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .._checks import check_integer
from .._tensor_checks import check_alike, check_device, check_floating_dtype, check_generator, check_sequence

__all__ = ["LSTMState"]

AS_IS = nullcontext()


class LSTMState(NamedTuple):
    r"""État d'une cellule LSTM : :math:`(h_t, c_t)`.

    :math:`h_t \in \mathbb{R}^H` est l'état caché, lu par le reste du réseau ;
    :math:`c_t \in \mathbb{R}^H` est l'état de cellule, que seule la cellule lit.

    Example:
        >>> import torch
        >>> state = LSTMState(h=torch.zeros(2, 3), c=torch.ones(2, 3))
        >>> state.c.shape
        torch.Size([2, 3])
    """

    #: État caché, de forme ``(B, H)``.
    h: Tensor
    #: État de cellule, de forme ``(B, H)``.
    c: Tensor


class Weights(nn.Module):
    """Les poids d'une espèce, et ce qu'elle refuse de lire."""

    blocks = 1  # nombre de transformations affines empilées dans W_x, W_h et b

    def __init__(self, input_size, hidden_size, *, generator=None, dtype=None, device=None):
        super().__init__()
        self.input_size = check_integer("input_size", input_size)
        self.hidden_size = check_integer("hidden_size", hidden_size)
        draw = uniform_drawer(self.hidden_size, generator, dtype, device)
        rows = self.blocks * self.hidden_size
        self.W_x = draw(rows, self.input_size)  # (kH, D)
        self.W_h = draw(rows, self.hidden_size)  # (kH, H)
        self.b = draw(rows)  # (kH)
        self._add_parameters(draw)

    def _add_parameters(self, draw):
        """Ajoute les paramètres propres à une espèce, tirés après les autres."""

    def initial_state(self, batch_size):
        """Rend l'état nul du départ, de forme ``(B, H)``."""
        batch_size = check_integer("batch_size", batch_size)
        return self.W_h.new_zeros(batch_size, self.hidden_size)  # (B, H)

    def extra_repr(self):
        """Affiche les tailles."""
        return f"input_size={self.input_size}, hidden_size={self.hidden_size}"

    def _parts(self, state):
        """Nomme les tenseurs d'un état."""
        return {"state": state}

    def _check(self, x, state):
        """Refuse, avant tout calcul, une entrée ``(B, D)`` ou un état qui ne se lisent pas."""
        check_alike("x", x, ("B", self.input_size), self.W_x)
        self._check_state(x, state)

    def _check_state(self, x, state):
        """Refuse un état qui ne va pas avec ``x`` ; rend ses tenseurs."""
        W_x, parts = self.W_x, self._parts(state)
        for name, part in parts.items():
            check_alike(name, part, (x.shape[0], self.hidden_size), W_x)
        return parts.values()


class RNNWeights(Weights):
    """``W_x`` ``(H, D)``, ``W_h`` ``(H, H)``, ``b`` ``(H)``."""


class LSTMWeights(Weights):
    """``W_x`` ``(4H, D)``, ``W_h`` ``(4H, H)``, ``b`` ``(4H)``, blocs i, f, g, o ; l'état est un couple."""

    blocks = 4

    def initial_state(self, batch_size):
        """Rend l'état nul du départ : ``LSTMState(h, c)``, deux tenseurs ``(B, H)``."""
        zeros = super().initial_state(batch_size)  # (B, H)
        return LSTMState(h=zeros, c=zeros.clone())

    def _parts(self, state):
        if not isinstance(state, tuple) or len(state) != 2:
            raise TypeError(f"state : reçu {type(state).__name__}, attendu LSTMState(h, c)")
        return {"state.h": state[0], "state.c": state[1]}


class GRUWeights(Weights):
    """``W_x`` ``(3H, D)``, ``W_h`` ``(3H, H)``, ``b`` ``(3H)``, blocs r, z, n ; et ``b_h`` ``(H)``."""

    blocks = 3

    def _add_parameters(self, draw):
        self.b_h = draw(self.hidden_size)  # (H)


class PaperGRUWeights(Weights):
    """``W_x`` ``(3H, D)``, ``W_h`` ``(3H, H)``, ``b`` ``(3H)``, blocs r, z, n."""

    blocks = 3


class Layer:
    """Ce qui fait d'une espèce de poids une couche : elle lit la séquence entière, et ne se déplie donc pas."""

    def _start(self, x, state):
        """Vérifie la séquence et l'état de départ ; les rend prêts à lire, l'état étant nul s'il n'est pas donné.

        Autograd ne saurait pas garder un tenseur d'inférence ; sous ``torch.autocast``,
        la couche calcule dans le type de ses poids.
        """
        check_sequence(x)
        W_x = self.W_x
        check_alike("x", x, ("B", "T", self.input_size), W_x)
        if state is None:
            zeros = self.initial_state(len(x))
            return _ready(x, W_x), *(zeros if isinstance(zeros, tuple) else (zeros,))
        return [_ready(part, W_x) for part in (x, *self._check_state(x, state))]

    def step(self, x, state):
        """Avance d'un pas, comme la cellule de mêmes poids : ``x`` ``(B, D)`` et ``state`` donnent ``h, state``.

        Le pas est confié au noyau de PyTorch pour une cellule : à l'usage, un texte s'écrit pas à pas,
        et préparer le retour d'une séquence entière coûterait plus que le pas.
        """
        self._check(x, state)
        W_x = self.W_x
        with own_precision(x):
            return self._advance(*(_ready(part, W_x) for part in (x, *self._parts(state).values())))


def own_precision(x):
    """Le contexte où un calcul garde le type de ses nombres, même sous ``torch.autocast``."""
    kind = x.device.type
    return torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else AS_IS


def _ready(tensor, like):
    """Rend un tenseur qu'autograd peut garder, du type de nombres des poids."""
    if tensor.is_inference() and not torch.is_inference_mode_enabled():
        tensor = tensor.clone()
    return tensor if tensor.dtype == like.dtype else tensor.to(like.dtype)


def is_cell(value):
    """Dit si une valeur suit le protocole d'une cellule : ``value(x, state)``, ``value.initial_state(batch_size)``."""
    follows = callable(value) and hasattr(value, "initial_state")
    return follows and not isinstance(value, type | Layer)


def check_cell(cell):
    """Refuse ce qui ne suit pas le protocole d'une cellule."""
    if is_cell(cell):
        return
    expected = "une cellule : cell(x, state) et cell.initial_state(batch_size)"
    if isinstance(cell, type):
        raise TypeError(f"cell : reçu la classe {cell.__name__}, attendu {expected} ; construisez-la d'abord")
    if isinstance(cell, Layer):
        raise TypeError(
            f"cell : reçu {type(cell).__name__}, une couche, qui lit déjà toute la séquence ; attendu {expected}"
        )
    raise TypeError(f"cell : reçu {type(cell).__name__}, attendu {expected}")


def uniform_drawer(hidden_size, generator, dtype, device):
    """Rend la fonction qui tire un paramètre selon U(−1/√H, 1/√H), du générateur global s'il n'en est pas donné."""
    check_generator(generator, optional=True)
    check_floating_dtype(dtype)
    check_device(device)
    bound = hidden_size**-0.5
    place = device if generator is None else generator.device

    def draw(*shape):
        values = torch.empty(shape, dtype=dtype, device=place)
        return nn.Parameter(values.uniform_(-bound, bound, generator=generator).to(device))

    return draw
