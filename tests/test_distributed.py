"""Plusieurs processus : la même arithmétique qu'un seul, un mort rapporté, pas d'orphelin, la reprise au bit près."""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from sources import ROOT
from torch.distributed.run import get_args_parser
from torch.nn.functional import cross_entropy

from notebook_utils import (
    FusedLSTM,
    LanguageModel,
    WorkerError,
    accumulate,
    launch,
    load_checkpoint,
    process_group,
    seeded,
    shard,
    weighted_loss,
)

#: Un petit modèle de langue, un lot de lignes inégales : la perte ignore le remplissage, codé −100.
COMMON = """
import json, os, signal, sys, time
from pathlib import Path
import torch
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from notebook_utils import (
    FusedLSTM, LanguageModel, load_checkpoint, process_group, save_checkpoint, seeded, shard, weighted_loss)

def build():
    generator = seeded(3)
    model = LanguageModel(FusedLSTM(4, 6, generator=generator), 9, generator=generator).double()
    return model, torch.optim.AdamW(model.parameters(), 1e-2), generator

def draw(generator, rows=5, length=24):
    x, y = torch.randint(9, (2, rows, length), generator=generator)
    ends = torch.randint(2, length, (rows, 1), generator=generator)
    return x, y.masked_fill(torch.arange(length) > ends, -100)

def mean_loss(logits, y):
    return cross_entropy(logits.flatten(0, 1), y.flatten())

def count(y):
    return int((y != -100).sum())
"""
TRAIN = """
def train(folder, updates=12, every=4, dies=0):
    path = Path(folder) / "essai.reprise"
    with process_group() as (rank, world, device):
        model, optimizer, generator = build()
        step, history = 0, {"loss": []}
        if path.exists():
            step, history = load_checkpoint(path, model, optimizer, generator)
        replica = DistributedDataParallel(model)
        while step < updates:
            step += 1
            x, y = draw(generator)
            mine = shard(len(y), rank, world)
            loss, value = weighted_loss(mean_loss(replica(x[mine]), y[mine]), count(y[mine]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history["loss"].append(value)
            if rank == 0 and step % every == 0:
                save_checkpoint(path, model, optimizer, generator, step, history)
            if rank == 1 and step == dies:
                os.kill(os.getpid(), signal.SIGKILL)

train(sys.argv[1], **json.loads(sys.argv[2]))
"""
HELPERS = {}
exec(compile(COMMON, "commun", "exec"), HELPERS)
build, draw, mean_loss, count = (HELPERS[name] for name in ("build", "draw", "mean_loss", "count"))
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="les processus se lisent dans /proc")


def program(folder, text):
    path = folder / "ouvrier.py"
    path.write_text(text, encoding="utf-8")
    return path


def run(folder, processes, options="{}"):
    folder.mkdir(exist_ok=True)
    return launch(program(folder, COMMON + TRAIN), processes, [folder, options], limit=100)


def result(folder):
    model, optimizer, generator = build()
    step, history = load_checkpoint(folder / "essai.reprise", model, optimizer, seeded(3))
    return step, history["loss"], model.state_dict()


