"""La palette, les nombres français et les figures."""

import io
import itertools
import os
import re
import subprocess
import sys
import warnings

import matplotlib as mpl
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.scale import LinearScale, LogScale, register_scale
from outils import new_axes, svg

from notebook_utils import (
    PALETTE,
    format_number,
    french_axis,
    plot_derivative_products,
    plot_fading_influence,
    plot_gradient_norms,
    plot_tanh,
    prepare_notebook_graphics,
    sequential_colormap,
)

BACKGROUND = ["ink", "paper", "grid"]
ROLES = [role for role in PALETTE if role not in BACKGROUND]
LIGHTS = {shade.light for shade in PALETTE.values()}
PAPERS = {"light": ["#ffffff"], "dark": ["#121212", "#14181e"]}

# Machado, Oliveira et Fernandes (2009), sévérité 1, en RVB linéaire.
VISIONS = {
    "normale": np.eye(3),
    "protanope": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                  [-0.003882, -0.048116, 1.051998]],
    "deutéranope": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                    [-0.011820, 0.042940, 0.968881]],
    "tritanope": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                  [0.004733, 0.691367, 0.303900]],
}  # fmt: skip

# Oklab (Ottosson, 2020) : RVB linéaire → cônes, puis racine cubique → Lab.
TO_CONES = np.array([[0.4122214708, 0.5363325363, 0.0514459929],
                     [0.2119034982, 0.6806995451, 0.1073969566],
                     [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip
TO_LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468],
                   [1.9779984951, -2.4285922050, 0.4505937099],
                   [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip


def linear(colour):
    """Rouge, vert et bleu linéaires d'une couleur hexadécimale."""
    c = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(first, second):
    """Rapport de contraste du WCAG."""
    a, b = (linear(c) @ [0.2126, 0.7152, 0.0722] + 0.05 for c in (first, second))
    return max(a, b) / min(a, b)


def seen(colour, vision):
    """Coordonnées Oklab (×100) de la couleur vue par ce lecteur."""
    rgb = np.clip(VISIONS[vision] @ linear(colour), 0, 1)
    return 100 * TO_LAB @ np.cbrt(TO_CONES @ rgb)


@pytest.fixture
def page_style():
    """``prepare_notebook_graphics``, défait à la fin du test."""
    date = os.environ.get("SOURCE_DATE_EPOCH")
    with mpl.rc_context():
        prepare_notebook_graphics()
        yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        register_scale(LinearScale)
        register_scale(LogScale)
    if date is None:
        os.environ.pop("SOURCE_DATE_EPOCH", None)


def curves(T=30):
    rng = np.random.default_rng(0)
    return {
        "RNN": np.exp(-0.9 * np.arange(T + 1)[::-1] * rng.uniform(0.8, 1.2, (5, 1))),
        "LSTM": torch.exp(-0.1 * torch.arange(T, -1.0, -1)),
        "GRU": np.exp(-0.11 * np.arange(T + 1)[::-1]) * np.ones((1, 1)),
    }


def influence(T):
    return np.tril(0.6 ** np.abs(np.subtract.outer(np.arange(T), np.arange(T))))


FIGURES = {
    "tanh": plot_tanh,
    "products": lambda ax=None: plot_derivative_products({"0,5": 0.5 ** np.arange(31.0)}, ax),
    "norms": lambda ax=None: plot_gradient_norms(curves(), ax),
    "influence": lambda ax=None: plot_fading_influence(influence(8), ax),
    "long influence": lambda ax=None: plot_fading_influence(influence(25), ax),
}


def test_palette_is_well_formed():
    """Tous les rôles, en hexadécimal minuscule, sans couleur double dans un même thème."""
    expected = "input hidden output cell forget input_gate output_gate candidate gradient neutral"
    assert set(PALETTE) == {*expected.split(), *BACKGROUND}
    for theme in ("light", "dark"):
        colours = [getattr(shade, theme) for shade in PALETTE.values()]
        assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
        assert len(set(colours)) == len(colours)


@pytest.mark.parametrize("theme", PAPERS)
def test_contrast(theme):
    """Chaque couleur tracée ou écrite contraste d'au moins 4,5:1 avec le papier."""
    assert getattr(PALETTE["paper"], theme) in PAPERS[theme]
    for role, paper in itertools.product([*ROLES, "ink"], PAPERS[theme]):
        assert contrast(getattr(PALETTE[role], theme), paper) >= 4.5, (role, paper)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", PAPERS)
def test_roles_are_distinguishable(theme, vision):
    """Deux rôles sont distants d'au moins 9 (Oklab ×100), quel que soit le lecteur."""
    colours = {role: seen(getattr(PALETTE[role], theme), vision) for role in ROLES}
    for first, second in itertools.combinations(ROLES, 2):
        assert np.linalg.norm(colours[first] - colours[second]) >= 9, (first, second)


@pytest.mark.parametrize("theme", PAPERS)
def test_colormap_is_monotonic_and_legible(theme):
    """Une seule teinte, une opacité croissante, et l'encre partout lisible par-dessus."""
    values = sequential_colormap()(np.linspace(0, 1, 50))
    assert {to_hex(v) for v in values} == {PALETTE["gradient"].light}
    assert (np.diff(values[:, 3]) >= 0).all() and values[0, 3] == 0 < values[-1, 3]
    paper, ink, role = (getattr(PALETTE[r], theme) for r in ("paper", "ink", "gradient"))
    for alpha in values[:, 3]:
        both = zip(mpl.colors.to_rgb(role), mpl.colors.to_rgb(paper), strict=True)
        cell = to_hex([alpha * r + (1 - alpha) * p for r, p in both])
        assert contrast(ink, cell) >= 4.5


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0, 3, "0"), (-0.0, 3, "0"), (0.5, 3, "0,5"), (2.0, 3, "2"), (-3, 3, "−3"),
        (3.14159, 3, "3,14"), (3.14159, 5, "3,1416"), (0.001, 3, "0,001"), (-0.25, 1, "−0,2"),
        (31390, 3, "31 390"), (1234567, 1, "1 234 567"), (4928.4, 3, "4 928"),
        (999999.0, 3, "999 999"), (1e6, 3, "10⁶"), (2.5e7, 3, "2,5·10⁷"), (-1e-6, 3, "−10⁻⁶"),
        (8.88e-16, 2, "8,9·10⁻¹⁶"), (9.996e-16, 3, "10⁻¹⁵"), (0.09996, 3, "0,1"),
        (1e-300, 3, "10⁻³⁰⁰"), (float("inf"), 3, "∞"), (float("-inf"), 3, "−∞"),
        (float("nan"), 3, "indéfini"), (np.float32(0.5), 3, "0,5"), (np.int64(1000), 3, "1 000"),
        (torch.tensor(12.5), 3, "12,5"), (torch.tensor([7]), 3, "7"),
    ],
)  # fmt: skip
def test_format_number(value, digits, expected):
    """Virgule, espace fine insécable, vrai signe moins, exposants Unicode."""
    assert format_number(value, digits) == expected.replace(" ", "\u202f")


