"""Points de reprise : où ils s'écrivent, par-dessus quoi, et ce qu'ils laissent derrière eux."""

import errno
import os
import subprocess
import sys

import pytest
import torch
from outils import new_generator, refused, same
from torch import nn

from notebook_utils import cross_entropy, fit, load_checkpoint, save_checkpoint


def draw(generator):
    x = torch.randn(8, 2, generator=generator)
    return x, (x[:, 0] > x[:, 1]).long()


def parts(seed=0):
    model = nn.Linear(2, 2)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=new_generator(seed)))
    return model, torch.optim.Adam(model.parameters(), lr=0.1), new_generator(seed + 100)


def run(updates, path, seed=0):
    model, optimizer, generator = parts(seed)
    history = fit(model, draw, cross_entropy, optimizer, updates, generator=generator, every=5, checkpoint=path)
    return history, model.state_dict()


def save(path, step=7):
    return save_checkpoint(path, *parts(), step, {"loss": [0.5]})


@pytest.fixture(params=["save", "fit", "load"])
def use(request):
    """Les trois façons de nommer un fichier."""
    return {"save": save, "fit": lambda path: run(5, path), "load": lambda path: load_checkpoint(path,
        *parts())}[request.param]


# --- Où --------------------------------------------------------------------------------------


def test_a_symbolic_link_is_refused_and_stays(tmp_path, use):
    """Un lien serait remplacé par un fichier, et sa cible laissée vieille."""
    target, link = tmp_path / "cible", tmp_path / "lien"
    save(target)
    link.symlink_to(target)
    before = target.read_bytes()
    with refused(ValueError, ".*lien.*, un lien symbolique", "un fichier ordinaire"):
        use(link)
    assert link.is_symlink() and target.read_bytes() == before
    link.unlink()
    link.symlink_to(tmp_path / "nulle part")
    with refused(ValueError, ".*un lien symbolique", "un fichier ordinaire"):
        use(link)


def test_a_special_file_is_refused_and_stays(tmp_path, use):
    pipe = tmp_path / "tube"
    os.mkfifo(pipe)
    for path, kind in ((pipe, "un fichier spécial"), ("/dev/null", "un fichier spécial"), (tmp_path, "un dossier")):
        with refused(ValueError, f".*, {kind}", "un fichier ordinaire"):
            use(path)
    assert pipe.is_fifo() and list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize(
    ("path", "error", "expected"),
    [(3, TypeError, "un chemin"), (None, TypeError, "un chemin"), ("a\0b", ValueError, "le nom d'un fichier"),
     ("", ValueError, "le nom d'un fichier"), ("/nulle/part/a", FileNotFoundError,
      "un fichier dans un dossier qui existe")],
)  # fmt: skip
@pytest.mark.parametrize("function", [save, lambda path: load_checkpoint(path, *parts())], ids=["save", "load"])
def test_paths_that_name_no_file(function, path, error, expected):
    with refused(error, ".*", expected):
        function(path)


@pytest.mark.parametrize(
    ("change", "error", "received"),
    [({0: None}, TypeError, "NoneType"), ({1: 3}, TypeError, "int"), ({2: 0}, TypeError, "int"), ({3: "3"}, TypeError,
     "'3'"),
     ({3: -1}, ValueError, "-1"), ({3: 2.0}, TypeError, "2.0"), ({4: [1]}, TypeError, "list"), ({4: {"a": 3}},
      TypeError, "dict")],
)  # fmt: skip
def test_arguments_of_save(tmp_path, change, error, received):
    arguments = dict(enumerate([*parts(), 7, {"loss": [0.5]}])) | change
    with refused(error, received, ""):
        save_checkpoint(tmp_path / "a", *arguments.values())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("updates", ["3", 0, 2.5])
def test_arguments_of_load(tmp_path, updates):
    save(tmp_path / "a")
    with pytest.raises((TypeError, ValueError), match="updates : reçu .*attendu un entier"):
        load_checkpoint(tmp_path / "a", *parts(), updates)


# --- Par-dessus quoi -------------------------------------------------------------------------