def still_running(mark):
    """Les processus dont la ligne de commande contient ce texte."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark in path.read_bytes().decode(errors="replace") and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def vanish(mark, seconds=10.0):
    """Attend que ces processus finissent ; rend ceux qui restent."""
    limit = time.monotonic() + seconds
    while still_running(mark) and time.monotonic() < limit:
        time.sleep(0.1)
    return still_running(mark)


@pytest.mark.parametrize(("total", "world"), [(16, 2), (5, 2), (7, 3), (3, 3), (1, 1)])
def test_shards_are_a_partition(total, world):
    parts = [list(range(total))[shard(total, rank, world)] for rank in range(world)]
    assert sum(parts, []) == list(range(total))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def gradient(loss_of):
    model, _, generator = build()
    batch = draw(seeded(5))
    value = loss_of(model, batch)
    return value, torch.cat([weight.grad.flatten() for weight in model.parameters()])


def whole(model, batch):
    loss = mean_loss(model(batch[0]), batch[1])
    loss.backward()
    return loss.item()


@pytest.mark.parametrize("parts", [1, 2, 3, 5])
def test_accumulated_gradient_is_the_gradient_of_the_batch(parts):
    value, expected = gradient(whole)
    found, summed = gradient(lambda model, batch: accumulate(model, batch, mean_loss, parts, count))
    assert abs(found - value) < 1e-12 and torch.allclose(summed, expected, rtol=0, atol=1e-12)
    _, naive = gradient(lambda model, batch: accumulate(model, batch, mean_loss, parts, lambda y: 1))
    assert parts == 1 or (naive - expected).norm() > 1e-3 * expected.norm()  # la faute classique se voit


def test_accumulation_adds_to_what_is_there():
    model, batch = torch.nn.Linear(3, 2).double(), (torch.eye(3).double(), torch.tensor([0, 1, 1]))
    accumulate(model, batch, cross_entropy, 3)
    once = model.weight.grad.clone()
    accumulate(model, batch, cross_entropy, 2)
    assert torch.allclose(model.weight.grad, 2 * once, atol=1e-15)


def test_alone_nothing_is_weighted():
    loss = torch.tensor(1.5, requires_grad=True)
    scaled, value = weighted_loss(loss, 7)
    assert scaled is loss and value == 1.5
    with process_group() as (rank, world, device):
        assert (rank, world, device.type) == (0, 1, "cpu")


def test_one_process_two_processes_and_accumulation_learn_the_same(tmp_path, monkeypatch):
    """Double précision, parts inégales ; deux lancements à la fois ; le décalage des graines passe aux ouvriers."""
    monkeypatch.setenv("DECALAGE_GRAINES", "2")
    threads = [threading.Thread(target=run, args=(tmp_path / str(n), n)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    model, optimizer, generator = build()
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        losses.append(accumulate(model, draw(generator), mean_loss, 2, count))
        optimizer.step()
    for processes in (1, 2):
        step, found, weights = result(tmp_path / str(processes))
        assert step == 12
        assert max(abs(a - b) for a, b in zip(found, losses, strict=True)) < 1e-10
        assert all(torch.allclose(weights[name], w, rtol=0, atol=1e-10) for name, w in model.state_dict().items())


@linux
def test_a_killed_worker_is_reported_and_the_rest_resumes_bit_for_bit(tmp_path):
    whole, cut = tmp_path / "entier", tmp_path / "coupe"
    run(whole, 2)
    with pytest.raises(WorkerError, match=r"le rang 1 est mort : signal SIGKILL") as caught:
        run(cut, 2, '{"dies": 7}')
    assert (caught.value.rank, caught.value.exit_code) == (1, -signal.SIGKILL)
    assert sorted(caught.value.pids) == [0, 1] and "l'autre a été arrêté" in str(caught.value)
    assert still_running(str(cut)) == []
    assert result(cut)[0] == 4  # au plus un intervalle est perdu
    run(cut, 2)
    (_, losses, weights), (_, expected, same) = result(cut), result(whole)
    assert losses == expected and all(torch.equal(weights[name], same[name]) for name in weights)


WAITING = """
import sys, time, torch.distributed as dist
from notebook_utils import process_group
with process_group() as (rank, world, device):
    if rank == {faulty}:
        raise ValueError("mauvaise ligne")
    dist.barrier()
    time.sleep(300)
