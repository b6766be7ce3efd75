"""Ce que le lecteur voit dans chaque figure : noms des axes, couleurs des rôles, graduations, numéros, échelles.

Le style de la page n'est pas posé : ce qui doit être français l'est par la figure elle-même.
"""

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from outils import new_axes

from notebook_utils import (
    PALETTE,
    french_axis,
    plot_attention,
    plot_confusion_matrix,
    plot_connectivity,
    plot_delay_map,
    plot_derivative_products,
    plot_fading_influence,
    plot_gradient_norms,
    plot_learning_curves,
    plot_pca,
    plot_states,
    plot_tanh,
    sequential_colormap,
)
from notebook_utils.plotting.palette import LINE_ROLES

INK, PAPER, GRID = (PALETTE[role].light for role in ("ink", "paper", "grid"))
lower = np.tril(np.linspace(0.1, 0.9, 16).reshape(4, 4))
small = lower / 100  # une échelle dont les graduations ont des décimales
many = np.tril(np.ones((12, 12)) * 0.3)
curves = {"a": ([0.5, 1.0, 1.5], [0.25, 0.75, 0.5]), "b": ([0.5, 1.0, 1.5], [[0.1, 0.2, 0.3], [0.3, 0.4, 0.7]])}
points = [[0.0, 0.5], [1.0, 0.25], [0.5, -0.75], [0.25, 0.3]]
accuracies = np.array([[[99.0, 60.0], [100.0, 50.0]], [[97.0, 60.0], [100.0, 70.0]]])
values = np.array([[0.1, -0.4, -2.0], [1.0, 0.0, -0.6]])

#: Chaque figure, puis le nom de ses deux axes.
FIGURES = {
    "tanh": (lambda ax=None: plot_tanh(ax), "$a$", ""),
    "produits": (lambda ax=None: plot_derivative_products({"a": [1.0, 0.5]}, ax), "nombre de facteurs", "produit"),
    "normes": (
        lambda ax=None: plot_gradient_norms({"a": [0.1, 0.5, 1.0]}, ax),
        "nombre de pas remontés, $T - t$", "norme du gradient",
    ),
    "influence": (lambda ax=None: plot_fading_influence(lower, ax), "instant passé $t'$", "instant présent $t$"),
    "longue influence": (lambda ax=None: plot_fading_influence(many, ax), "instant passé $t'$", "instant présent $t$"),
    "courbes": (lambda ax=None: plot_learning_curves(curves, ax), "séquences vues", "perte moyenne"),
    "carte": (lambda ax=None: plot_pca(points, "abba", ax), "première composante", "deuxième composante"),
    "états": (lambda ax=None: plot_states(values, "xy", ax), "", "unité"),
    "connectivité": (
        lambda ax=None: plot_connectivity(small, "abcd", ax),
        "entrée lue à l'instant $t'$", "réponse à l'instant $t$",
    ),
    "attention": (lambda ax=None: plot_attention([[0.75, 0.25]], "ab", "c", ax), "symbole lu", "symbole écrit"),
    "confusions": (lambda ax=None: plot_confusion_matrix([[3, 1], [0, 4]], "QR", ax), "classe prédite", "classe vraie"),
    "délais": (lambda ax=None: plot_delay_map({"a": accuracies}, [1, 2], [2, 4], ax), "fenêtre $w$", "délai $k$"),
}  # fmt: skip
every = pytest.mark.parametrize("name", FIGURES)


def drawn(name):
    ax = FIGURES[name][0](new_axes())
    ax.figure.canvas.draw()
    return ax


def ticks(axis):
    return [label.get_text() for label in axis.get_majorticklabels()]


def meshes(ax):
    return [mesh for mesh in ax.collections if isinstance(mesh, QuadMesh)]


def scale(ax):
    """L'échelle de couleurs d'une figure : ses axes."""
    (other,) = [axes for axes in ax.figure.axes if axes is not ax]
    return other


@every
def test_axes_are_named(name):
    ax = drawn(name)
    assert (ax.get_xlabel(), ax.get_ylabel()) == FIGURES[name][1:]
    assert ax.get_title() == "" and ax.get_legend() is None


