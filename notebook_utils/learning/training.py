r"""Entraîner un réseau : une mise à jour en cinq étapes, la boucle qui les répète, la mesure.

Un lot (*batch*) est un couple ``(x, y)`` d'entrées et de réponses attendues ;
un réseau est tout ``torch.nn.Module`` tel que ``model(x)`` rende des logits.
"""

import math
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import torch
from torch import nn

from .._checks import as_number, check_callable, check_integer, check_iterable, check_positive
from .._tensor_checks import check_generator, check_module, check_optimizer, check_tensor
from .answers import same_class
from .checkpoints import Progress, check_path, load_checkpoint, save_checkpoint
from .progress import progress_bar

__all__ = ["Evaluation", "Update", "evaluate", "fit", "train_step"]


class Update(NamedTuple):
    """Ce qu'une mise à jour mesure, avant de changer les poids.

    Example:
        >>> Update(loss=0.7, gradient_norm=1.3).loss
        0.7
    """

    #: Perte sur le lot.
    loss: float
    #: Norme euclidienne des gradients de tous les poids de l'optimiseur réunis, avant écrêtage.
    gradient_norm: float


class Evaluation(NamedTuple):
    """Ce que rend :func:`evaluate`.

    Example:
        >>> Evaluation(loss=0.1, accuracy=0.75, errors=1, answers=4).errors
        1
    """

    #: Perte moyenne par réponse.
    loss: float
    #: Proportion de réponses correctes.
    accuracy: float
    #: Nombre de réponses fausses.
    errors: int
    #: Nombre de réponses.
    answers: int


def train_step(model, batch, loss, optimizer, max_norm=None):
    r"""Une mise à jour des poids, en cinq étapes.

    1. Passage avant : les logits :math:`\hat{y}` ;
    2. la perte :math:`L(\hat{y}, y)` ;
    3. la remise à zéro des gradients, que PyTorch accumule sinon ;
    4. le passage arrière : :math:`\partial L / \partial \theta` ;
    5. le pas de l'optimiseur, après un écrêtage éventuel du gradient.

    Args:
        model: le réseau.
        batch: un couple ``(x, y)``.
        loss: une fonction ``loss(logits, y)`` qui rend un tenseur sans dimension.
        optimizer: l'optimiseur ; la norme et l'écrêtage portent sur les poids dont il a la charge.
        max_norm: le seuil d'écrêtage, voir :func:`~notebook_utils.gradients.jacobians.clip_by_norm` ;
            sans lui, le gradient n'est pas écrêté. Écart à cette fonction : comme PyTorch,
            le gradient est multiplié par :math:`\min(1, c / (\lVert g \rVert + 10^{-6}))`,
            et sa norme reste donc un peu en deçà du seuil :math:`c`.

    Returns:
        Un :class:`Update` : la perte et la norme du gradient, mesurées avant le pas.

    Raises:
        FloatingPointError: si la perte ou le gradient n'est pas un nombre fini ;
            les poids ne sont alors pas modifiés.
        TypeError: si ``batch`` n'est pas un couple, si le réseau rend un couple (une couche récurrente nue)
            au lieu de logits, si la perte n'est pas un tenseur, si ``optimizer`` n'est pas un optimiseur,
            ou s'il recalcule lui-même la perte (``LBFGS``).
        ValueError: si ``max_norm`` n'est pas strictement positif, si la perte a des dimensions ou ne dépend
            d'aucun poids, ou si aucun poids de l'optimiseur n'a de gradient : c'est celui d'un autre réseau.

    Example:
        >>> from notebook_utils.learning.answers import cross_entropy
        >>> model = nn.Linear(3, 2)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> batch = torch.ones(4, 3), torch.zeros(4, dtype=torch.long)
        >>> first, second = (train_step(model, batch, cross_entropy, optimizer) for _ in range(2))
        >>> second.loss < first.loss
        True
    """
    x, y = _pair(batch)
    _check_step(model, loss, optimizer, max_norm)
    logits = _logits(model, x)  # 1. passage avant
    value = _checked_loss(loss(logits, y), learning=True)  # 2. perte
    _check_finite("la perte", value.item())
    optimizer.zero_grad()  # 3. remise à zéro des gradients
    value.backward()  # 4. passage arrière
    gradient_norm = _clip(_weights_with_gradient(optimizer), max_norm)
    _check_finite("la norme du gradient", gradient_norm.item())
    optimizer.step()  # 5. pas de l'optimiseur
    return Update(value.item(), gradient_norm.item())


