"""Le livre construit, tel qu'un lecteur l'ouvre : dans un navigateur, en ligne ou depuis le disque."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import axe_playwright_python
import formulas
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
SCROLLABLE_CODE_IS_FOCUSABLE = """() => [...document.querySelectorAll("pre, .bd-article mjx-container[display]")].every(
  block => block.scrollWidth <= block.clientWidth + 1 || block.tabIndex === 0)"""
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
        self.page.set_default_timeout(120_000)  # une machine chargée met du temps à composer une page
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
    assert colours["light"] or visit.page.url.endswith("conclusion.html"), "aucune figure"
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
    pages = [re.split(r"[?#]", link.get_attribute("href"))[0].removeprefix("./") for link in links.all()]
    assert "book/rnn.html" in pages
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


# -- Les formules -----------------------------------------------------------------------------

FORMULAS_KEY = "reseaux-recurrents:formules:3.2.2"
FORMULA_STOPS = "document.querySelectorAll('mjx-container[tabindex=\"0\"]').length"
TYPESET = """document.readyState === "complete"
  && [...document.querySelectorAll(".math")].every(math => math.querySelector("mjx-container"))"""


def open_with_setting(tab: Tab, key: str, setting: dict | str, name: str = "book/notations.html") -> None:
    """Ouvre une page dans un navigateur qui garde ce réglage, et attend que toutes ses formules soient composées."""
    value = setting if isinstance(setting, str) else json.dumps(setting)
    tab.page.add_init_script(
        f"if (!sessionStorage.seen) {{ sessionStorage.seen = 1; localStorage.setItem({key!r}, {value!r}); }}"
    )
    tab.page.goto(f"{tab.origin}/{name}")
    tab.page.wait_for_function(TYPESET)


@pytest.mark.parametrize(
    "setting",
    [
        {"explorer": True, "speech": True, "subtitles": True, "locale": "fr"},
        {"explorer": True, "renderer": "CHTML"},
        {"collapsible": True},
        {"renderer": "CHTML", "zoom": "Click"},
    ],
    ids=str,
)
def test_formulas_survive_every_choice_of_their_menu(tab, setting):
    open_with_setting(tab, FORMULAS_KEY, setting)
    tab.check()
    assert tab.page.evaluate("MathJax.startup.output.name") == setting.get("renderer", "SVG")
    assert (tab.page.evaluate(FORMULA_STOPS) > 0) is setting.get("explorer", False)


@pytest.mark.parametrize("setting", [{"renderer": "PLUS-RIEN"}, "pas du JSON", "null"])
def test_a_broken_setting_is_forgotten(tab, setting):
    open_with_setting(tab, FORMULAS_KEY, setting)
    check_mathematics(tab.page)


def test_a_setting_of_another_book_changes_nothing(tab):
    theirs = {"renderer": "PLUS-RIEN", "explorer": True, "scale": "grand"}
    open_with_setting(tab, "MathJax-Menu-Settings", theirs)
    tab.check()
    assert json.loads(tab.page.evaluate("localStorage.getItem('MathJax-Menu-Settings')")) == theirs


def test_a_setting_that_the_disk_cannot_serve_is_ignored(browser, disk):
    with browser.new_context() as context:
        disk_tab = Tab(context, disk)
        open_with_setting(disk_tab, FORMULAS_KEY, {"explorer": True, "collapsible": True})
        disk_tab.check()


def test_the_keyboard_skips_formulas_and_reaches_their_menu(tab):
    """Aucune formule n'arrête la tabulation ; un bouton ouvre leur menu, en français, où l'exploration s'active."""
    tab.open("book/notations.html")
    assert tab.page.evaluate(FORMULA_STOPS) == 0
    tab.page.locator(".btn-formulas-button").focus()
    tab.page.keyboard.press("Enter")
    menu = tab.page.locator(".CtxtMenu_Menu").first
    menu.wait_for()
    labels = tab.page.evaluate(
        """() => {
          const labels = (menu) => menu?.items.flatMap(item => [item.content, ...labels(item.submenu)]) ?? [];
          return labels(MathJax.startup.document.menu.menu).filter(label => label);
        }"""
    )
    english = r"(?i)\b(?:show|copy|math|zoom|scale|reset|speech|output|rules|include|none|activate|click|help)\b"
    assert len(labels) > 60 and not [label for label in labels if re.search(english, label)]
    for _ in range(4):  # Montrer, Copier, Réglages, Accessibilité
        tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("ArrowRight")
    with tab.page.expect_navigation():  # la page se recharge
        tab.page.locator(".CtxtMenu_MenuItem", has_text="Explorer les formules").click()
    for _ in range(2):  # cette page, puis toute autre
        tab.page.wait_for_function(f"{TYPESET} && {FORMULA_STOPS} > 0")
        tab.open("book/notations.html")
        tab.check()


