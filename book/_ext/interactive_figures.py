"""Les figures interactives dans la page : leurs données, leur script, et les liens du texte qui les règlent.

Une cellule qui finit par ``interactive_figure`` a pour résultat une image et des données (``DATA_MIME``) : la page
garde l'image, et reçoit les données à côté d'elle. Le script de la figure prend
la place de l'image quand il est prêt. Le rôle ``{reglage}`` fait d'un passage du texte un lien qui règle une figure :
``{reglage}`la falaise <unite w=1.57>```.
"""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from docutils import nodes
from nbformat import from_dict
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

LOGGER = logging.getLogger(__name__)
DATA_MIME = "application/vnd.livre.figure+json"
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
STATIC = Path(__file__).resolve().parents[2] / "notebook_utils" / "interactive" / "static"
DATA = re.compile(r'<script type="application/json" data-figure="([a-z-]+)">')
SETTING = re.compile(r"(?P<words>.+?)\s*<(?P<figure>[a-z]+)(?P<settings>(?:\s+[\w-]+=\S+)*)>", re.DOTALL)


def without_figures(outputs: list) -> tuple[list, dict | None]:
    """Les résultats d'une cellule, sans widget ni données de figure ; ces données, s'il y en a."""
    kept, sent = [], None
    for output in outputs:
        data = output.get("data", {})
        sent = data.get(DATA_MIME, sent)
        others = {mime: value for mime, value in data.items() if mime not in (DATA_MIME, WIDGET_MIME)}
        kept.append(from_dict(output | {"data": others}) if len(others) < len(data) else output)
    return kept, sent


def read(env) -> dict[int, dict]:
    """Les données des figures de la page que l'on lit, par rang de cellule."""
    return env.temp_data.setdefault("figures_interactives", {})


def embed(app, doctree: nodes.document) -> None:
    """Met dans la page, à côté de chaque image, les données de la figure ; papier et carnets ne les voient pas."""
    sent = read(app.env)
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") == "cell_code" and cell["cell_index"] in sent:
            cell.children[-1] += nodes.raw("", embedded(sent[cell["cell_index"]]), format="html")


def embedded(sent: dict) -> str:
    """Les données dans la page, sans rien qui puisse en fermer le bloc."""
    text = json.dumps(sent, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/").replace("<!--", "<\\!--")
    return f'<script type="application/json" data-figure="{escape(sent["figure"])}">{text}</script>'


def address(figure: str, values: dict[str, str]) -> str:
    """L'adresse d'un réglage : sans « # », car le thème prend pour un sélecteur CSS ce qui le suit."""
    return f"?{urlencode({'figure': figure} | values)}"


class setting(nodes.Inline, nodes.TextElement):
    """Un passage du texte qui règle une figure de la page."""


class Setting(SphinxRole):
    """``{reglage}`texte <figure cle=valeur …>``` ; ``texte <figure>`` y mène sans rien régler."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        match = SETTING.fullmatch(self.text)
        if match is None:
            error = self.inliner.reporter.error(
                f"réglage illisible, « {self.text} » : attendu « texte <figure clé=valeur …> »", line=self.lineno
            )
            return [], [error]
        values = dict(pair.split("=", 1) for pair in match["settings"].split())
        node = setting("", match["words"], figure=match["figure"], address=address(match["figure"], values))
        node.source, node.line = self.get_source_info()
        return [node], []


def visit_setting_html(self, node: setting) -> None:
    self.body.append(self.starttag(node, "a", "", href=node["address"], CLASS="reglage"))


def depart_setting_html(self, node: setting) -> None:
    self.body.append("</a>")


def pass_over(self, node: setting) -> None:
    """Sur papier, il n'y a rien à régler : le texte suffit."""


def shown_figures(doctree: nodes.document) -> set[str]:
    return {name for raw in doctree.findall(nodes.raw) for name in DATA.findall(raw.astext())}


def check_settings(app, doctree: nodes.document) -> None:
    """Un lien qui règle une figure en règle une de sa page."""
    if app.builder.format != "html":
        return
    shown = shown_figures(doctree)
    for node in doctree.findall(setting):
        if node["figure"] not in shown:
            known = ", ".join(sorted(shown)) or "aucune"
            told = "réglage de la figure « %s », qui n’est pas sur la page (%s)"
            LOGGER.warning(told, node["figure"], known, location=node)


def add_scripts(app, pagename, templatename, context, doctree) -> None:
    for name in sorted(shown_figures(doctree)) if doctree is not None else []:
        if not (STATIC / "figures" / f"{name}.js").exists():
            raise ExtensionError(f"book/{pagename}: le script de la figure « {name} » manque : « make figures »")
        app.add_js_file(f"figures/{name}.js", loading_method="defer")


def add_static(app, config) -> None:
    config.html_static_path.append(str(STATIC))
    config.exclude_patterns.append("figures/*.mjs")  # les modules ne servent qu'aux carnets


def setup(app):
    app.add_role("reglage", Setting())
    app.add_node(setting, html=(visit_setting_html, depart_setting_html), latex=(pass_over, pass_over))
    app.connect("config-inited", add_static)
    app.connect("doctree-read", embed, priority=100)
    app.connect("doctree-read", check_settings)
    app.connect("html-page-context", add_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
