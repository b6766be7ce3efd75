r"""Suivre le gradient le long du temps : jacobiennes, normes, bornes, écrêtage."""

import torch
from torch import Tensor

from .._checks import check_iterable, check_positive
from .._tensor_checks import check_finite, check_floating, check_sequence
from ..recurrence.weights import check_cell

__all__ = [
    "clip_by_norm",
    "jacobian_products",
    "jacobian_singular_values",
    "singular_value_bounds",
    "state_gradient_norms",
    "state_jacobians",
]


@torch.no_grad()
def state_jacobians(cell, x, state=None):
    r"""Jacobiennes d'un pas de temps, le long de la trajectoire.

    .. math::

        J_t = \frac{\partial s_t}{\partial s_{t-1}}, \qquad t = 1, \dots, T

    :math:`s_t \in \mathbb{R}^S` est l'état complet : :math:`h_t` pour un RNN ou une GRU
    (:math:`S = H`), :math:`[h_t ; c_t]` pour une LSTM (:math:`S = 2H`).

    Args:
        cell: toute cellule du protocole.
        x: la séquence, de forme ``(B, T, D)``.
        state: l'état :math:`s_0` ; nul s'il n'est pas donné.

    Returns:
        Les jacobiennes, de forme ``(T, B, S, S)``. L'indice ``t - 1`` donne :math:`J_t`,
        dont la ligne ``i`` dérive la composante ``i`` de :math:`s_t`.

    Raises:
        TypeError: comme :func:`~notebook_utils.recurrence.unroll.unroll`.
        ValueError: comme :func:`~notebook_utils.recurrence.unroll.unroll`.

    Example:
        >>> from notebook_utils import LSTMCell
        >>> state_jacobians(LSTMCell(3, 5), torch.ones(2, 7, 3)).shape
        torch.Size([7, 2, 10, 10])
    """
    check_cell(cell)
    check_sequence(x)
    state = cell.initial_state(x.shape[0]) if state is None else state

    def step(s_prev, x_t):  # (S), (D) : un seul exemple
        _, following = cell(x_t[None], _unpack(s_prev[None], state))
        return _pack(following)[0]  # (S)

    jacobian = torch.func.vmap(torch.func.jacrev(step))
    jacobians, current = [], state
    for x_t in x.unbind(dim=1):  # (B, D)
        _, following = cell(x_t, current)  # d'abord : c'est la cellule qui refuse ce qu'elle ne lit pas
        jacobians.append(jacobian(_pack(current), x_t))  # (B, S, S)
        current = following
    return torch.stack(jacobians)  # (T, B, S, S)


def jacobian_products(jacobians):
    r"""Sensibilité de l'état final à chaque état passé.

    .. math::

        P_t = \frac{\partial s_T}{\partial s_t} = J_T J_{T-1} \cdots J_{t+1}, \qquad P_T = I

    Args:
        jacobians: les :math:`J_t`, de forme ``(T, B, S, S)``, rendues par
            :func:`state_jacobians`.

    Returns:
        Les produits :math:`P_0, \dots, P_T`, de forme ``(T+1, B, S, S)``.

    Raises:
        TypeError: si les jacobiennes ne sont pas un tenseur de réels.
        ValueError: si elles ne sont pas de forme ``(T, B, S, S)``.

    Example:
        >>> jacobian_products(torch.full((3, 1, 1, 1), 0.5)).flatten().tolist()
        [0.125, 0.25, 0.5, 1.0]
    """
    _check_jacobians(jacobians)
    identity = torch.eye(jacobians.shape[-1], dtype=jacobians.dtype, device=jacobians.device)
    products = [identity.expand(jacobians.shape[1:])]  # P_T
    for J_t in jacobians.flip(0):  # t = T, …, 1
        products.append(products[-1] @ J_t)  # P_{t-1} = P_t J_t
    return torch.stack(products[::-1])  # (T+1, B, S, S)


def jacobian_singular_values(jacobians):
    r"""Valeurs singulières de jacobiennes : les facteurs par lesquels elles étirent ou écrasent.

    .. math::

        J = U \operatorname{diag}(\sigma_1, \dots, \sigma_S) V^\top,
        \qquad \sigma_1 \ge \dots \ge \sigma_S \ge 0

    Une petite variation de l'état, selon la direction :math:`v_i`, est multipliée par
    :math:`\sigma_i`. Avec les :math:`J_t`, c'est l'effet d'un pas ;
    avec les produits :math:`P_t`, celui de tous les pas de :math:`t` à :math:`T`.

    Args:
        jacobians: les :math:`J_t` de :func:`state_jacobians`, de forme ``(T, B, S, S)``,
            ou les :math:`P_t` de :func:`jacobian_products`.

    Returns:
        Les valeurs singulières, décroissantes, de forme ``(T, B, S)``.

    Raises:
        TypeError: si les jacobiennes ne sont pas un tenseur de réels.
        ValueError: si elles ne sont pas de forme ``(T, B, S, S)``,
            ou contiennent un NaN ou un infini.

    Example:
        >>> jacobian_singular_values(torch.diag(torch.tensor([0.25, -2.0]))[None, None]).tolist()
        [[[2.0, 0.25]]]
    """
    _check_jacobians(jacobians)
    check_finite("jacobians", jacobians)
    return torch.linalg.svdvals(jacobians)  # (T, B, S)