#: Les graduations des deux axes, puis celles de l'échelle de couleurs s'il y en a une.
TICKS = {
    "tanh": (["−4", "−3", "−2", "−1", "0", "1", "2", "3", "4"], ["−1", "−0,75", "−0,5", "−0,25", "0", "0,25", "0,5",
        "0,75", "1"]),
    "influence": (["1", "2", "3", "4"], ["1", "2", "3", "4"]),
    "longue influence": (["1", "3", "5", "7", "9", "11"],) * 2,
    "états": ([], ["1", "2", "3"]),
    "connectivité": (["a", "b", "c", "d"],) * 2,
    "attention": (["a", "b"], ["c"]),
    "confusions": (["Q", "R"], ["Q", "R"]),
    "délais": (["2", "4"], ["1", "2"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TICKS)
def test_ticks_that_are_read(name):
    ax = drawn(name)
    inside = {axis: (*sorted(axis.get_view_interval()),) for axis in (ax.xaxis, ax.yaxis)}
    for axis, expected in zip(inside, TICKS[name], strict=True):
        low, high = inside[axis]
        places = zip(axis.get_majorticklocs(), ticks(axis), strict=True)
        assert [text for place, text in places if low <= place <= high] == expected


@every
def test_decimals_are_french_everywhere(name):
    """Virgule et vrai signe moins sur tous les axes, échelle de couleurs comprise."""
    for axes in drawn(name).figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            assert not any(set(text) & {".", "-"} for text in ticks(axis)), ticks(axis)


def test_learning_curves_ticks_have_commas():
    ax = drawn("courbes")
    assert "0,6" in ticks(ax.xaxis) and "0,2" in ticks(ax.yaxis)
    assert "−0,4" in ticks(drawn("carte").yaxis)


@pytest.mark.parametrize("name", ["produits", "normes"])
def test_powers_of_ten(name):
    ax = FIGURES[name][0](new_axes())
    ax.set_ylim(1e-4, 10)
    ax.figure.canvas.draw()
    assert ax.get_yscale() == "log" and {"10⁻³", "10⁻²", "10⁻¹", "1"} <= set(ticks(ax.yaxis))
    assert not any(label.get_text() for label in ax.get_yticklabels(minor=True))
    assert ax.get_xlim() == (0, {"produits": 1, "normes": 2}[name])


# --- Échelles de couleurs --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "limits"),
    [("longue influence", (0, 0.3)), ("connectivité", (0, 0.009)), ("attention", (0, 1)), ("états", (-2.5, 2.5))],
)
def test_a_map_has_its_scale(name, limits):
    """L'échelle dit ce que vaut une couleur, en nombres français, et va d'un bout à l'autre de ce qu'elle montre."""
    ax = drawn(name)
    other = scale(ax)
    assert meshes(ax)[0].get_clim() == pytest.approx(limits)
    axis = other.xaxis if name == "états" else other.yaxis
    assert axis.get_view_interval() == pytest.approx(limits)
    expected = {"longue influence": "0,1", "connectivité": "0,002", "attention": "0,4", "états": "−2,5"}[name]
    assert expected in ticks(axis)
    assert not other.spines["outline"].get_visible()
    if name == "états":
        assert other.get_xlabel() == "état, borné à ±2,5" and ticks(axis) == ["−2,5", "0", "2,5"]


@pytest.mark.parametrize("name", sorted(set(FIGURES) - {"longue influence", "connectivité", "attention", "états"}))
def test_other_figures_have_none(name):
    """Quand les nombres sont écrits dans les cases, ou qu'il n'y a pas de case, l'échelle serait un doublon."""
    ax = drawn(name)
    assert ax.figure.axes == [ax]


@pytest.mark.parametrize("name", ["influence", "longue influence", "connectivité", "attention", "confusions", "délais"])
def test_maps_go_from_paper_to_the_colour_of_the_gradient(name):
    """Une case nulle est du papier ; la plus forte, la plus opaque."""
    mesh = meshes(drawn(name))[0]
    low, high = mesh.get_clim()
    assert low == (50 if name == "délais" else 0)
    assert mesh.cmap(mesh.norm(low)) == sequential_colormap()(0.0)
    assert mesh.cmap(mesh.norm(high))[3] == pytest.approx(0.55)
    edge = GRID if name == "confusions" else PAPER
    assert {to_hex(colour) for colour in mesh.get_edgecolor()} == {edge} and mesh.get_linewidth()[0] > 0


def test_clim_of_the_other_maps():
    assert meshes(drawn("confusions"))[0].get_clim() == (0, 1)
    assert meshes(drawn("délais"))[0].get_clim() == (50, 100)
    assert meshes(drawn("influence"))[0].get_clim() == (0, lower.max())
    assert meshes(plot_connectivity(np.zeros((2, 2)), None, new_axes()))[0].get_clim()[1] > 0


# --- Couleurs des rôles ----------------------------------------------------------------------


def test_tanh_is_the_state_and_its_derivative_a_gradient():
    ax = drawn("tanh")
    names = {r"$\tanh(a)$": ("hidden", "-"), r"$\tanh'(a)$": ("gradient", "--")}
    assert [text.get_text() for text in ax.texts] == list(names)
    for line, text, (role, dash) in zip(ax.lines, ax.texts, names.values(), strict=True):
        assert line.get_color() == text.get_color() == PALETTE[role].light and line.get_linestyle() == dash
    for line, text in zip(ax.lines, ax.texts, strict=True):  # chaque nom est près de sa courbe, et de nulle autre
        x, y = text.get_position()
        distances = [np.interp(x, *other.get_data()) - y for other in ax.lines]
        assert abs(distances[ax.lines.index(line)]) == min(map(abs, distances)) < 0.35
    assert ax.lines[0].get_xdata()[[0, -1]].tolist() == [-4, 4]


@pytest.mark.parametrize("name", ["produits", "normes", "courbes", "carte"])
def test_curves_take_the_roles_in_order(name):
    """Sans rôle donné, la première courbe est de la couleur de l'état, la deuxième de celle de la mémoire…"""
    count = len(LINE_ROLES) + 1
    labels = [f"c{k}" for k in range(count)]
    ax = {
        "produits": lambda ax: plot_derivative_products({label: [1.0, 0.5] for label in labels}, ax),
        "normes": lambda ax: plot_gradient_norms({label: [0.5, 1.0] for label in labels}, ax),
        "courbes": lambda ax: plot_learning_curves({label: ([1, 2], [0.5, 1.0]) for label in labels}, ax),
        "carte": lambda ax: plot_pca([[k, k % 3] for k in range(count)], labels, ax),
    }[name](new_axes())
    assert LINE_ROLES[:2] == ("hidden", "cell")
    expected = [PALETTE[role].light for role in (*LINE_ROLES, LINE_ROLES[0])]
    marks = [to_hex(cloud.get_facecolor()[0]) for cloud in ax.collections] if name == "carte" else [
        line.get_color() for line in ax.lines]  # fmt: skip
    assert marks == expected and [text.get_color() for text in ax.texts] == expected
    if name != "carte":
        assert [line.get_linestyle() for line in ax.lines[:5]] == ["-", "--", "-.", ":", "-"]


@pytest.mark.parametrize("name", ["influence", "états", "confusions", "délais"])
def test_what_is_written_is_in_ink(name):
    ax = drawn(name)
    assert ax.texts and {to_hex(text.get_color()) for text in ax.texts} == {INK}


def test_bands_have_the_colour_of_their_curve():
    for plot, data in ((plot_gradient_norms, {"a": [0.5, 1.0], "b": [[0.2, 1.0], [0.4, 1.0]]}), (plot_learning_curves,
        curves)):
        ax = plot(data, new_axes())
        (band,) = ax.collections
        assert to_hex(band.get_facecolor()[0]) == ax.lines[1].get_color() == PALETTE["cell"].light
        assert 0 < band.get_facecolor()[0, 3] < 0.5 and band.get_linewidth()[0] == 0
        low, high = np.min(data["b"][-1], axis=0), np.max(data["b"][-1], axis=0)
        if plot is plot_gradient_norms:
            low, high = np.min(data["b"], axis=0), np.max(data["b"], axis=0)
        heights = band.get_paths()[0].vertices[:, 1]
        assert heights.min() == pytest.approx(low.min()) and heights.max() == pytest.approx(high.max())


def test_states_colours_are_those_of_their_sign():
    """Bleu des entrées pour le négatif, orange de l'état pour le positif, tirets de papier sur le négatif."""
    ax = drawn("états")
    (mesh,) = meshes(ax)
    assert to_hex(mesh.cmap(mesh.norm(-2.5))) == PALETTE["input"].light
    assert to_hex(mesh.cmap(mesh.norm(2.5))) == PALETTE["hidden"].light
    assert mesh.cmap(mesh.norm(2.5))[3] == pytest.approx(0.9) and mesh.cmap(mesh.norm(0.01))[3] < 0.1
    (marks,) = [c for c in ax.collections if c is not mesh]
    assert to_hex(marks.get_edgecolor()[0]) == PAPER
    top = mesh.get_coordinates()[0, 0, 1]
    assert sorted(marks.get_offsets().tolist()) == [[0.5, top + 2.5], [1.5, top + 2.5]]  # −2,0 et −0,6, non −0,4


# --- Où sont les choses ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["influence", "longue influence", "connectivité", "attention", "confusions", "délais",
    "états"])
