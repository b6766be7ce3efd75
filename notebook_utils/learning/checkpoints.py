r"""Points de reprise : arrêter un entraînement, volontairement ou non, puis le continuer.

Un point de reprise contient tout ce dont la suite dépend :
les poids, l'état de l'optimiseur, celui du générateur de nombres aléatoires,
le nombre de mises à jour déjà faites et leur historique.
"""

import errno
import hashlib
import io
import os
import pickle
from pathlib import Path
from typing import NamedTuple

import torch

from .._checks import as_number, check_integer
from .._tensor_checks import check_generator, check_module, check_optimizer

__all__ = ["Progress", "load_checkpoint", "save_checkpoint"]

_HEADER = b"notebook_utils checkpoint 1\n"
_DIGEST_SIZE = hashlib.sha256().digest_size


class Progress(NamedTuple):
    """Où en est un entraînement.

    Example:
        >>> Progress(step=100, history={"step": [100], "loss": [1.2]}).step
        100
    """

    #: Nombre de mises à jour faites.
    step: int
    #: Historique, ``{nom: liste de nombres}``, tel que le rend :func:`~notebook_utils.learning.training.fit`.
    history: dict


def save_checkpoint(path, model, optimizer, generator, step, history):
    r"""Écrit un point de reprise, sans jamais abîmer le précédent.

    Le fichier est d'abord écrit à côté, sous le nom ``path`` suivi du numéro du processus
    et de ``.partiel``, puis forcé sur le disque (``fsync``) ; il prend alors d'un seul coup la place de l'ancien.
    Un processus tué à n'importe quel instant laisse donc l'ancien fichier, ou le nouveau,
    jamais un mélange des deux ; il peut laisser aussi le fichier partiel, que l'écriture suivante efface.
    Une empreinte SHA-256 précède le contenu : un fichier abîmé plus tard est reconnu.
    Le fichier remplacé doit être un point de reprise de la même graine, et pas plus avancé :
    de deux processus qui écriraient le même, le retardataire est refusé.

    Args:
        path: le fichier à écrire ; son dossier doit exister ; ni lien symbolique, ni fichier spécial.
        model: le réseau, un ``torch.nn.Module``.
        optimizer: son optimiseur.
        generator: le ``torch.Generator`` dont les lots sont tirés.
        step: le nombre de mises à jour faites.
        history: l'historique, ``{nom: liste de nombres}`` ; les nombres de NumPy et de PyTorch
            sont écrits comme des nombres de Python.

    Raises:
        FileNotFoundError: si le dossier n'existe pas.
        OSError: si le système refuse l'écriture : disque plein, droits insuffisants.
        TypeError: si ``path``, ``model``, ``optimizer``, ``generator`` ou ``step`` n'est pas du type voulu,
            ou si l'historique contient autre chose que des listes de nombres.
        ValueError: si ``step`` est négatif, si ``path`` désigne autre chose qu'un fichier ordinaire,
            ou un fichier qui n'est pas un point de reprise, qui est abîmé, d'une autre graine ou plus avancé.

    Example:
        >>> import tempfile
        >>> model, generator = torch.nn.Linear(2, 1), torch.Generator()
        >>> optimizer = torch.optim.Adam(model.parameters())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "essai.reprise"
        ...     save_checkpoint(path, model, optimizer, generator, 7, {"loss": [0.5]})
        ...     load_checkpoint(path, model, optimizer, generator)
        Progress(step=7, history={'loss': [0.5]})
    """
    check_module(model)
    check_optimizer(optimizer)
    check_generator(generator)
    path = check_path("path", path)
    step = check_integer("step", step, minimum=0)
    history = _plain_history(history)
    if path.exists():
        _check_may_replace(path, step, generator)
    content = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "optimizer_kind": type(optimizer).__name__,
        "generator": generator.get_state(),
        "step": step,
        "history": history,
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    payload = buffer.getvalue()
    _write_atomically(path, _HEADER + hashlib.sha256(payload).digest() + payload)


