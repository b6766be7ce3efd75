"""La figure « portes » : ses nombres contre les cellules du paquet, ses missions jouées sur la partition."""

from __future__ import annotations

import json

import pytest
import torch
from outils import new_generator
from outils_figures import FIGURE, act, compute, lone_page, opened, pages_of, sent_data, won
from serveur import chromium

from notebook_utils import LSTMCell, LSTMState, PaperGRUCell

GATES = {"lstm": "fio", "gru": "zr"}
F64 = torch.float64


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def book_data(cell):
    """Les données de la page de cette cellule."""
    found = [sent_data("portes", page) for page in pages_of("portes")]
    (sent,) = [sent for sent in found if sent["data"]["cell"] == cell]
    return sent


@pytest.fixture(scope="module")
def pages(browser, tmp_path_factory):
    """Les deux figures du livre, chacune dans son onglet."""
    found = {}
    for cell in GATES:
        found[cell] = opened(browser, lone_page(tmp_path_factory.mktemp(cell), "portes", book_data(cell)))
        found[cell].cell = cell
    return found


def restarted(page):
    page.get_by_role("button", name="Recommencer").click()
    page.wait_for_timeout(100)
    return page


@pytest.fixture(params=GATES)
def played(pages, request):
    return restarted(pages[request.param])


@pytest.fixture
def lstm(pages):
    return restarted(pages["lstm"])


@pytest.fixture
def gru(pages):
    return restarted(pages["gru"])


def row(*levels):
    return "".join("fmo"[level] for level in levels)


def lstm_oracle(inputs, f, i, o):
    """c, h et ∂c_T/∂c_t, par LSTMCell, dont les entrées sont les quatre pré-activations."""
    cell = LSTMCell(4, 1, dtype=F64, generator=new_generator(0))
    with torch.no_grad():
        cell.W_x.copy_(torch.eye(4)), cell.W_h.zero_(), cell.b.zero_()
    x = torch.stack([80 * i - 40, 80 * f - 40, inputs.atanh(), 80 * o - 40], dim=1)
    h, c = [torch.zeros(1, 1, dtype=F64)], [torch.zeros(1, 1, dtype=F64, requires_grad=True)]
    for x_t in x:
        h_t, state = cell(x_t[None], LSTMState(h[-1], c[-1]))
        h.append(h_t), c.append(state.c)
    gradients = torch.autograd.grad(c[-1].sum(), c)
    return {"c": c, "h": h, "influence": gradients}


def gru_oracle(x, z, r):
    """h, ∂h_T/∂h_t et la voie directe, par PaperGRUCell, dont les entrées sont les pré-activations r, z, et x."""
    cell = PaperGRUCell(3, 1, dtype=F64, generator=new_generator(0))
    with torch.no_grad():
        cell.W_x.copy_(torch.eye(3)), cell.b.zero_(), cell.W_h.copy_(torch.tensor([[0.0], [0], [1]]))
    h = [torch.zeros(1, 1, dtype=F64, requires_grad=True)]
    for x_t in torch.stack([80 * r - 40, 80 * z - 40, x], dim=1):
        h.append(cell(x_t[None], h[-1])[0])
    direct = [(1 - z[t:]).prod() for t in range(len(x) + 1)]
    return {"h": h, "influence": torch.autograd.grad(h[-1].sum(), h), "direct": direct}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cell", GATES)
def test_numbers_equal_torch(browser, tmp_path, cell, seed):
    generator = new_generator(seed)
    inputs = 1.8 * torch.rand(30, generator=generator, dtype=F64) - 0.9
    often = torch.tensor([0.1, 0.2, 0.7] if cell == "lstm" and seed < 2 else [0.4, 0.3, 0.3])
    levels = [torch.multinomial(often, 30, replacement=True, generator=generator) for _ in GATES[cell]]
    score = {key: row(*level.tolist()) for key, level in zip(GATES[cell], levels, strict=True)}
    data = {"figure": "portes", "version": 1, "data": {"cell": cell, "inputs": inputs.tolist(), "score": score}}
    page = opened(browser, lone_page(tmp_path, "portes", data))
    values = compute(page, {})
    oracle = lstm_oracle if cell == "lstm" else gru_oracle
    for name, expected in oracle(inputs, *(level.double() / 2 for level in levels)).items():
        received = torch.tensor(values[name], dtype=F64)
        expected = torch.stack([value.detach().reshape(()) for value in expected])
        torch.testing.assert_close(received, expected, rtol=1e-6, atol=1e-9)
    page.close()


