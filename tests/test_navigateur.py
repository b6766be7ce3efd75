"""Le livre construit, tel qu'un lecteur l'ouvre : dans un navigateur, en ligne ou depuis le disque."""

from __future__ import annotations

import os
import re
from pathlib import Path

import axe_playwright_python
import nbformat
import pytest
import yaml
from playwright.sync_api import expect
from serveur import HTML, chromium, serve
from sources import BOOK, CHAPTERS, ROOT

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"]
AXE_COLOUR_RULES = ["color-contrast", "link-in-text-block"]  # le thème ne change que les couleurs
# ``preload`` ferait redemander par axe les feuilles de styles.  Une seule faute est écartée, à tort relevée :
# axe ne lit pas MathML, et croit vide un en-tête de tableau dont tout le texte est une équation de MathJax,
# alors qu'un lecteur d'écran en lit la version MathML.
RUN_AXE = """async ([runOnly, inside]) => {
  const isSpokenEquation = (rule, node) => rule.id === "empty-table-header"
    && document.querySelector(node.target[0]).querySelector("mjx-assistive-mml math")?.textContent.trim();
  const {violations} = await axe.run(inside, {preload: false, resultTypes: ["violations"], runOnly});
  return violations.flatMap(rule => rule.nodes.filter(node => !isSpokenEquation(rule, node)).map(
    node => `${rule.id} (${rule.help}) : ${node.html.slice(0, 200)}\n${node.failureSummary}`));
}"""
WIDTHS = [320, 390, 1920]

# Mots anglais des interfaces.  Ceux que le français partage (page, index, source, note…) n'y sont pas.
ENGLISH = re.compile(
    r"\b(?:search(?:ing)?|next|previous|contents|toggle|show|hide|hidden|click|downloads?|repository|launch"
    r"|permalink|copy|copied|skip|back to top|theme|made with|built with|powered by|issue|print|full ?screen"
    r"|light|dark|settings|see also|exercise|breadcrumbs?|link to|parameters|returns?|raises|example|logo"
    r"|on this page|loading|edit|home|by the|the|and|of|this|your|with)\b",
    re.IGNORECASE,
)
# Où l'anglais est chez lui : code, noms de paramètres, équations, termes en italique, titres d'ouvrages (dans
# une bibliographie ou dans l'extrait que montre la recherche), glossaire bilingue.
FOREIGN = """script, style, code, pre, mjx-container, em, .sig, .genindextable, dl.glossary dt, .field-list strong,
  .citation-list, section[id^=references] li, ul.search .context"""
ATTRIBUTES = [
    "title", "aria-label", "placeholder", "alt",
    "data-tooltip", "data-toggle-hint", "data-bs-title", "data-bs-original-title",
]  # fmt: skip
TEXTS = """([foreign, attributes]) => {
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest(foreign)) texts.push(walker.currentNode.data);
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest(foreign)) continue;
    for (const name of attributes) {
      const tooltip = name === "title" && element.matches("a.reference");  // titre de l'ouvrage cité
      if (element.hasAttribute(name) && !tooltip) texts.push(element.getAttribute(name));
    }
  }
  return texts.map(text => text.trim()).filter(text => text);
}"""
UNFOLD = """unfolded => {
  for (const details of document.querySelectorAll("details")) details.open = unfolded;
  for (const button of document.querySelectorAll(".toggle-button")) {
    if (button.matches(".toggle-hidden *") === unfolded) button.click();
  }
}"""
# Le thème y veille, un instant après que les blocs sont dépliés.
SCROLLABLE_CODE_IS_FOCUSABLE = """() => [...document.querySelectorAll("pre")].every(
  block => block.scrollWidth <= block.clientWidth || block.tabIndex === 0)"""
# Deux jetons de code de même classe ont la même couleur : en garder trois évite d'en mesurer des milliers.
THIN_OUT_CODE = """() => {
  const seen = {};
  for (const token of document.querySelectorAll(".highlight pre span[class]")) {
    const kind = `${token.className} ${token.closest(".highlight").parentElement.className}`;
    seen[kind] = (seen[kind] ?? 0) + 1;
    if (seen[kind] > 3) token.replaceWith(...token.childNodes);
  }
}"""
FIGURE_COLOURS = """() => [...document.querySelectorAll("svg.figure-svg")].map(svg =>
  [...svg.querySelectorAll("*")].map(part => {
    const style = getComputedStyle(part);
    return `${style.fill} ${style.stroke}`;
  }).join("|"))"""


