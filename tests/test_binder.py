"""L'environnement de Binder : ce que repo2docker en comprend, et ce que fait postBuild."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest
from jupytext.sync_contentsmanager import TextFileContentsManager
from serveur import default_viewer_command
from sources import CHAPTERS, ROOT
from traitlets.config import Config

BINDER = ROOT / "binder"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> str:
    """Ce que repo2docker prévoit de construire, sans Docker, pour une copie du dépôt."""
    copy = tmp_path_factory.mktemp("depot")
    for name in ("binder", "notebook_utils", "scripts"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "requirements-jupyter.txt", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    command = [BIN / "jupyter-repo2docker", "--no-build", "--debug", "."]
    result = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


def test_repo2docker_uses_the_binder_folder(plan):
    assert re.search(r"pip install .*-r \"?binder/requirements\.txt", plan)
    assert re.search(r"RUN \./binder/postBuild", plan)


def test_repo2docker_uses_the_right_python(plan):
    assert (BINDER / "runtime.txt").read_text("utf-8").strip() == "python-3.11"
    assert "Building conda environment for python=3.11" in plan


def test_no_tex_in_binder(plan):
    assert not (BINDER / "apt.txt").exists()
    assert "texlive" not in plan


def test_post_build_reads_versions_from_the_requirement_files():
    script = (BINDER / "postBuild").read_text("utf-8")
    assert os.access(BINDER / "postBuild", os.X_OK)
    subprocess.run(["bash", "-n", BINDER / "postBuild"], check=True)
    assert not re.search(r"==\d", script), "une version est retapée dans postBuild"
    assert "--torch-backend=cpu" in script and "set -euo pipefail" in script


def test_post_build_runs_its_steps_in_order(tmp_path):
    """postBuild, avec de faux outils : chaque étape reçoit les versions épinglées."""
    log = tmp_path / "journal"
    tool = f'#!/bin/sh\necho "$(basename "$0") $*" >> {log}\n'
    for name in ("uv", "python", "jupytext-config"):
        (tmp_path / name).write_text(tool)
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}
    subprocess.run(["bash", BINDER / "postBuild"], cwd=ROOT, env=environment, check=True)
    steps = log.read_text().splitlines()
    torch = re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)[0]
    assert steps[0] == f"uv pip install --system --torch-backend=cpu {torch}"
    assert steps[1] == "uv pip install --system -r requirements-jupyter.txt -c constraints.txt"
    assert steps[2:] == [
        "python -m pip install --no-deps --editable .",
        "jupytext-config set-default-viewer markdown myst",
        "python scripts/livre.py carnets",
    ]
    assert (tmp_path / ".jupyter" / "jupyter_server_config.py").exists()


def test_a_double_click_opens_markdown_as_a_notebook(tmp_path):
    """La ligne de postBuild, exécutée, écrit le réglage que JupyterLab lira (voir ``test_jupyterlab.py``)."""
    environment = os.environ | {"HOME": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    subprocess.run(default_viewer_command(), cwd=tmp_path, env=environment, check=True, capture_output=True)
    settings = tmp_path / "config" / "labconfig" / "default_setting_overrides.json"
    viewers = json.loads(settings.read_text("utf-8"))["@jupyterlab/docmanager-extension:plugin"]["defaultViewers"]
    assert viewers == {"markdown": "Jupytext Notebook", "myst": "Jupytext Notebook"}


@pytest.fixture
def contents(tmp_path):
    """Le gestionnaire de fichiers de JupyterLab, avec le réglage du livre, sur une copie des chapitres."""
    config = Config()
    source = (BINDER / "jupyter_server_config.py").read_text("utf-8")
    exec(source, {"get_config": lambda: config})
    for chapter in CHAPTERS:
        shutil.copy(chapter, tmp_path)
    return TextFileContentsManager(root_dir=str(tmp_path), config=config, parent=None)


def saved(contents, name: str, change=lambda notebook: None) -> str:
    """Le chapitre après qu'on l'a ouvert comme carnet, changé, et enregistré."""
    model = contents.get(name, type="notebook", content=True)
    change(model["content"])
    contents.save({key: model[key] for key in ("type", "content", "format")}, name)
    return Path(contents.root_dir, name).read_text("utf-8")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_saving_a_chapter_as_a_notebook_changes_nothing(contents, chapter):
    assert saved(contents, chapter.name) == chapter.read_text("utf-8")


def test_saving_a_chapter_writes_what_was_changed_and_only_that(contents):
    def change(notebook) -> None:
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        code[3].source = "print('autre chose')"
        notebook.cells[0].source += "\n\nUne phrase."
        notebook.cells.remove(code[5])

    chapter = next(chapter for chapter in CHAPTERS if chapter.stem == "lstm")
    before, after = chapter.read_text("utf-8").splitlines(), saved(contents, chapter.name, change).splitlines()
    rows = list(difflib.unified_diff(before, after, n=0))[2:]
    added = [row for row in rows if row.startswith("+") and row.strip("+")]
    notebook = jupytext.read(chapter)
    removed = sum(row.startswith("-") for row in rows)
    sizes = [len(cell.source.splitlines()) for cell in notebook.cells if cell.cell_type == "code"]
    assert {"+print('autre chose')", "+Une phrase."} <= set(added) and len(added) <= 8
    assert removed <= sizes[3] + sizes[5] + 30, "seules les deux cellules touchées ont changé"


def test_each_chapter_has_the_metadata_that_opens_it_as_a_notebook():
    for chapter in CHAPTERS:
        head = chapter.read_text("utf-8")[:400]
        assert "format_name: myst" in head and "name: python3" in head, chapter.name