def test_maps_read_from_the_top_left(name):
    ax = drawn(name)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert left < right and top < bottom
    assert not any(spine.get_visible() for spine in ax.spines.values())
    assert all(tick.tick1line.get_markersize() == 0 for tick in ax.xaxis.get_major_ticks())


@pytest.mark.parametrize("name", ["influence", "longue influence", "confusions"])
def test_square_cells(name):
    assert drawn(name).get_aspect() == 1


def test_units_are_numbered_from_one():
    """Toutes jusqu'à quatre, une sur deux jusqu'à douze, puis six ou sept numéros ; sur chaque ligne de symboles."""
    wanted = {1: [1], 4: [1, 2, 3, 4], 5: [1, 3, 5], 12: [1, 3, 5, 7, 9, 11], 13: [1, 4, 7, 10, 13], 30: [1, 6, 11, 16,
        21, 26]}
    for H, units in wanted.items():
        ax = plot_states(np.ones((6, H)), "abcdef", new_axes(), columns=3)
        assert ticks(ax.yaxis) == [str(unit) for unit in units] * 2
        tops = [mesh.get_coordinates()[0, 0, 1] for mesh in meshes(ax)]
        assert ax.get_yticks().tolist() == [top + unit - 0.5 for top in tops for unit in units]
        assert tops == [1, 1 + H + 1.6] and ax.get_ylim() == pytest.approx((2 * (H + 1.6) - 0.6, 0))
        assert ax.get_xlim() == (0, 3) and not ax.get_xticks().size


