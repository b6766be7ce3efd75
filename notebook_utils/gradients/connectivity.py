r"""Ce que chaque entrée passée compte dans une réponse (Madsen, 2019)."""

import torch

from .._checks import check_callable
from .._tensor_checks import check_finite, check_floating, check_sequence

__all__ = ["connectivity"]


def connectivity(model, x, classes=None):
    r"""Connectivité d'un réseau : l'effet de chaque entrée sur chaque réponse.

    .. math::

        C_{t,t'} = \left\lVert \frac{\partial \hat{y}_{t, k_t}}{\partial x_{t'}} \right\rVert_2
        = \sqrt{\sum_{d=1}^{D}
        \left( \frac{\partial \hat{y}_{t, k_t}}{\partial x_{t',d}} \right)^2}

    :math:`\hat{y}_{t, k_t}` est le logit de la classe :math:`k_t` à l'instant :math:`t`,
    avant softmax, et :math:`x_{t'} \in \mathbb{R}^D` l'entrée à l'instant :math:`t'`.
    La norme est la norme euclidienne, sur les :math:`D` coordonnées de l'entrée.
    Un réseau qui ne lit que le passé donne :math:`C_{t,t'} = 0` pour :math:`t' > t`.

    C'est une mesure locale : elle dit de combien le logit varierait si l'entrée bougeait un peu,
    pas ce qu'il vaudrait avec un autre symbole.
    Pour un réseau qui commence par un plongement (*embedding*),
    ``x`` est la suite des vecteurs plongés, et ``model`` ce qui vient après.
    Écart à l'article : :math:`t` y est l'instant de l'entrée, et :math:`\tilde{t}` celui de la sortie.

    Args:
        model: une fonction ou un réseau qui rend des logits ``(B, T, K)``, un vecteur par instant,
            ou ``(B, K)``, un vecteur par séquence.
            Les exemples d'un lot ne doivent pas agir les uns sur les autres.
            Son gradient doit pouvoir se calculer plusieurs fois de suite (``retain_graph``).
        x: les entrées, des réels de forme ``(B, T, D)``.
        classes: les classes :math:`k_t`, des entiers de forme ``(B, T)`` ou ``(B)`` ;
            par défaut celles que le réseau prédit. Madsen prend celles qui sont attendues.

    Returns:
        Un tenseur ``(B, T, T)`` : les réponses en lignes, les entrées en colonnes ;
        ``(B, T)`` si le réseau donne une seule réponse par séquence.

    Raises:
        TypeError: si ``model`` ne s'appelle pas, si ``x`` n'est pas un tenseur de réels,
            ``classes`` pas un tenseur d'entiers,
            ou si ``model`` rend autre chose qu'un tenseur, comme le font les couches.
        ValueError: si ``x`` n'est pas de forme ``(B, T, D)``, contient un NaN ou un infini,
            si les logits ou les classes n'ont pas la forme attendue, ou si un logit est NaN.

    References:
        Madsen, *Visualizing memorization in RNNs*, Distill, 2019.

    Example:
        >>> C = connectivity(lambda x: x.cumsum(dim=1), torch.ones(1, 3, 4))
        >>> C[0].tolist()  # chaque sortie additionne toutes les entrées jusqu'à elle
        [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]
    """
    check_sequence(x)
    check_floating("x", x)
    check_finite("x", x)
    check_callable("model", model, "un réseau, ou une fonction qui rend des logits")
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        logits = model(x)
        _check_logits(logits, x)
        classes = logits.argmax(dim=-1) if classes is None else classes
        _check_classes(classes, logits)
        chosen = logits.gather(-1, classes[..., None]).squeeze(-1)  # (B, T) ou (B)
        if chosen.ndim == 1:
            return _input_norms(chosen, x)  # (B, T)
        return torch.stack([_input_norms(y_t, x) for y_t in chosen.unbind(dim=1)], dim=1)  # (B, T, T)


def _input_norms(chosen, x):
    """Norme du gradient d'un logit par exemple, ``(B)``, par rapport à chaque entrée : ``(B, T)``."""
    (gradient,) = torch.autograd.grad(chosen.sum(), x, retain_graph=True)  # (B, T, D)
    return torch.linalg.vector_norm(gradient, dim=-1)  # (B, T)


def _check_logits(logits, x):
    if not isinstance(logits, torch.Tensor):
        raise TypeError(
            f"model : reçu {type(logits).__name__}, attendu un tenseur de logits ; une couche rend "
            "(outputs, state) : enveloppez-la dans SequenceClassifier ou SequenceTagger"
        )
    B, T, _ = x.shape
    if logits.shape[:-1] not in ((B, T), (B,)):
        raise ValueError(f"model : reçu des logits {tuple(logits.shape)}, attendu ({B}, {T}, K) ou ({B}, K)")
    if not logits.requires_grad:
        raise ValueError("model : reçu des logits qui ne dépendent pas de x, attendu un calcul dérivable")
    if logits.isnan().any():
        raise ValueError("model : reçu un logit NaN, attendu des nombres")


def _check_classes(classes, logits):
    K = logits.shape[-1]
    if not isinstance(classes, torch.Tensor) or classes.dtype != torch.long:
        raise TypeError(f"classes : reçu {getattr(classes, 'dtype', type(classes).__name__)}, attendu torch.int64")
    if classes.shape != logits.shape[:-1]:
        raise ValueError(f"classes : reçu la forme {tuple(classes.shape)}, attendu {tuple(logits.shape[:-1])}")
    if classes.min() < 0 or classes.max() >= K:
        received = f"des classes de {classes.min()} à {classes.max()}"
        raise ValueError(f"classes : reçu {received}, attendu de 0 à {K - 1}")
