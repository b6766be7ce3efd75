r"""Les graines du livre : d'où vient le hasard, et comment répéter une expérience.

Tout générateur d'un chapitre sort de :func:`seeded` ; la variable d'environnement ``DECALAGE_GRAINES``
les décale tous à la fois, et ``make graines`` s'en sert pour rejouer le livre avec d'autres tirages.
"""

import math
import os
import warnings
from contextlib import contextmanager

import torch

from .._checks import check_callable, check_integer, check_iterable
from .progress import progress_bar

__all__ = ["run_seeds", "seeded"]

#: Nom de la variable d'environnement qui décale toutes les graines ; absente, rien n'est décalé.
SHIFT_VARIABLE = "DECALAGE_GRAINES"
_STRIDE = 10_000_000  # plus que la plus grande graine d'un chapitre : deux décalages ne partagent rien


def seeded(seed, fixed=None):
    r"""Un générateur de nombres aléatoires, à l'état que désigne une graine.

    C'est ``torch.Generator().manual_seed(seed)``, à ceci près que la variable d'environnement
    ``DECALAGE_GRAINES``, un entier, décale toutes les graines du livre :
    un chapitre rejoué sous un autre décalage refait ses expériences avec d'autres tirages,
    et ses affirmations doivent tenir.

    Args:
        seed: la graine, un entier positif ou nul inférieur à dix millions.
        fixed: la raison, en toutes lettres, pour laquelle ce tirage ne se décale pas
            (un exemple déroulé à la main, un tirage que le texte décrit). Par défaut, il se décale.

    Returns:
        Un ``torch.Generator`` neuf, sur le processeur central.

    Raises:
        TypeError: si ``seed`` n'est pas un entier, ou ``fixed`` pas un texte.
        ValueError: si ``seed`` est hors de ses bornes, si ``fixed`` est vide,
            ou si ``DECALAGE_GRAINES`` n'est pas un entier positif ou nul.

    Example:
        >>> first, second = (torch.rand(3, generator=seeded(0)) for _ in range(2))
        >>> torch.equal(first, second)
        True
        >>> torch.randperm(4, generator=seeded(1, fixed="lot montré dans le texte"))
        tensor([1, 3, 2, 0])
    """
    seed = check_integer("seed", seed, minimum=-math.inf)
    if not 0 <= seed < _STRIDE:
        raise ValueError(f"seed : reçu {seed}, attendu un entier de 0 à {_STRIDE - 1}")
    if fixed is not None and not isinstance(fixed, str):
        raise TypeError(f"fixed : reçu {fixed!r} ({type(fixed).__name__}), attendu la raison, en toutes lettres")
    if fixed is not None and not fixed.strip():
        raise ValueError("fixed : reçu un texte vide, attendu la raison de ne pas décaler la graine")
    shift = 0 if fixed else _shift()
    return torch.Generator().manual_seed(seed + _STRIDE * shift)


def _shift():
    """Le décalage demandé par l'environnement ; 0 sans lui."""
    text = os.environ.get(SHIFT_VARIABLE, "0")
    if not text.isdecimal():
        raise ValueError(f"{SHIFT_VARIABLE} : reçu {text!r}, attendu un entier positif ou nul")
    return int(text)