@torch.no_grad()
def evaluate(model, batches, loss, correct=same_class):
    r"""Mesure un réseau sur des lots qu'il n'a pas appris.

    Aucun gradient n'est calculé. Chaque réponse compte autant, même si les lots sont inégaux.

    Args:
        model: le réseau, mis en mode ``eval`` le temps de la mesure ; chacun de ses modules
            retrouve ensuite son mode, même après une erreur.
        batches: des lots ``(x, y)`` ; pour un seul, ``[batch]``.
        loss: une fonction ``loss(logits, y)`` qui rend une moyenne sur le lot.
        correct: une fonction ``correct(logits, y)`` qui dit quelles réponses sont justes :
            :func:`~notebook_utils.learning.answers.same_class`,
            :func:`~notebook_utils.learning.answers.same_bit`, ou une autre.

    Returns:
        Une :class:`Evaluation` ``(loss, accuracy, errors, answers)``.

    Raises:
        FloatingPointError: si la perte n'est pas un nombre fini.
        TypeError: si ``model`` n'est pas un ``torch.nn.Module``, si un lot n'est pas un couple,
            si le réseau rend un couple au lieu de logits, ou ``correct`` autre chose que des booléens.
        ValueError: s'il n'y a aucune réponse à mesurer, si ``correct`` n'en rend pas une par réponse,
            ou si ``loss`` n'est pas une moyenne (``reduction="sum"``).

    Example:
        >>> from notebook_utils.learning.answers import cross_entropy
        >>> batch = torch.eye(3), torch.tensor([0, 1, 1])
        >>> evaluate(nn.Identity(), [batch], cross_entropy).errors
        1
    """
    check_module(model)
    check_iterable("batches", batches, "des lots (x, y) ; pour un seul, [batch]")
    check_callable("loss", loss, "une fonction loss(logits, y)")
    check_callable("correct", correct, "une fonction correct(logits, y)")
    if getattr(loss, "reduction", "mean") != "mean":
        raise ValueError(f"loss : reçu reduction={loss.reduction!r}, attendu une moyenne sur le lot")
    total, right, answers = 0.0, 0, 0
    with _eval_mode(model):
        for batch in batches:
            x, y = _pair(batch)
            logits = _logits(model, x)
            hits = _checked_hits(correct(logits, y), logits)
            total += _checked_loss(loss(logits, y)).item() * hits.numel()
            right += int(hits.sum())
            answers += hits.numel()
    if not answers:
        raise ValueError("batches : reçu aucune réponse, attendu au moins un lot non vide")
    _check_finite("la perte", total)
    return Evaluation(total / answers, right / answers, answers - right, answers)


