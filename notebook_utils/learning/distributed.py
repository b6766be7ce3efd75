r"""Plusieurs processus pour un même apprentissage : couper un lot, réunir les gradients, lancer et surveiller.

Le programme de chaque ouvrier s'écrit entre :func:`process_group` et la fin de son bloc ; :func:`launch` en lance
plusieurs par ``torchrun``, la commande de PyTorch. Deux processus se partagent le lot (:func:`shard`), comme
un seul qui le lirait en plusieurs fois (:func:`accumulate`) : dans les deux cas, chaque part compte selon
son nombre de réponses (:func:`weighted_loss`).
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
import torch.distributed as dist

from .._checks import check_callable, check_integer, check_iterable, check_positive
from .._tensor_checks import check_tensor
from .checkpoints import is_alive

__all__ = ["Launch", "Worker", "WorkerError", "accumulate", "launch", "process_group", "shard", "weighted_loss"]

#: Nom de la variable d'environnement qui donne aux ouvriers le numéro du processus qui les a lancés.
LAUNCHER_VARIABLE = "NOTEBOOK_UTILS_LANCEUR"
_TAIL, _GRACE = 8, 5.0  # lignes citées d'une erreur ; secondes laissées à torchrun pour arrêter les siens
_FAILURE = re.compile(r"rank\s*: (\d+) \(local_rank: \d+\)\s*exitcode\s*: (-?\d+) \(pid: (\d+)\)")
_ECHO = re.compile(r"closed by peer|reset by peer|Broken pipe|NCCL|DistBackendError|timed out", re.IGNORECASE)


class Worker(NamedTuple):
    """La place d'un processus parmi les autres, que donne :func:`process_group`.

    Example:
        >>> rank, world, device = Worker(0, 2, torch.device("cpu"))
        >>> rank, world
        (0, 2)
    """

    #: Rang du processus, de 0 à ``world − 1``.
    rank: int
    #: Nombre de processus.
    world: int
    #: L'appareil où il calcule.
    device: torch.device


class Launch(NamedTuple):
    """Ce que rend :func:`launch` quand tout s'est bien passé.

    Example:
        >>> Launch(seconds=4.2, outputs=["bonjour\\n", ""]).outputs[0]
        'bonjour\\n'
    """

    #: Secondes écoulées, démarrage compris.
    seconds: float
    #: Ce que chaque rang a imprimé, dans l'ordre.
    outputs: list


class WorkerError(RuntimeError):
    """Un ouvrier est mort ; le message dit lequel, comment, et cite la fin de son erreur.

    Args:
        message: ce qui s'est passé, en français.
        rank: le rang du premier mort, ou ``None`` si ``torchrun`` ne l'a pas dit.
        exit_code: son code de sortie ; ``-9`` pour le signal 9.
        pids: les numéros des processus de chaque rang, ``{rang: numéro}``.

    Example:
        >>> WorkerError("le rang 1 est mort", rank=1, exit_code=-9, pids={1: 4242}).rank
        1
    """

    def __init__(self, message, rank=None, exit_code=None, pids=None):
        super().__init__(message)
        self.rank, self.exit_code, self.pids = rank, exit_code, pids or {}


def shard(total, rank, world):
    r"""Donne les lignes d'un lot qui reviennent à un processus.

    .. math::

        \left\lfloor \frac{rN}{P} \right\rfloor \le i < \left\lfloor \frac{(r + 1)N}{P} \right\rfloor

    Les parts sont consécutives, disjointes, réunissent tout le lot, et leurs tailles diffèrent d'une ligne au plus.

    Args:
        total: le nombre :math:`N` de lignes du lot.
        rank: le rang :math:`r` du processus, de 0 à ``world − 1``.
        world: le nombre :math:`P` de processus.

    Returns:
        Une tranche (``slice``).

    Raises:
        TypeError: si un nombre n'est pas un entier.
        ValueError: si le rang est hors de ses bornes, ou s'il y a moins de lignes que de processus.

    Example:
        >>> [shard(7, rank, 2) for rank in range(2)]
        [slice(0, 3, None), slice(3, 7, None)]
    """
    total, world = check_integer("total", total), check_integer("world", world)
    rank = check_integer("rank", rank, minimum=0)
    if rank >= world:
        raise ValueError(f"rank : reçu {rank}, attendu un rang de 0 à {world - 1}")
    if total < world:
        raise ValueError(f"total : reçu {total}, attendu au moins une ligne par processus, soit {world}")
    return slice(rank * total // world, (rank + 1) * total // world)


def weighted_loss(loss, count):
    r"""Pondère la perte d'une part, pour que la moyenne des processus soit celle du lot entier.

    .. math::

        \tilde L_r = \frac{P\, n_r}{N} L_r, \qquad
        \frac{1}{P} \sum_{r} \nabla \tilde L_r = \nabla \Bigl( \frac{1}{N} \sum_r n_r L_r \Bigr) = \nabla L

    :math:`L_r` est la moyenne de la perte sur les :math:`n_r` réponses de la part. ``DistributedDataParallel``
    moyenne les gradients des :math:`P` processus, sans savoir combien chacun avait de réponses :
    les parts inégales doivent donc être pondérées *avant*.
    Tous les processus doivent appeler cette fonction, le même nombre de fois.
    Hors d'un groupe de processus, la perte est rendue telle quelle.

    Args:
        loss: la perte moyenne de la part, un tenseur sans dimension.
        count: le nombre :math:`n_r` de réponses de la part.

    Returns:
        Le couple ``(tenseur, nombre)`` : :math:`\tilde L_r`, à rétropropager, et :math:`L`, la perte du lot entier.

    Raises:
        TypeError: si ``loss`` n'est pas un tenseur, ou ``count`` pas un entier.
        ValueError: si ``loss`` a des dimensions, ou si ``count`` n'est pas strictement positif.

    Example:
        >>> scaled, value = weighted_loss(torch.tensor(2.0), 5)
        >>> scaled.item(), value
        (2.0, 2.0)
    """
    check_tensor("loss", loss, "un tenseur sans dimension")
    if loss.shape != ():
        raise ValueError(f"loss : reçu une perte de forme {tuple(loss.shape)}, attendu un tenseur sans dimension")
    count = check_integer("count", count)
    if not dist.is_initialized():
        return loss, loss.item()
    sums = torch.stack([loss.detach().double() * count, torch.full_like(loss.detach(), count, dtype=torch.float64)])
    dist.all_reduce(sums)  # Σ n_r L_r et N, les mêmes partout
    value, total = (sums[0] / sums[1]).item(), sums[1].item()
    return loss * (dist.get_world_size() * count / total), value


def accumulate(model, batch, loss, parts, count=torch.numel):
    r"""Accumule le gradient d'un lot lu en plusieurs fois, sans mise à jour entre-temps.

    .. math::

        \nabla L = \sum_{r = 0}^{P - 1} \frac{n_r}{N} \nabla L_r

    Le gradient est celui du lot entier, aux arrondis près ; les activations d'une seule part sont en mémoire à la fois.
    Il s'**ajoute** à ce que contient déjà ``.grad`` : appelez d'abord ``optimizer.zero_grad()``.

    Args:
        model: le réseau, tel que ``model(x)`` rende des logits.
        batch: le couple ``(x, y)``, une ligne par exemple.
        loss: une fonction ``loss(logits, y)`` qui rend la moyenne sur les réponses de la part.
        parts: le nombre :math:`P` de parts, coupées par :func:`shard`.
        count: une fonction ``count(y)`` qui compte les réponses d'une part : toutes, par défaut ;
            pour un lot à remplissage, celles que ``loss`` compte.

    Returns:
        La perte du lot entier, un nombre.

    Raises:
        TypeError: si ``batch`` n'est pas un couple, si ``loss`` ou ``count`` ne s'appelle pas.
        ValueError: s'il y a moins de lignes que de parts, ou si une part n'a aucune réponse.

    Example:
        >>> from notebook_utils import cross_entropy
        >>> model = torch.nn.Linear(3, 2)
        >>> batch = torch.eye(3), torch.tensor([0, 1, 1])
        >>> whole = cross_entropy(model(batch[0]), batch[1])
        >>> abs(accumulate(model, batch, cross_entropy, parts=2) - whole.item()) < 1e-6
        True
    """
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise TypeError(f"batch : reçu {type(batch).__name__}, attendu un couple (x, y)")
    check_callable("model", model, "un réseau")
    check_callable("loss", loss, "une fonction loss(logits, y)")
    check_callable("count", count, "une fonction count(y)")
    (x, y), parts = batch, check_integer("parts", parts)
    rows = [shard(len(y), part, parts) for part in range(parts)]
    counts = [check_integer("count", int(count(y[part]))) for part in rows]
    value = 0.0
    for part, n in zip(rows, counts, strict=True):
        share = loss(model(x[part]), y[part]) * (n / sum(counts))
        share.backward()  # s'ajoute à .grad
        value += share.item()
    return value


@contextmanager
def process_group(patience=120.0):
    r"""Rejoint les autres processus, le temps d'un bloc.

    Les variables que pose ``torchrun`` (``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK``…) disent qui l'on est ; sans elles,
    le processus est seul. La communication passe par NCCL si chaque processus de la machine a son GPU, par Gloo sinon.
    Si ``torchrun``, ou le programme qui l'a lancé, meurt, l'ouvrier s'arrête dans la seconde : pas d'orphelin.

    Args:
        patience: secondes au bout desquelles une communication sans réponse est une erreur.

    Yields:
        Un :class:`Worker` ``(rank, world, device)``.

    Raises:
        TypeError: si ``patience`` n'est pas un nombre.
        ValueError: si ``patience`` n'est pas strictement positif.

    Example:
        >>> with process_group() as (rank, world, device):
        ...     rank, world
        (0, 1)
    """
    patience = timedelta(seconds=float(check_positive("patience", patience)))
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        yield Worker(0, 1, torch.device("cpu"))
        return
    _die_with_parents()
    rank, world, local = (int(os.environ.get(name, 0)) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    on_gpu = torch.cuda.is_available() and torch.cuda.device_count() >= int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    device = torch.device("cuda", local) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=patience)
    yield Worker(rank, world, device)
    dist.destroy_process_group()  # pas après une erreur : les autres n'attendent plus rien de nous


def launch(program, processes, arguments=(), *, threads=1, limit=300.0):
    r"""Lance un programme en plusieurs processus par ``torchrun``, sur cette machine, et les surveille.

    C'est la commande ``torchrun --standalone --nproc-per-node=P programme …``, à ceci près que rien ne sort
    de la machine (tout passe par l'adresse locale), que ``torchrun`` choisit un port libre
    (deux lancements simultanés ne se gênent pas), et que cet appel finit toujours :

    - si un ouvrier meurt, les autres sont arrêtés, et :class:`WorkerError` dit lequel, comment et pourquoi ;
    - au bout de ``limit`` secondes, ou si l'on interrompt la cellule, tous sont arrêtés.

    Les variables d'environnement passent aux ouvriers, ``DECALAGE_GRAINES`` comprise.

    Args:
        program: le fichier Python que chaque processus exécute.
        processes: le nombre de processus.
        arguments: les arguments du programme, écrits par ``str``.
        threads: le nombre de fils d'exécution de chacun (``OMP_NUM_THREADS``).
        limit: la durée, en secondes, à ne pas dépasser.

    Returns:
        Un :class:`Launch` ``(seconds, outputs)``.

    Raises:
        FileNotFoundError: si le programme n'existe pas.
        TimeoutError: si la durée est dépassée.
        TypeError: si un argument n'est pas du bon type.
        ValueError: si un nombre n'est pas strictement positif.
        WorkerError: si un ouvrier meurt.

    Example:
        >>> launch("absent.py", 2)
        Traceback (most recent call last):
        ...
        FileNotFoundError: program : reçu 'absent.py', attendu un programme Python qui existe
    """
    command = _command(program, processes, arguments)
    threads, limit = check_integer("threads", threads), float(check_positive("limit", limit))
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        folder, start = Path(folder), time.monotonic()
        command[3:3] = [f"--log-dir={folder / 'journaux'}", "--redirects=3"]
        with open(folder / "torchrun", "wb") as errors:
            agent = subprocess.Popen(
                command, env=_environment(threads), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                start_new_session=True,
            )  # fmt: skip
        try:
            code = agent.wait(limit)
        except subprocess.TimeoutExpired:
            elapsed = f"{limit:g}".replace(".", ",")
            raise TimeoutError(
                f"les {processes} processus n'avaient pas fini au bout de {elapsed} s : ils ont été arrêtés"
            ) from None
        finally:
            _stop(agent)
        seconds, logs = time.monotonic() - start, _logs(folder / "journaux")
        if code:
            raise _failure(processes, seconds, code, (folder / "torchrun").read_text("utf-8", "replace"), logs)
        return Launch(seconds, [logs.get((rank, "stdout"), "") for rank in range(processes)])


def _command(program, processes, arguments):
    """La ligne de commande ; refuse ce qui n'a pas de sens avant de lancer quoi que ce soit."""
    if not isinstance(program, str | os.PathLike):
        raise TypeError(f"program : reçu {type(program).__name__}, attendu un chemin, texte ou Path")
    if not Path(program).is_file():
        raise FileNotFoundError(f"program : reçu {str(program)!r}, attendu un programme Python qui existe")
    check_iterable("arguments", arguments, "une suite d'arguments")
    options = ["--standalone", f"--nproc-per-node={check_integer('processes', processes)}", "--local-addr=127.0.0.1"]
    return [sys.executable, "-m", "torch.distributed.run", *options, str(program), *map(str, arguments)]


def _environment(threads):
    """Les variables des ouvriers : un nombre de fils, l'adresse locale, le même paquet qu'ici."""
    here, paths = Path(__file__).resolve().parents[2], os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if here.name != "site-packages":  # un paquet lu depuis ses sources
        paths.insert(0, str(here))
    names = {name for _, name in socket.if_nameindex()} if hasattr(socket, "if_nameindex") else set()
    loopback = next((name for name in ("lo", "lo0") if name in names), None)
    return (
        os.environ
        | {"OMP_NUM_THREADS": str(threads), LAUNCHER_VARIABLE: str(os.getpid())}
        | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUNBUFFERED": "1"}
        | ({"GLOO_SOCKET_IFNAME": loopback} if loopback else {})
    )


def _stop(agent):
    """Arrête ``torchrun`` et tous ses descendants, s'il en reste."""
    if agent.poll() is not None:
        return
    family = _descendants(agent.pid)
    agent.terminate()  # torchrun arrête alors les siens
    try:
        agent.wait(_GRACE)
    except subprocess.TimeoutExpired:
        agent.kill()
        agent.wait()
    for pid in family:
        try:
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        except OSError:
            continue


def _descendants(pid):
    """Les numéros de tous les descendants d'un processus, d'après le système."""
    if Path("/proc/self/stat").exists():
        stats = (_stat(path) for path in Path("/proc").glob("[0-9]*/stat"))
        pairs = [(int(row[0]), int(row[1])) for row in stats if row]
    else:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, timeout=_GRACE)
        pairs = [tuple(map(int, row.split())) for row in listed.stdout.splitlines()]
    family = [pid]
    for parent in family:
        family += [child for child, ppid in pairs if ppid == parent]
    return family[1:]