def parse(text):
    """Relit un nombre français."""
    superscripts = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    text = text.replace("\u202f", "").replace("−", "-").replace(",", ".")
    mantissa, power = re.fullmatch("(.*?)(?:·?10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+))?", text).groups()
    mantissa = {"": "1", "-": "-1"}.get(mantissa, mantissa)
    return float(f"{mantissa}e{power.translate(superscripts) if power else 0}")


@given(st.floats(-1e300, 1e300), st.integers(1, 12))
def test_format_number_reads_back(value, digits):
    """Relu, le texte redonne le nombre à la précision demandée, sans point ni trait d'union."""
    text = format_number(value, digits)
    assert not set(text) & set(".-e ")
    assert parse(text) == pytest.approx(value, rel=0.5001 * 10.0 ** (1 - digits), abs=0)


def test_french_axis():
    """Graduations à la française, linéaires et logarithmiques."""
    ax = new_axes()
    ax.set_yscale("log")
    ax.plot([-1.5, 0.0, 2000.0], [1e-5, 1.0, 100.0])
    assert french_axis(ax) is ax
    x, y = ax.xaxis.get_major_formatter(), ax.yaxis.get_major_formatter()
    assert [x(v) for v in (-1.5, 1e-13, 0.25, 2000.0)] == ["−1,5", "0", "0,25", "2\u202f000"]
    assert [y(v) for v in (1e-5, 1.0, 10.0, 100.0, 2.0)] == ["10⁻⁵", "1", "10", "10²", ""]


@pytest.mark.parametrize("name", FIGURES)
def test_figures_use_the_given_axes_and_the_palette(name, page_style):
    """Chaque figure trace là où on lui dit, rend l'axe, et n'a que des couleurs de la palette."""
    figure = mpl.pyplot.figure()
    try:
        ax, untouched = figure.subplots(1, 2)
        assert FIGURES[name](ax) is ax
        assert ax.has_data() and not untouched.has_data()
        untouched.remove()
        text = svg(ax)
        assert set(re.findall(r"#[0-9a-fA-F]{6}\b", text)) <= LIGHTS
        assert "<image" not in text
    finally:
        mpl.pyplot.close(figure)


@pytest.mark.parametrize("name", FIGURES)
def test_figures_make_their_axes_and_are_never_shown(name, monkeypatch):
    """Sans axe donné, la figure en crée un ; aucune n'appelle ``plt.show``."""
    monkeypatch.setattr(mpl.pyplot, "show", lambda *_: pytest.fail("plt.show appelé"))
    before = set(mpl.pyplot.get_fignums())
    ax = FIGURES[name]()
    try:
        assert len(set(mpl.pyplot.get_fignums()) - before) == 1
    finally:
        mpl.pyplot.close(ax.figure)


