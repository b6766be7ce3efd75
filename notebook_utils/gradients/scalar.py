r"""Le gradient d'un réseau récurrent à une seule unité, où tout est un nombre.

.. math::

    a_t = W_h h_{t-1} + W_x x_t + b, \qquad h_t = \tanh(a_t)

Chaque formule du chapitre « Disparition et explosion du gradient » a ici sa fonction.
"""

import torch

from .._checks import check_number
from .._tensor_checks import check_floating

__all__ = [
    "scalar_state_gradient",
    "scalar_unroll",
    "scalar_weight_gradient",
    "scalar_weight_gradient_sum",
    "tanh_derivative",
]


def tanh_derivative(a):
    r"""Dérivée de la tangente hyperbolique.

    .. math::

        \tanh'(a) = 1 - \tanh^2(a)

    Args:
        a: les pré-activations, un tenseur de forme quelconque.

    Returns:
        Les pentes, dans :math:`{]0, 1]}`, de même forme.

    Raises:
        TypeError: si ``a`` n'est pas un tenseur de réels.

    Example:
        >>> tanh_derivative(torch.tensor([0.0, 20.0])).tolist()
        [1.0, 0.0]
    """
    check_floating("a", a)
    return 1 - torch.tanh(a) ** 2


def scalar_unroll(w_h, w_x, b, x, h_0=0.0):
    r"""Déroule le réseau scalaire.

    .. math::

        a_t = W_h h_{t-1} + W_x x_t + b, \qquad h_t = \tanh(a_t)

    Args:
        w_h, w_x, b: les poids :math:`W_h`, :math:`W_x` et le biais, nombres ou tenseurs à 0 dim.
        x: les entrées, un tenseur de forme ``(T)``.
        h_0: l'état de départ, nombre ou tenseur à 0 dimension.

    Returns:
        Le couple ``(states, preactivations)``, où ``states`` est :math:`h_0, \dots, h_T`,
        de forme ``(T+1)``, et ``preactivations`` est :math:`a_1, \dots, a_T`, de forme ``(T)``.

    Raises:
        TypeError: si ``x`` n'est pas un tenseur de réels, ou un autre argument ni un nombre, ni un tenseur.
        ValueError: si ``x`` n'est pas de forme ``(T)``, avec au moins un pas,
            ou si un autre argument a des dimensions.

    Example:
        >>> states, preactivations = scalar_unroll(0.5, 1.0, 0.0, torch.tensor([1.0, 0.0]))
        >>> [round(a, 4) for a in preactivations.tolist()]
        [1.0, 0.3808]
    """
    _check_vector("x", x)
    for name, value in (("w_h", w_h), ("w_x", w_x), ("b", b), ("h_0", h_0)):
        _check_scalar(name, value, x)
    states, preactivations = [torch.as_tensor(h_0, dtype=x.dtype)], []
    for x_t in x:
        a_t = w_h * states[-1] + w_x * x_t + b
        preactivations.append(a_t)
        states.append(torch.tanh(a_t))
    return torch.stack(states), torch.stack(preactivations)  # (T+1), (T)


def scalar_weight_gradient(w_h, states, preactivations, dh_0=0.0):
    r"""Gradient de chaque état par rapport au poids récurrent, par récurrence.

    .. math::

        \frac{\partial h_t}{\partial W_h}
        = \tanh'(a_t) \left( h_{t-1} + W_h \frac{\partial h_{t-1}}{\partial W_h} \right)

    Args:
        w_h: le poids :math:`W_h`.
        states: :math:`h_0, \dots, h_T`, de forme ``(T+1)``.
        preactivations: :math:`a_1, \dots, a_T`, de forme ``(T)``.
        dh_0: :math:`\partial h_0 / \partial W_h`, nul si :math:`h_0` ne dépend pas de :math:`W_h`.

    Returns:
        :math:`\partial h_t / \partial W_h` pour :math:`t = 0, \dots, T`, de forme ``(T+1)``.

    Raises:
        TypeError: si un argument n'est pas du type voulu, comme pour :func:`scalar_unroll`.
        ValueError: si un tenseur n'a pas la forme voulue,
            ou si ``states`` n'a pas un élément de plus que ``preactivations``.

    Example:
        >>> states, a = scalar_unroll(0.5, 1.0, 0.0, torch.tensor([1.0, 0.0]))
        >>> [round(g, 4) for g in scalar_weight_gradient(0.5, states, a).tolist()]
        [0.0, 0.0, 0.661]
    """
    slopes = _scalar_slopes(w_h, states, preactivations)
    _check_scalar("dh_0", dh_0, states)
    gradients = [torch.as_tensor(dh_0, dtype=states.dtype)]
    for h_prev, slope in zip(states, slopes, strict=False):
        gradients.append(slope * (h_prev + w_h * gradients[-1]))
    return torch.stack(gradients)  # (T+1)