def fit(
    model, draw, loss, optimizer, updates, *, generator,
    max_norm=None, every=100, measure=None, stop=None, checkpoint=None,
):  # fmt: skip
    r"""Entraîne un réseau : répète :func:`train_step` sur des lots tirés au hasard.

    À chaque multiple de ``every``, et après la dernière mise à jour, une ligne s'ajoute à l'historique :
    la moyenne de la perte et de la norme du gradient sur l'intervalle, et ce que rend ``measure``.
    C'est alors que ``stop`` décide, et que le point de reprise s'écrit.

    Si le fichier ``checkpoint`` existe, l'entraînement reprend là où il en était ;
    sur une même machine, le résultat est, au bit près, celui d'un entraînement ininterrompu.
    Un processus tué perd au plus un intervalle.
    On peut reprendre pour aller plus loin (``updates`` plus grand) : les poids sont encore ceux
    d'un entraînement ininterrompu. Si la dernière ligne de l'historique avait moins
    de ``every`` mises à jour, elle reste, et la suivante va jusqu'au multiple de ``every`` :
    ``updates=12``, puis ``updates=20``, avec ``every=5``, donnent les lignes 5, 10, 12, 15 et 20.
    Chaque graine a son fichier : celui d'une autre est refusé.
    Il faut pour cela que tout le hasard vienne de ``generator``, ce qui exclut ``nn.Dropout``,
    et que ``draw`` et ``model`` ne gardent pas d'état d'un lot à l'autre.

    Une barre de progression s'affiche si quelqu'un regarde,
    voir :func:`~notebook_utils.learning.progress.is_watched`.

    Args:
        model: le réseau, entraîné sur place ; il est mis en mode ``train``, tous ses modules compris,
            et y reste.
        draw: une fonction ``draw(generator)`` qui rend un lot ``(x, y)``.
        loss: une fonction ``loss(logits, y)`` qui rend un tenseur sans dimension.
        optimizer: l'optimiseur, comme pour :func:`train_step`.
        updates: le nombre de mises à jour, au plus.
        generator: le ``torch.Generator`` d'où viennent les lots.
        max_norm: le seuil d'écrêtage du gradient ; aucun par défaut.
        every: le nombre de mises à jour d'un intervalle.
        measure: une fonction ``measure(model)`` qui rend un dictionnaire ``{nom: nombre}``
            à joindre à l'historique, sous d'autres noms que les siens ;
            elle ne doit rien tirer de ``generator``.
        stop: une fonction ``stop(history)`` qui dit s'il faut s'arrêter là.
        checkpoint: le fichier du point de reprise, dans un dossier qui existe ; aucun par défaut.

    Returns:
        L'historique, ``{nom: liste de nombres}``, avec une valeur par intervalle :
        ``"step"``, le nombre de mises à jour faites ; ``"loss"`` et ``"gradient_norm"``,
        des moyennes sur l'intervalle ; puis les noms de ``measure``.

    Raises:
        FileNotFoundError: si le dossier de ``checkpoint`` n'existe pas.
        FloatingPointError: comme :func:`train_step` ; le message donne la mise à jour fautive.
        OSError: si le point de reprise ne peut pas s'écrire (disque plein).
        TypeError: comme :func:`train_step`, ou si ``generator`` n'est pas un ``torch.Generator``,
            si un nombre de mises à jour n'est pas un entier,
            ou si ``measure`` rend autre chose qu'un dictionnaire de nombres.
        ValueError: comme :func:`train_step`, ou si un nombre n'est pas strictement positif, si ``measure`` reprend
            un nom de l'historique, si ``checkpoint`` désigne autre chose qu'un fichier ordinaire,
            ou si le point de reprise est abîmé, vient d'une autre graine
            ou dépasse ``updates``, voir :func:`~notebook_utils.learning.checkpoints.load_checkpoint`.

    Example:
        >>> from notebook_utils.learning.answers import cross_entropy
        >>> def draw(generator):
        ...     x = torch.randn(16, 2, generator=generator)
        ...     return x, (x[:, 0] > x[:, 1]).long()
        >>> model, generator = nn.Linear(2, 2), torch.Generator().manual_seed(0)
        >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        >>> history = fit(model, draw, cross_entropy, optimizer, 100, generator=generator, every=50,
        ...               stop=lambda history: history["loss"][-1] < 0.01)
        >>> history["step"], history["loss"][-1] < 0.2
        ([50, 100], True)
    """
    updates, every = check_integer("updates", updates), check_integer("every", every)
    check_generator(generator)
    check_module(model)
    _check_step(model, loss, optimizer, max_norm)
    check_callable("draw", draw, "une fonction draw(generator)")
    for name, function in (("measure", measure), ("stop", stop)):
        if function is not None:
            check_callable(name, function, "une fonction, ou None")
    if checkpoint is not None:
        check_path("checkpoint", checkpoint)
    resumed = checkpoint is not None and Path(checkpoint).exists()
    step, history = load_checkpoint(checkpoint, model, optimizer, generator, updates) if resumed else Progress(0, {})
    model.train()
    with progress_bar(updates, "mises à jour", first=step) as bar:
        while step < updates and not (history and stop is not None and stop(history)):
            last = min((step // every + 1) * every, updates)
            interval = [
                _numbered_step(number, model, draw(generator), loss, optimizer, max_norm)
                for number in range(step + 1, last + 1)
            ]
            step, done = last, last - step
            _record(history, step, interval, measure(model) if measure else {})
            if checkpoint is not None:
                save_checkpoint(checkpoint, model, optimizer, generator, step, history)
            bar.set_postfix_str(f"perte {history['loss'][-1]:.3g}".replace(".", ","), refresh=False)
            bar.update(done)
    return history


def _numbered_step(number, *arguments):
    """Une mise à jour ; une perte infinie ou indéfinie dit laquelle."""
    try:
        return train_step(*arguments)
    except FloatingPointError as error:
        raise FloatingPointError(f"mise à jour {number} : {error}") from None


def _record(history, step, interval, measures):
    """Ajoute une ligne à l'historique, tout entière ou pas du tout."""
    if not isinstance(measures, dict):
        raise TypeError(f"measure : reçu {type(measures).__name__}, attendu un dictionnaire {{nom: nombre}}")
    row = {
        "step": step,
        "loss": fmean(update.loss for update in interval),
        "gradient_norm": fmean(update.gradient_norm for update in interval),
    }
    for name in measures:
        if name in row:
            raise ValueError(f"measure : reçu le nom {name!r}, attendu un autre que {', '.join(row)}")
    measures = {name: as_number(f"measure, {name!r}", value) for name, value in measures.items()}
    for name, value in (row | measures).items():
        history.setdefault(name, []).append(value)


@contextmanager
def _eval_mode(model):
    """Le mode ``eval`` pour tous les modules, qui retrouvent ensuite chacun le leur."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _logits(model, x):
    """Rend ``model(x)`` ; une couche récurrente nue, qui rend aussi son état, est refusée."""
    logits = model(x)
    if isinstance(logits, tuple):
        raise TypeError(
            "model : reçu une couche, qui rend (outputs, state), attendu un réseau, qui rend des logits ; "
            "enveloppez-la dans SequenceClassifier ou SequenceTagger"
        )
    check_tensor("model", logits, "un réseau, qui rend un tenseur de logits")
    return logits


def _checked_loss(value, learning=False):
    """Rend la perte, un tenseur sans dimension ; pour apprendre, elle doit dépendre des poids."""
    check_tensor("loss", value, "une fonction qui rend un tenseur sans dimension")
    if value.shape != ():
        raise ValueError(f"loss : reçu une perte de forme {tuple(value.shape)}, attendu un tenseur sans dimension")
    if learning and not value.requires_grad:
        raise ValueError("loss : reçu une perte qui ne dépend d'aucun poids, attendu un calcul dérivable, sans detach")
    return value


def _checked_hits(hits, logits):
    """Rend les réponses justes : un booléen par réponse, que la réponse soit un logit ou un vecteur de logits."""
    check_tensor("correct", hits, "une fonction qui rend un tenseur de booléens")
    if hits.dtype != torch.bool:
        raise TypeError(f"correct : reçu le type {hits.dtype}, attendu torch.bool")
    if hits.shape not in (logits.shape, logits.shape[:-1]):
        expected = f"{tuple(logits.shape[:-1])} ou {tuple(logits.shape)}, une par réponse"
        raise ValueError(f"correct : reçu la forme {tuple(hits.shape)}, attendu {expected}")
    return hits


def _weights_with_gradient(optimizer):
    """Rend les poids de l'optimiseur que la perte a atteints ; aucun, c'est l'optimiseur d'un autre réseau."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"] if weight.grad is not None]
    if not weights:
        raise ValueError(
            "optimizer : reçu un optimiseur dont aucun poids n'a de gradient, attendu celui des poids du réseau"
        )
    return weights


