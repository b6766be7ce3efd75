"""Ce que les rétropropagations écrites à la main ont en commun."""

import functools

import torch

from ..recurrence.weights import own_precision

#: Combien de :math:`\delta_t` (de nombres) un retour calcule à la fois, au plus : en ``float32``, 1 Mio.
#: Le cache d'un cœur les contient d'ordinaire.
WORK_SIZE = 2**18


def through_time(calculate, x, *arguments):
    """Confie une séquence à ``calculate``, hors de ``torch.compile`` et de la précision réduite d'``autocast``.

    ``torch.compile`` ne saurait pas suivre les boucles, qui écrivent en place : il les exécute telles quelles.
    """
    if torch.compiler.is_compiling():
        calculate = torch.compiler.disable(calculate)
    try:
        with own_precision(x):
            return calculate(x, *arguments)
    except RuntimeError as error:
        raise french(error) from error


def by_hand(backward):
    """Fait d'une fonction un retour écrit à la main : que l'on ne dérive pas, et qui garde le type de ses nombres.

    Le gradient d'un résultat que personne n'a lu y est ``None``.
    """

    @functools.wraps(backward)
    def wrapped(ctx, *gradients):
        if torch.is_grad_enabled():
            raise RuntimeError(
                "create_graph=True : reçu une demande de dérivée seconde, attendu une dérivée première ; "
                "pour dériver deux fois, dépliez la cellule avec unroll"
            )
        try:
            with own_precision(next(g for g in gradients if g is not None)):
                return backward(ctx, *gradients)
        except RuntimeError as error:
            raise french(error) from error

    return staticmethod(wrapped)


def french(error):
    """L'erreur à lever à la place d'une erreur de PyTorch : en français quand elle vient de ``torch.func``."""
    if not any(word in str(error) for word in ("functorch", "vmap", "Batching rule", "forward AD", "forward mode AD")):
        return error
    return RuntimeError(
        "torch.func : reçu une transformation (grad, jvp, vmap, jacrev, vectorize=True), "
        "attendu un simple backward() : cette couche n'a que son propre retour ; "
        "dépliez la cellule avec unroll, ou Recurrent(cellule)"
    )


def project(x, W_x, b, out):
    r"""Écrit :math:`W_x x_t + b` dans ``out`` ``(T, kH, B)``, pour tous les pas de ``x`` ``(B, T, D)``."""
    x = x.permute(1, 2, 0)  # (T, D, B)
    torch.baddbmm(b[:, None], W_x.expand(len(x), -1, -1), x, out=out)


def by_chunks(one_chunk, step_size, *over_time):
    r"""Remonte une séquence par tranches, la dernière d'abord ; rend les gradients de l'entrée et des poids.

    Les tableaux de travail d'un retour ne grandissent donc pas avec :math:`T`, et restent dans le cache.
    Rien n'est tronqué : une tranche rend à la précédente le gradient de l'état qu'elle en a reçu.

    ``one_chunk(totals, *parts)`` lit une tranche des tableaux ``over_time``, dont le premier axe est le temps ;
    elle rend le gradient de l'entrée, ``(B, n, D)`` ou ``None``, et ceux des poids, ajoutés à ``totals``,
    qui est ``None`` pour la première tranche lue.
    ``step_size`` est le nombre de valeurs de :math:`\delta_t`, pour tous les exemples d'un pas.
    """
    n = max(1, WORK_SIZE // step_size)
    if len(over_time[0]) <= n:
        return one_chunk(None, *over_time)
    dx, totals = [], None
    for parts in zip(*(reversed(array.split(n)) for array in over_time), strict=True):
        dx_chunk, totals = one_chunk(totals, *parts)
        dx.insert(0, dx_chunk)
    return None if dx[0] is None else torch.cat(dx, dim=1), totals


def state_gradients(g, dh):
    r"""Rend une liste de tableaux que la remontée changera en gradients des états, de celui de départ au dernier.

    Ils contiennent ce que chaque état reçoit de sa sortie, :math:`g_t` ; le dernier, aussi ``dh``,
    ce que lui renvoient les pas qui suivent. Le premier est ``dh`` lui-même, remis à zéro :
    personne ne lit la sortie de l'état de départ.
    """
    arrays = [dh, *g.clone(memory_format=torch.contiguous_format).unbind()]
    arrays[-1].add_(dh)
    dh.zero_()
    return arrays


def rows(array):
    """Échange les deux axes d'un tableau, dans une mémoire neuve."""
    return array.T.clone(memory_format=torch.contiguous_format)


def state_gradient(gradient, like):
    """Le gradient d'un état final, un exemple par colonne, dans une mémoire neuve ; nul s'il n'est pas lu."""
    return torch.zeros_like(like) if gradient is None else rows(gradient)


def output_gradients(g, h):
    r"""Les :math:`g_t`, ``(T, H, B)``, des sorties ``(B, T, H)`` ; nuls si la perte n'a lu que l'état final."""
    return torch.zeros_like(h[1:]) if g is None else g.permute(1, 2, 0)


def columns(array):
    """Range un pas d'un exemple par colonne : ``(n, k, B)`` donne ``(k, nB)``."""
    return array.transpose(0, 1).flatten(1)


def sums_over_time(totals, delta, x, h_prev, delta_x=None, delta_h=None):
    r"""Ajoute à ``totals`` les sommes sur le temps : les gradients de ``W_x``, de ``W_h`` et des biais.

    .. math::

        \frac{\partial L}{\partial W_x} = \sum_{t=1}^{T} \delta_t \, x_t^\top, \qquad
        \frac{\partial L}{\partial W_h} = \sum_{t=1}^{T} \delta_t \, h_{t-1}^\top, \qquad
        \frac{\partial L}{\partial b} = \sum_{t=1}^{T} \delta_t

    Une somme de produits :math:`\delta_t \, x_t^\top`, sur les pas et sur les exemples,
    est un seul produit de matrices : il suffit de ranger un pas d'un exemple par colonne.
    ``delta``, de forme ``(kH, nB)``, réunit les :math:`\delta_t` ; ``delta_x`` et ``delta_h``
    en sont les blocs vus par :math:`W_x` et par :math:`W_h`, tous s'ils ne sont pas donnés.
    À l'inverse, ``x`` ``(nB, D)``, et ``h_prev`` ``(nB, H)``, qui réunit les :math:`h_{t-1}`,
    ont un pas d'un exemple par ligne.
    """
    delta_x = delta if delta_x is None else delta_x
    delta_h = delta if delta_h is None else delta_h
    if totals is None:
        return delta_x @ x, delta_h @ h_prev, delta.sum(1)
    dW_x, dW_h, db = totals
    return dW_x.addmm_(delta_x, x), dW_h.addmm_(delta_h, h_prev), db.add_(delta.sum(1))


def input_gradient(ctx, delta_x, W_x, T):
    r"""Rend :math:`\partial L / \partial x_t = W_x^\top \delta_t` pour tous les pas, ``(B, T, D)``.

    ``None`` si personne ne demande le gradient de ``x``, premier argument de l'aller.
    """
    if not ctx.needs_input_grad[0]:
        return None
    return (delta_x.T @ W_x).unflatten(0, (T, -1)).transpose(0, 1)
