"""La figure « echo » : ses nombres sont ceux de torch, ses chemins ceux du gradient, ses missions se gagnent."""

from __future__ import annotations

import pytest
import torch
from outils import new_generator
from outils_figures import FIGURE, act, compute, lone_page, opened, sent_data, won
from serveur import chromium

from notebook_utils import GRU, RNN, Echo, FusedLSTM, SequenceTagger, decode_weights, detach

LAYERS, T = {"RNN": RNN, "GRU": GRU, "LSTM": FusedLSTM}, 32


@pytest.fixture(scope="module")
def sent():
    return sent_data("echo")


@pytest.fixture(scope="module")
def address(sent, tmp_path_factory):
    return lone_page(tmp_path_factory.mktemp("echo"), "echo", sent)


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
    return {(network["cell"], network["delay"], network["window"]): model_of(network)
            for network in sent["data"]["networks"]}


def model_of(network):
    weights = {name: tensor.double() for name, tensor in decode_weights(network["weights"]).items()}
    model = SequenceTagger(LAYERS[network["cell"]](1, weights["W_y"].shape[1], dtype=torch.float64), 1)
    model.load_state_dict(weights)
    return model


def phrase(page):
    """Ce que dit la figure, avec des espaces ordinaires."""
    return " ".join(page.locator(".jeu-phrase").inner_text().split())


def random_setting(sent, draw):
    generator = new_generator(draw)
    k, w = (sent["data"][name][int(torch.randint(0, 4, (), generator=generator))] for name in ("delays", "windows"))
    n = T if draw % 3 else int(torch.randint(9, T, (), generator=generator))
    return k, w, torch.randint(0, 2, (n,), generator=generator)


@pytest.mark.parametrize("draw", range(50))
@torch.no_grad()
def test_numbers_are_those_of_torch(shared, sent, models, draw):
    k, w, bits = random_setting(sent, draw)
    text = "".join(map(str, bits.tolist()))
    found = compute(shared, {"k": k, "w": w, "bits": text})
    x, y = Echo(k, window=len(bits), windows=1).encode([text])
    assert found["bits"] == bits.tolist() and found["targets"] == y.flatten().int().tolist()
    assert [reading["cell"] for reading in found["readings"]] == ["RNN", "GRU", "LSTM"]
    for reading in found["readings"]:
        logits = models[reading["cell"], k, w](x.double()).flatten()
        gap = torch.tensor(reading["probabilities"], dtype=torch.float64) - torch.sigmoid(logits)
        assert gap.abs().max() < 1e-6
        wrong = (logits > 0) != (y.flatten() > 0.5)
        assert reading["wrong"] == [t for t in range(k, len(bits)) if wrong[t]]


@pytest.mark.parametrize("draw", range(8))
def test_paths_are_those_of_the_gradient(shared, sent, draw):
    """Une cible est reliée si sa dérivée par l'entrée attendue, à travers des fenêtres détachées, n'est pas nulle."""
    k, w, bits = random_setting(sent, 3 * draw + 1)
    found = compute(shared, {"k": k, "w": w, "bits": "".join(map(str, bits.tolist()))})
    layer = RNN(1, 6, generator=new_generator(draw), dtype=torch.float64)
    x = bits.double().reshape(1, T, 1).requires_grad_()
    state, outputs = None, []
    for window in x.split(w, dim=1):
        output, state = layer(window, state)
        outputs.append(output)
        state = detach(state)
    outputs = torch.cat(outputs, dim=1)[0]
    for t in range(T):
        (slopes,) = torch.autograd.grad(outputs[t].sum(), x, retain_graph=True)
        assert found["linked"][t] == (t >= k and slopes[0, t - k, 0].item() != 0)


@pytest.mark.parametrize("text", ["", "01x2 1é", "0", "1" * 60, "🙂"])
def test_no_text_breaks_it(page, text):
    page.get_by_label("flux de bits").fill(text)
    page.wait_for_timeout(700)
    words = phrase(page)
    assert words.strip() and not page.complaints
    assert all(f"« {sign} »" in words for sign in set(text) & set("x2é🙂"))


