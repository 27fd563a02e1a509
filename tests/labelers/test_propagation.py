"""Label propagation by hand: images are directions in a plane."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from semisup.core.errors import SemisupError
from semisup.labelers import LabelerInputs
from semisup.labelers.propagation import LabelPropagation, affinity_graph, propagate, shares


def directions(*degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)


def inputs(*images: tuple[float, int]) -> LabelerInputs:
    """Images as (angle, class); -1 = unlabeled. Nothing in it can be written to."""
    degrees, label = zip(*images, strict=True)
    features, labels = directions(*degrees), np.array(label)
    features.flags.writeable = labels.flags.writeable = False
    return LabelerInputs(np.arange(len(labels)), labels, features=features)


def test_the_graph_of_three_images_by_hand():
    """0°, 60°, 105°: the nearest of each is 60°, 105°, 60°, at cosines .5, .7071, .7071; squared .25, .5, .5.

    Symmetric: .25 and 1. Degrees .25, 1.25, 1. So .25 / √(.25 · 1.25) = .44721 and 1 / √1.25 = .89443.
    """
    expected = [[0, 0.44721, 0], [0.44721, 0, 0.89443], [0, 0.89443, 0]]
    points = directions(0, 60, 105)
    assert_allclose(affinity_graph(points, 1, gamma=2).toarray(), expected, atol=1e-5)
    assert_allclose(affinity_graph(7 * points, 1, gamma=2).toarray(), expected, atol=1e-5)


def test_images_that_point_away_are_no_neighbors():
    assert not affinity_graph(directions(0, 180), 1).toarray().any()


def test_an_image_is_not_its_own_neighbor_even_among_equals():
    """Three equal ones choose among themselves, and the pair at 100° is as if alone."""
    graph = affinity_graph(directions(20, 20, 20, 100, 101), 1).toarray()
    assert_array_equal(graph.diagonal(), 0)
    assert_allclose(graph[3:], [[0, 0, 0, 0, 1], [0, 0, 0, 1, 0]], atol=1e-6)
    assert graph[:3, :3].any(1).all()
    assert_allclose(affinity_graph(directions(20, 20), 50).toarray(), [[0, 1], [1, 0]], atol=1e-6)


def test_labels_spread_along_a_path_by_hand():
    """W of a path of three is 1/√2 beside the diagonal; alpha 1/2 makes it t = 1/√8. Labeled is the first.

    z1 = t (z0 + z2), z0 = 1 + t z1, z2 = t z1: so z1 = t / (1 - 2 t²) = .47140, z0 = 7/6, z2 = 1/6.
    """
    s = 1 / np.sqrt(2)
    path = csr_array(np.array([[0, s, 0], [s, 0, s], [0, s, 0]]))
    z = propagate(path, np.array([[1.0, 0], [0, 0], [0, 1.0]]), alpha=0.5)
    assert_allclose(z, [[7 / 6, 1 / 6], [0.47140, 0.47140], [1 / 6, 7 / 6]], atol=1e-5)


def test_rows_are_scaled_and_one_that_nothing_reaches_has_equal_shares():
    assert_allclose(
        shares(np.array([[1.8, 0.2], [3, 3], [0, 0], [0, 5]])), [[0.9, 0.1], [0.5, 0.5], [0.5, 0.5], [0, 1]]
    )


def test_a_class_with_more_labels_takes_no_images_of_another():
    """0° to 40° in steps of 20°, three of class 0 and unlabeled 60° between them and 80°, of class 1.

    Each is as near to 40° as to 80°. Y is 1/3 for class 0 and 1 for class 1: the image takes class 1.
    """
    line = inputs((0, 0), (20, 0), (40, 0), (60, -1), (80, 1), (100, 1), (120, 1))
    few = inputs((0, 0), (20, 0), (40, 0), (60, -1), (80, 1), (100, -1), (120, -1))
    labeler = LabelPropagation(neighbors=2, alpha=0.5)
    assert_allclose(labeler.probabilities(line, 2)[3], [0.5, 0.5], atol=1e-5)
    assert labeler.probabilities(few, 2)[3, 1] > 0.6


def test_other_labels_of_the_same_features_give_what_a_new_labeler_gives():
    """The graph is kept between two calls, and not for other features."""
    labeler = LabelPropagation(neighbors=2)
    first = inputs((0, 0), (10, -1), (30, -1), (45, 1))
    again = replace(first, label=np.array([1, -1, 0, -1]))
    other = inputs((0, 1), (40, -1), (45, -1), (47, 0))
    for images in (first, again, other):
        expected = LabelPropagation(neighbors=2).probabilities(images, 2)
        assert_array_equal(labeler.probabilities(images, 2), expected)


def test_labels_spread_further_among_more_images():
    """alpha = 1 - 2.5 / √N: .5 for up to 25 images, .75 for 100."""
    line = inputs(*[(degree, int(degree > 40) if degree in (0, 89) else -1) for degree in np.linspace(0, 89, 100)])
    auto, fixed = (LabelPropagation(alpha=alpha).probabilities(line, 2) for alpha in ("auto", 0.75))
    assert_array_equal(auto, fixed)
    few = inputs((0, 0), (20, -1), (50, 1))
    auto, fixed = (LabelPropagation(alpha=alpha).probabilities(few, 2) for alpha in ("auto", 0.5))
    assert_array_equal(auto, fixed)


def test_classes_without_a_label_have_a_column_of_zeros():
    probability = LabelPropagation(neighbors=1).probabilities(inputs((0, 1), (5, -1), (100, 4), (110, -1)), 6)
    assert probability.shape == (4, 6)
    assert probability.dtype == np.float32
    assert_allclose(probability[1], [0, 1, 0, 0, 0, 0], atol=1e-5)


def test_images_take_the_label_of_their_heap_and_no_weight_where_no_label_reaches():
    """One neighbor each: three pairs. The first two have a labeled image, of class 1 and 4; the third has none."""
    labels = LabelPropagation(neighbors=1, weight=0.5)(
        inputs((0, 1), (5, -1), (100, 4), (110, -1), (200, -1), (210, -1))
    )
    assert_array_equal(labels.target[:4], [1, 1, 4, 4])
    assert_allclose(labels.weight, [0, 0.5, 0, 0.5, 0, 0], atol=1e-5)
    assert_allclose(labels.confidence, [1, 1, 1, 1, 0.2, 0.2], atol=1e-5)  # of five classes, equal shares
    assert [array.dtype for array in labels[:3]] == [np.int64, np.float32, np.float32]


def test_the_whole_of_it_on_a_path_by_hand():
    """0° (class 0), 30°, 50°, 65° (class 1), gamma 1, alpha 1/2: the nearest are 30, 50, 65, 50.

    A + Aᵀ: a = cos 30° = .86603, b = cos 20° = .93969, c = 2 cos 15° = 1.93185; degrees a, a + b, b + c, c. So W is
    .69253, .41267, .82022 beside the diagonal, and z of 30° is .41773 : .12273 and of 50° .10362 : .52347. That is
    .77292 of class 0, H = .53572, 1 - H / log 2 = .22712; and .83476 of class 1, H = .44826, .35330, the largest.
    """
    line = inputs((0, 0), (30, -1), (50, -1), (65, 1))
    labels = LabelPropagation(neighbors=1, gamma=1, alpha=0.5, weight=2)(line)
    assert_array_equal(labels.target, [0, 0, 1, 1])
    assert_allclose(labels.confidence[1:3], [0.77292, 0.83476], atol=1e-5)
    assert_allclose(labels.weight, [0, 2 * 0.22712 / 0.35330, 2, 0], atol=1e-4)


def test_the_nearest_of_two_neighbors_counts_more():
    """Between 0° and 50°, at 20°: the nearer class, and the surer the higher the power."""
    line = inputs((0, 0), (20, -1), (50, 1))
    mild, sharp = (LabelPropagation(neighbors=2, gamma=gamma)(line) for gamma in (1, 9))
    assert mild.target[1] == sharp.target[1] == 0
    assert 0.5 < mild.confidence[1] < sharp.confidence[1] < 1


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (LabelerInputs(np.arange(2), np.array([0, 1])), "LabelPropagation needs embeddings of the images"),
        (inputs((0, -1), (1, -1)), "needs labeled images, and none of the 2 images is labeled"),
        (inputs((0, 3), (1, -1), (2, 3)), "needs labeled images of two classes at least"),
        (LabelerInputs(np.arange(2), np.array([0, 1]), features=np.eye(2)), "in float32; got float64"),
        (LabelerInputs(np.arange(2), np.array([0, 1]), features=np.zeros((2, 3), np.float32)), "row 0 is all zeros"),
        (LabelerInputs(np.arange(1), np.array([0]), features=np.full((1, 3), np.nan, np.float32)), "two classes"),
    ],
)
def test_inputs_without_a_graph_is_one_sentence(images, sentence):
    with pytest.raises(SemisupError, match=sentence):
        LabelPropagation()(images)


def test_a_nan_is_one_sentence():
    features = directions(0, 10, 20)
    features[1, 0] = np.nan
    with pytest.raises(SemisupError, match="row 1 holds a NaN"):
        LabelPropagation()(LabelerInputs(np.arange(3), np.array([0, 1, -1]), features=features))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"neighbors": 0}, "neighbors=0 is not valid"),
        ({"gamma": 0}, "gamma=0 is not valid: it is a number above 0"),
        ({"alpha": 1}, "alpha=1 is not valid: it is a number above 0 and below 1 or auto"),
        ({"alpha": float("nan")}, "alpha=nan is not valid"),
        ({"weight": -1}, "weight=-1 is not valid"),
    ],
)
def test_options_that_make_no_sense_are_named(options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        LabelPropagation(**options)
