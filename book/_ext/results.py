"""Les résultats des cellules viennent de carnets déjà exécutés (``scripts/execution.py``), jamais de Sphinx.

``executed_notebooks`` donne, par nom de chapitre, le carnet qui les contient. Son nom change avec ce dont ils
dépendent : une page est relue dès que ce nom change.
"""

from __future__ import annotations

from pathlib import Path

import interactive_figures
import myst_nb.sphinx_
import nbformat
from myst_nb.core.execute import NotebookClientBase


class StoredResults(NotebookClientBase):
    """Met dans le chapitre les résultats de ``stored``."""

    def __init__(self, notebook, path, nb_config, logger, stored: Path, figures: dict) -> None:
        super().__init__(notebook, path, nb_config, logger)
        self.stored, self.figures = stored, figures

    def start_client(self) -> None:
        done = nbformat.v4.reads(self.stored.read_text(encoding="utf-8"))  # sans le valider de nouveau
        pairs = zip(code_cells(self.notebook), code_cells(done), strict=True)
        ranks = {id(cell): rank for rank, cell in enumerate(self.notebook.cells)}
        for cell, result in pairs:
            cell.outputs, sent = interactive_figures.without_figures(result.outputs)
            cell.execution_count = result.execution_count
            if sent is not None:
                self.figures[ranks[id(cell)]] = sent


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def configure(app) -> None:
    stored = app.config.executed_notebooks

    def create_client(notebook, source, nb_config, logger, read_fmt=None):
        path = Path(source)
        figures = interactive_figures.read(app.env)
        return StoredResults(notebook, path, nb_config, logger, Path(stored[path.stem]), figures)

    myst_nb.sphinx_.create_client = create_client


def outdated(app, env, added, changed, removed) -> list[str]:
    """Les pages dont les résultats ne sont plus ceux qu'elles montrent ; note ceux qu'elles vont montrer."""
    before, now = getattr(env, "shown_results", {}), app.config.executed_notebooks
    env.shown_results = {name: Path(path).name for name, path in now.items()}
    return [doc for doc in env.found_docs if env.shown_results.get(Path(doc).name) != before.get(Path(doc).name)]


def setup(app):
    app.add_config_value("executed_notebooks", {}, "")
    app.connect("builder-inited", configure)
    app.connect("env-get-outdated", outdated)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