def state_gradient_norms(cell, x, state=None):
    r"""Norme du gradient de l'état final par rapport à chaque état passé.

    .. math::

        \left\lVert \frac{\partial h_T}{\partial h_t} \right\rVert_2, \qquad t = 0, \dots, T

    La norme est la norme spectrale : la plus grande valeur singulière,
    c'est-à-dire le plus grand facteur par lequel une petite variation peut être multipliée.
    Pour une LSTM, le bloc ``"h"`` fait varier :math:`h_t` en gardant :math:`c_t` fixe :
    seuls ``"c"`` et ``"s"`` voient ce qui passe par l'état de cellule.

    Args:
        cell: toute cellule du protocole.
        x: la séquence, de forme ``(B, T, D)``.
        state: l'état :math:`s_0` ; nul s'il n'est pas donné.

    Returns:
        Un dictionnaire de tenseurs ``(T+1, B)``.
        ``"h"`` : :math:`\lVert \partial h_T / \partial h_t \rVert_2`.
        Pour une LSTM, aussi ``"c"`` : :math:`\lVert \partial c_T / \partial c_t \rVert_2`,
        et ``"s"`` : la norme de la matrice complète,
        :math:`\lVert \partial s_T / \partial s_t \rVert_2`.
        Pour une autre cellule, les noms sont ceux de son état, ou des numéros s'il n'en a pas.

    Raises:
        TypeError: comme :func:`state_jacobians`.
        ValueError: comme :func:`state_jacobians`, ou si une dérivée est NaN ou infinie.

    Example:
        >>> from notebook_utils import LSTMCell
        >>> norms = state_gradient_norms(LSTMCell(3, 5), torch.ones(2, 7, 3))
        >>> sorted(norms), norms["c"].shape
        (['c', 'h', 's'], torch.Size([8, 2]))
    """
    jacobians = state_jacobians(cell, x, state)
    products = jacobian_products(jacobians)  # (T+1, B, S, S)
    check_finite("produits des jacobiennes", products)
    start = cell.initial_state(1)
    if not isinstance(start, tuple):
        return {"h": _norm(products)}
    names = getattr(start, "_fields", range(len(start)))
    ends = torch.tensor([part.shape[-1] for part in start]).cumsum(dim=0).tolist()
    blocks = map(slice, [0, *ends], ends)
    norms = {name: _norm(products[..., k, k]) for name, k in zip(names, blocks, strict=True)}
    return norms | {"s": _norm(products)}


def singular_value_bounds(W_h, slopes):
    r"""Encadre le produit des jacobiennes d'un RNN par les valeurs singulières.

    .. math::

        \prod_{k=t+1}^{T} \sigma_{\min}(W_h) \min_i \tanh'(a_{k,i})
        \;\le\; \sigma_{\min}(P_t) \;\le\; \lVert P_t \rVert_2 \;\le\;
        \prod_{k=t+1}^{T} \sigma_{\max}(W_h) \max_i \tanh'(a_{k,i})

    où :math:`P_t = \partial h_T / \partial h_t
    = \prod_{k=T}^{t+1} \operatorname{diag}(\tanh'(a_k)) \, W_h`.
    Ni le déterminant ni les valeurs propres de :math:`W_h` ne donnent de telles bornes.

    Args:
        W_h: la matrice récurrente, de forme ``(H, H)``.
        slopes: les pentes :math:`\tanh'(a_1), \dots, \tanh'(a_T)`, de forme ``(T, ..., H)`` ;
            avec les sorties d'un RNN, ``1 - outputs**2``, temps en premier.

    Returns:
        Le couple ``(lower, upper)``, chacun de forme ``(T+1, ...)``,
        aligné sur :func:`jacobian_products` ; le dernier élément vaut 1.

    Raises:
        TypeError: si un argument n'est pas un tenseur de réels.
        ValueError: si ``W_h`` n'est pas carrée, si ``slopes`` n'a pas la même taille ``H`` ou une pente négative,
            ou si un nombre est NaN ou infini.

    References:
        Pascanu, Mikolov et Bengio, *On the difficulty of training recurrent neural networks*,
        ICML, 2013.

    Example:
        >>> lower, upper = singular_value_bounds(torch.diag(torch.tensor([2.0, 0.25])),
        ...                                      torch.ones(3, 2))
        >>> lower.tolist(), upper.tolist()
        ([0.015625, 0.0625, 0.25, 1.0], [8.0, 4.0, 2.0, 1.0])
    """
    check_floating("W_h", W_h)
    check_floating("slopes", slopes)
    if W_h.ndim != 2 or W_h.shape[0] != W_h.shape[1]:
        raise ValueError(f"W_h : reçu la forme {tuple(W_h.shape)}, attendu (H, H)")
    H = W_h.shape[0]
    if slopes.ndim < 2 or slopes.shape[-1] != H:
        raise ValueError(f"slopes : reçu la forme {tuple(slopes.shape)}, attendu (T, ..., {H})")
    check_finite("W_h", W_h)
    check_finite("slopes", slopes)
    if (slopes < 0).any():
        raise ValueError("slopes : reçu une pente négative, attendu des dérivées de tanh, positives ou nulles")
    sigma = torch.linalg.svdvals(W_h)  # (H), décroissantes
    lower = _products_to_the_end(sigma[-1] * slopes.amin(dim=-1))
    upper = _products_to_the_end(sigma[0] * slopes.amax(dim=-1))
    return lower, upper  # (T+1, ...)


