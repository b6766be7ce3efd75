"""L'installation : le bon Python, à défaut uv, apt que l'on attend, et des versions que chaque Python accepte."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from sources import ROOT

PYTHONS = ("3.11.2", "3.12.3", "3.13.5")  # Debian 12, Ubuntu 24.04, Debian 13
TOOLS = ("dirname", "basename", "bash", "grep", "mkdir", "cp", "cat", "mktemp", "rm", "seq", "sleep", "wc", "tr")
FAKE_PYTHON = """#!/bin/bash
if [ "$1" = -c ]; then
  case "$2" in *version_info*) {fits} ;; *) exit 0 ;; esac
fi
echo "$(basename "$0") $*" >> "$JOURNAL"
if [ "$1 $2" = "-m venv" ] && [ {venv} = 0 ]; then mkdir -p "$3/bin"; cp "$TOOLS/ok" "$3/bin/python"; fi
exit {venv}
"""
FAKE_UV = """#!/bin/bash
echo "uv $*" >> "$JOURNAL"
[ "$UV_WORKS" = 1 ] || exit 1
mkdir -p .venv/bin; cp "$TOOLS/ok" .venv/bin/python
"""
FAKE_APT = """#!/bin/bash
echo "apt-get $*" >> "$JOURNAL"
[ "$(wc -l < "$JOURNAL")" -gt "$BUSY" ] && exit 0
echo "E: $MESSAGE" >&2
exit 100
"""


class Machine:
    """Un système où ne se trouvent que les outils que l'on y met, et une copie de l'installateur."""

    def __init__(self, folder: Path) -> None:
        self.root, self.tools, self.journal = folder / "depot", folder / "outils", folder / "journal"
        (self.root / "scripts").mkdir(parents=True)
        self.tools.mkdir()
        self.journal.touch()
        for name in ("installer.sh", "paquets-tests.txt"):
            shutil.copy(ROOT / "scripts" / name, self.root / "scripts")
        shutil.copytree(ROOT / "binder", self.root / "binder")
        for path in ROOT.glob("requirements*.txt"):
            shutil.copy(path, self.root)
        for name in TOOLS:
            (self.tools / name).symlink_to(shutil.which(name))
        self.add("ok", FAKE_PYTHON.format(fits="exit 0", venv=0))

    def add(self, name: str, text: str) -> None:
        (self.tools / name).write_text(text, encoding="utf-8")
        (self.tools / name).chmod(0o755)

    def python(self, name: str, fits: bool, venv: int = 0) -> None:
        self.add(name, FAKE_PYTHON.format(fits="exit 0" if fits else "exit 1", venv=venv))

    def install(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        environment = {"PATH": str(self.tools), "JOURNAL": str(self.journal), "TOOLS": str(self.tools)} | variables
        command = ["/bin/bash", "scripts/installer.sh", *arguments]
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=60)

    def steps(self) -> list[str]:
        return self.journal.read_text("utf-8").splitlines()


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("name", ["python3.11", "python3.12", "python3.13", "python3"])
def test_any_supported_python_will_do(machine, name):
    machine.python("python3", fits=False)
    machine.python(name, fits=True)
    result = machine.install("venv", "jupyter")
    assert result.returncode == 0, result.stderr
    assert [step for step in machine.steps() if " -m venv " in step] == [f"{name} -m venv .venv"]
    assert any("-r requirements-jupyter.txt -c constraints.txt" in step for step in machine.steps())


def test_uv_gets_a_python_where_none_fits(machine):
    machine.python("python3", fits=False)
    machine.add("uv", FAKE_UV)
    result = machine.install("venv", "livre", UV_WORKS="1")
    assert result.returncode == 0, result.stderr
    assert machine.steps()[0] == "uv venv --quiet --seed --python 3.13 .venv"


@pytest.mark.parametrize("has_uv", [True, False])
def test_the_remedy_is_said_where_nothing_works(machine, has_uv):
    machine.python("python3", fits=False, venv=1)
    if has_uv:
        machine.add("uv", FAKE_UV)
    result = machine.install("venv", "livre")
    assert result.returncode != 0
    for text in ("3.11, 3.12 ou 3.13", "apt-get install", "docs.astral.sh/uv", "PYTHON="):
        assert text in result.stderr


def test_an_environment_too_old_is_said(machine):
    (machine.root / ".venv" / "bin").mkdir(parents=True)
    machine.python("vieux", fits=False)
    shutil.copy(machine.tools / "vieux", machine.root / ".venv" / "bin" / "python")
    result = machine.install("venv", "livre")
    assert result.returncode != 0 and "rm -rf .venv" in result.stderr


def test_two_installations_wait_for_each_other(machine):
    """Le verrou est ici tenu par le test ; l'installation le dit, attend, puis se fait."""
    fcntl = pytest.importorskip("fcntl")
    machine.python("python3", fits=True)
    (machine.tools / "flock").symlink_to(shutil.which("flock"))
    with (machine.root / ".venv.verrou").open("w") as lock, ThreadPoolExecutor(1) as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = pool.submit(machine.install, "venv", "jupyter")
        time.sleep(1)
        assert not running.done() and machine.steps() == []
        fcntl.flock(lock, fcntl.LOCK_UN)
        result = running.result()
    assert result.returncode == 0, result.stderr
    assert "Une autre installation est en cours" in result.stdout and machine.steps()


