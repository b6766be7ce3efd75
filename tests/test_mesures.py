"""Ce qu'une page montre des résultats : les mesures des autres pages, les données d'une figure, ses réglages."""

from __future__ import annotations

import json
import re

import interactive_figures as figures
import pytest
from docutils import nodes
from measures import glued
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from notebook_utils.interactive import DATA_MIME


def glued_output(key: str, text: str):
    metadata = {"scrapbook": {"name": key, "mime_prefix": "application/papermill.record/"}}
    return new_output("display_data", {"application/papermill.record/text/plain": repr(text)}, metadata=metadata)


@pytest.fixture
def executed(tmp_path):
    cell = new_code_cell("", outputs=[glued_output("lstm-oubli", "98,7\u202f%"), new_output("stream", text="rien")])
    path = tmp_path / "lstm-0.ipynb"
    path.write_text(writes(new_notebook(cells=[cell])), "utf-8")
    return path


def test_glued_values_are_read_from_results(executed):
    assert glued(executed) == {"lstm-oubli": "98,7\u202f%"}


def built(folder, text: str, executed) -> tuple[nodes.document, str]:
    """Une page d'essai : son document, et ce dont la construction s'est plainte."""
    source = folder / "source"
    source.mkdir(exist_ok=True)
    (source / "conf.py").write_text(
        "extensions = ['myst_parser', 'measures', 'figure_list']\nsource_suffix = {'.md': 'markdown'}\n"
        f"def setup(app):\n    app.add_config_value('executed_notebooks', {{'lstm': {str(executed)!r}}}, '')\n"
        "    import interactive_figures as figures\n    app.add_role('reglage', figures.Setting())\n"
        "    app.add_node(figures.setting, html=(figures.visit_setting_html, figures.depart_setting_html))\n"
        "    app.connect('doctree-read', figures.check_settings)\n"
    )
    (source / "index.md").write_text(f"# Titre\n\n{text}\n", "utf-8")
    log = folder / "journal"
    with patch_docutils(), docutils_namespace(), log.open("w+") as warnings:
        app = Sphinx(source, source, folder / "s", folder / "d", "html", status=None, warning=warnings)
        app.build()
        document = app.env.get_doctree("index")
    return document, log.read_text("utf-8")


def test_a_measure_of_another_page_is_shown(tmp_path, executed):
    document, complaints = built(tmp_path, "Elle retient {mesure}`lstm-oubli`.", executed)
    assert "Elle retient 98,7\u202f%." in document.astext() and not complaints


@pytest.mark.parametrize(("key", "why"), [("lstm-absente", "n'est pas collée"), ("gru-oubli", "aucune page")])
def test_an_unknown_measure_is_told(tmp_path, executed, key, why):
    _, complaints = built(tmp_path, f"{{mesure}}`{key}`", executed)
    assert why in complaints and "index.md:3" in complaints


def test_a_setting_needs_its_figure(tmp_path, executed):
    page = tmp_path / "s" / "index.html"
    _, complaints = built(tmp_path, "Fixez {reglage}`b à −0,26 <unite b=-0.26 w=1.5>`.", executed)
    assert "qui n’est pas sur la page (aucune)" in complaints
    assert 'href="?figure=unite&amp;b=-0.26&amp;w=1.5"' in page.read_text("utf-8")


def test_an_unreadable_setting_is_told(tmp_path, executed):
    _, complaints = built(tmp_path, "{reglage}`sans figure`", executed)
    assert "réglage illisible" in complaints


def shown(data: dict):
    return new_output("display_data", {"image/svg+xml": "<svg/>", DATA_MIME: data, figures.WIDGET_MIME: {}})


def test_a_figure_leaves_its_picture_and_its_data():
    data = {"figure": "unite", "version": 1, "data": {"mots": "</script><!-- é"}}
    (picture,), sent = figures.without_figures([shown(data)])
    assert picture.data == {"image/svg+xml": "<svg/>"} and picture.output_type == "display_data"
    text = figures.embedded(sent)
    assert text.count("</script>") == 1 and "<!--" not in text
    inside = text.removesuffix("</script>").partition(">")[2]
    assert json.loads(inside.replace("<\\/", "</").replace("<\\!--", "<!--")) == data
    assert figures.DATA.findall(text) == ["unite"] and DATA_MIME == figures.DATA_MIME


def test_other_results_are_left_alone():
    outputs = [new_output("stream", text="a"), glued_output("lstm-a", "1")]
    assert figures.without_figures(outputs) == (outputs, None)


def test_the_lecturers_list_names_figures_and_settings(tmp_path, executed):
    sent = figures.embedded({"figure": "unite", "version": 1, "data": {}})
    figure = f"```{{raw}} html\n{sent}\n```\n\nFixez {{reglage}}`b à zéro <unite b=0>`."
    page = f"{figure}\n\n## Liste\n\n```{{liste-figures}}\n```"
    source = f"{page}\n\n```{{toctree}}\nautre\n```"
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "autre.md").write_text(f"# Autre page\n\n{page}\n", "utf-8")
    document, complaints = built(tmp_path, source, executed)
    html = (tmp_path / "s" / "index.html").read_text("utf-8")
    assert not complaints
    assert '<em>unite</em>, dans <a class="reference internal" href="autre.html?figure=unite">' in html
    assert 'href="autre.html?figure=unite&amp;b=0">b à zéro' in re.sub(r"<span>|</span>", "", html)
