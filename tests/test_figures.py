"""Le contrat des figures interactives, le même pour toutes, dans un vrai navigateur."""

from __future__ import annotations

import json
from pathlib import Path

import axe_playwright_python
import pytest
from outils_figures import FIGURE, FIGURES, lone_page, opened, page_of, sent_data
from serveur import chromium

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"]  # ceux du livre
RUN_AXE = f"""async () => (await axe.run(document, {{preload: false, runOnly: {TAGS}}})).violations.flatMap(
  rule => rule.nodes.map(node => `${{rule.id}} : ${{node.html.slice(0, 160)}}`))"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(params=FIGURES)
def name(request) -> str:
    return request.param


@pytest.fixture
def lone(name, tmp_path) -> str:
    return lone_page(tmp_path, name, sent_data(name))


def first_control(page):
    return page.locator(".jeu-commandes [data-cle]:is(input, select)").first


def test_takes_the_place_of_its_picture(browser, name, lone):
    page = opened(browser, lone)
    assert page.locator("div[data-figure]").get_attribute("data-etat") == "prete"
    assert not page.locator("svg.figure-svg").is_visible()
    assert page.locator(".jeu-phrase").inner_text().strip(), "la conclusion se lit avant toute action"
    assert not page.complaints


def test_without_javascript_the_picture_and_its_caption_remain(browser, name):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(page_of(name).as_uri())
    figure = page.locator(f".cell_output:has(script[data-figure={name}])").first
    assert figure.locator("svg.figure-svg").is_visible()
    assert figure.locator("figcaption").inner_text().strip()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_accessibility_violation(browser, name, lone, theme):
    page = opened(browser, lone)
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    ink, paper = ("#e6e6e6", "#121212") if theme == "dark" else ("#1b1f24", "#fff")
    page.evaluate(f"document.body.style = 'color: {ink}; background: {paper}'")
    page.add_script_tag(path=AXE)
    assert page.evaluate(RUN_AXE) == []
    control = first_control(page)
    if control.count():
        control.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(100)
        assert page.evaluate(RUN_AXE) == []


def test_every_control_answers_the_keyboard_and_is_named(browser, name, lone):
    page = opened(browser, lone)
    for control in page.locator(".jeu-commandes [data-cle]").all():
        key, kind = control.get_attribute("data-cle"), control.get_attribute("type")
        control.focus()
        assert control.evaluate("element => element === document.activeElement")
        named = "element => (element.labels?.[0] ?? element).textContent.trim()"
        assert control.evaluate(named), f"« {key} » n'a pas de nom"
        if kind in ("range", "checkbox"):
            before = page.evaluate(f"JSON.stringify({FIGURE}.state)")
            page.keyboard.press("Space" if kind == "checkbox" else "ArrowLeft")
            if page.evaluate(f"JSON.stringify({FIGURE}.state)") == before:  # un curseur au bout de sa course
                page.keyboard.press("ArrowRight")
            assert page.evaluate(f"JSON.stringify({FIGURE}.state)") != before, f"« {key} » ne répond pas au clavier"


def test_says_what_changed_and_resets(browser, name, lone):
    page = opened(browser, lone)
    live = page.locator(".jeu-phrase")
    assert live.get_attribute("aria-live") == "polite"
    before, state = live.inner_text(), page.evaluate(f"JSON.stringify({FIGURE}.state)")
    control = first_control(page)
    if control.count() and control.get_attribute("type") == "range":
        control.focus()
        for _ in range(3):
            page.keyboard.press("PageDown" if control.evaluate("input => input.value > input.min") else "PageUp")
        page.wait_for_function("before => document.querySelector('.jeu-phrase').textContent !== before", arg=before)
    page.get_by_role("button", name="Recommencer").click()
    page.wait_for_timeout(700)
    assert page.evaluate(f"JSON.stringify({FIGURE}.state)") == state
    assert live.inner_text() == before


def test_the_address_holds_the_settings(browser, name, lone):
    page = opened(browser, lone)
    control = first_control(page)
    if not control.count() or control.get_attribute("type") != "range":
        pytest.skip("la première commande n'est pas un curseur")
    control.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageDown" if control.evaluate("input => input.value > input.min") else "PageUp")
    page.wait_for_function(f"location.hash.startsWith('#{name}?') && location.hash.includes('=')")
    key, address = control.get_attribute("data-cle"), page.evaluate("location.href")
    assert f"{key}=" in address
    again = opened(browser, address)
    assert again.evaluate(f"{FIGURE}.state[{json.dumps(key)}]") == page.evaluate(f"{FIGURE}.state[{json.dumps(key)}]")


def test_a_link_of_the_book_sets_the_figure(browser, name):
    """Les réglages que propose le texte : suivis depuis la page, sans la recharger, ou venus d'une autre."""
    figure = FIGURE.replace("[data-figure]", f"[data-figure={name}]")  # une page peut en avoir deux
    settings = f"JSON.stringify({figure}.spec.controls.map(({{key}}) => {figure}.state[key]))"
    page = opened(browser, page_of(name).as_uri())
    links = page.locator(f"a.reglage[href*='figure={name}&']")
    address = links.first.get_attribute("href")
    before = page.evaluate(f"window.marque = true, {settings}")
    links.first.dispatch_event("click")
    page.wait_for_function(f"before => {settings} !== before", arg=before)
    assert page.evaluate("window.marque") is True, "la page s'est rechargée"
    state = page.evaluate(settings)
    again = opened(browser, page_of(name).as_uri() + address)
    again.wait_for_function(f"state => {settings} === state", arg=state)


