"""Figures of clusters: what is in them, read from the figures and not from pixels."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from numpy.testing import assert_allclose, assert_array_equal
from rich.console import Console

from semisup.data import Store
from semisup.labelers import NamedClusters
from semisup.reports.figures.clusters import IMAGES, contact_sheet, row_title, scatter, strip
from semisup.reports.figures.figure import UNKNOWN, class_colors
from semisup.runs import round_tables as show
from tests.toy import toy

ANTS_AND_BEES = ("ant", "bee")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return toy(tmp_path_factory.mktemp("data"))


def clusters(assignment: list[int], names: list[int], distance: list[float] | None = None) -> NamedClusters:
    count = len(assignment)
    far = np.array(distance if distance else range(count), np.float32)
    return NamedClusters(np.arange(count), np.array(assignment), far, np.array(names), np.array([1.0]))


def test_a_scatter_shows_the_same_points_by_true_class_and_by_label_and_unknown_ones_in_gray():
    position = np.array([[0, 0], [4, 0], [0, 1], [4, 1], [9, 0]], np.float32)
    by = {"true class": np.array([0, -1, 1, 0, -1]), "label": np.array([0, 0, 0, 0, 1])}
    figure = scatter({title: (position, label) for title, label in by.items()}, ("a", "b"))
    left, right = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["true class", "label"]
    unknown, known = (dots.get_offsets() for dots in left.collections)
    assert_allclose(unknown, position[[1, 4]])
    assert_allclose(known, position[[0, 2, 3]])
    first, second = map(tuple, class_colors(2))
    assert_allclose(left.collections[0].get_facecolors(), [to_rgba(UNKNOWN)])
    assert_allclose(left.collections[1].get_facecolors(), [first, second, first])
    assert len(right.collections[0].get_offsets()) == 0
    assert_allclose(right.collections[1].get_facecolors(), [first] * 4 + [second])
    assert_allclose(right.collections[1].get_offsets(), position)


def test_wrong_predictions_are_hollow_in_the_color_of_their_class():
    position, label = np.array([[0, 0], [1, 1], [2, 0]], np.float32), np.array([0, 1, 1])
    (axes,) = scatter({"PCA": (position, label)}, ANTS_AND_BEES, wrong=np.array([False, False, True])).axes
    _, correct, wrong = axes.collections
    assert_allclose(correct.get_offsets(), position[:2])
    assert_allclose(wrong.get_offsets(), position[2:])
    assert len(wrong.get_facecolors()) == 0
    assert_allclose(wrong.get_edgecolors(), [class_colors(2)[1]])


def test_no_class_is_gray_and_a_legend_has_room_for_19():
    for count in (2, 10, 19, 100):
        shades = class_colors(count)
        assert len(np.unique(shades, axis=0)) == count
        assert np.ptp(shades[:, :3], axis=1).min() > 0.1
    points, label = np.eye(3, dtype=np.float32)[:, :2], np.array([0, 1, -1])
    few, many = (scatter({"class": (points, label)}, tuple(map(str, range(count)))) for count in (19, 20))
    assert [text.get_text() for text in few.legends[0].get_texts()] == [*map(str, range(19)), "none, or unknown"]
    assert not many.legends


def test_a_contact_sheet_has_a_row_for_each_cluster_that_has_images_the_largest_first(store):
    figure = contact_sheet(store, clusters([2, 2, 2, 0, 0, 3], [0, 1, 1, -1]), np.array([1, 0, 1, 0, -1, 0]))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "cluster 2: class 1, 3 images, 67% correct",
        "cluster 0: class 0, 2 images, 100% correct",
        "cluster 3: no name, 1 image",
    ]
    many = clusters([*range(25), 24], [0] * 25)
    figure = contact_sheet(store, many, np.zeros(26, int))
    assert len(figure.axes) == 20
    assert figure.axes[0].get_title(loc="left").startswith("cluster 24: class 0, 2 images")


def test_without_known_classes_a_title_has_no_accuracy():
    assert row_title(1, clusters([1, 1], [0, 1]), np.array([-1, -1]), ANTS_AND_BEES) == "cluster 1: bee, 2 images"


def test_a_row_goes_from_the_nearest_image_to_the_farthest_and_shows_none_twice(store):
    """20 images, the nearest is number 19: 8 from there, room for one, and 12 to 0 are the far ones: 7 to 0."""
    found = clusters([0] * 20, [0], distance=[20.0 - i for i in range(20)])
    row = strip(store, found, np.arange(20))
    assert row.shape == (16, 17 * 17, 3)
    shown = [*range(19, 11, -1), None, *range(7, -1, -1)]
    for place, image in enumerate(shown):
        tile = row[:, 17 * place : 17 * place + 16]
        assert_array_equal(tile, 255 if image is None else store.images[image])
    few = strip(store, found, np.arange(10))
    tiles = [few[:, 17 * place : 17 * place + 16] for place in range(2 * IMAGES + 1)]
    assert [bool((tile == 255).all()) for tile in tiles] == [False] * 8 + [True] * 7 + [False] * 2
    assert_array_equal(tiles[-1], store.images[0])


def printed(*found: dict | None) -> str:
    records = [{"round": number, "clusters": clusters} for number, clusters in enumerate(found)]
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(show.clusters_table(records))
    return console.export_text()


def test_the_table_of_clusters_has_a_line_per_round_and_names_what_is_missing():
    scores = {"purity": 0.25, "normalized_mutual_information": 0.125, "adjusted_rand_index": 0.0625}
    counts = {"clusters": 3, "empty": 1, "unnamed": 2, "sizes": [1200, 0, 7], "missing_classes": ["bee"]}
    unknown = {**dict.fromkeys(scores), **counts, "missing_classes": [str(c) for c in range(7)]}
    text = printed({**scores, **counts}, None, unknown)
    lines = [line.split() for line in text.splitlines()]
    assert ["0", "0.250", "0.125", "0.062", "3", "1", "2", "1,200", "0"] in lines
    assert ["2", "3", "1", "2", "1,200", "0"] in lines
    assert "round 0: no cluster stands for bee" in text
    assert "round 2: no cluster stands for 0, 1, 2, 3, 4 and 2 more" in text
    assert show.clusters_table([{"round": 0}, {"round": 1, "clusters": None}]) is None