def test_instants_are_numbered_from_one():
    """Sans symboles, ou s'ils n'y tiennent pas : 1, 3, 5… ; au plus onze numéros."""
    for count, step in ((4, 1), (10, 1), (11, 2), (25, 3), (40, 4)):
        ax = plot_connectivity(np.eye(count), None, new_axes())
        numbers = list(range(1, count + 1, step))
        for axis in (ax.xaxis, ax.yaxis):
            assert [label.get_text() for label in axis.get_ticklabels()] == [str(number) for number in numbers]
            assert axis.get_ticklocs().tolist() == [number - 0.5 for number in numbers]
    ax = plot_fading_influence(np.eye(4), new_axes(), first=0)
    assert ax.get_xticks().tolist() == [0, 1, 2, 3] and ax.texts[0].get_position() == (0, 0)


def test_symbols_stand_over_their_column():
    ax = drawn("attention")
    assert ax.get_xticks().tolist() == [0.5, 1.5] and ax.get_yticks().tolist() == [0.5]
    ax = drawn("confusions")
    assert ax.get_xticks().tolist() == ax.get_yticks().tolist() == [0.5, 1.5]
    assert ax.texts[1].get_position() == (1.5, 0.5) and ax.texts[1].get_text() == "1"
    ax = drawn("états")
    assert [(text.get_text(), *text.get_position()) for text in ax.texts] == [("x", 0.5, 0.5), ("y", 1.5, 0.5)]
    ax = drawn("délais")
    assert ax.get_xticks().tolist() == [0.5, 1.5] and ax.get_yticks().tolist() == [1.5, 2.5]


def test_written_cells_have_two_digits():
    matrix = np.diag([1.0, 0.123456, 0.0123, 0.00512])
    matrix[3, 0], matrix[3, 1], matrix[3, 2] = 0.00049, 0.0011, 12.34
    texts = {text.get_position(): text.get_text() for text in plot_fading_influence(matrix, new_axes()).texts}
    assert [texts[k, k] for k in range(1, 5)] == ["1", "0,12", "0,012", "0,005"]
    assert [texts[k, 4] for k in range(1, 4)] == ["<0,001", "0,001", "12"]
    assert len(plot_fading_influence(np.eye(10), new_axes()).texts) == 55
    assert not plot_fading_influence(np.eye(11), new_axes()).texts