def keys_on(page, label, *keys):
    page.get_by_label(label, exact=True).focus()
    for key in keys:
        page.keyboard.press(key)
    act(page, {})


def test_cutting_and_halving_are_won(page):
    assert won(page) == [False] * 3
    keys_on(page, "fenêtre w", "ArrowLeft")
    assert won(page) == [True, False, False]
    keys_on(page, "délai k", "ArrowLeft", "ArrowLeft")
    assert won(page) == [True, True, False]
    page.wait_for_timeout(600)
    assert "4 cibles sur 8, par fenêtre, sont reliées" in phrase(page)


@torch.no_grad()
def test_a_network_can_be_fooled(page, sent, models):
    bits = torch.randint(0, 2, (3000, T, 1), generator=new_generator(7))
    for (_, k, w), model in models.items():
        if k >= w:
            continue
        wrong = ((model(bits.double())[:, k:] > 0) != (bits[:, : T - k] > 0)).flatten(1).any(dim=1)
        if wrong.any():
            break
    page.evaluate(f"{FIGURE}.set({{k: {k}, w: {w}}})")
    page.get_by_label("flux de bits").fill("")
    text = "".join(map(str, bits[int(wrong.nonzero()[0])].flatten().tolist()))
    page.get_by_label("flux de bits").press_sequentially(text)
    act(page, {})
    assert won(page)[2]


# -- Toucher ---------------------------------------------------------------------------------------


def state_of(page, key):
    act(page, {})
    return page.evaluate(f"{FIGURE}.state[{key!r}]")


def point(page, t, row):
    """Où toucher la colonne de l'instant ``t``, dans la rangée des cibles ou des entrées."""
    box = page.locator(f".jeu-dessin > rect >> nth={row}").bounding_box()
    assert box["height"] >= 24
    left = 66 if box["width"] > 560 else 22
    return box["x"] + left + (t - 0.5) * (box["width"] - left - 4) / T, box["y"] + box["height"] / 2


def test_a_click_follows_a_target_or_flips_a_bit(page):
    page.mouse.click(*point(page, 14, 0))
    assert state_of(page, "t") == 14
    page.wait_for_timeout(600)
    words = phrase(page)
    assert "bute sur la frontière d’avant l’instant 13, et n’atteint pas l’entrée 6" in words
    before = state_of(page, "bits")
    page.mouse.click(*point(page, 5, 1))
    after = state_of(page, "bits")
    assert [t + 1 for t in range(T) if before[t] != after[t]] == [5]


def test_a_drag_follows_the_targets(page):
    page.mouse.move(*point(page, 10, 0))
    page.mouse.down()
    page.mouse.move(*point(page, 25, 0), steps=5)
    page.mouse.up()
    assert state_of(page, "t") == 25
    page.mouse.move(*point(page, 3, 0))
    assert state_of(page, "t") == 25


def test_bits_are_typed_on_the_drawing(page):
    band = page.get_by_role("slider", name="Cible suivie", exact=True).first
    page.locator(".jeu-dessin [role=slider]").focus()
    page.keyboard.press("Home")
    for key in "1100110":
        page.keyboard.press(key)
        act(page, {})
    assert state_of(page, "bits").startswith("1100110") and state_of(page, "t") == 8
    assert page.evaluate("document.activeElement.getAttribute('role')") == "slider"
    assert band.get_attribute("aria-valuenow") == "8"
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert state_of(page, "t") == T - 1


def test_a_finger_taps(browser, address):
    page = opened(browser, address, viewport={"width": 320, "height": 800}, has_touch=True, is_mobile=True)
    page.touchscreen.tap(*point(page, 30, 0))
    assert state_of(page, "t") == 30
    before = state_of(page, "bits")
    page.touchscreen.tap(*point(page, 9, 1))
    assert state_of(page, "bits")[8] != before[8]


def test_a_link_of_the_text_sets_the_figure(page):
    page.evaluate("location.hash = '#echo?k=4&w=8&t=99&bits=1111'")
    page.wait_for_function(f"{FIGURE}.state.w === 8 && {FIGURE}.state.k === 4")
    assert page.evaluate(f"[{FIGURE}.state.t, {FIGURE}.values.followed]") == [32, 3]
    page.evaluate("location.hash = ''")
