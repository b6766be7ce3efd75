"""Ce que partagent les tests des figures interactives : leurs données, et une page qui n'en montre qu'une."""

from __future__ import annotations

import html as html_module
import json
import re
from pathlib import Path

from serveur import HTML
from sources import ROOT

STATIC = ROOT / "notebook_utils" / "interactive" / "static" / "figures"
FIGURES = sorted(path.stem for path in STATIC.glob("*.mjs"))
BLOCK = r'<script type="application/json" data-figure="{name}">(.*?)</script>'
PAGE = """<!doctype html>
<html lang="fr" data-theme="light"><head><meta charset="utf-8"><title>Essai</title>
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>Essai</h1><div class="cell_output"><svg class="figure-svg" role="img" aria-label="image fixe"></svg>
<script type="application/json" data-figure="{name}">{sent}</script></div></main>
<script src="{script}"></script></body></html>
"""


def pages_of(name: str) -> list[Path]:
    """Les pages construites qui montrent cette figure, par ordre alphabétique."""
    pages = sorted((HTML / "book").glob("*.html"))
    found = [path for path in pages if f'data-figure="{name}"' in path.read_text("utf-8")]
    assert found, f"la figure « {name} » n'est sur aucune page du livre construit"
    return found


def page_of(name: str) -> Path:
    return pages_of(name)[0]


def sent_data(name: str, page: Path | None = None) -> dict:
    """Ce que la page construite (la première, par défaut) donne à cette figure : nom, version, données."""
    (block,) = re.findall(BLOCK.format(name=name), (page or page_of(name)).read_text("utf-8"), re.DOTALL)
    return json.loads(block.replace("<\\/", "</").replace("<\\!--", "<!--"))


def lone_page(folder: Path, name: str, sent: dict | str) -> str:
    """L'adresse d'une page qui ne contient que cette figure, avec ces données (du texte abîmé, au besoin)."""
    text = sent if isinstance(sent, str) else json.dumps(sent).replace("</", "<\\/")
    path = folder / f"{name}.html"
    script = html_module.escape((STATIC / f"{name}.js").as_uri())
    path.write_text(PAGE.format(name=name, sent=text, script=script), "utf-8")
    return path.as_uri()


def opened(browser, address: str, **options):
    """L'onglet où la figure est prête (ou en erreur), et ce que la page a reproché."""
    page = browser.new_page(**({"viewport": {"width": 760, "height": 900}} | options))
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: page.complaints.append(request.url) if request.url.startswith("http") else None)
    page.goto(address)
    page.wait_for_selector("div[data-figure][data-etat]")
    return page


FIGURE = "document.querySelector('div[data-figure]').figure"


def compute(page, changes: dict) -> dict:
    """Les nombres que la figure calcule, dans le navigateur, pour ces réglages."""
    return page.evaluate(f"changes => JSON.parse(JSON.stringify({FIGURE}.compute(changes), (key, value) => "
                         "ArrayBuffer.isView(value) ? Array.from(value) : value))", changes)


def act(page, changes: dict) -> None:
    """Règle la figure comme le lecteur le ferait par ses commandes, et attend qu'elle soit redessinée."""
    page.evaluate(f"changes => new Promise(done => {{ {FIGURE}.set(changes); "
                  "requestAnimationFrame(() => requestAnimationFrame(done)); })", changes)


def won(page) -> list[bool]:
    """Pour chaque mission, est-elle gagnée ?"""
    return page.evaluate("[...document.querySelectorAll('.jeu-missions > li')].map(item => item.matches('.gagnee'))")