def test_written_texts_fit_their_cell():
    """Des cases plus étroites, ou des textes plus longs, sont écrits plus petit ; jamais plus grand que 13."""
    def sizes(ax):
        return {round(text.get_fontsize(), 3) for text in ax.texts}

    (large,), (small_one,) = sizes(plot_fading_influence(np.eye(2), new_axes())), sizes(drawn("influence"))
    assert large == 13 and small_one == 13
    (tiny,) = sizes(plot_fading_influence(np.tril(np.full((10, 10), 0.012)), new_axes()))
    assert 4 < tiny < 13
    (few,), (more,) = (sizes(plot_confusion_matrix(np.full((K, K), 1234567), ["c"] * K, new_axes())) for K in (2, 6))
    assert 13 >= few > more > 4
    for ax in (plot_confusion_matrix(np.full((6, 6), 1234567), ["c"] * 6, new_axes()),):
        ax.figure.canvas.draw()
        boxes = [text.get_window_extent() for text in ax.texts[:6]]
        assert all(first.x1 < second.x0 for first, second in zip(boxes, boxes[1:], strict=False))


def test_the_sizes_of_new_figures():
    """Sans axes donnés, la figure a la taille de ce qu'elle montre ; plus de lignes, plus haute."""
    sizes = {}
    for name, (plot, *_) in FIGURES.items():
        figure = plot().figure
        sizes[name] = tuple(figure.get_size_inches())
        mpl.pyplot.close(figure)
    assert sizes["influence"] == sizes["carte"] == sizes["connectivité"] == (6.4, 5.6)
    assert sizes["attention"] == (6.4, 4.8) and sizes["confusions"] == (6.4, 5.2)
    for plot, grows in (
        (lambda n: plot_states(np.ones((28 * n, 4)), "a" * 28 * n), 0.16 * 5.6),
        (lambda n: plot_delay_map({str(k): accuracies for k in range(n)}, [1, 2], [2, 4]), 0.34 * 3.1),
    ):
        heights = []
        for n in (1, 2):
            figure = plot(n).figure
            heights.append(figure.get_figheight())
            mpl.pyplot.close(figure)
        assert heights[1] - heights[0] == pytest.approx(grows) and heights[0] > grows


# --- Étiquettes au bout des courbes ----------------------------------------------------------


def test_labels_stand_at_the_end_of_their_curve():
    """À droite de l'axe, à la hauteur de la dernière valeur de la médiane."""
    for plot, data in (
        (plot_learning_curves, {"haut": ([0, 1], [0.0, 1.0]), "bas": ([0, 1], [[1.0, 0.0], [1.0, 0.2], [1.0, 0.1]])}),
        (plot_gradient_norms, {"haut": [1.0, 1e-3, 1.0], "bas": [1e-4, 1.0, 1.0]}),
    ):
        ax = plot(data, Figure(figsize=(6.4, 6.4)).subplots())
        for line, text in zip(ax.lines, ax.texts, strict=True):
            x, y = text.get_position()
            assert text.get_transform() == ax.transAxes and 1 < x < 1.05 and text.get_va() == "center"
            height = (ax.transScale + ax.transLimits).transform((0, line.get_ydata()[-1]))[1]
            assert y == pytest.approx(height, abs=1e-6)


def test_vanished_curves_have_no_label():
    """En échelle logarithmique, une courbe qui finit à zéro ou à l'infini n'a pas de bout où écrire."""
    ax = plot_derivative_products({"nul": [1.0, 0.0], "vif": [1.0, 0.5], "infini": [1.0, np.inf]}, new_axes())
    assert [text.get_text() for text in ax.texts] == ["vif"]
    assert not plot_derivative_products({"nul": [1.0, 0.0]}, new_axes()).texts