def _clip(parameters, max_norm):
    """Rend la norme commune des gradients, après les avoir écrêtés sur place s'il le faut."""
    gradients = [weight.grad for weight in parameters]
    norm = nn.utils.get_total_norm(gradients)
    if not norm.isfinite():  # en float32, le carré de 10²⁰ déborde : un gradient fini peut avoir une norme infinie
        norm = nn.utils.get_total_norm([gradient.double() for gradient in gradients])
    if max_norm is not None:
        nn.utils.clip_grads_with_norm_(parameters, max_norm, norm)
    return norm


def _pair(batch):
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise TypeError(f"batch : reçu {_kind(batch)}, attendu un couple (x, y)")
    return batch


def _kind(value):
    name = type(value).__name__
    return f"{name} de longueur {len(value)}" if isinstance(value, tuple | list) else name


def _check_finite(name, value):
    if not math.isfinite(value):
        raise FloatingPointError(f"{name} vaut {value}, attendu un nombre fini")


def _check_step(model, loss, optimizer, max_norm):
    """Refuse ce qui n'est pas de quoi faire une mise à jour."""
    check_callable("model", model, "un réseau")
    check_callable("loss", loss, "une fonction loss(logits, y)")
    check_optimizer(optimizer)
    if isinstance(optimizer, torch.optim.LBFGS):
        raise TypeError("optimizer : reçu LBFGS, qui recalcule la perte à chaque pas, attendu SGD, Adam, RMSprop…")
    if max_norm is not None:
        check_positive("max_norm", max_norm)