LOCKED = "Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 42 (apt)"


def apt(machine: Machine, busy: int, message: str) -> subprocess.CompletedProcess:
    machine.add("apt-get", FAKE_APT)
    machine.add("dpkg-query", "#!/bin/bash\nexit 1\n")
    machine.add("id", "#!/bin/bash\necho 0\n")
    (machine.tools / "env").symlink_to(shutil.which("env"))
    return machine.install("systeme", "tests", BUSY=str(busy), MESSAGE=message, APT_PAUSE="0", APT_ESSAIS="5")


def test_a_running_apt_is_waited_for(machine):
    result = apt(machine, busy=3, message=LOCKED)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("apt est déjà en cours") == 1
    assert machine.steps()[-1].startswith("apt-get install -y --no-install-recommends chromium")


@pytest.mark.parametrize("present", [True, False])
def test_a_command_found_elsewhere_is_not_installed_again(machine, present):
    """Node vient souvent d'ailleurs que de Debian, dont le paquet npm ne s'installerait plus."""
    for name in ("node", "npm") if present else ():
        machine.add(name, "#!/bin/bash\n")
    apt(machine, busy=0, message="")
    installed = machine.steps()[-1].split()
    assert [name in installed for name in ("nodejs", "npm", "git")] == [not present, not present, True]


@pytest.mark.parametrize(("busy", "message", "tries"), [(99, LOCKED, 5), (99, "Unable to locate package", 1)])
def test_a_failing_apt_is_reported(machine, busy, message, tries):
    result = apt(machine, busy, message)
    assert result.returncode != 0 and message in result.stderr and "apt a échoué" in result.stderr
    assert len(machine.steps()) == tries


def pins() -> dict[str, str]:
    text = (ROOT / "constraints.txt").read_text("utf-8") + (ROOT / "requirements.txt").read_text("utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE))


def test_every_pin_accepts_every_python():
    """Debian 12 n'a que Python 3.11.2 : une bibliothèque qui demande 3.11.5 n'y serait pas installable."""
    refused = []
    for name, pinned in pins().items():
        try:
            if version(name) != pinned:
                continue
        except PackageNotFoundError:
            continue
        wanted = SpecifierSet(metadata(name).get("Requires-Python") or "")
        refused += [f"{name} {pinned} refuse Python {python}" for python in PYTHONS if not wanted.contains(python)]
    assert not refused


def test_one_place_for_each_pin():
    """Les fichiers d'exigences s'incluent l'un l'autre, sans répéter une version."""
    texts = [path.read_text("utf-8") for path in ROOT.glob("requirements*.txt")]
    found = [name for text in texts for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)]
    assert len(found) == len(set(found))


def test_binder_and_the_package_name_a_supported_python():
    runtime = (ROOT / "binder" / "runtime.txt").read_text("utf-8").strip()
    assert runtime in {"python-3.11", "python-3.12", "python-3.13"}
    assert SpecifierSet(requires_python()).contains("3.11.2") and os.access(ROOT / "scripts" / "installer.sh", os.X_OK)


def requires_python() -> str:
    return re.search(r'^requires-python = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)[1]
