"""Les carnets dans un vrai JupyterLab, comme dans Binder : ils s'exécutent, et se lisent sans source brute."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import references
from outils_figures import FIGURES, sent_data
from playwright.sync_api import expect
from serveur import chromium, default_viewer_command, free_port, wait_for
from sources import BOOK, CHAPTERS, EXECUTED, ROOT

TOKEN = "essai"
# Pour l'essai : aucun enregistrement, et toutes les cellules dans la page.
SETTINGS = {
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
NOTEBOOKS = [path.with_suffix(".ipynb").name for path in CHAPTERS]
SHORT, FIRST_CELLS = 12, 3  # secondes d'exécution au-delà desquelles on n'exécute que les premières cellules
EXECUTION_TIMEOUT = 900_000  # millisecondes pour un carnet entier

CODE_CELLS = """() => [...jupyterapp.shell.currentWidget.content.model.cells]
  .filter(cell => cell.type === "code" && cell.sharedModel.source.trim())
  .map(cell => ({
    source: cell.sharedModel.source, tags: cell.getMetadata("tags") ?? [],
    count: cell.executionCount, outputs: cell.outputs.toJSON(),
  }))"""
IS_IDLE = """count => {
  const {sessionContext, content} = jupyterapp.shell.currentWidget;
  const all = [...content.model.cells].filter(cell => cell.type === "code" && cell.sharedModel.source.trim());
  const cells = all.slice(0, count);
  const failed = cells.some(cell => cell.outputs.toJSON().some(output => output.output_type === "error"));
  const executed = cells.every(cell => cell.executionCount && cell.executionState !== "running");
  return sessionContext.session?.kernel?.status === "idle" && (executed || failed);
}"""
# Exécute les cellules qui précèdent la cellule de code de ce rang.
RUN_FIRST_CELLS = """async count => {
  const {content} = jupyterapp.shell.currentWidget;
  const cells = [...content.model.cells];
  const code = cells.filter(cell => cell.type === "code" && cell.sharedModel.source.trim());
  content.activeCellIndex = cells.indexOf(code[count]);
  await jupyterapp.commands.execute("notebook:run-all-above");
}"""
# Ce que montrent les cellules de texte, hors du code et des équations mises en forme.
TEXTS_OF_CELLS = """cells => cells.flatMap(cell => {
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), texts = [];
  while (walker.nextNode()) {
    const {parentElement, data} = walker.currentNode;
    if (!parentElement.closest(".cm-editor, code, .katex, mjx-container, style")) texts.push(data.trim());
  }
  return texts.filter(text => text);
})"""
RAW_SOURCE = re.compile(
    r":::|```|\{(?:tikz|numref|ref|eq|cite|term|glue|figure)\b|\$|\\(?:begin|end|frac|mathbf|tag)\b|\*\*|^#+ "
    r"|Unknown (?:Directive|Role)",
    re.MULTILINE,
)
# Renvoi que jupyterlab-myst ne trouve pas, numéro qu'il ajoute à ceux du livre, équation fautive.
FAULTS = "[title$='Not Found'], [title='Link to this Equation'], .katex-error, mjx-merror, [data-mml-node=merror]"


def jupyter_environment(folder: Path) -> dict[str, str]:
    """Des dossiers Jupyter neufs : ni la configuration de la personne qui teste, ni de trace chez elle."""
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    folders |= {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    folders |= {"IPYTHONDIR": "ipython", "MPLCONFIGDIR": "matplotlib", "HOME": "home"}
    for name in folders.values():
        (folder / name).mkdir()
    return os.environ | {key: str(folder / name) for key, name in folders.items()}


def configure(folder: Path, environment: dict[str, str]) -> None:
    """Les réglages de Binder, et ceux de l'essai."""
    subprocess.run(default_viewer_command(), env=environment, check=True)
    overrides = folder / "config" / "labconfig" / "default_setting_overrides.json"
    settings = json.loads(overrides.read_text("utf-8"))
    for plugin, values in SETTINGS.items():
        settings.setdefault(plugin, {}).update(values)
    overrides.write_text(json.dumps(settings), encoding="utf-8")


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Adresse d'un JupyterLab neuf, ouvert sur le dépôt."""
    folder, port = tmp_path_factory.mktemp("jupyter"), free_port()
    environment = jupyter_environment(folder)
    configure(folder, environment)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.root_dir={ROOT}", f"--IdentityProvider.token={TOKEN}"]
    command += [f"--FileCheckpoints.checkpoint_dir={folder / 'sauvegardes'}"]
    with (folder / "journal.txt").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=ROOT)
    try:
        wait_for(f"http://127.0.0.1:{port}/api", server, folder / "journal.txt")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="session")
def carnets() -> Path:
    folder = ROOT / "carnets"
    if not folder.exists():
        pytest.fail("carnets n'existe pas : lancez « make carnets »", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser, lab):
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        yield context.new_page()


def open_path(page, lab: str, path: str) -> None:
    """Ouvre un fichier ou un dossier dans un espace de travail vide."""
    page.goto(f"{lab}/lab/tree/{path}?reset&token={TOKEN}")
    page.locator("#jupyterlab-splash").wait_for(state="detached")


