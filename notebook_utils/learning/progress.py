"""Une barre de progression, montrée seulement si quelqu'un peut la voir."""

import multiprocessing
import sys

from tqdm import tqdm

__all__ = ["is_watched", "progress_bar"]

_FORMAT = "{desc} : {percentage:3.0f} % |{bar}| {n_fmt}/{total_fmt} [{elapsed} < {remaining}]{postfix}"


def is_watched():
    """Dit si quelqu'un regarde ce programme tourner.

    C'est le cas dans un terminal, et dans un notebook ouvert par un lecteur.
    Ce ne l'est pas quand la sortie va dans un fichier, dans un processus auxiliaire,
    ni quand un programme (Jupyter Book, ``nbval``) exécute le notebook :
    lui seul annonce au noyau que personne ne répondra à une question.

    Returns:
        Vrai ou faux.

    Example:
        >>> is_watched() in (True, False)
        True
    """
    if multiprocessing.current_process().name != "MainProcess":
        return False
    ipython = sys.modules.get("IPython")
    kernel = getattr(ipython and ipython.get_ipython(), "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stderr is not None and sys.stderr.isatty()


def progress_bar(total, label, first=0):
    """Ouvre une barre de progression, effacée à la fin ; muette si personne ne regarde.

    Args:
        total: le nombre d'unités à parcourir.
        label: ce que l'on compte, en français.
        first: le nombre d'unités déjà parcourues.

    Returns:
        La barre de ``tqdm``, à utiliser avec ``with`` et ``update(n)``.

    Example:
        >>> with progress_bar(10, "mises à jour") as bar:
        ...     _ = bar.update(10)
    """
    style = {"leave": False, "bar_format": _FORMAT, "disable": not is_watched()}
    return tqdm(desc=label, total=total, initial=first, **style)
