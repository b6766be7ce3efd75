"""Les figures d'apprentissage : courbes, états, connectivité, attention, confusions, cartes."""

import itertools
import re

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from test_plotting import LIGHTS, new_axes, page_style, svg  # noqa: F401

from notebook_utils import PALETTE
from notebook_utils.plotting.learning import plot_learning_curves, plot_pca
from notebook_utils.plotting.maps import plot_attention, plot_confusion_matrix, plot_connectivity, plot_states

pytestmark = pytest.mark.usefixtures("page_style")
MONTHS = ["janvier", "février", "mars", "avril", "mai", "juin"]
MONTHS += ["juillet", "août", "septembre", "octobre", "novembre", "décembre"]


@pytest.fixture(autouse=True)
def no_figure_left():
    yield
    mpl.pyplot.close("all")


def rng():
    return np.random.default_rng(0)


def curves():
    x = np.arange(100, 3100, 100)
    losses = 1.4 * np.exp(-x / rng().uniform(500, 900, (7, 1)))
    ragged = [row[:n] for row, n in zip(losses, (12, 20, 8, 15, 20, 9, 11), strict=True)]
    return {"RNN": (x, np.full(30, 1.39)), "LSTM": (x, torch.tensor(losses)), "GRU": (x[:20], ragged)}


def months():
    centres = 3 * rng().normal(size=(12, 2))
    points = np.repeat(centres, 10, axis=0) + 0.4 * rng().normal(size=(120, 2))
    return points, [month for month in MONTHS for _ in range(10)]


def attention(outputs=10, inputs=24):
    weights = rng().random((outputs, inputs)) ** 4
    return weights / weights.sum(axis=1, keepdims=True)


def states(T=110, H=8):
    return np.cumsum(0.5 * rng().normal(size=(T, H)), axis=0)