def test_mathjax_knows_every_accepted_macro(tab):
    """Sans rien charger : aucune n'est cherchée dans un fichier absent."""
    tab.open("book/notations.html")
    unknown = tab.page.evaluate(
        """names => {
          const {handlers} = MathJax.startup.input[0].parseOptions;
          const known = ["macro", "delimiter"].map(kind => handlers.get(kind));
          return names.filter(name => !known[0].lookup(name) && !known[0].applicable(name)
            && !known[1].lookup(`\\\\${name}`));
        }""",
        sorted(formulas.MACROS),
    )
    assert not unknown
    svg = tab.page.evaluate(r"MathJax.tex2svgPromise('\\boldsymbol{h}_t').then(node => node.outerHTML)")
    assert "merror" not in svg
    tab.check()


# -- La page imprimée -------------------------------------------------------------------------


def words_of_pdf(path: Path) -> str:
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    return without_spaces(text)


def without_spaces(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_the_printed_page_is_clean(browser, site, tmp_path):
    """Depuis le thème sombre : A4 clair, numéro du chapitre, code entier, ce qui est replié et les boutons absents."""
    with browser.new_context(color_scheme="dark", viewport={"width": 680, "height": 960}) as context:
        tab = Tab(context, site)
        tab.open("book/lstm.html")
        solutions = tab.page.locator(".solution.dropdown")
        solutions.nth(0).locator(".toggle-button").first.click()
        codes = [solutions.nth(rank).locator("pre").first.text_content() for rank in (0, 1)]
        shown, hidden = (max(code.splitlines(), key=len) for code in codes)
        visible = ":not(.toggle-hidden *, details:not([open]) *)"
        code = tab.page.evaluate(
            "visible => [...document.querySelectorAll(`.bd-article pre${visible}`)].map(pre => pre.innerText)", visible
        )
        assert tab.page.evaluate("document.documentElement.dataset.theme") == "dark"
        target = tmp_path / "page.pdf"
        tab.page.pdf(path=target, prefer_css_page_size=True)

        tab.page.emulate_media(media="print")
        tab.page.wait_for_function("document.documentElement.dataset.theme === 'light'")
        clipped = tab.page.evaluate(
            "visible => [...document.querySelectorAll(`.bd-article :is(pre, table, figure)${visible}`)]"
            ".filter(block => block.scrollWidth > block.clientWidth + 1).map(block => block.innerText)",
            visible,
        )
        assert not clipped
        split = "'.bd-article :is(figure, div.cell_input)'"
        inside = f"[...document.querySelectorAll({split})].map(block => getComputedStyle(block).breakInside)"
        assert set(tab.page.evaluate(inside)) == {"avoid"}
        tab.page.emulate_media(media="screen")
        tab.page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    printed = words_of_pdf(target)
    assert printed.startswith("5.LSTM")
    assert "Afficherle" not in printed and "Masquerle" not in printed and "Afficherla" not in printed
    lines = [without_spaces(line) for block in code for line in block.splitlines()]
    assert len(lines) > 100 and not [line for line in lines if line not in printed]
    assert without_spaces(shown) in printed and without_spaces(hidden) not in printed


# -- La recherche -----------------------------------------------------------------------------

QUERIES = [
    "écrêtage", "dérivée", "biais", "rétropropagation", "équation", "récurrent", "gradient qui disparaît",
    "porte d’oubli", "porte d'oubli", "BPTT", "LSTM", "mémoire", "fenêtre", "initialisation chrono", "FusedLSTM",
    "softmax", "perte", "graine", "Hochreiter", "1997", "2014", "0,9",
]  # fmt: skip
RESULTS = """() => [...document.querySelectorAll("ul.search li")].map(item => ({
  title: item.querySelector("a").textContent, context: item.querySelector(".context").textContent,
  href: item.querySelector("a").getAttribute("href"), marked: !!item.querySelector("mark")}))"""


def results(tab: Tab, query: str) -> list[dict]:
    tab.page.goto(f"{tab.origin}/search.html?q={query}")
    tab.page.locator("#search-results p[role=status]").wait_for()
    return tab.page.evaluate(RESULTS)


def test_every_result_shows_the_word_that_was_asked(any_tab):
    for query in QUERIES:
        found = results(any_tab, query)
        assert found, query
        assert all(result["marked"] for result in found), query
        assert not [result for result in found if r"\(" in result["context"]], query


@pytest.mark.parametrize(
    ("query", "page", "title"),
    [
        ("LSTM vs GRU", "gru", "Ce que la LSTM peut faire, et pas la GRU"),
        ("écrêtage", "glossaire", "écrêtage du gradient"),
        ("écrêter", "gradients", "Écrêter"),
        ("biais de la porte d'oubli", "lstm", "Le biais de la porte d’oubli"),
    ],
)
def test_the_first_result_is_the_section_that_answers(tab, query, page, title):
    first, *_ = results(tab, query)
    assert first["title"].endswith(title) and first["href"].startswith(f"./book/{page}.html?")


def test_nothing_found_is_said(tab):
    assert results(tab, "zzyzx") == []
    assert "Aucun passage" in tab.page.locator("#search-results p[role=status]").inner_text()


def test_a_result_opens_at_the_first_occurrence(any_tab):
    """Dans une solution repliée aussi."""
    for query in ("écrêtage", "judas"):
        wanted = next(result for result in results(any_tab, query) if "exercices" in result["href"])
        any_tab.page.goto(f"{any_tab.origin}/{wanted['href'].removeprefix('./')}")
        any_tab.page.wait_for_function("CSS.highlights.get('recherche')?.size > 0")
        any_tab.page.wait_for_function(
            """() => [...CSS.highlights.get("recherche")].some(range => {
              const {top, bottom, height} = range.getBoundingClientRect();
              return height > 0 && top > 0 && bottom < innerHeight;
            })"""
        )


# -- Replis, liens, copie ---------------------------------------------------------------------


def test_a_link_into_a_folded_solution_unfolds_it(tab):
    tab.open("book/rnn.html#equation-eq-rnn-parite")
    equation = tab.page.locator("[id='equation-eq-rnn-parite']")
    expect(equation).to_be_in_viewport()
    solution = tab.page.locator(".solution:has([id='equation-eq-rnn-parite'])")
    assert solution.locator(".toggle-button").first.get_attribute("aria-expanded") == "true"
    solution.locator(".toggle-button").first.click()
    expect(equation).not_to_be_visible()
    tab.page.evaluate("location.hash = ''")
    tab.page.evaluate("location.hash = 'equation-eq-rnn-parite'")
    expect(equation).to_be_in_viewport()


def test_everything_unfolds_and_folds_at_once(tab):
    tab.open("book/rnn.html")
    folded = "document.querySelectorAll('.bd-article details:not([open]), .bd-article .toggle-hidden').length"
    button = tab.page.locator(".btn-folds-button")
    count = tab.page.evaluate(folded)
    button.focus()
    tab.page.keyboard.press("Enter")
    assert count > 5 and tab.page.evaluate(folded) == 0 and button.get_attribute("aria-pressed") == "true"
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate(folded) == count and button.get_attribute("aria-pressed") == "false"


def test_drawings_are_readable_without_javascript(browser, site):
    with browser.new_context(java_script_enabled=False, color_scheme="dark") as context:
        tab = Tab(context, site)
        tab.page.goto(f"{site}/book/lstm.html")
        drawing = tab.page.locator("[id='fig-lstm-cellule'] svg")
        fills = drawing.locator("[fill*='--role-paper'], [style*='--role-paper']")
        assert fills.count() > 0
        assert {part.evaluate("part => getComputedStyle(part).fill") for part in fills.all()} == {"rgb(255, 255, 255)"}


def test_copied_examples_run(browser, site):
    """Les lignes qui suivent « ... » sont copiées, et la copie est annoncée."""
    permissions = ["clipboard-read", "clipboard-write"]
    with browser.new_context(locale="fr-FR", permissions=permissions) as context:
        tab = Tab(context, site)
        tab.open("book/api.html")
        blocks = tab.page.locator(".highlight:has(.gp):has(.copybtn)")
        copied = []
        for rank in range(blocks.count()):
            block = blocks.nth(rank)
            if "\n..." not in block.locator("pre").inner_text():
                continue
            block.locator(".copybtn").evaluate("button => button.click()")
            expect(tab.page.locator("main [role=status]")).to_have_text("Copié !")
            copied.append(tab.page.evaluate("navigator.clipboard.readText()"))
            expect(tab.page.locator("main [role=status]")).to_have_text("", timeout=10_000)
        assert len(copied) >= 5
        for code in copied:
            compile(code, "exemple", "exec")


def test_copy_buttons_appear_on_touch_screens(browser, site):
    with browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800}) as context:
        tab = Tab(context, site)
        tab.open("book/rnn.html")
        button = tab.page.locator(".bd-article > section pre:visible + .copybtn").first
        assert button.evaluate("button => getComputedStyle(button).opacity") == "1"