"""


@linux
@pytest.mark.parametrize("faulty", [0, 1])
def test_the_faulty_worker_is_named_and_not_its_victim(tmp_path, faulty):
    start = time.monotonic()
    with pytest.raises(WorkerError) as caught:
        launch(program(tmp_path, WAITING.format(faulty=faulty)), 2)
    assert caught.value.rank == faulty and caught.value.exit_code == 1
    assert str(caught.value).endswith("ValueError: mauvaise ligne") and "fin de son erreur" in str(caught.value)
    assert time.monotonic() - start < 60 and vanish(str(tmp_path)) == []


@linux
def test_a_program_that_never_ends_is_stopped(tmp_path):
    """Même s'il ignore le signal d'arrêt, et ne rejoint aucun groupe."""
    text = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(300)\n"
    with pytest.raises(TimeoutError, match="n'avaient pas fini au bout de 6 s"):
        launch(program(tmp_path, text), 2, limit=6)
    assert vanish(str(tmp_path)) == []


def started(mark, count):
    """Attend que tant d'ouvriers tournent ; rend leurs numéros et ceux de torchrun."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        running = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in still_running(mark)}
        workers = [pid for pid, line in running.items() if b"torch.distributed.run" not in line]
        if len(workers) == count and len(running) == count + 1:
            return workers, [pid for pid in running if pid not in workers]
        time.sleep(0.1)
    raise AssertionError("les ouvriers n'ont pas démarré")


ASLEEP = """
import time
from pathlib import Path
from notebook_utils import process_group
with process_group() as (rank, world, device):
    Path(__file__).with_name(f"pret-{rank}").touch()
    time.sleep(300)
"""


def ready(folder, count):
    limit = time.monotonic() + 60
    while len(list(folder.glob("pret-*"))) < count and time.monotonic() < limit:
        time.sleep(0.1)


@linux
def test_workers_do_not_outlive_torchrun(tmp_path):
    path, caught = program(tmp_path, ASLEEP), []

    def target():
        try:
            launch(path, 2)
        except WorkerError as error:
            caught.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    ready(tmp_path, 2)
    _, agents = started(str(tmp_path), 2)
    os.kill(agents[0], signal.SIGKILL)
    thread.join(20)
    assert "torchrun a échoué" in str(caught[0]) and vanish(str(tmp_path)) == []


@linux
def test_workers_do_not_outlive_the_launcher(tmp_path):
    path = program(tmp_path, ASLEEP)
    code = f"from notebook_utils import launch\nlaunch({str(path)!r}, 2)"
    launcher = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    ready(tmp_path, 2)
    launcher.kill()
    launcher.wait()
    assert vanish(str(tmp_path), 20) == []


def test_outputs_come_back_by_rank(tmp_path):
    text = "import os, sys\nprint('rang', os.environ['RANK'], sys.argv[1:], os.environ['OMP_NUM_THREADS'])\n"
    done = launch(program(tmp_path, text), 2, ["a b", 3], threads=2)
    assert done.outputs == ["rang 0 ['a b', '3'] 2\n", "rang 1 ['a b', '3'] 2\n"] and done.seconds > 0