def test_a_lecturer_can_hide_the_controls(browser, name, lone):
    page = opened(browser, f"{lone}?controles=non")
    assert page.locator(".jeu-commandes, .jeu-missions").count() == 0
    assert page.locator(".jeu-dessin").is_visible()


@pytest.mark.parametrize("width", [320, 390])
def test_fits_a_phone(browser, name, lone, width):
    page = opened(browser, lone, viewport={"width": width, "height": 800}, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.locator(".jeu :is(button, input, select)").evaluate_all(
        "items => items.filter(item => item.offsetParent).map(item => Math.min(item.offsetWidth, item.offsetHeight))"
    )
    assert min(sizes, default=24) >= 24, "cible trop petite pour un doigt"


def test_computes_only_on_screen(browser, name, lone):
    page = opened(browser, lone)
    page.evaluate("document.querySelector('main').style.paddingTop = '3000px'")
    page.wait_for_timeout(200)
    page.evaluate(f"{FIGURE}.values = null; {FIGURE}.set({{}})")
    page.wait_for_timeout(200)
    assert page.evaluate(f"{FIGURE}.values") is None, "calcule hors de l'écran"
    page.evaluate("document.querySelector('main').style.paddingTop = '0'")
    page.wait_for_function(f"{FIGURE}.values !== null")


@pytest.mark.parametrize(
    ("fault", "told"),
    [("{", "abîmées"), ('{"version": 99, "data": {}}', "version 99"), ('{"version": 1, "data": {}}', "")],
)
def test_a_damaged_export_is_told_in_french(browser, name, tmp_path, fault, told):
    page = opened(browser, lone_page(tmp_path, name, fault))
    message = page.locator(".jeu-erreur")
    if fault.endswith("{}}") and page.locator("[data-etat=prete]").count():
        return  # une figure sans données n'en attend aucune
    assert message.get_attribute("role") == "alert" and told in message.inner_text()
    assert "imprévue" not in message.inner_text()
    assert page.locator("svg.figure-svg").evaluate("svg => !svg.classList.contains('jeu-fixe')"), "l'image fixe reste"


def test_respects_reduced_motion(browser, name, lone):
    page = opened(browser, lone, reduced_motion="reduce")
    assert page.evaluate(f"{FIGURE}.playing") is False
    assert page.evaluate("document.getAnimations().length") == 0


def test_stands_once_in_the_book(name):
    assert page_of(name).exists() and sent_data(name)["figure"] == name
