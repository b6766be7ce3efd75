"""La figure « lots » : elle découpe comme le paquet, montre d'où vient chaque caractère, ses missions se gagnent."""

from __future__ import annotations

import random

import pytest
import torch
from outils_figures import FIGURE, act, compute, lone_page, opened, sent_data, won
from serveur import chromium

from notebook_utils import text_columns, text_windows

ALPHABETS = ("abcdefghij", "éàçœß ñ’«»…", "🐈🧠🏔🎼aé ", "e\u0301o\u0302x🇫🇷漢字")
MATRICES = {"x": ["agms", "bhnt", "ciou"], "y": ["bhnt", "ciou", "djpv"]}


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def sent():
    return sent_data("lots")


@pytest.fixture(scope="module")
def shared(browser, sent, tmp_path_factory):
    return opened(browser, lone_page(tmp_path_factory.mktemp("lots"), "lots", sent))


@pytest.fixture
def page(shared):
    shared.mouse.move(0, 0)
    shared.get_by_role("button", name="Recommencer").click()
    act(shared, {})
    return shared


def expected(text, B, w):
    """Les colonnes et les fenêtres du paquet, en caractères ; aucune là où il refuse."""
    codes = torch.arange(len(text))

    def letters(table):
        return [[text[code] for code in row] for row in table.tolist()]

    if len(text) < B:
        return [], []
    columns = text_columns(codes, B)
    if columns.shape[1] <= w:
        with pytest.raises(ValueError, match="attendu au moins"):
            text_windows(columns, w)
        return letters(columns), []
    windows = [{"x": letters(batch.inputs), "y": letters(batch.targets)} for batch in text_windows(columns, w)]
    return letters(columns), windows


@pytest.mark.parametrize("seed", range(40))
def test_it_cuts_as_the_package_does(page, seed):
    chance = random.Random(seed)
    text = "".join(chance.choices(ALPHABETS[seed % 4], k=chance.randint(1, 48)))
    B, w = chance.randint(1, 8), chance.randint(1, 8 if seed % 2 else 3)
    found = compute(page, {"text": text, "B": B, "w": w})
    columns, windows = expected(text, B, w)
    assert found["chars"] == list(text)
    assert (found["columns"], found["windows"]) == (columns, windows)
    read = sum(len(row) for window in windows for row in window["x"])
    assert found["rest"] + found["ends"] + found["lost"] == (len(text) if columns else found["rest"]) - read


def test_the_first_state_is_the_example_of_the_chapter(page):
    (window,) = compute(page, {})["windows"]
    for name, rows in MATRICES.items():
        assert ["".join(row) for row in zip(*window[name], strict=True)] == rows
    words = page.locator(".jeu-phrase").inner_text().replace("\xa0", " ").replace("\u202f", " ")
    assert "12 caractères sur 24 ne sont jamais des entrées" in words and "sa cible est « b »" in words


def read(page, place, words):
    """Attend que ces mots se lisent à cet endroit, espaces insécables ou non."""
    spaces = "replaceAll(/[\\u00a0\\u202f]/g, ' ')"
    script = f"([place, words]) => document.querySelector(place).textContent.{spaces}.includes(words)"
    page.wait_for_function(script, arg=[place, words])


def said(page, words):
    read(page, ".jeu-phrase", words)


def drawn(page, words):
    read(page, ".jeu-dessin", words)


def test_hovering_shows_a_character_and_changes_nothing(page):
    page.wait_for_timeout(400)  # l'adresse est écrite
    before = page.evaluate("location.href + JSON.stringify(document.querySelector('[data-figure]').figure.state)")
    page.locator("[aria-label^='« n »']").hover()
    drawing = page.locator(".jeu-dessin")
    drawn(page, "« n », n° 14")
    page.locator("[aria-label^='« w »']").hover()
    drawn(page, "ni entrée ni cible")
    page.mouse.move(0, 0)
    drawn(page, "« a », n° 1")
    after = page.evaluate("location.href + JSON.stringify(document.querySelector('[data-figure]').figure.state)")
    assert after == before and drawing.get_attribute("role") == "group"


def test_arrows_walk_through_the_columns(page):
    page.locator("[aria-label^='« a »']").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
        act(page, {})
    name = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(name) == "« i », colonne 2, ligne 3"
    assert page.evaluate(f"{FIGURE}.state.at") == 9
    assert page.locator("[data-cle=at]").input_value() == "9"
    assert page.locator(".jeu-dessin [tabindex='0']").count() == 1
    for _ in range(4):  # au bord, on y reste
        page.keyboard.press("ArrowRight")
        act(page, {})
    assert page.evaluate(name) == "« u », colonne 4, ligne 3"


def test_a_finger_follows_a_character_and_sees_what_is_lost(browser, sent, tmp_path):
    phone = {"viewport": {"width": 320, "height": 900}, "has_touch": True, "is_mobile": True}
    page = opened(browser, lone_page(tmp_path, "lots", sent), **phone)
    page.locator("[aria-label^='« j »']").tap()
    said(page, "« j », n° 10 du flux : colonne 2, ligne 4 ; c’est seulement une cible")
    act(page, {"B": 5, "w": 2})
    page.locator("[data-index='22']").last.tap()
    said(page, "« w », n° 23 du flux : en reste, dans aucune colonne")
    said(page, "4 en reste")
    sizes = page.locator(".jeu-dessin [role=button]").evaluate_all(
        "cells => cells.flatMap(cell => { const box = cell.getBoundingClientRect(); return [box.width, box.height]; })"
    )
    assert min(sizes) >= 24


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 caractère pour 4 colonnes"),
        ("ab", "2 caractères pour 4 colonnes"),
        ("abcdefgh", "il faudrait 4 caractères"),
        ("🐈🐈🐈🐈🐈 é", "7 caractères en 4 colonnes de 1"),
    ],
)
def test_short_texts_are_told(page, text, words):
    page.locator("[data-cle=text]").fill(text)
    said(page, words)
    assert not page.complaints


def test_refuses_other_data(browser, tmp_path):
    page = opened(browser, lone_page(tmp_path, "lots", {"figure": "lots", "version": 1, "data": {"text": ""}}))
    assert "il faut un texte" in page.locator(".jeu-erreur").inner_text()


# Les missions, par de vraies commandes


def test_two_neighbours_in_two_columns(page):
    assert won(page) == [False] * 3
    page.locator("[data-cle=at]").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    act(page, {})
    assert won(page) == [True, False, False]
    said(page, "« g » est en tête de la colonne 2")


def test_a_window_too_long(page):
    page.locator("[data-cle=w]").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    act(page, {})
    assert won(page) == [False, True, False] and compute(page, {})["windows"] == []


def test_nothing_is_lost(page):
    page.locator("[data-cle=text]").fill("abcdefghijklmnopqrst")
    page.locator("[data-cle=w]").focus()
    page.keyboard.press("ArrowLeft")
    act(page, {})
    assert won(page)[2] and len(compute(page, {})["windows"]) == 2


def test_a_link_of_the_text_sets_the_figure(page):
    page.evaluate("location.hash = '#lots?B=5&at=6&inconnu=3'")
    page.wait_for_function(f"{FIGURE}.state.B === 5 && {FIGURE}.state.at === 6")