LINEAR = torch.nn.Linear(2, 2)
PAIR = torch.ones(3, 2), torch.zeros(3, dtype=torch.long)
REFUSALS = [
    (lambda: shard(1, 0, 2), ValueError, "total : reçu 1", "une ligne par processus, soit 2"),
    (lambda: shard(4, 2, 2), ValueError, "rank : reçu 2", "de 0 à 1"),
    (lambda: shard(4, -1, 2), ValueError, "rank : reçu -1", "positif ou nul"),
    (lambda: shard(4.0, 0, 2), TypeError, "total : reçu 4.0", "un entier"),
    (lambda: shard(4, 0, 0), ValueError, "world : reçu 0", "strictement positif"),
    (lambda: weighted_loss(1.0, 2), TypeError, "loss : reçu float", "un tenseur"),
    (lambda: weighted_loss(torch.ones(2), 2), ValueError, r"loss : reçu une perte de forme \(2,\)", "sans dimension"),
    (lambda: weighted_loss(torch.ones(()), 0), ValueError, "count : reçu 0", "strictement positif"),
    (lambda: accumulate(LINEAR, PAIR[0], cross_entropy, 2), TypeError, "batch : reçu Tensor", "un couple"),
    (lambda: accumulate(LINEAR, PAIR, cross_entropy, 4), ValueError, "total : reçu 3", "soit 4"),
    (lambda: accumulate(LINEAR, PAIR, cross_entropy, 2.5), TypeError, "parts : reçu 2.5", "un entier"),
    (lambda: accumulate(LINEAR, PAIR, "perte", 2), TypeError, "loss : reçu 'perte'", "une fonction"),
    (lambda: accumulate(LINEAR, PAIR, cross_entropy, 3, lambda y: 0), ValueError, "count : reçu 0", "positif"),
    (lambda: launch("absent.py", 2), FileNotFoundError, "program : reçu 'absent.py'", "qui existe"),
    (lambda: launch(3, 2), TypeError, "program : reçu int", "un chemin"),
    (lambda: launch(__file__, 0), ValueError, "processes : reçu 0", "strictement positif"),
    (lambda: launch(__file__, True), TypeError, "processes : reçu True", "un entier"),
    (lambda: launch(__file__, 2, "abc"), TypeError, "arguments : reçu 'abc'", "une suite"),
    (lambda: launch(__file__, 2, threads=0), ValueError, "threads : reçu 0", "strictement positif"),
    (lambda: launch(__file__, 2, limit=0), ValueError, "limit : reçu 0", "strictement positif"),
    (lambda: process_group(0).__enter__(), ValueError, "patience : reçu 0", "strictement positif"),
]


@pytest.mark.parametrize(("call", "error", "received", "expected"), REFUSALS)
def test_bad_arguments_are_refused_in_french(call, error, received, expected):
    with pytest.raises(error, match=f"(?s){received}.*attendu.*{expected}"):
        call()


def shell_blocks():
    page = (ROOT / "book" / "echelle.md").read_text("utf-8")
    return re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def torchrun_options(block):
    """Ce que torchrun lirait de ses commandes, continuations réunies, variables du système laissées telles quelles."""
    for row in block.replace("\\\n", " ").splitlines():
        words = shlex.split(row)
        if "torchrun" in words:
            yield get_args_parser().parse_args(words[words.index("torchrun") + 1 :])


def test_commands_of_the_page_parse():
    blocks = shell_blocks()
    assert len(blocks) == 3
    for block in blocks:
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)
    local, slurm = (options for block in blocks for options in torchrun_options(block))
    assert local.standalone and local.nproc_per_node == "2" and local.training_script == "ouvrier.py"
    assert not slurm.standalone and slurm.nnodes == "$SLURM_NNODES" and slurm.rdzv_backend == "c10d"
    assert slurm.rdzv_endpoint.endswith(":29500") and slurm.rdzv_id == "$SLURM_JOB_ID"
    (script,) = (block for block in blocks if "#SBATCH" in block)
    options = dict(re.findall(r"^#SBATCH --([\w-]+)=?(.*)$", script, re.MULTILINE))
    assert set(options) == {
        "job-name", "nodes", "ntasks-per-node", "gpus-per-node", "cpus-per-task", "time", "requeue", "output",
    }  # fmt: skip
    assert options["gpus-per-node"] == slurm.nproc_per_node and options["ntasks-per-node"] == "1"
    assert re.fullmatch(r"\d\d:\d\d:\d\d", options["time"])
    assert int(options["cpus-per-task"]) == 4 * int(slurm.nproc_per_node)  # OMP_NUM_THREADS=4


def test_the_language_model_is_the_one_of_the_chapter():
    """Le programme de la page est fait des fonctions de la page ; son modèle est celui de ``langage``."""
    page, langage = ((ROOT / "book" / f"{name}.md").read_text("utf-8") for name in ("echelle", "langage"))
    assert "FusedLSTM(48, 128, generator=generator)" in page and "(FusedLSTM, 128)" in langage
    assert "layer = Layer(48, H" in langage
    layer = FusedLSTM(48, 128, generator=seeded(0))
    assert LanguageModel(layer, 90, generator=seeded(0)).vocabulary_size == 90