def scalar_weight_gradient_sum(w_h, states, preactivations):
    r"""Le même gradient, récurrence déroulée : une somme sur les instants passés.

    .. math::

        \frac{\partial h_t}{\partial W_h}
        = \sum_{t'=0}^{t-1} h_{t'} \, W_h^{t-1-t'} \prod_{k=t'+1}^{t} \tanh'(a_k)

    Le terme :math:`t' = 0` ne disparaît que si :math:`h_0 = 0`.
    La puissance est :math:`t-1-t'`, et non :math:`t-t'` :
    le poids de :math:`h_{t'}` dans la somme n'est pas :func:`scalar_state_gradient`.

    Args:
        w_h: le poids :math:`W_h`.
        states: :math:`h_0, \dots, h_T`, de forme ``(T+1)`` ; :math:`h_0` ne dépend pas
            de :math:`W_h`.
        preactivations: :math:`a_1, \dots, a_T`, de forme ``(T)``.

    Returns:
        :math:`\partial h_t / \partial W_h` pour :math:`t = 0, \dots, T`, de forme ``(T+1)``.

    Raises:
        TypeError: si un argument n'est pas du type voulu, comme pour :func:`scalar_unroll`.
        ValueError: si un tenseur n'a pas la forme voulue,
            ou si ``states`` n'a pas un élément de plus que ``preactivations``.

    Example:
        >>> states, a = scalar_unroll(0.5, 1.0, 0.0, torch.tensor([1.0, 0.0]))
        >>> [round(g, 4) for g in scalar_weight_gradient_sum(0.5, states, a).tolist()]
        [0.0, 0.0, 0.661]
    """
    slopes = _scalar_slopes(w_h, states, preactivations)  # slopes[k - 1] = tanh'(a_k)
    gradients = []
    for t in range(len(states)):
        terms = [states[s] * (1.0 * w_h) ** (t - 1 - s) * slopes[s:t].prod() for s in range(t)]
        gradients.append(sum(terms, start=states.new_zeros(())))
    return torch.stack(gradients)  # (T+1)


def scalar_state_gradient(w_h, preactivations):
    r"""Influence de chaque état sur les suivants.

    .. math::

        \frac{\partial h_t}{\partial h_{t'}} = W_h^{t-t'} \prod_{k=t'+1}^{t} \tanh'(a_k),
        \qquad t' \le t

    Args:
        w_h: le poids :math:`W_h`.
        preactivations: :math:`a_1, \dots, a_T`, de forme ``(T)``.

    Returns:
        Une matrice triangulaire inférieure ``(T+1, T+1)``, de ligne :math:`t`
        et de colonne :math:`t'`, de 0 à :math:`T` ; sa diagonale vaut 1.

    Raises:
        TypeError: comme :func:`scalar_weight_gradient`.
        ValueError: si ``preactivations`` n'est pas de forme ``(T)``, ou si ``w_h`` a des dimensions.

    Example:
        >>> scalar_state_gradient(0.5, torch.zeros(2)).tolist()
        [[1.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.25, 0.5, 1.0]]
    """
    _check_vector("preactivations", preactivations)
    _check_scalar("w_h", w_h, preactivations)
    slopes = tanh_derivative(preactivations)
    gradient = slopes.new_zeros(len(slopes) + 1, len(slopes) + 1)
    for t in range(len(slopes) + 1):
        for s in range(t + 1):
            gradient[t, s] = (1.0 * w_h) ** (t - s) * slopes[s:t].prod()
    return gradient  # (T+1, T+1)


def _scalar_slopes(w_h, states, preactivations):
    """Vérifie une trajectoire, et rend ses pentes."""
    _check_vector("states", states)
    _check_vector("preactivations", preactivations)
    _check_scalar("w_h", w_h, states)
    if len(states) != len(preactivations) + 1:
        raise ValueError(
            f"states : reçu {len(states)} états pour {len(preactivations)} pré-activations, "
            f"attendu {len(preactivations) + 1}"
        )
    return tanh_derivative(preactivations)


def _check_vector(name, value):
    """Refuse ce qui n'est pas un tenseur de réels ``(T)``, avec au moins un élément."""
    check_floating(name, value)
    if value.ndim != 1 or len(value) == 0:
        raise ValueError(f"{name} : reçu la forme {tuple(value.shape)}, attendu (T) avec T ≥ 1")


def _check_scalar(name, value, like):
    """Refuse ce qui n'est ni un nombre réel, ni un tenseur à 0 dimension du même appareil que ``like``."""
    if not isinstance(value, torch.Tensor):
        check_number(name, value, "un nombre ou un tenseur à 0 dimension")
        return
    if value.ndim:
        raise ValueError(f"{name} : reçu la forme {tuple(value.shape)}, attendu un nombre ou un tenseur à 0 dimension")
    if value.device != like.device:
        raise ValueError(f"{name} : reçu sur {value.device}, attendu sur {like.device}")