FIGURES = {
    "curves": lambda ax=None: plot_learning_curves(curves(), ax),
    "states": lambda ax=None: plot_states(states(), "B" + "abXY" * 27 + "E", ax),
    "short states": lambda ax=None: plot_states(states(9, 4), "BbXcXcbEE", ax),
    "connectivity": lambda ax=None: plot_connectivity(np.tril(rng().random((24, 24))), "les réseaux récurrents l", ax),
    "long connectivity": lambda ax=None: plot_connectivity(np.tril(rng().random((90, 90))), "a" * 90, ax),
    "attention": lambda ax=None: plot_attention(attention(), "vingt-trois janvier 1998", "1998-01-23", ax),
    "confusion": lambda ax=None: plot_confusion_matrix([[640, 2], [0, 1638]], "QR", ax),
    "pca": lambda ax=None: plot_pca(*months(), ax, explained=(0.42, 0.1834)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_use_the_given_axes_and_the_palette(name):
    """Chaque figure trace là où on lui dit, rend l'axe, en vecteurs et aux couleurs de la palette."""
    ax, untouched = mpl.pyplot.figure().subplots(1, 2)
    assert FIGURES[name](ax) is ax
    assert ax.has_data() and not untouched.has_data()
    untouched.remove()
    text = svg(ax)
    assert set(re.findall(r"#[0-9a-fA-F]{6}\b", text)) <= LIGHTS
    assert "<image" not in text


@pytest.mark.parametrize("name", FIGURES)
def test_figures_make_their_axes_and_are_never_shown(name, monkeypatch):
    """Sans axe donné, la figure en crée un ; aucune n'appelle ``plt.show``."""
    monkeypatch.setattr(mpl.pyplot, "show", lambda *_: pytest.fail("plt.show appelé"))
    before = set(mpl.pyplot.get_fignums())
    assert FIGURES[name]().figure.number in set(mpl.pyplot.get_fignums()) - before
    assert len(mpl.pyplot.get_fignums()) == len(before) + 1


@pytest.mark.parametrize("name", FIGURES)
def test_texts_are_legible_and_french(name):
    """À la largeur d'un téléphone (345 px), chaque texte fait au moins 6,5 px ; nombres français."""
    figure = FIGURES[name]().figure
    figure.canvas.draw()
    texts = [text for text in figure.findobj(mpl.text.Text) if text.get_text() and text.get_visible()]
    pixels = 345 / (72 * figure.get_figwidth())
    assert min(text.get_fontsize() for text in texts) * pixels >= 6.5
    assert not any(re.search(r"\d\.\d|\d,\d{3}\b|-\d", text.get_text()) for text in texts)


def boxes(texts):
    return [text.get_window_extent() for text in texts]


@pytest.mark.parametrize("name", ["states", "connectivity", "attention"])
def test_symbols_do_not_overlap(name):
    """Les symboles, écrits un par case, ne se touchent pas."""
    ax = FIGURES[name]()
    ax.figure.canvas.draw()
    texts = ax.texts or [label for label in ax.get_xticklabels() if label.get_text()]
    assert len(texts) >= 24
    for first, second in itertools.combinations(boxes(texts), 2):
        assert not first.overlaps(second)


def test_learning_curves():
    """Médiane et étendue des graines, courbe courte prolongée, étiquettes de la couleur des courbes."""
    data = curves()
    ax = plot_learning_curves(data, new_axes(), roles={"LSTM": "cell"})
    plain = [line for line in ax.lines if len(line.get_xdata()) > 2]
    losses = data["LSTM"][1].numpy()
    np.testing.assert_allclose(plain[1].get_ydata(), np.median(losses, axis=0))
    ragged = np.array([np.append(row, np.full(20 - len(row), row[-1])) for row in data["GRU"][1]])
    np.testing.assert_allclose(plain[2].get_ydata(), np.median(ragged, axis=0))
    bands = [band.get_paths()[0].vertices[:, 1] for band in ax.collections]
    assert len(bands) == 2  # une seule graine de RNN : pas de bande
    assert bands[0].max() == pytest.approx(losses.max()) and bands[0].min() == pytest.approx(losses.min())
    assert [text.get_text() for text in ax.texts] == list(data)
    assert [text.get_color() for text in ax.texts] == [line.get_color() for line in plain]
    assert plain[1].get_color() == PALETTE["cell"].light and ax.get_legend() is None
    (extension,) = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert list(extension.get_xdata()) == [2000, 3000] and set(extension.get_ydata()) == {plain[2].get_ydata()[-1]}
    assert len({line.get_linestyle() for line in plain}) == 3


def test_learning_curves_that_end_at_zero_are_labelled():
    """Zéro erreur se lit aussi : sur une échelle linéaire, une courbe nulle garde son étiquette."""
    ax = plot_learning_curves({"erreurs": ([1, 2], [5.0, 0.0])}, new_axes())
    assert [text.get_text() for text in ax.texts] == ["erreurs"]
    ax = new_axes()
    ax.set_yscale("log")
    plot_learning_curves({"a": ([1, 2], [5.0, 1.0]), "b": ([1, 2], [5.0, 0.1])}, ax)
    assert ax.get_yscale() == "log" and len(ax.texts) == 2


def test_states_cells():
    """Une colonne par symbole, une ligne par unité, valeurs bornées, retour à la ligne."""
    values = states(30, 3)
    values[4, 1], values[5, 2], values[6, 0], values[7, 0] = 9.0, -9.0, -0.6, -0.4
    symbols = [str(k % 10) for k in range(30)]
    ax = plot_states(values, symbols, new_axes(), columns=20)
    meshes = [c for c in ax.collections if isinstance(c, mpl.collections.QuadMesh)]
    drawn = np.concatenate([np.ma.getdata(mesh.get_array()).reshape(3, -1).T for mesh in meshes])
    np.testing.assert_array_equal(drawn, np.clip(values, -2.5, 2.5))
    assert all(mesh.get_clim() == (-2.5, 2.5) for mesh in meshes)
    assert [text.get_text() for text in ax.texts] == symbols
    positions = [text.get_position() for text in ax.texts]
    tops = [mesh.get_coordinates()[0, 0, 1] for mesh in meshes]
    assert positions[4] == (4.5, tops[0] - 0.5) and positions[24] == (4.5, tops[1] - 0.5)
    assert ax.yaxis_inverted()
    marks = np.concatenate([c.get_offsets() for c in ax.collections if c not in meshes])
    assert len(marks) == (values < -0.5).sum() and [6.5, tops[0] + 0.5] in marks.tolist()
    assert [7.5, tops[0] + 0.5] not in marks.tolist()


def test_states_colours():
    """Deux teintes, une par signe, d'opacité croissante avec la valeur absolue."""
    colours = plot_states(states(9, 4), "BbXcXcbEE", new_axes()).collections[0].get_cmap()
    values = colours(np.linspace(0, 1, 64))
    hues = [to_hex(value) for value in values]
    assert set(hues[:32]) == {PALETTE["input"].light} and set(hues[32:]) == {PALETTE["hidden"].light}
    assert (np.diff(values[:32, 3]) <= 0).all() and (np.diff(values[32:, 3]) >= 0).all()
    assert values[31, 3] == values[32, 3] == 0 < values[0, 3] == values[-1, 3]


def test_maps_show_the_values_with_rows_downwards():
    """La ligne est la réponse, la première en haut ; symboles le long des axes, ou instants."""
    matrix = np.tril(rng().random((4, 4)))
    ax = plot_connectivity(matrix, "a é?", new_axes())
    np.testing.assert_array_equal(ax.collections[0].get_array().reshape(4, 4), matrix)
    assert ax.yaxis_inverted() and not ax.xaxis_inverted()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "␣", "é", "?"]
    assert ax.collections[0].get_clim() == (0, matrix.max())
    for symbols, size in ((None, 12), ("a" * 90, 90)):
        ax = plot_connectivity(np.eye(size), symbols, new_axes())
        assert [label.get_text() for label in ax.get_xticklabels()][:2] == ["1", "3" if size == 12 else "10"]
    weights = attention(3, 5)
    ax = plot_attention(weights, list("abcde"), ["x", "y", "z"], new_axes())
    np.testing.assert_array_equal(ax.collections[0].get_array().reshape(3, 5), weights)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "y", "z"]
    assert plot_connectivity(np.zeros((2, 2)), None, new_axes()).has_data()