def is_redirection(path: Path) -> bool:
    return 'http-equiv="refresh"' in path.read_text("utf-8")[:500].lower()


def built_pages() -> list[str]:
    pages = [path for path in sorted(HTML.rglob("*.html")) if "_static" not in path.parts]
    return [path.relative_to(HTML).as_posix() for path in pages if not is_redirection(path)]


def toc() -> list[str]:
    """Les pages du livre, dans l'ordre de la lecture."""
    table = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    return [table["root"]] + [chapter["file"] for part in table["parts"] for chapter in part["chapters"]]


PAGES = built_pages() or ["index.html"]  # sans livre construit, la fixture « html » échoue
each_chapter = pytest.mark.parametrize("visit", [f"book/{path.stem}.html" for path in CHAPTERS], indirect=True)


class Tab:
    """Un onglet qui note ce que la page demande au réseau et ce dont elle se plaint."""

    def __init__(self, context, origin: str) -> None:
        self.page, self.origin = context.new_page(), origin
        self.errors: list[str] = []
        self.strangers: list[str] = []
        self.page.on("console", self.note_console)
        self.page.on("pageerror", lambda error: self.errors.append(f"erreur JavaScript : {error}"))
        self.page.on("requestfailed", lambda request: self.errors.append(f"requête échouée : {request.url}"))
        self.page.on("response", self.note_response)
        self.page.on("request", self.note_request)

    def note_console(self, message) -> None:
        if message.type == "error":
            self.errors.append(f"console : {message.text}")

    def note_response(self, response) -> None:
        if response.status >= 400:
            self.errors.append(f"réponse {response.status} : {response.url}")

    def note_request(self, request) -> None:
        if not request.url.startswith((self.origin + "/", "data:", "blob:")):
            self.strangers.append(request.url)

    def open(self, name: str) -> None:
        """Ouvre une page et attend que ses équations soient composées."""
        self.errors.clear()
        self.strangers.clear()
        self.page.goto(f"{self.origin}/{name}", wait_until="networkidle")
        self.page.evaluate("async () => { await window.MathJax?.startup?.promise; }")
        self.page.evaluate("async () => { await document.fonts.ready; }")

    def check(self) -> None:
        assert not self.errors
        assert not self.strangers, "requêtes hors du livre"

    def set_theme(self, theme: str) -> None:
        self.page.evaluate(
            """async theme => {
              Object.assign(document.documentElement.dataset, {theme, mode: theme});
              await new Promise(requestAnimationFrame);
              await Promise.allSettled(document.getAnimations().map(animation => animation.finished));
            }""",
            theme,
        )

    def violations(self, rules: list[str], inside: str = "html") -> list[str]:
        """Ce qu'axe-core reproche à la page."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text("utf-8"))
        return self.page.evaluate(RUN_AXE, [rules, inside])


@pytest.fixture(scope="session")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def site(html):
    """Adresse du livre construit, servi sur la boucle locale."""
    with serve(html) as url:
        yield url


@pytest.fixture(scope="session")
def disk(html):
    return html.as_uri()


@pytest.fixture(scope="session")
def context(browser):
    with browser.new_context(locale="fr-FR", reduced_motion="reduce", color_scheme="light") as context:
        yield context


@pytest.fixture(scope="session")
def shared_tab(context, site):
    return Tab(context, site)


@pytest.fixture(scope="session")
def disk_tab(context, disk):
    return Tab(context, disk)


@pytest.fixture(scope="module", params=PAGES)
def visit(request, shared_tab):
    """Chaque page n'est ouverte qu'une fois ; les essais de ce module s'y succèdent."""
    shared_tab.page.set_viewport_size({"width": 1280, "height": 800})
    shared_tab.open(request.param)
    return shared_tab


@pytest.fixture
def tab(browser, site):
    """Un onglet neuf, sans préférence enregistrée."""
    with browser.new_context(locale="fr-FR", reduced_motion="reduce", color_scheme="light") as context:
        yield Tab(context, site)


@pytest.fixture(params=["http", "disque"])
def any_tab(request, browser, site, disk):
    origin = site if request.param == "http" else disk
    with browser.new_context(locale="fr-FR", reduced_motion="reduce") as context:
        yield Tab(context, origin)


# -- Chaque page ------------------------------------------------------------------------------


