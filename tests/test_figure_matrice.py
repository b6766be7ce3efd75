"""La figure « matrice » : ses nombres contre torch, ses missions jouées aux curseurs."""

from __future__ import annotations

import pytest
import torch
from outils import new_generator
from outils_figures import act, compute, lone_page, opened, sent_data, won
from serveur import chromium
from torch.linalg import det, eigvals, matrix_norm, matrix_power

KEYS = {"l1": (-2, 2), "l2": (-2, 2), "c": (0, 20), "s": (0, 1)}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with chromium() as browser:
        yield opened(browser, lone_page(tmp_path_factory.mktemp("matrice"), "matrice", sent_data("matrice")))


@pytest.fixture(autouse=True)
def start(page):
    page.get_by_role("button", name="Recommencer").click()
    page.wait_for_timeout(100)


def draws(count=12, seed=0):
    """Des réglages au hasard, et quatre cas limites : nulle, identité, valeur propre négative, fort couplage."""
    generator = new_generator(seed)
    for _ in range(count):
        unit = torch.rand(len(KEYS), generator=generator).tolist()
        yield {key: low + (high - low) * u for (key, (low, high)), u in zip(KEYS.items(), unit, strict=True)}
    yield from ({"l1": a, "l2": b, "c": c, "s": s} for a, b, c, s in
                [(0, 0, 0, 1), (1, 1, 0, 1), (-0.9, 0.9, 10, 1), (2, -0.25, 20, 0.5)])


def near(received, expected):
    torch.testing.assert_close(torch.tensor(received, dtype=torch.float64), expected.double(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("state", list(draws()))
def test_numbers_equal_torch(page, state):
    values = compute(page, state)
    W = torch.tensor([[state["l1"], state["c"]], [0, state["l2"]]], dtype=torch.float64)
    for received, matrix in ((values["weights"], W), (values["factor"], state["s"] * W)):
        near(received["det"], det(matrix))
        near(received["rho"], eigvals(matrix).abs().max())
        near(received["sigma"], matrix_norm(matrix, 2))
    powers = torch.stack([matrix_power(state["s"] * W, n) for n in range(101)])
    near([[[p["a"], p["b"]], [0, p["d"]]] for p in values["powers"]], powers)
    near(values["norms"], matrix_norm(powers, 2))
    steps = torch.arange(101, dtype=torch.float64)
    near(values["lower"], eigvals(state["s"] * W).abs().max() ** steps)
    near(values["upper"], matrix_norm(state["s"] * W, 2) ** steps)


@pytest.mark.parametrize("state", list(draws(6, seed=1)))
def test_norm_stays_between_its_bounds(page, state):
    values = compute(page, state)
    for low, norm, high in zip(values["lower"], values["norms"], values["upper"], strict=True):
        assert low <= norm * (1 + 1e-9) and norm <= high * (1 + 1e-9)


def slide(page, key, presses):
    """Mène un curseur, au clavier, d'un bout de sa course à tant de crans de là."""
    control = page.locator(f'.jeu-commandes [data-cle="{key}"]')
    control.focus()
    page.keyboard.press("Home" if presses >= 0 else "End")
    for _ in range(abs(presses)):
        page.keyboard.press("ArrowRight" if presses >= 0 else "ArrowLeft")
    page.wait_for_timeout(60)


def test_no_mission_is_won_at_once(page):
    act(page, {"n": 11})
    assert won(page) == [False] * 4


def test_small_determinant_explodes(page):
    slide(page, "c", 0)
    slide(page, "l2", 225)  # ¼
    slide(page, "l1", -1)  # 1,99
    assert won(page)[0]


def test_large_determinant_dies_out(page):
    for key in ("l1", "l2"):
        slide(page, key, -1)
    slide(page, "s", 40)
    assert won(page) == [False, True, False, False]


def test_spectral_radius_swells(page):
    slide(page, "c", 100)  # 5
    assert won(page) == [False, False, True, False]


def test_impossible_explosion_is_won_by_looking_everywhere(page):
    slide(page, "c", 1)  # couplage de 0,05, puis le bord
    assert not won(page)[3]
    slide(page, "l1", 296)  # 0,96
    slide(page, "l2", 110)  # −0,9
    assert not won(page)[3]
    page.wait_for_function("document.querySelector('.jeu-phrase').textContent.includes('3 façons sur 4 tentées')")
    slide(page, "s", 50)
    assert won(page)[3] and not won(page)[2]
    assert page.locator(".jeu-dessin text", has_text="☑ au bord").count() == 1


def test_picture_shows_the_image_of_the_circle(page):
    """L'ellipse dessinée a, à l'échelle des axes, le demi-grand axe que donne torch."""
    act(page, {"l1": 1, "l2": 0.5, "c": 0, "s": 1, "n": 1})
    circle, ellipse = (page.locator(".repere").first.locator("path").nth(k).bounding_box() for k in (0, 1))
    assert ellipse["width"] == pytest.approx(circle["width"], abs=6)
    assert ellipse["height"] == pytest.approx(circle["height"] / 2, abs=6)
