"""La figure « depliage » : ses nombres sont ceux de torch, elle avance au clavier, ses missions se gagnent."""

from __future__ import annotations

import pytest
import torch
from outils_figures import FIGURE, act, compute, lone_page, opened, pages_of, sent_data, won
from serveur import chromium

from notebook_utils import RNNCell

MODES = {"rnn": "aller", "bptt": "retour"}
CELL = "[aria-label^='{}']"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def sent():
    """Ce que chacune des deux pages donne à la figure."""
    return {MODES[page.stem]: sent_data("depliage", page) for page in pages_of("depliage")}


@pytest.fixture(scope="module")
def pages(browser, sent, tmp_path_factory):
    return {
        mode: opened(browser, lone_page(tmp_path_factory.mktemp(mode), "depliage", data), reduced_motion="reduce")
        for mode, data in sent.items()
    }


@pytest.fixture
def forth(pages):
    return restarted(pages["aller"])


@pytest.fixture
def back(pages):
    return restarted(pages["retour"])


def restarted(page):
    page.get_by_role("button", name="Recommencer").click()
    act(page, {})
    return page


def drawn(seed):
    """Un poids et de trois à six entrées, tirés au hasard, et l'écriture de celles-ci."""
    generator = torch.Generator().manual_seed(seed)
    T = 3 + seed % 4
    w = 4 * torch.rand((), generator=generator, dtype=torch.float64).item() - 2
    x = (3 * torch.randn(T, generator=generator, dtype=torch.float64)).clamp(-3, 3).mul(1e4).round().div(1e4)
    words = " ".join(f"{value:.4f}".replace("-", "−").replace(".", ",") for value in x.tolist())
    return w, x, {"w": w, "inputs": words}


def close(found, expected):
    gap = (torch.tensor(found, dtype=torch.float64) - expected.detach()).abs().max().item()
    assert gap < 1e-9, gap


def rows(values):
    """Une grille triangulaire, complétée de zéros."""
    return [row + [0.0] * (len(values) - len(row)) for row in values]