def test_a_late_process_does_not_overwrite_a_more_advanced_one(tmp_path):
    """Deux processus sur un fichier : le retardataire est refusé, le fichier reste celui du premier."""
    path = tmp_path / "a"
    late = parts()
    fit(late[0], draw, cross_entropy, late[1], 5, generator=late[2], every=5, checkpoint=path)
    ahead = run(20, path)
    before = path.read_bytes()
    with refused(ValueError, ".*déjà écrit après 20 mises à jour", "10 au plus ; un autre processus"):
        save_checkpoint(path, *late, 10, {"loss": [0.5]})
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["a"]
    assert same(run(20, path), ahead)
    save(path, step=20)  # à égalité, un même entraînement écrit la même chose


INTRUDER = """
import sys
from test_checkpoints import run
run(20, sys.argv[1])
"""


def test_two_processes_on_one_file(tmp_path):
    """Pendant qu'un ``fit`` court, un autre processus le dépasse : le premier s'arrête à son écriture suivante."""
    path, calls = tmp_path / "a", []

    def slow(generator):
        calls.append(1)
        if len(calls) == 8:
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
            subprocess.run([sys.executable, "-c", INTRUDER, str(path)], env=environment, check=True)
        return draw(generator)

    model, optimizer, generator = parts()
    with refused(ValueError, ".*déjà écrit après 20", "10 au plus"):
        fit(model, slow, cross_entropy, optimizer, 20, generator=generator, every=5, checkpoint=path)
    assert len(calls) == 10
    assert same(run(20, path), run(20, tmp_path / "seul"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"mes notes de cours", "un fichier écrit par save_checkpoint"), (b"", "un fichier écrit par save_checkpoint"),
     (b"notebook_utils checkpoint 1\n" + bytes(40), "un fichier intact")],
)  # fmt: skip
def test_another_file_is_not_overwritten(tmp_path, content, expected):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with refused(ValueError, ".*notes.txt", expected):
        save(path)
    assert path.read_bytes() == content


def test_another_seed_is_not_overwritten(tmp_path):
    save(tmp_path / "a")
    with refused(ValueError, ".*la graine 100", "101 ; un fichier par graine"):
        save_checkpoint(tmp_path / "a", *parts(1), 9, {})


# --- Ce qui reste ----------------------------------------------------------------------------


def test_leftovers_of_dead_processes_are_swept(tmp_path):
    """Le fichier partiel d'un processus tué disparaît à l'écriture suivante ; celui d'un vivant reste."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    path = tmp_path / "a[1]"
    stay = [tmp_path / name for name in (f"a[1].{os.getppid()}.partiel", f"b.{dead.pid}.partiel", "a[1].notes.partiel")]
    gone = tmp_path / f"a[1].{dead.pid}.partiel"
    for file in (*stay, gone):
        file.write_bytes(b"x")
    save(path)
    assert sorted(tmp_path.iterdir()) == sorted([path, *stay])


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [(errno.ENOSPC, "disque plein", OSError), (errno.EDQUOT, "quota de disque atteint", OSError),
     (errno.EACCES, "droits insuffisants", PermissionError), (errno.EROFS, "disque en lecture seule", OSError)],
)  # fmt: skip
def test_a_full_disk_speaks_french(tmp_path, monkeypatch, code, reason, kind):
    """L'erreur du système est dite en français, l'ancien fichier reste, et rien d'autre."""
    path = tmp_path / "a"
    save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(code, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(kind,
        match=f"reçu .*a', que le système refuse d'écrire .{reason}. ; l'ancien fichier") as caught:
        save(path, step=9)
    assert caught.value.errno == code
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_file_too_large_for_the_system(tmp_path):
    """Une vraie limite, que le système impose : le message est français, le fichier partiel effacé."""
    code = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
from test_checkpoints import save
try:
    save(sys.argv[1])
except OSError as error:
    sys.stdout.write(str(error))
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code, str(tmp_path / "a")]
    child = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "refuse d'écrire (fichier trop gros)" in child.stdout and not list(tmp_path.iterdir())
