"""La figure « unite » : ses nombres sont ceux de torch, ses missions se gagnent."""

from __future__ import annotations

import pytest
import torch
from outils_figures import act, compute, lone_page, opened, sent_data, won
from playwright.sync_api import expect
from serveur import chromium

from notebook_utils import scalar_state_gradient, scalar_unroll

SETTINGS = torch.distributions.Uniform(torch.tensor([-3.0, -1, -1, 0]), torch.tensor([3.0, 1, 1, 1]))


@pytest.fixture(scope="module")
def sent():
    return sent_data("unite")


@pytest.fixture(scope="module")
def page(sent, tmp_path_factory):
    with chromium() as browser:
        yield opened(browser, lone_page(tmp_path_factory.mktemp("unite"), "unite", sent))


@pytest.mark.parametrize("draw", range(20))
def test_numbers_are_those_of_torch(page, sent, draw):
    with torch.random.fork_rng():
        torch.manual_seed(draw)
        w, b, h0, noise = SETTINGS.sample().double().tolist()
    found = compute(page, {"w": w, "b": b, "h0": h0, "noise": noise, "draw": draw})
    x = noise * torch.tensor(sent["data"]["draws"][draw % len(sent["data"]["draws"])], dtype=torch.float64)
    start = torch.tensor(h0, dtype=torch.float64, requires_grad=True)
    states, a = scalar_unroll(w, 1.0, b, x, start)
    automatic = torch.stack([torch.autograd.grad(h, start, retain_graph=True)[0] for h in states])
    assert torch.allclose(torch.tensor(found["h"], dtype=torch.float64), states.detach(), rtol=0, atol=1e-9)
    influence = torch.tensor(found["influence"], dtype=torch.float64)
    assert torch.allclose(influence, automatic.abs(), rtol=1e-6, atol=1e-300)
    assert torch.allclose(influence, scalar_state_gradient(w, a.detach())[:, 0].abs(), rtol=1e-6, atol=1e-300)
    assert all(low <= value * (1 + 1e-9) for low, value in zip(found["lower"], found["influence"], strict=True))
    assert all(value <= high * (1 + 1e-9) for value, high in zip(found["influence"], found["upper"], strict=True))


WINNING = [{"w": 1.0, "b": 0.0, "h0": 0.1}, {"w": 1.36, "b": -0.132, "h0": 0.5}, {"w": 3.0, "b": 1.0, "h0": 1.0}]


@pytest.mark.parametrize(("rank", "settings"), list(enumerate(WINNING)))
def test_every_mission_can_be_won(page, rank, settings):
    page.get_by_role("button", name="Recommencer").click()
    act(page, {})
    assert won(page) == [False, False, False]
    act(page, settings)
    assert won(page)[rank]


def test_a_link_of_the_text_sets_the_figure(page):
    page.evaluate("location.hash = '#unite?w=1.57&b=-0.259&inconnu=3'")
    page.wait_for_function("document.querySelector('[data-figure]').figure.state.b === -0.259")
    assert page.locator("output").first.inner_text() == "1,57"
    expect(page.locator(".jeu-phrase")).to_contain_text("finit à −0,94")


def test_a_new_draw_changes_the_noise_only(page):
    act(page, {"noise": 0.5, "w": 0.9, "b": 0.0, "h0": 1.0, "draw": 0})
    before = compute(page, {})
    page.get_by_role("button", name="Nouveau tirage").click()
    act(page, {})
    after = compute(page, {})
    assert before["x"] != after["x"] and before["upper"] == after["upper"]