def cell_of(w):
    cell = RNNCell(1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        for weights, value in ((cell.W_h, w), (cell.W_x, 1.0), (cell.b, 0.0)):
            weights.fill_(value)
    return cell


def states_of(cell, x):
    states = [cell.initial_state(1)]
    for x_t in x:
        states.append(cell(x_t.reshape(1, 1), states[-1])[0])
    return states


@pytest.mark.parametrize("seed", range(20))
def test_the_influence_of_an_input_is_that_of_torch(pages, seed):
    w, x, settings = drawn(seed)
    x.requires_grad_()
    states = states_of(cell_of(w), x)
    influence = torch.stack([torch.autograd.grad(h_t.sum(), x, retain_graph=True)[0] for h_t in states[1:]])
    found = compute(pages["aller"], settings)
    close(found["h"], torch.stack(states).flatten())
    close(rows(found["grid"]), influence)


@pytest.mark.parametrize("seed", range(20))
def test_the_gradient_of_the_weight_is_that_of_torch(pages, sent, seed):
    w, x, settings = drawn(seed)
    target = sent["retour"]["data"]["target"]
    cell = cell_of(w)
    states = states_of(cell, x)
    (0.5 * (torch.stack(states[1:]) - target) ** 2).sum().backward()
    found = compute(pages["retour"], settings)
    close(found["total"], cell.W_h.grad.sum())
    copies = torch.full((len(x),), w, dtype=torch.float64, requires_grad=True)
    shifts = torch.zeros(len(x), dtype=torch.float64, requires_grad=True)
    h = [torch.zeros((), dtype=torch.float64)]
    for weight, shift, x_t in zip(copies, shifts, x, strict=True):
        h.append(torch.tanh(weight * h[-1] + x_t + shift))
    losses = [0.5 * (h_t - target) ** 2 for h_t in h[1:]]
    pairs = torch.stack([torch.autograd.grad(loss, copies, retain_graph=True)[0] for loss in losses])
    close(rows(found["grid"]), pairs)
    close(found["parts"], pairs.sum(dim=0))
    close(found["delta"], torch.autograd.grad(sum(losses), shifts)[0])
    close(found["losses"][1:], torch.stack(losses))


def test_its_first_state_is_the_example_of_the_chapter(forth, back):
    assert compute(forth, {})["h"][1:4] == pytest.approx([0.7616, 0.3634, 0.1797], abs=1e-4)
    three = compute(back, {"inputs": "1 0 0"})
    assert three["delta"] == pytest.approx([-0.2885, -0.8970, -0.7938], abs=1e-4)
    assert three["total"] == pytest.approx(sum(three["parts"]), abs=1e-12)
    assert "0,0109" in forth.locator(".jeu-phrase").inner_text()
    assert "∂L/∂Wₕ = −1,98" in back.locator(".jeu-phrase").inner_text().replace("\xa0", " ").replace("\u202f", " ")


def said(page, words):
    """Attend que la phrase contienne ces mots, espaces insécables ou non."""
    told = "document.querySelector('.jeu-phrase').textContent.replaceAll(/[\\u00a0\\u202f]/g, ' ')"
    page.wait_for_function(f"words => {told}.includes(words)", arg=words)


def test_time_advances_step_by_step(back):
    step = back.locator("[data-cle=step]")
    step.focus()
    back.keyboard.press("Home")
    said(back, "Départ : h₀ = 0")
    back.keyboard.press("ArrowRight")
    said(back, "Pas 1 sur 6 : h₁ = tanh(0,5 × 0 + 1) = 0,762")
    back.get_by_role("button", name="Pas suivant").click()
    said(back, "Pas 2 sur 6")
    act(back, {"step": 7})
    said(back, "Retour, pas 6 : h₆ reçoit −0,978 du public et 0 du successeur")
    known = back.locator("[aria-label^='part de ℓ₆']").evaluate_all("cells => cells.map(cell => cell.textContent)")
    assert known == ["·"] * 5 + ["−0,044"], "le retour remplit la grille de droite à gauche"
    act(back, {"step": 12})
    back.get_by_role("button", name="Pas suivant").click()
    assert back.evaluate(f"{FIGURE}.state.step") == 0, "après le dernier pas, le premier"


def test_it_plays_only_when_asked_and_on_screen(back):
    assert back.evaluate(f"{FIGURE}.playing") is False
    button = back.get_by_role("button", name="Lecture / pause")
    button.click()
    back.wait_for_function(f"{FIGURE}.state.step === 1")
    assert back.locator("[data-cle=step]").input_value() == "1", "le curseur suit la lecture"
    back.evaluate("document.querySelector('main').style.paddingTop = '3000px'")
    back.wait_for_timeout(300)
    step = back.evaluate(f"{FIGURE}.state.step")
    back.wait_for_timeout(2600)
    assert back.evaluate(f"{FIGURE}.state.step") <= step + 1, "la lecture avance hors de l'écran"
    back.evaluate("document.querySelector('main').style.paddingTop = '0'")
    back.wait_for_function(f"{FIGURE}.state.step > {step + 1}")
    button.click()
    step = back.evaluate(f"{FIGURE}.state.step")
    back.wait_for_timeout(1500)
    assert back.evaluate(f"{FIGURE}.state.step") == step and not back.evaluate(f"{FIGURE}.playing")


def test_the_playing_ends_with_the_backward_pass(back):
    act(back, {"step": 11, "playing": True})
    back.wait_for_function(f"{FIGURE}.state.step === 12 && !{FIGURE}.state.playing")


def test_a_cell_lights_its_path_and_keeps_the_focus(forth):
    thick = "document.querySelectorAll('.jeu-dessin path[stroke-width=\"4.5\"]').length"
    assert forth.evaluate(thick) == 3, "x₁ → h₁ → h₂ → h₃"
    forth.locator(CELL.format("influence de x₁ sur h₃")).focus()
    for _ in range(3):
        forth.keyboard.press("ArrowDown")
        act(forth, {})
    name = "document.activeElement.getAttribute('aria-label')"
    assert forth.evaluate(name).startswith("influence de x₁ sur h₆ : 0,011")
    assert forth.evaluate(thick) == 6
    assert forth.locator("[data-cle=cell]").input_value() == "6-1"
    said(forth, "le chemin emprunte cinq fois Wₕ")
    forth.keyboard.press("Enter")
    act(forth, {})
    assert forth.evaluate(thick) == 0 and forth.evaluate(name).startswith("influence de x₁ sur h₆")
    assert forth.locator(".jeu-dessin [tabindex='0']").count() == 2, "une tabulation par groupe"


def test_inputs_are_reached_and_turned_by_keyboard(forth):
    forth.locator(CELL.format("entrée x₁")).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Enter", "Space"):
        forth.keyboard.press(key)
        act(forth, {})
    assert forth.evaluate("document.activeElement.getAttribute('aria-label')").startswith("entrée x₄ = −1")
    assert forth.locator("[data-cle=inputs]").input_value() == "1 0 0 −1 0 0"
    forth.locator("[data-cle=inputs]").fill("1 0 0")  # l'entrée que la tabulation visait n'existe plus
    act(forth, {})
    assert forth.locator(".jeu-dessin [aria-label^=entrée][tabindex='0']").count() == 1


def test_what_is_not_a_number_is_told(forth):
    forth.locator("[data-cle=inputs]").fill("1 chat 2,5")
    said(forth, "« chat », vaut 0")
    assert compute(forth, {})["x"] == [1, 0, 2.5]
    assert forth.locator("[aria-label^='influence de']").count() == 6


@pytest.mark.parametrize("data", [{"mode": "travers", "x": [1, 0, 0], "w": 1}, {"mode": "aller", "x": [1], "w": 1}])
def test_other_data_are_refused(browser, tmp_path, data):
    page = opened(browser, lone_page(tmp_path, "depliage", {"figure": "depliage", "version": 1, "data": data}))
    assert "il faut" in page.locator(".jeu-erreur").inner_text()


def test_the_links_of_the_chapters_show_what_they_say(forth, back):
    negative = compute(forth, {"w": -0.5})["grid"]
    assert [row[0] > 0 for row in negative] == [True, False] * 3
    assert compute(forth, {"w": 1, "inputs": "0;0;0;0;0;0"})["grid"][5] == pytest.approx([1] * 6)
    flat = compute(forth, {"inputs": "1;1;1;1;1;1"})
    assert flat["grid"][5][0] < 1e-4 and max(flat["slopes"][2:]) < 0.25
    opposed = compute(back, {"inputs": "1;0;0;-1;0;0"})
    assert max(opposed["parts"]) > 0.2 and min(opposed["parts"]) < -0.2 and abs(opposed["total"]) < 0.05


# Les missions, par de vraies commandes


def turn(page, *entries):
    for entry in entries:
        page.locator(CELL.format(f"entrée {entry}")).click()
        act(page, {})


def slide(page, key, count):
    page.locator("[data-cle=w]").focus()
    for _ in range(count):
        page.keyboard.press(key)
    act(page, {})


def test_the_lightest_cell(forth):
    assert won(forth) == [False] * 4
    forth.locator(CELL.format("influence de x₁ sur h₆")).click()
    act(forth, {})
    assert won(forth)[0]


def test_saturation_hides_the_first_input(forth):
    turn(forth, "x₂", "x₃")
    assert won(forth)[1] and compute(forth, {})["x"] == [1, 1, 1, 0, 0, 0]


def test_a_net_at_rest_forgets_nothing(forth):
    turn(forth, "x₁", "x₁")
    slide(forth, "ArrowRight", 10)
    assert won(forth)[2] and compute(forth, {})["grid"][5][0] == pytest.approx(1)


def test_a_negative_weight_alternates(forth):
    slide(forth, "Home", 1)
    assert won(forth)[3]


def test_the_heaviest_cell(back):
    assert won(back) == [False] * 4
    back.locator(CELL.format("part de ℓ₁ au pas 1")).focus()
    for key in ("ArrowDown", "ArrowRight"):
        back.keyboard.press(key)
        act(back, {})
    assert won(back)[0]


def test_one_step_makes_the_whole_gradient(back):
    slide(back, "ArrowLeft", 10)
    assert won(back)[1] and compute(back, {})["total"] == pytest.approx(-0.7616, abs=1e-4)


def test_parts_cancel_out(back):
    back.locator("[data-cle=inputs]").fill("1 0 0 −1 0 0")
    act(back, {})
    assert won(back)[2]


def test_the_last_loss_weighs_more_than_the_second(browser, sent, tmp_path):
    phone = {"viewport": {"width": 390, "height": 900}, "has_touch": True, "is_mobile": True}
    page = opened(browser, lone_page(tmp_path, "depliage", sent["retour"]), **phone)
    page.locator(CELL.format("entrée x₂")).tap()
    act(page, {})
    slide(page, "ArrowRight", 4)
    page.locator(CELL.format("part de ℓ₆ au pas 2")).tap()
    act(page, {})
    assert won(page)[3] and page.locator("[data-cle=cell]").input_value() == "6-2"