def check_mathematics(page) -> None:
    untypeset = page.evaluate(
        """() => [...document.querySelectorAll(".math")]
          .filter(math => !math.querySelector("mjx-container")).map(math => math.textContent.trim())"""
    )
    assert not untypeset, "équations non composées"
    assert not page.locator("mjx-merror, [data-mml-node=merror]").count(), "équation fautive"
    texts = page.evaluate(TEXTS, ["script, style, code, pre, .highlight, mjx-container", []])
    assert not [text for text in texts if re.search(r"\\[(\[]|\$\$|\\begin\{", text)], "TeX resté tel quel"


def test_page_asks_nothing_elsewhere_and_complains_of_nothing(visit):
    visit.check()


def test_mathematics_are_typeset(visit):
    check_mathematics(visit.page)


@pytest.mark.parametrize("name", PAGES)
def test_page_opens_from_disk(disk_tab, name):
    disk_tab.open(name)
    disk_tab.check()
    check_mathematics(disk_tab.page)


def test_no_english_in_interface(visit):
    texts = visit.page.evaluate(TEXTS, [FOREIGN, ATTRIBUTES])
    assert not [text[:200] for text in texts if ENGLISH.search(text)]


def test_page_is_accessible(visit):
    """Tout déplié, aucune règle d'axe-core n'est enfreinte : thème clair, puis couleurs du thème sombre."""
    visit.page.evaluate(UNFOLD, True)
    visit.page.wait_for_function(SCROLLABLE_CODE_IS_FOCUSABLE)
    visit.page.evaluate(THIN_OUT_CODE)
    visit.set_theme("light")
    assert not visit.violations(AXE_TAGS)
    visit.set_theme("dark")
    assert not visit.violations(AXE_COLOUR_RULES)
    visit.set_theme("light")


def test_page_fits_every_width(visit):
    visit.page.evaluate(UNFOLD, True)
    widths = {}
    for width in WIDTHS:
        visit.page.set_viewport_size({"width": width, "height": 800})
        widths[width] = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    visit.page.set_viewport_size({"width": 1280, "height": 800})
    assert {width: excess for width, excess in widths.items() if excess > 0} == {}


# -- Les chapitres ----------------------------------------------------------------------------


@each_chapter
def test_code_unfolds_with_keyboard(visit):
    visit.page.evaluate(UNFOLD, True)  # une cellule repliée peut être dans un repli ou une solution
    visit.page.evaluate("document.querySelectorAll('details.hide').forEach(fold => { fold.open = false; })")
    folds = visit.page.locator("details.hide").all()
    assert folds, "aucune cellule repliée"
    for fold in folds:
        summary, code = fold.locator("> summary"), fold.locator("pre").first
        for key, is_open, label in [("Enter", True, "Masquer"), ("Space", False, "Afficher")]:
            summary.focus()
            visit.page.keyboard.press(key)
            expect(code).to_be_visible(visible=is_open)
            assert fold.evaluate("fold => fold.open") is is_open
            assert summary.inner_text().strip().startswith(label)


@each_chapter
def test_solutions_unfold_with_keyboard(visit):
    visit.page.evaluate(UNFOLD, False)
    solutions = visit.page.locator(".solution.dropdown").all()
    assert solutions, "aucune solution"
    for solution in solutions:
        button, body = solution.locator(".toggle-button").first, solution.locator("section, p").last
        for key, is_open in [("Enter", True), ("Space", False)]:
            button.focus()
            visit.page.keyboard.press(key)
            expect(body).to_be_visible(visible=is_open)
            assert button.get_attribute("aria-expanded") == str(is_open).lower()


@each_chapter
def test_theme_switch_recolours_figures(visit):
    """Le bouton passe par auto, clair et sombre ; « auto » suit le système ; chaque figure change."""
    visit.page.evaluate("document.documentElement.dataset.mode = 'auto'")
    button, themes, colours = visit.page.locator(".theme-switch-button").last, {}, {}
    for _ in range(3):
        mode, theme = visit.page.evaluate("({mode, theme} = document.documentElement.dataset, [mode, theme])")
        themes[mode], colours[mode] = theme, visit.page.evaluate(FIGURE_COLOURS)
        button.click()
    assert themes == {"auto": "light", "light": "light", "dark": "dark"}
    visit.page.emulate_media(color_scheme="dark")
    visit.page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    visit.page.emulate_media(color_scheme="light")
    assert colours["light"], "aucune figure"
    assert colours["auto"] == colours["light"]
    pairs = zip(colours["light"], colours["dark"], strict=True)
    assert not [rank for rank, (light, dark) in enumerate(pairs) if light == dark], "figures inchangées"


def repository() -> str:
    """« organisation/dépôt », comme dans ``scripts/livre.py``."""
    url = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["repository"]["url"]
    return os.environ.get("GITHUB_REPOSITORY") or url.removeprefix("https://github.com/")


