"""La figure « ordre » : ses nombres sont ceux de torch, ses missions se gagnent, ses poignées se tirent."""

from __future__ import annotations

import pytest
import torch
from outils import new_generator
from outils_figures import FIGURE, act, compute, lone_page, opened, sent_data, won
from serveur import chromium

from notebook_utils import GRU, RNN, FusedLSTM, SequenceClassifier, decode_weights, temporal_order_class

LAYERS = {"RNN": RNN, "GRU": GRU, "LSTM": FusedLSTM}
SYMBOLS = "XYabcdBE"
LONG = [(14, 34, last) for last in range(30, 148, 6)]
SHORT = [(first, gap, gap) for first in range(4) for gap in (0, 1, 2, 5, 9, 20)]


@pytest.fixture(scope="module")
def sent():
    return sent_data("ordre")


@pytest.fixture(scope="module")
def address(sent, tmp_path_factory):
    return lone_page(tmp_path_factory.mktemp("ordre"), "ordre", sent)


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def shared(browser, address):
    return opened(browser, address)


@pytest.fixture
def page(shared):
    shared.get_by_role("button", name="Recommencer").click()
    act(shared, {})
    return shared


@pytest.fixture(scope="module")
def models(sent):
    return {network["key"]: model_of(network) for network in sent["data"]["networks"]}


def model_of(network):
    weights = {name: tensor.double() for name, tensor in decode_weights(network["weights"]).items()}
    H = weights["W_y"].shape[1]
    model = SequenceClassifier(LAYERS[network["cell"]](8, H, dtype=torch.float64), 4)
    model.load_state_dict(weights)
    return model


def phrase(page):
    """Ce que dit la figure, avec des espaces ordinaires."""
    return " ".join(page.locator(".jeu-phrase").inner_text().split())


@torch.no_grad()
def expected(model, text, width):
    """Les états h, c (LSTM) et les probabilités, à chaque symbole d'un texte que précède du vide."""
    x = torch.zeros(1, max(width, len(text) + 1), 8, dtype=torch.float64)
    for t, symbol in enumerate(text):
        x[0, x.shape[1] - len(text) + t, SYMBOLS.index(symbol)] = 1
    state, h, c = model.layer.initial_state(1), [], []
    for x_t in x.unbind(dim=1):
        output, state = model.layer(x_t[:, None], state)
        h.append(output[0, 0])
        c.append(state.c[0] if isinstance(model.layer, FusedLSTM) else torch.zeros(0, dtype=torch.float64))
    h, c = (torch.stack(part)[-max(1, len(text)) :] for part in (h, c))
    return h, c, (h @ model.W_y.T + model.b_y).softmax(dim=1)


def random_text(generator, draw):
    def integer(low, high):
        return int(torch.randint(low, high, (), generator=generator))

    letters = [SYMBOLS[integer(0, 8)] for _ in range(integer(0, 120))]
    if draw % 2:
        return "".join(letters)
    noise = ["abcd"[integer(0, 4)] for _ in range(integer(0, 150))]
    places = sorted(integer(0, len(noise) + 1) for _ in range(2))
    for place in reversed(places):
        noise.insert(place, "XY"[integer(0, 2)])
    return f"B{''.join(noise)}E"


@pytest.mark.parametrize("draw", range(50))
def test_numbers_are_those_of_torch(shared, sent, models, draw):
    text = random_text(new_generator(draw), draw)
    keys = list(models)
    found = compute(shared, {"text": text, "net": keys[draw % len(keys)]})
    assert found["symbols"] == text and found["readings"][keys[draw % len(keys)]] == found["reading"]
    for key, model in models.items():
        reading = found["readings"][key]
        for name, values in zip(("h", "c", "probabilities"), expected(model, text, sent["data"]["width"]), strict=True):
            gap = torch.tensor(reading[name], dtype=torch.float64) - values.flatten()
            assert gap.numel() == 0 or gap.abs().max() < 1e-6, (key, name)
        assert reading["answer"] == "QRSU"[values[-1].argmax()]
    assert found["expected"] == (temporal_order_class(text) if draw % 2 == 0 else found["expected"])


def test_a_number_stands_for_noise(page, sent):
    found = compute(page, {"text": "B 3X2ab Y1e", "draw": 1})
    noise = sent["data"]["noise"][1]
    assert found["symbols"] == f"B{noise[1:4]}X{noise[5:7]}abY{noise[10]}E" and found["expected"] == "R"


@pytest.mark.parametrize("text", ["B3X!Zé4YE", "", "999999", "XXXX", "BE", "E", "B1X1Y1B", "🙂" * 50, "b" * 200])
def test_no_text_breaks_it(page, text):
    field = page.get_by_role("textbox", name="séquence")
    field.fill(text)
    page.wait_for_timeout(700)
    assert phrase(page).strip() and not page.complaints
    for sign in set(text) & set("!Zé🙂"):
        assert f"« {sign} »" in phrase(page)
    if "999" in text:
        assert "200 symboles" in phrase(page)


# -- Missions --------------------------------------------------------------------------------------


def texts():
    """Des séquences longues et courtes, dont la figure choisit le bruit."""
    for gaps in LONG + SHORT:
        for pair in ("XX", "XY", "YX", "YY"):
            a, b, c = (str(gap or "") for gap in gaps)
            yield f"B{a}{pair[0]}{b}{pair[1]}{c}E"