def load_checkpoint(path, model, optimizer, generator, updates=None):
    r"""Relit un point de reprise et remet tout dans l'état enregistré.

    Rien n'est modifié tant que le fichier entier n'est pas vérifié.
    Les réglages de l'optimiseur (son taux d'apprentissage, par exemple)
    redeviennent eux aussi ceux du fichier.
    Le fichier ne peut contenir que des nombres et des tenseurs : le relire n'exécute aucun code.
    Il ne convient qu'à la graine dont il vient : il faut un fichier par graine.

    Args:
        path: le fichier, écrit par :func:`save_checkpoint`.
        model: un réseau de même architecture, modifié sur place.
        optimizer: un optimiseur de même espèce, sur les mêmes poids, modifié sur place.
        generator: le générateur des lots, de même graine, modifié sur place.
        updates: le nombre de mises à jour à ne pas dépasser ; aucun par défaut.

    Returns:
        Le couple :class:`Progress` ``(step, history)``.

    Raises:
        FileNotFoundError: si le fichier n'existe pas.
        TypeError: si ``path``, ``model``, ``optimizer``, ``generator`` ou ``updates`` n'est pas du type voulu.
        ValueError: si le fichier est abîmé, n'est pas un point de reprise,
            vient d'un autre réseau, d'un autre optimiseur ou d'une autre graine,
            ou d'un entraînement de plus de ``updates`` mises à jour.

    Example:
        >>> model = torch.nn.Linear(2, 1)
        >>> optimizer = torch.optim.Adam(model.parameters())
        >>> load_checkpoint("absent.reprise", model, optimizer, torch.Generator())
        Traceback (most recent call last):
        ...
        FileNotFoundError: path : reçu 'absent.reprise', attendu un point de reprise qui existe
    """
    check_module(model)
    check_optimizer(optimizer)
    check_generator(generator)
    path = check_path("path", path)
    if updates is not None:
        updates = check_integer("updates", updates)
    if not path.is_file():
        raise FileNotFoundError(f"path : reçu {str(path)!r}, attendu un point de reprise qui existe")
    content = _read(path)
    _check_same_model(path, content["model"], model.state_dict())
    _check_same_optimizer(path, content, optimizer)
    _check_same_seed(path, content["generator"], generator)
    _check_not_beyond(path, content["step"], updates)
    model.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])
    generator.set_state(content["generator"])
    return Progress(content["step"], content["history"])


def _write_atomically(path, data):
    """Écrit à côté, force sur le disque, puis renomme : tout ou rien."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partiel")  # deux processus ne se gênent pas
    try:
        _sweep(path)
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        if os.name == "posix":  # le nouveau nom aussi doit survivre à une coupure de courant
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
    except OSError as error:
        reason = _REFUSALS.get(error.errno, error.strerror)
        message = f"path : reçu {str(path)!r}, que le système refuse d'écrire ({reason}) ; l'ancien fichier est intact"
        raise OSError(error.errno, message) from error
    finally:
        partial.unlink(missing_ok=True)


_REFUSALS = {
    errno.ENOSPC: "disque plein",
    errno.EDQUOT: "quota de disque atteint",
    errno.EFBIG: "fichier trop gros",
    errno.EACCES: "droits insuffisants",
    errno.EPERM: "droits insuffisants",
    errno.EROFS: "disque en lecture seule",
    errno.ENAMETOOLONG: "nom trop long",
}


def _sweep(path):
    """Efface les fichiers partiels que des processus tués ont laissés."""
    for leftover in path.parent.glob(f"{_literal(path.name)}.*.partiel"):
        owner = leftover.name.removeprefix(f"{path.name}.").removesuffix(".partiel")
        if owner.isdecimal() and not is_alive(int(owner)):
            leftover.unlink(missing_ok=True)


def _literal(name):
    """Un nom de fichier, protégé pour ``glob``."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def is_alive(process):
    """Dit si un processus existe ; dans le doute, oui."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _check_may_replace(path, step, generator):
    """Refuse d'écrire par-dessus un autre fichier, une autre graine, ou un entraînement plus avancé."""
    present = _read(path)
    _check_same_seed(path, present["generator"], generator)
    if present["step"] > step:
        raise ValueError(
            f"path : reçu {str(path)!r}, déjà écrit après {present['step']} mises à jour, attendu {step} au plus ; "
            "un autre processus s'en sert peut-être : un fichier par entraînement, ou effacez-le"
        )


