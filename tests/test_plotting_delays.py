"""La carte de justesse : ce qui est écrit, où passe le mur, les erreurs."""

import numpy as np
from matplotlib.figure import Figure

from notebook_utils.plotting.delays import plot_delay_map

DELAYS, WINDOWS = [2, 4, 8], [2, 4, 8, 16]
SEEDS = np.random.default_rng(0).uniform(40, 100, size=(5, 3, 4))


def draw(accuracies, delays=DELAYS, windows=WINDOWS):
    return plot_delay_map(accuracies, delays, windows, Figure(figsize=(6.4, 6)).subplots())


def test_one_coloured_map_per_label():
    ax = draw({"RNN": SEEDS, "LSTM": SEEDS / 2})
    assert [mesh.get_array().shape for mesh in ax.collections] == [(3, 4), (3, 4)]
    np.testing.assert_allclose(ax.collections[1].get_array(), np.median(SEEDS, axis=0) / 2)
    names = [text.get_text() for text in ax.texts if text.get_weight() == "bold"]
    assert names == ["RNN", "LSTM"]


def test_cells_are_written_in_reading_order():
    values = np.arange(12.0).reshape(1, 3, 4)
    written = [text.get_text() for text in draw({"RNN": values}).texts[1:]]
    assert written == [str(value) for value in range(12)]


def test_median_and_range():
    values = np.full((3, 3, 4), 60.0)
    values[:, 0, 0] = 50.2, 99.96, 99.7
    texts = [text.get_text() for text in draw({"RNN": values}).texts]
    assert texts[1:3] == ["99 (50–100)", "60"]


def test_the_wall_separates_short_delays_from_long_ones():
    (wall,) = draw({"RNN": SEEDS}).lines
    assert wall.get_xdata().tolist() == [1, 1, 2, 2, 3, 3]  # k < w à droite
    assert wall.get_ydata().tolist() == [1, 2, 2, 3, 3, 4]


def test_axes_are_labelled_in_french():
    ax = draw({"RNN": SEEDS})
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2", "4", "8", "16"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["2", "4", "8"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # le premier délai en haut


def test_what_is_written_stands_in_the_middle_of_its_cell():
    ax = draw({"RNN": SEEDS, "LSTM": SEEDS})
    written = [text for text in ax.texts if text.get_weight() != "bold"]
    centres = []
    for mesh in ax.collections:
        x, y = mesh.get_coordinates()[..., 0], mesh.get_coordinates()[..., 1]
        centres += zip(((x[:-1, :-1] + x[1:, 1:]) / 2).flat, ((y[:-1, :-1] + y[1:, 1:]) / 2).flat, strict=True)
    np.testing.assert_allclose([text.get_position() for text in written], centres)
    rows = [y for x, y in centres if x == 0.5]
    np.testing.assert_allclose(ax.get_yticks(), rows)
    np.testing.assert_allclose(ax.get_xticks(), np.arange(4) + 0.5)


def test_each_map_has_its_name_above_it_and_touches_no_other():
    ax = draw({"RNN": SEEDS, "LSTM": SEEDS})
    spans = [mesh.get_coordinates()[..., 1] for mesh in ax.collections]
    names = [text.get_position()[1] for text in ax.texts if text.get_weight() == "bold"]
    assert 0 < names[0] < spans[0].min() < spans[0].max() < names[1] < spans[1].min()
    assert ax.get_ylim() == (spans[1].max(), 0)
    walls = [line.get_ydata() for line in ax.lines]
    assert all(span.min() <= min(wall) < max(wall) <= span.max() for wall, span in zip(walls, spans, strict=True))