@pytest.mark.parametrize("text", ["", "30m", "3of2m24o", "ofofof", "99o", "2o3x1f", "m"])
def test_notation_is_read_and_written(played, text):
    key = GATES[played.cell][0]
    received = [int(2 * level) for level in compute(played, {key: text})["levels"][0]]
    assert len(received) == 30
    spelt = {"": 30 * "f", "30m": 30 * "m", "3of2m24o": "ooofmm" + 24 * "o", "ofofof": "ofofof" + 24 * "f",
             "99o": 30 * "o", "2o3x1f": "oo" + 28 * "f", "m": "m" + 29 * "f"}[text]
    assert row(*received) == spelt


def tile(page, gate, step):
    return page.locator(f'.jeu-dessin [data-place="{GATES[page.cell].index(gate)},{step - 1}"]')


def levels(page):
    places = page.locator(".jeu-dessin [data-place]").evaluate_all(
        "items => items.map(item => ['false', 'mixed', 'true'].indexOf(item.getAttribute('aria-pressed')))"
    )
    return {gate: row(*places[30 * k : 30 * k + 30]) for k, gate in enumerate(GATES[page.cell])}


def click(page, gate, *steps):
    """Clique jusqu'à ce que la porte soit ouverte, puis passe à la suivante."""
    for step in steps:
        while tile(page, gate, step).get_attribute("aria-pressed") != "true":
            tile(page, gate, step).click()
            page.wait_for_timeout(50)


def blank(page):
    page.locator('[data-cle="clear"]').click()
    page.wait_for_timeout(100)


def test_first_state_is_the_score_of_the_book(played):
    assert levels(played) == book_data(played.cell)["data"]["score"]
    act(played, {"t": 18})
    assert won(played) == [False] * 4
    assert played.locator('.jeu-commandes input[type="text"]').count() == 0


def test_hold(lstm):
    blank(lstm)
    click(lstm, "i", 4)
    assert won(lstm) == [True, False, False, False]


def test_hide(lstm):
    blank(lstm)
    click(lstm, "i", 4)
    click(lstm, "o", 25)
    assert won(lstm) == [True, True, False, False]
    click(lstm, "o", 26)
    lstm.get_by_role("button", name="Recommencer").click()
    assert won(lstm) == [False] * 4


def test_count(lstm):
    blank(lstm)
    click(lstm, "i", 4, 9, 13, 20)
    assert not won(lstm)[2]
    click(lstm, "i", 26)
    assert won(lstm)[2]
    assert compute(lstm, {})["c"][30] == pytest.approx(4.5) and max(compute(lstm, {"o": "30o"})["h"]) < 1


def test_erase(lstm):
    tile(lstm, "f", 15).click()
    lstm.wait_for_timeout(100)
    assert won(lstm) == [False, False, False, True]


def test_hold_a_state(gru):
    blank(gru)
    click(gru, "z", 4)
    assert won(gru) == [True, False, False, False]


def test_replace(gru):
    tile(gru, "z", 20).click()  # de mi-ouverte à ouverte
    gru.wait_for_timeout(100)
    assert won(gru) == [False, True, False, False]
    assert compute(gru, {})["influence"][19] == 0


def test_mix(gru):
    blank(gru)
    click(gru, "z", 4)
    tile(gru, "z", 20).click()  # de fermée à mi-ouverte
    gru.wait_for_timeout(100)
    assert won(gru)[2]