def wait_for_notebook(page, name: str) -> None:
    page.wait_for_function(
        """name => {
          const panel = globalThis.jupyterapp?.shell.currentWidget;
          return panel?.context?.path.endsWith(name) && panel.context.isReady
            && panel.sessionContext?.session?.kernel?.status === "idle";
        }""",
        arg=name,
        timeout=120_000,
    )


def run_cells(page, name: str) -> int | None:
    """Exécute un carnet court en entier, les premières cellules d'un long ; rend leur nombre, ou ``None`` pour toutes.

    La construction a déjà exécuté les longs en entier : il reste à voir que leur noyau démarre et connaît le paquet.
    """
    count = None if references.duration((BOOK / name).with_suffix(".md")) < SHORT else FIRST_CELLS
    if count:
        page.evaluate(RUN_FIRST_CELLS, count)
    else:
        page.locator("#jp-MainMenu .lm-MenuBar-item", has_text=re.compile("^Run$")).click()
        page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
    page.wait_for_function(IS_IDLE, arg=count or 1_000, timeout=EXECUTION_TIMEOUT)
    return count


def test_every_chapter_has_its_notebook(carnets):
    assert sorted(path.stem for path in carnets.glob("*.ipynb")) == [page.stem for page in EXECUTED]


@pytest.fixture(scope="module", params=NOTEBOOKS)
def notebook(request, carnets, lab, page):
    """Un carnet ouvert et exécuté ; les essais qui suivent regardent ce qu'il montre."""
    open_path(page, lab, f"carnets/{request.param}")
    wait_for_notebook(page, request.param)
    page.executed = run_cells(page, request.param)
    yield request.param
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def test_every_cell_runs_without_error(page, notebook):
    cells = page.evaluate(CODE_CELLS)[: page.executed]
    assert cells
    failures = [
        f"{output['ename']} : {output['evalue']}\n{cell['source']}"
        for cell in cells
        for output in cell["outputs"]
        if output["output_type"] == "error" and "raises-exception" not in cell["tags"]
    ]
    assert not failures
    assert not [cell["source"] for cell in cells if not cell["count"]], "cellules non exécutées"


def test_drawings_appear_as_pictures(page, notebook):
    source = (BOOK / notebook).with_suffix(".md").read_text("utf-8")
    pictures = page.locator(".jp-MarkdownCell img:not(.cm-editor img)")
    expect(pictures).to_have_count(source.count("{tikz}"), timeout=90_000)  # le texte s'affiche peu à peu
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth * image.naturalHeight)") > 0
        assert len(picture.get_attribute("alt")) > 20


def test_no_raw_source_is_visible(page, notebook):
    """Ni directive, ni rôle, ni équation en TeX, ni second numéro d'équation : ce que l'on voit est mis en forme."""
    texts = page.locator(".jp-MarkdownCell").evaluate_all(TEXTS_OF_CELLS)
    assert len(texts) > 10
    assert not [text for text in texts if RAW_SOURCE.search(text)]
    assert page.locator(".jp-MarkdownCell :is(.katex, mjx-container)").count() > 5
    assert not page.locator(f".jp-MarkdownCell :is({FAULTS})").count()


SHOW = """import json
from pathlib import Path
from matplotlib.figure import Figure
from notebook_utils import interactive_figure
sent = json.loads(Path("{name}.json").read_text("utf-8"))
interactive_figure("{name}", Figure().subplots(), **sent["data"])"""


def test_figures_come_alive(page, lab):
    """Chaque figure interactive vit aussi dans JupyterLab, par anywidget, avec les données de sa page."""
    folder = ROOT / "_build" / "jeux"
    folder.mkdir(exist_ok=True)
    for name in FIGURES:
        (folder / f"{name}.json").write_text(json.dumps(sent_data(name)), "utf-8")
    cells = [nbformat.v4.new_code_cell(SHOW.format(name=name)) for name in FIGURES]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "jeux.ipynb")
    open_path(page, lab, "_build/jeux/jeux.ipynb")
    wait_for_notebook(page, "jeux.ipynb")
    page.locator("#jp-MainMenu .lm-MenuBar-item", has_text=re.compile("^Run$")).click()
    page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
    expect(page.locator(".jp-OutputArea .jeu[data-etat=prete]")).to_have_count(len(FIGURES), timeout=120_000)
    assert not page.locator(".jp-OutputArea :is(.jeu-erreur, .jp-RenderedText[data-mime-type*=error])").count()
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def test_chapter_source_opens_as_notebook(page, lab):
    """Le chapitre lui-même s'ouvre en carnet, par son adresse comme d'un double clic."""
    for path in ("book/rnn.md", "book"):
        open_path(page, lab, path)
        if path == "book":
            page.locator(".jp-DirListing-item", has_text=re.compile("^rnn.md")).dblclick()
        wait_for_notebook(page, "book/rnn.md")
        assert page.locator(".jp-NotebookPanel .jp-CodeCell").count() > 5
        expect(page.locator(".jp-MarkdownCell h1", has_text="Réseaux récurrents standard")).to_have_count(1)
        page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