def run_seeds(function, seeds, processes=None):
    r"""Calcule ``function(seed)`` pour chaque graine, dans plusieurs processus.

    .. math::

        (f(s_1), \dots, f(s_n))

    Une expérience aléatoire ne prouve rien avec une seule graine.
    Celles-ci sont indépendantes : chaque processus en prend une, la calcule sur un seul fil
    d'exécution, et rend son résultat. Le résultat est donc le même, au bit près,
    que celui d'un calcul l'une après l'autre (``processes=1``) sur la même machine.

    La fonction peut vivre dans un module, dans un script ou dans une cellule de notebook :
    ``joblib`` l'envoie aux processus avec les valeurs qu'elle utilise.
    Les processus restent ouverts quelques minutes : le premier appel les attend
    (le temps d'importer PyTorch), les suivants non.
    Ils calculent avec le type de nombres par défaut de l'appelant (``torch.get_default_dtype()``).
    Ce que la fonction imprime dans un autre processus n'arrive pas dans le notebook.

    Si la fonction écrit dans un fichier, il en faut un par graine ; pour un point de reprise
    de :func:`~notebook_utils.learning.training.fit`, ``checkpoint=f"essai-{seed}.reprise"``, par exemple.

    Args:
        function: une fonction d'une graine, qui en tire tout son hasard
            (``torch.Generator().manual_seed(seed)``) ; son résultat doit pouvoir se sérialiser
            avec ``pickle`` (nombres, tableaux, tenseurs sans gradient, dictionnaires…).
        seeds: les graines, des entiers tous différents.
        processes: le nombre de processus ; par défaut un par cœur, jamais plus que de graines.

    Returns:
        La liste des résultats, dans l'ordre des graines.

    Raises:
        RuntimeError: si le calcul d'une graine échoue ; le message donne la graine et l'erreur.
        TypeError: si ``function`` ne s'appelle pas, si ``seeds`` n'est pas une suite,
            ou si une graine ou ``processes`` n'est pas un entier.
        ValueError: si les graines sont absentes ou répétées,
            ou si ``processes`` n'est pas strictement positif.

    Example:
        >>> def first_draw(seed):
        ...     return torch.rand((), generator=torch.Generator().manual_seed(seed)).item() < 1
        >>> run_seeds(first_draw, range(3), processes=1)
        [True, True, True]
    """
    from joblib import cpu_count
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    seeds = _check_seeds(function, seeds, processes)
    processes = min(processes or cpu_count(), len(seeds))
    results = []
    with progress_bar(len(seeds), "graines") as bar, warnings.catch_warnings():
        # loky remplace un ouvrier trop longtemps oisif, ou dont la mémoire a grossi : aucun résultat n'est perdu.
        warnings.filterwarnings("ignore", message="A worker stopped")
        try:
            for result in _outcomes(function, seeds, processes):
                results.append(result)
                bar.update(1)
        except TerminatedWorkerError as error:
            pending = ", ".join(map(str, seeds[len(results) :]))
            raise RuntimeError(f"un processus a été tué (mémoire ?) ; graines sans résultat : {pending}") from error
    return results


def _outcomes(function, seeds, processes):
    """Les résultats, dans l'ordre des graines, au fur et à mesure."""
    dtype = torch.get_default_dtype()
    if processes == 1:
        return (_run_one(function, seed, dtype) for seed in seeds)
    from joblib import Parallel, delayed

    pool = Parallel(n_jobs=processes, backend="loky", batch_size=1, return_as="generator")
    return pool(delayed(_run_one)(function, seed, dtype) for seed in seeds)


def _run_one(function, seed, dtype):
    """Calcule une graine sur un fil d'exécution ; une erreur dit de quelle graine elle vient."""
    with _one_thread(dtype):
        try:
            return function(seed)
        except Exception as error:
            raise RuntimeError(f"graine {seed} : {type(error).__name__} : {error}") from error


@contextmanager
def _one_thread(dtype):
    """Un seul fil d'exécution, et le type de nombres de l'appelant."""
    threads, own_dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_num_threads(1)
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(own_dtype)


def _check_seeds(function, seeds, processes):
    """Vérifie les arguments de :func:`run_seeds` ; rend les graines en entiers de Python."""
    check_callable("function", function, "une fonction d'une graine")
    if processes is not None:
        check_integer("processes", processes)
    check_iterable("seeds", seeds, "une suite d'entiers")
    seeds = [check_integer("seeds", seed, minimum=-math.inf) for seed in seeds]
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds : reçu {seeds}, attendu au moins une graine, toutes différentes")
    return seeds