def search(page, key, wanted):
    """La première séquence qui convient, et ce que la figure en calcule."""
    for text in texts():
        found = compute(page, {"text": text, "net": key})
        if found["expected"] != found["reading"]["answer"] and wanted(found):
            return text
    return None


def write_text(page, text):
    field = page.get_by_role("textbox", name="séquence")
    field.fill("")
    field.press_sequentially(text)
    page.wait_for_timeout(100)


def test_the_four_classes(page):
    assert won(page) == [False] * 4
    for letters in ("YY", "XX", "YX", "XY"):
        for rank, letter in enumerate(letters):
            page.locator(f"[data-poignee='{rank}']").focus()
            page.keyboard.press(letter)
            act(page, {})
    assert won(page) == [True, False, False, False]


@pytest.mark.parametrize(("rank", "sizes"), [(1, range(81, 201)), (2, range(4, 60))])
def test_a_network_that_learnt_can_be_fooled(page, rank, sizes):
    text = search(page, "lstm-3", lambda found: len(found["symbols"]) in sizes)
    page.get_by_label("réseau montré").select_option("lstm-3")
    write_text(page, text)
    assert won(page)[rank]
    page.wait_for_timeout(600)
    assert "c’est faux" in phrase(page)


def test_the_rnn_may_be_right_by_luck(page):
    lucky = {key: search(page, key, lambda found: found["readings"]["rnn"]["answer"] == found["expected"])
             for key in ("lstm-1", "lstm-3")}
    key, text = next((key, text) for key, text in lucky.items() if text)
    page.get_by_label("réseau montré").select_option(key)
    write_text(page, text)
    assert won(page)[3]


# -- Poignées --------------------------------------------------------------------------------------


def text_of(page):
    act(page, {})
    return page.evaluate(f"{FIGURE}.state.text")


def centre(page, rank):
    box = page.locator(f"[data-poignee='{rank}'] circle").bounding_box()
    assert min(box["width"], box["height"]) >= 24
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_handle_follows_the_mouse(page):
    x, y = centre(page, 0)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x + 10 * step, y + 3)
    page.mouse.up()
    first = int(text_of(page)[1:].split("X")[0])
    assert 22 <= first <= 29 and text_of(page) == f"B{first}X{48 - first}Y18E"
    centre(page, 0)


def test_a_click_changes_the_symbol(page):
    page.mouse.click(*centre(page, 1))
    assert text_of(page) == "B14X34X18E"


def test_the_end_lengthens_the_noise(page):
    x, y = centre(page, 2)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=6)
    page.mouse.up()
    assert int(text_of(page).removeprefix("B14X34Y")[:-1]) > 20


def test_handles_obey_the_keyboard_and_keep_the_focus(page):
    page.locator("[data-poignee='1']").focus()
    pressed = [("ArrowLeft", "B14X33Y19E"), ("PageUp", "B14X43Y9E"), ("Home", "B14XY52E"), ("ArrowLeft", "B14XY52E"),
               ("End", "B14X52YE"), ("Enter", "B14X52XE"), ("y", "B14X52YE")]
    for key, text in pressed:
        page.keyboard.press(key)
        assert text_of(page) == text
        assert page.evaluate("document.activeElement.dataset.poignee") == "1"
    name = page.evaluate("['aria-label', 'aria-valuetext'].map(name => document.activeElement.getAttribute(name))")
    assert name == ["Second symbole, Y", "Y à l’instant 68"]


def test_handles_keep_the_letters_that_were_written(page):
    page.get_by_role("textbox", name="séquence").fill("BabX2cYdE")
    page.locator("[data-poignee='0']").focus()
    page.keyboard.press("ArrowLeft")
    assert text_of(page) == "BaXb2cYdE"


def test_buttons_change_the_noise(page):
    page.get_by_role("button", name="Allonger le bruit").click()
    assert text_of(page) == "B14X34Y28E"
    for _ in range(4):
        page.get_by_role("button", name="Raccourcir le bruit").click()
    assert text_of(page) == "B14X34YE"
    before = page.evaluate(f"{FIGURE}.values.symbols")
    page.get_by_role("button", name="Autre bruit").click()
    assert text_of(page) == "B14X34YE" and page.evaluate(f"{FIGURE}.values.symbols") != before


def test_a_finger_taps_and_drags(browser, address):
    page = opened(browser, address, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page.touchscreen.tap(*centre(page, 0))
    assert text_of(page) == "B14Y34Y18E"
    x, y = centre(page, 1)
    touch = page.context.new_cdp_session(page)
    for step in range(12):
        points = [] if step == 11 else [{"x": x - 4 * step, "y": y}]
        kind = "touchStart" if step == 0 else "touchMove" if points else "touchEnd"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    gap = int(text_of(page).split("Y")[1])
    assert 15 <= gap <= 30 and text_of(page) == f"B14Y{gap}Y{52 - gap}E"


def test_a_link_of_the_text_sets_the_figure(page):
    page.evaluate("location.hash = '#ordre?net=rnn&text=BXYE&inconnu=1'")
    page.wait_for_function(f"{FIGURE}.state.text === 'BXYE' && {FIGURE}.state.net === 'rnn'")
    assert page.get_by_label("réseau montré").input_value() == "rnn"
    page.evaluate("location.hash = ''")