def _stat(path):
    """Le numéro d'un processus et celui de son parent ; rien s'il vient de finir."""
    try:
        text = path.read_text()
    except OSError:
        return None
    return path.parent.name, text.rpartition(")")[2].split()[1]


def _logs(folder):
    """Ce que chaque rang a écrit, ``{(rang, "stdout" ou "stderr"): texte}``."""
    found = {}
    for path in sorted(folder.rglob("*.log")):
        found[int(path.parent.name), path.stem] = path.read_text("utf-8", "replace")
    return found


def _failure(processes, seconds, code, report, logs):
    """L'erreur qui dit quel ouvrier est mort, d'après le rapport de ``torchrun`` et les journaux."""
    dead = {int(rank): (int(exit_code), int(pid)) for rank, exit_code, pid in _FAILURE.findall(report)}
    if not dead:
        return WorkerError(f"torchrun a échoué (code {code}) :\n{_tail(report)}", exit_code=code)
    rank = min(dead, key=lambda rank: _suspicion(dead[rank][0], logs.get((rank, "stderr"), "")))
    exit_code = dead[rank][0]
    elapsed = f"{seconds:.1f}".replace(".", ",")
    others = {1: "", 2: " ; l'autre a été arrêté"}.get(processes, " ; les autres ont été arrêtés")
    words = _tail(re.sub(r"^\[rank\d+\]: ?", "", logs.get((rank, "stderr"), ""), flags=re.MULTILINE))
    rows = [f"le rang {rank} est mort : {_cause(exit_code)}", f"{elapsed} s après le lancement{others}"]
    rows.append(f"fin de son erreur :\n{words}" if words else "il n'a laissé aucun message")
    return WorkerError("\n".join(rows), rank, exit_code, {rank: pid for rank, (_, pid) in dead.items()})


def _suspicion(exit_code, words):
    """Range les morts : un signal brutal d'abord, puis une erreur à soi, puis la mort d'un autre, puis l'arrêt."""
    if exit_code == -signal.SIGTERM:
        return 3
    if exit_code < 0:
        return 0
    last = words.strip().rpartition("\n")[2]
    return 2 if _ECHO.search(last) else 1


def _cause(exit_code):
    if exit_code >= 0:
        return f"code de sortie {exit_code}"
    name = next((sign.name for sign in signal.Signals if sign == -exit_code), str(-exit_code))
    return f"signal {name}" + (" (tué, ou mémoire épuisée)" if name == "SIGKILL" else "")


def _tail(text):
    return "\n".join(text.strip().splitlines()[-_TAIL:])


def _die_with_parents():
    """Arrête ce processus si ``torchrun``, ou le programme qui l'a lancé, meurt."""
    parent, launcher = os.getppid(), int(os.environ.get(LAUNCHER_VARIABLE, 0))

    def watch():
        while os.getppid() == parent and (not launcher or is_alive(launcher)):
            time.sleep(0.25)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parents").start()