def test_reread(gru):
    blank(gru)
    click(gru, "z", 4, 14)
    assert not won(gru)[3]
    click(gru, "r", 14)
    assert won(gru)[3]
    values = compute(gru, {})
    assert values["direct"][10] == 0 and values["influence"][10] > 0.3


def test_keyboard_alone_plays_the_score(played):
    """Une seule case est à portée de tabulation ; flèches, espace, lettres, majuscule et flèche ; le focus reste."""
    assert played.locator('.jeu-dessin [tabindex="0"]').count() == 1
    gate, other = GATES[played.cell][:2]
    tile(played, gate, 1).click()
    for key in ("Home", "f", "Space"):
        played.keyboard.press(key)
        played.wait_for_timeout(60)
    assert levels(played)[gate][0] == "m"
    for _ in range(5):
        played.keyboard.press("Shift+ArrowRight")
        played.wait_for_timeout(60)
    assert levels(played)[gate][:6] == 6 * "m"
    played.keyboard.press("ArrowDown")
    played.keyboard.press("o")
    played.wait_for_timeout(60)
    assert levels(played)[other][5] == "o"
    played.keyboard.press("End")
    played.keyboard.press("ArrowRight")
    focused = played.evaluate("document.activeElement.getAttribute('data-place')")
    assert focused == "1,29" and played.locator('.jeu-dessin [tabindex="0"]').get_attribute("data-place") == focused


def test_each_gate_says_its_name_and_place(played):
    names = {"lstm": "oubli, pas 4 : fermée", "gru": "mise à jour, pas 4 : ouverte"}
    assert tile(played, GATES[played.cell][0], 4).get_attribute("aria-label") == names[played.cell]
    assert played.locator(".jeu-dessin").get_attribute("role") == "group"


def test_dragging_paints_a_row(played):
    gate = GATES[played.cell][1]
    blank(played)
    first, last = (tile(played, gate, step).bounding_box() for step in (3, 8))
    played.mouse.move(first["x"] + 8, first["y"] + 8)
    played.mouse.down()
    played.mouse.move(last["x"] + 8, last["y"] + 8, steps=3)
    played.mouse.up()
    played.wait_for_timeout(100)
    assert levels(played)[gate] == "ff" + 6 * "m" + 22 * "f"


def test_the_address_holds_the_score(played, browser):
    gate = GATES[played.cell][0]
    tile(played, gate, 30).click()
    played.wait_for_function(f"location.hash.includes('{gate}=')")
    again = opened(browser, played.evaluate("location.href"))
    assert again.evaluate(f"JSON.stringify({FIGURE}.state)") == played.evaluate(f"JSON.stringify({FIGURE}.state)")
    again.cell = played.cell
    assert levels(again) == levels(played)
    again.close()


@pytest.mark.parametrize("width", [320, 390, 760])
@pytest.mark.parametrize("cell", GATES)
def test_a_finger_plays_the_score(browser, tmp_path, cell, width):
    address = lone_page(tmp_path, "portes", book_data(cell))
    page = opened(browser, address, viewport={"width": width, "height": 900}, has_touch=True, is_mobile=True)
    page.cell = cell
    gate = GATES[cell][0]
    box = tile(page, gate, 30).bounding_box()
    assert box["width"] >= 23 and box["height"] >= 23  # et deux points d'écart
    before = levels(page)[gate]
    tile(page, gate, 30).tap()
    page.wait_for_timeout(100)
    after = levels(page)[gate]
    assert after[:29] == before[:29] and after[29] != before[29]
    edges = page.locator(".jeu-dessin text").evaluate_all(
        "items => items.map(item => item.getBoundingClientRect()).filter(box => box.left < 0 || box.right > innerWidth)"
    )
    assert edges == []
    page.close()


def test_a_short_data_set_is_refused(browser, tmp_path):
    sent = json.loads(json.dumps(book_data("gru")))
    sent["data"]["inputs"] = sent["data"]["inputs"][:10]
    page = opened(browser, lone_page(tmp_path, "portes", sent))
    assert "trente entrées" in page.locator(".jeu-erreur").inner_text()
    page.close()