def test_tanh_curves():
    """Les deux courbes sont tanh et sa dérivée, étiquetées à même la figure."""
    ax = plot_tanh(new_axes())
    a, tanh = ax.lines[0].get_data()
    np.testing.assert_allclose(tanh, np.tanh(a))
    np.testing.assert_allclose(ax.lines[1].get_ydata(), 1 / np.cosh(a) ** 2)
    assert [text.get_color() for text in ax.texts] == [line.get_color() for line in ax.lines]
    assert ax.get_legend() is None


def test_gradient_norms_curves():
    """Médiane en trait, bande du minimum au maximum, temps remonté de gauche à droite."""
    norms = curves()
    ax = plot_gradient_norms(norms, new_axes(), roles={"GRU": "output"})
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.median(norms["RNN"], axis=0)[::-1])
    assert ax.lines[0].get_ydata()[0] == 1 and ax.get_yscale() == "log"
    (band,) = ax.collections  # seule la RNN a plusieurs graines
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(norms["RNN"].min())
    assert ax.lines[2].get_color() == PALETTE["output"].light
    assert len({line.get_linestyle() for line in ax.lines}) == 3


def test_labels_do_not_overlap(page_style):
    """Les étiquettes de courbes presque confondues restent séparées, dans l'ordre des courbes."""
    ends = {f"courbe {k}": np.array([1e-3 * (1 + 0.01 * k), 1.0]) for k in range(5)}
    ax = plot_gradient_norms(ends | {"loin": np.array([1e-9, 1.0])})
    try:
        ax.figure.canvas.draw()
        boxes = {text.get_text(): text.get_window_extent() for text in ax.texts}
        for first, second in itertools.combinations(boxes.values(), 2):
            assert first.y0 >= second.y1 or second.y0 >= first.y1
        tops = [boxes[label].y0 for label in ends]
        assert tops == sorted(tops) and boxes["loin"].y0 < min(tops)
    finally:
        mpl.pyplot.close(ax.figure)


def test_influence_cells():
    """Une ligne par instant, le premier en haut, cases carrées, futur vide, valeurs écrites."""
    matrix = influence(4)
    matrix[3, 0], matrix[2, 1] = 2e-5, 0.1947
    ax = plot_fading_influence(matrix, new_axes(), first=5)
    assert ax.get_aspect() == 1 and ax.yaxis_inverted() and not ax.xaxis_inverted()
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    assert len(texts) == 10 and texts[5, 5] == "1" and (6, 5) not in texts
    assert texts[5, 8] == "<0,001" and texts[6, 7] == "0,19" and texts[5, 6] == "0,6"
    (mesh,) = ax.collections
    np.testing.assert_array_equal(mesh.get_array().mask, np.triu(np.ones((4, 4)), 1) == 1)
    assert not plot_fading_influence(influence(11), new_axes()).texts


def test_prepared_style(page_style):
    """Style de page : SVG et PDF identiques à chaque fois, graduations françaises partout."""
    params = mpl.rcParams
    assert params["figure.facecolor"] == PALETTE["paper"].light
    assert params["text.color"] == params["axes.labelcolor"] == PALETTE["ink"].light
    assert params["pdf.fonttype"] == 42 and params["svg.fonttype"] == "path"
    assert {c["color"] for c in params["axes.prop_cycle"]} == {PALETTE[r].light for r in ROLES}

    def bare(kind):
        ax = new_axes()
        ax.plot([0, 0.5], [1, 2000])
        buffer = io.BytesIO()
        ax.figure.savefig(buffer, format=kind)
        return ax, buffer.getvalue()

    for kind in ("svg", "pdf"):
        (ax, first), (_, second) = bare(kind), bare(kind)
        assert first == second
    assert ax.xaxis.get_major_formatter()(0.5) == "0,5"
    ax.set_yscale("log")
    assert ax.yaxis.get_major_formatter()(0.001) == "10⁻³"


def test_prepare_in_ipython_and_import_without_effect():
    """Importer ne règle rien ; dans IPython, les figures sortent en SVG et en PDF."""
    code = """
import matplotlib as mpl, matplotlib.scale as scale, os, torch
params, state, before = dict(mpl.rcParams), torch.get_rng_state(), scale._scale_mapping["linear"]
import notebook_utils
assert dict(mpl.rcParams) == params and torch.equal(torch.get_rng_state(), state)
assert scale._scale_mapping["linear"] is before and "SOURCE_DATE_EPOCH" not in os.environ
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
notebook_utils.prepare_notebook_graphics()
print(sorted(m for m, f in shell.display_formatter.formatters.items()
             if mpl.figure.Figure in f.type_printers))
"""
    environment = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    command = [sys.executable, "-W", "ignore", "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "['application/pdf', 'image/svg+xml']"