def clip_by_norm(gradients, max_norm):
    r"""Écrête des gradients par leur norme commune.

    .. math::

        \nabla L \leftarrow \begin{cases}
        \dfrac{\tau}{\lVert \nabla L \rVert} \, \nabla L & \text{si } \lVert \nabla L \rVert \ge \tau \\
        \nabla L & \text{sinon}
        \end{cases}

    :math:`\nabla L` réunit tous les gradients, :math:`\lVert \nabla L \rVert` est leur norme euclidienne
    et :math:`\tau` le seuil. La direction ne change pas.
    Écart à ``torch.nn.utils.clip_grad_norm_`` : PyTorch divise par
    :math:`\lVert \nabla L \rVert + 10^{-6}` et modifie les gradients sur place.

    Args:
        gradients: une liste de tenseurs de formes quelconques.
        max_norm: le seuil :math:`\tau`, strictement positif.

    Returns:
        La liste des gradients écrêtés, de mêmes formes ; ceux reçus ne changent pas.

    Raises:
        TypeError: si ``gradients`` n'est pas une liste de tenseurs de réels, ou ``max_norm`` pas un nombre.
        ValueError: si la liste est vide, si un gradient contient un NaN ou un infini,
            ou si le seuil n'est pas strictement positif.

    References:
        Pascanu, Mikolov et Bengio, *On the difficulty of training recurrent neural networks*,
        ICML, 2013.

    Example:
        >>> [g.tolist() for g in clip_by_norm([torch.tensor([3.0]), torch.tensor([4.0])], 1.0)]
        [[0.6000000238418579], [0.800000011920929]]
    """
    gradients = _check_gradients(gradients, max_norm)
    # En float64 : le carré de 10²⁰ déborderait en float32.
    norm = torch.sqrt(sum((g.double() ** 2).sum() for g in gradients))
    scale = max_norm / norm if norm >= max_norm else 1.0
    return [scale * g for g in gradients]


def _check_gradients(gradients, max_norm):
    """Rend la liste des gradients, ou refuse ce qui n'en est pas une."""
    if isinstance(gradients, Tensor):
        raise TypeError("gradients : reçu un tenseur, attendu une liste de tenseurs")
    check_iterable("gradients", gradients, "une liste de tenseurs")
    gradients = list(gradients)
    if not gradients:
        raise ValueError("gradients : reçu une liste vide, attendu au moins un tenseur")
    for gradient in gradients:
        check_floating("gradients", gradient)
        check_finite("gradients", gradient)
    check_positive("max_norm", max_norm)
    return gradients


def _check_jacobians(jacobians):
    check_floating("jacobians", jacobians)
    if jacobians.ndim != 4 or jacobians.shape[2] != jacobians.shape[3]:
        received = tuple(jacobians.shape)
        raise ValueError(f"jacobians : reçu la forme {received}, attendu (T, B, S, S)")


def _pack(state):
    """Met un état bout à bout : ``(B, S)``."""
    return torch.cat(state, dim=-1) if isinstance(state, tuple) else state


def _unpack(s, like):
    """Défait :func:`_pack`, avec la structure de ``like``."""
    if not isinstance(like, tuple):
        return s
    parts = s.split([part.shape[-1] for part in like], dim=-1)
    return like._make(parts) if hasattr(like, "_make") else parts


def _norm(matrices):
    return torch.linalg.matrix_norm(matrices, ord=2)  # (T+1, B)


def _products_to_the_end(factors):
    """Produits des facteurs d'indices t+1 à T, pour t = 0 à T : ``(T+1, ...)``."""
    from_the_end = torch.cat([torch.ones_like(factors[:1]), factors.flip(0)])
    return from_the_end.cumprod(dim=0).flip(0)