def test_a_short_curve_is_prolonged_by_a_thin_dotted_line():
    ax = plot_learning_curves({"a": ([1, 2, 3], [1.0, 0.5, 0.25]), "b": ([1, 2], [1.0, 0.75])}, new_axes())
    extension = ax.lines[2]
    assert extension.get_data()[0].tolist() == [2, 3] and extension.get_data()[1].tolist() == [0.75, 0.75]
    assert extension.get_linestyle() == ":" and extension.get_linewidth() == 1
    assert extension.get_color() == ax.lines[1].get_color()
    assert ax.get_xlim() == (1, 3) and len(ax.lines) == 3


def test_curves_are_drawn_over_a_light_grid():
    for name in ("tanh", "produits", "normes", "courbes", "carte"):
        ax = drawn(name)
        lines = ax.get_xgridlines() + ax.get_ygridlines()
        assert all(line.get_visible() and line.get_color() == GRID for line in lines) and ax.get_axisbelow() is True


@pytest.mark.parametrize("wrap", [list, tuple, np.array, torch.tensor, lambda y: [torch.tensor(v) for v in y]])
def test_losses_of_any_origin(wrap):
    """Une perte par point : liste, tableau, tenseur, ou liste de tenseurs à 0 dimension."""
    ax = plot_learning_curves({"a": ([1, 2, 3], wrap([1.0, 0.5, 0.25]))}, new_axes())
    assert ax.lines[0].get_ydata().tolist() == [1.0, 0.5, 0.25] and not ax.collections


def test_axis_names_can_be_chosen():
    ax = plot_learning_curves(curves, new_axes(), xlabel="mises à jour", ylabel="réponses justes")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mises à jour", "réponses justes")


def test_the_map_of_points_has_one_scale_and_room():
    """Distances comparables, une marge autour des points, une forme par groupe."""
    ax = drawn("carte")
    assert ax.get_aspect() == 1 and ax.get_adjustable() == "datalim" and ax.margins() == (0.12, 0.12)
    first, second = ax.collections
    assert not np.array_equal(first.get_paths()[0].vertices, second.get_paths()[0].vertices)
    assert first.get_alpha() == 0.7 and first.get_linewidth()[0] == 0
    halo = ax.texts[0].get_path_effects()
    assert halo and [text.get_text() for text in ax.texts] == ["a", "b"]
    ax.figure.canvas.draw()
    to_axes = ax.transData + ax.transAxes.inverted()
    for text, members in zip(ax.texts, ([0, 3], [1, 2]), strict=True):
        middle = np.median(np.array(points)[members], axis=0)
        assert np.hypot(*(to_axes.transform(middle) - text.get_position())) < 0.1


def test_the_wall_is_thick_ink_between_cells():
    ax = drawn("délais")
    (wall,) = ax.lines
    assert to_hex(wall.get_color()) == INK and wall.get_linewidth() == 2.5 and not wall.get_clip_on()
    assert wall.get_xdata().tolist() == [0, 0, 1, 1] and wall.get_ydata().tolist() == [1, 2, 2, 3]
    name, *cells = ax.texts
    assert (name.get_text(), *name.get_position()) == ("a", 0, 0.85) and name.get_weight() == "bold"
    assert [(text.get_text(), *text.get_position()) for text in cells] == [
        ("98 (97–99)", 0.5, 1.5), ("60", 1.5, 1.5), ("100", 0.5, 2.5), ("60 (50–70)", 1.5, 2.5),
    ]  # fmt: skip
    assert ax.get_xlim() == (0, 2) and ax.get_ylim() == (3, 0)


def test_spaces_are_visible_symbols():
    ax = plot_connectivity(np.eye(3), "a b", new_axes())
    assert ticks(ax.xaxis) == ticks(ax.yaxis) == ["a", "␣", "b"]


def test_a_map_too_dense_for_its_symbols_numbers_them():
    """Trop serrés pour être lus, les symboles cèdent la place à leurs numéros, axe par axe."""
    wide = np.full((2, 80), 1 / 80)
    ax = plot_attention(wide, "x" * 80, "yz", new_axes())
    assert ticks(ax.xaxis)[:3] == ["1", "9", "17"] and ticks(ax.yaxis) == ["y", "z"]
    sizes = {label.get_fontsize() for label in ax.get_yticklabels()}
    assert sizes == {13}


def test_a_tick_keeps_six_digits():
    ax = french_axis(new_axes())
    assert ax.yaxis.get_major_formatter()(0.12345678) == "0,123457"