def _read(path):
    """Relit le contenu, sans exécuter aucun code."""
    payload = io.BytesIO(_verified_payload(path))
    try:
        return torch.load(payload, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"path : reçu {str(path)!r}, qui contient autre chose que des nombres et des tenseurs, "
            "attendu un fichier écrit par save_checkpoint"
        ) from error


def _verified_payload(path):
    """Rend le contenu si son empreinte est la bonne ; refuse un fichier abîmé."""
    data = path.read_bytes()
    if not data.startswith(_HEADER):
        raise ValueError(
            f"path : reçu {str(path)!r}, qui n'est pas un point de reprise ou dont le début est abîmé, "
            "attendu un fichier écrit par save_checkpoint"
        )
    start = len(_HEADER) + _DIGEST_SIZE
    digest, payload = data[len(_HEADER) : start], data[start:]
    if hashlib.sha256(payload).digest() != digest:
        raise ValueError(
            f"path : reçu {str(path)!r}, point de reprise abîmé ({len(data)} octets, empreinte fausse), "
            "attendu un fichier intact ; effacez-le pour repartir du début"
        )
    return payload


def _check_same_model(path, saved, present):
    saved = {name: (tuple(w.shape), w.dtype) for name, w in saved.items()}
    present = {name: (tuple(w.shape), w.dtype) for name, w in present.items()}
    for name in [*saved, *present]:
        if saved.get(name) != present.get(name):
            raise ValueError(
                f"path : reçu {str(path)!r}, enregistré avec un autre réseau "
                f"({name} : {_described(saved.get(name))}), attendu {_described(present.get(name))}"
            )


def _described(weight):
    return "absent" if weight is None else f"forme {weight[0]}, {weight[1]}"


def _check_same_optimizer(path, content, optimizer):
    groups = [len(group["params"]) for group in content["optimizer"]["param_groups"]]
    saved = (content["optimizer_kind"], groups)
    present = (type(optimizer).__name__, [len(group["params"]) for group in optimizer.param_groups])
    if saved != present:
        raise ValueError(
            f"path : reçu {str(path)!r}, enregistré avec un autre optimiseur "
            f"({saved[0]}, paramètres par groupe {saved[1]}), attendu {present[0]}, {present[1]}"
        )


def _check_same_seed(path, state, generator):
    saved = torch.Generator(generator.device)
    saved.set_state(state)
    if saved.initial_seed() != generator.initial_seed():
        raise ValueError(
            f"path : reçu {str(path)!r}, enregistré avec la graine {saved.initial_seed()}, "
            f"attendu {generator.initial_seed()} ; un fichier par graine"
        )


def _check_not_beyond(path, step, updates):
    if updates is not None and step > updates:
        raise ValueError(
            f"path : reçu {str(path)!r}, enregistré après {step} mises à jour, attendu {updates} au plus (updates)"
        )


def check_path(name, path):
    """Rend le chemin d'un fichier ordinaire, présent ou à venir, dans un dossier qui existe."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{name} : reçu {type(path).__name__}, attendu un chemin, texte ou Path")
    path = Path(path)
    if not path.name or "\0" in str(path):
        raise ValueError(f"{name} : reçu {str(path)!r}, attendu le nom d'un fichier")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{name} : reçu {str(path)!r}, attendu un fichier dans un dossier qui existe")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        kind = "un lien symbolique" if path.is_symlink() else "un dossier" if path.is_dir() else "un fichier spécial"
        raise ValueError(f"{name} : reçu {str(path)!r}, {kind}, attendu un fichier ordinaire")
    return path


def _plain_history(history):
    """Rend l'historique en listes de nombres de Python."""
    if not isinstance(history, dict) or not all(isinstance(values, list | tuple) for values in history.values()):
        raise TypeError(f"history : reçu {type(history).__name__}, attendu un dictionnaire {{nom: liste de nombres}}")
    return {name: [as_number(name, value) for value in values] for name, values in history.items()}