def test_confusion_matrix():
    """Effectifs écrits, part de la ligne colorée, classe vraie en lignes ; une ligne vide convient."""
    ax = plot_confusion_matrix([[30, 10, 0], [0, 0, 0], [0, 1, 1999]], "QRS", new_axes())
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    assert texts[0.5, 0.5] == "30" and texts[1.5, 0.5] == "10" and texts[2.5, 2.5] == "1\u202f999"
    shares = ax.collections[0].get_array().reshape(3, 3)
    np.testing.assert_allclose(shares, [[0.75, 0.25, 0], [0, 0, 0], [0, 0.0005, 0.9995]])
    assert ax.get_aspect() == 1 and ax.yaxis_inverted() and ax.get_ylabel() == "classe vraie"


def test_pca():
    """Un nuage et une étiquette par groupe, de même couleur, sans recouvrement d'étiquettes."""
    points, groups = months()
    ax = plot_pca(points, groups, explained=(0.42, 0.1834), roles={"mai": "output"})
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.texts] == MONTHS
    for cloud, text, month in zip(ax.collections, ax.texts, MONTHS, strict=True):
        mine = points[[group == month for group in groups]]
        np.testing.assert_allclose(cloud.get_offsets(), mine)
        assert to_hex(cloud.get_facecolor()[0]) == text.get_color()
    assert ax.texts[4].get_color() == PALETTE["output"].light
    looks = {(to_hex(c.get_facecolor()[0]), str(c.get_paths()[0].vertices.tolist())) for c in ax.collections}
    assert len(looks) == 12
    for first, second in itertools.combinations(boxes(ax.texts), 2):
        assert not first.overlaps(second)
    assert ax.get_aspect() == 1
    assert ax.get_xlabel() == "première composante (42 % de la variance)"
    assert ax.get_ylabel() == "deuxième composante (18 % de la variance)"


@pytest.mark.parametrize("wrap", [np.asarray, torch.tensor])
def test_pca_reads_arrays_and_tensors(wrap):
    """Groupes et parts viennent souvent d'un calcul : les étiquettes sont alors des nombres, non ``tensor(0)``."""
    points, groups, shares = wrap([[0.0, 0.0], [1.0, 0.0], [5.0, 5.0]]), wrap([0, 0, 7]), wrap([0.5, 0.0])
    ax = plot_pca(points, groups, new_axes(), roles={7: "output"}, explained=shares)
    assert [text.get_text() for text in ax.texts] == ["0", "7"]
    assert [len(cloud.get_offsets()) for cloud in ax.collections] == [2, 1]
    assert ax.texts[1].get_color() == PALETTE["output"].light
    assert ax.get_xlabel() == "première composante (50 % de la variance)"
    assert ax.get_ylabel() == "deuxième composante (0 % de la variance)"


def test_coincident_labels_are_spread():
    """Des groupes au même endroit gardent des étiquettes lisibles."""
    ax = plot_pca(np.zeros((4, 2)), ["un", "deux", "trois", "quatre"])
    ax.figure.canvas.draw()
    for first, second in itertools.combinations(boxes(ax.texts), 2):
        assert not first.overlaps(second)