@each_chapter
def test_buttons_give_the_notebook(visit):
    page, chapter = visit.page, Path(visit.page.url).stem
    page.locator(".dropdown-download-buttons > button").click()
    link = page.locator(".btn-download-notebook-button")
    assert link.is_visible()
    response = page.request.get(link.evaluate("link => link.href"))
    assert response.ok
    content = nbformat.reads(response.text(), as_version=4)
    nbformat.validate(content)
    title = re.search(r"^# (.*)$", (BOOK / f"{chapter}.md").read_text("utf-8"), re.MULTILINE)[1]
    first_line = content.cells[0].source.splitlines()[0]
    assert title in first_line.replace("’", "'").replace("\u202f", " ").replace("\xa0", " ")

    page.locator(".dropdown-launch-buttons > button").click()
    binder = page.locator(".dropdown-launch-buttons a")
    assert binder.is_visible()
    expected = f"https://mybinder.org/v2/gh/{repository()}/main?urlpath=lab/tree/carnets/{chapter}.ipynb"
    assert binder.evaluate("link => link.href") == expected


# -- Le livre ---------------------------------------------------------------------------------


def test_home_page_leads_to_preface(any_tab):
    any_tab.page.goto(f"{any_tab.origin}/index.html")
    any_tab.page.wait_for_url("**/book/index.html")


def test_next_and_previous_walk_through_the_book(browser, site):
    """Même sans JavaScript."""
    names = toc()
    with browser.new_context(java_script_enabled=False) as context:
        tab = Tab(context, site)
        tab.page.goto(f"{site}/{names[0]}.html")
        for button, steps in [("a.right-next", names[1:]), ("a.left-prev", names[-2::-1])]:
            for name in steps:
                tab.page.locator(button).click()
                tab.page.wait_for_url(f"**/{name}.html")
            assert not tab.page.locator(button).count()


@pytest.mark.parametrize("query", ["récurrent", "recurrent"])
def test_search_ignores_accents(any_tab, query):
    any_tab.open(f"search.html?q={query}")
    links = any_tab.page.locator("#search-results ul.search a")
    links.first.wait_for()
    assert "book/rnn.html" in [re.split(r"[?#]", link.get_attribute("href"))[0] for link in links.all()]
    texts = any_tab.page.evaluate(TEXTS, [FOREIGN, ATTRIBUTES])
    assert not [text for text in texts if ENGLISH.search(text)]
    any_tab.check()


def test_search_from_any_page_with_keyboard(tab):
    tab.open(f"{toc()[-1]}.html")
    tab.page.keyboard.press("Control+k")
    tab.page.keyboard.type("récurrent")
    tab.page.keyboard.press("Enter")
    tab.page.locator("#search-results a[href*='rnn.html']").first.wait_for()


def test_open_menus_and_search_are_accessible(tab):
    """Ce qui n'apparaît qu'à la demande : les menus déroulants, puis la recherche."""
    tab.open(f"book/{CHAPTERS[0].stem}.html")
    tab.page.locator("article.bd-article").evaluate("article => article.replaceChildren()")
    for theme, rules in [("light", AXE_TAGS), ("dark", AXE_COLOUR_RULES)]:
        tab.set_theme(theme)
        for menu in tab.page.locator(".dropdown-toggle:visible").all():
            menu.click()
            assert not tab.violations(rules, ".dropdown:has(.dropdown-menu.show)")
        tab.page.keyboard.press("Escape")
        tab.page.keyboard.press("Control+k")
        tab.page.locator("#pst-search-dialog[open]").wait_for()
        assert not tab.violations(rules, "#pst-search-dialog")
        tab.page.keyboard.press("Escape")


def test_contents_open_on_a_phone(tab):
    """Sur un téléphone, le sommaire s'ouvre d'un bouton, se parcourt, mène aux chapitres, et se referme."""
    tab.page.set_viewport_size({"width": 390, "height": 800})
    tab.open("book/notations.html")
    sidebar, button = tab.page.locator("#pst-primary-sidebar-modal"), tab.page.locator(".primary-toggle")
    button.click()
    assert not tab.violations(AXE_TAGS, "#pst-primary-sidebar-modal")
    tab.page.keyboard.press("Escape")
    sidebar.wait_for(state="hidden")
    button.click()
    sidebar.locator(f"a[href*='{CHAPTERS[0].stem}.html']").click()
    tab.page.wait_for_url(f"**/{CHAPTERS[0].stem}.html")
