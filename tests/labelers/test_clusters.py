"""Clusters by hand: images on a line."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from semisup.core.errors import SemisupError
from semisup.labelers import LabelerInputs
from semisup.labelers.clusters import ClusterLabeler


def inputs(*images: tuple[float, int]) -> LabelerInputs:
    """Images as (place on the line, class); -1 = unlabeled. Nothing in it can be written to."""
    place, label = zip(*images, strict=True)
    features, labels = np.array(place, np.float32)[:, None], np.array(label)
    features.flags.writeable = labels.flags.writeable = False
    return LabelerInputs(np.arange(len(labels)), labels, features=features)


THREE_HEAPS = inputs((0, 0), (1, -1), (2, 0), (10, 1), (11, 0), (12, 1), (13, -1), (30, -1), (31, -1))


def test_clusters_take_the_name_of_their_majority_and_images_that_of_their_cluster():
    """The class of (11, 0) is outvoted: two to one. Nobody is labeled at 30, so those are dropped."""
    labels = (labeler := ClusterLabeler(k=3, restarts=5))(THREE_HEAPS)
    assert_array_equal(labels.target, [0, 0, 0, 1, 1, 1, 1, 1, 1])
    assert_allclose(labels.weight, [0, 0.1, 0, 0, 0, 0, 0.1, 0, 0])
    assert [array.dtype for array in labels[:3]] == [np.int64, np.float32, np.float32]
    assert labels.copies is None
    assert labeler.clusters is not None
    assert sorted(labeler.clusters.sizes) == [2, 3, 4]
    assert_array_equal(labeler.clusters.labels, [0, 0, 0, 1, 1, 1, 1, -1, -1])


def test_the_confidence_is_the_smoothed_purity():
    """One vote more, half a class: 2.5 / 3, 2.5 / 4, and 1 / 2 where nobody voted."""
    confidence = ClusterLabeler(k=3, restarts=5)(THREE_HEAPS).confidence
    assert_allclose(confidence, [5 / 6] * 3 + [5 / 8] * 4 + [1 / 2] * 2, rtol=1e-6)
    confidence = ClusterLabeler(k=3, restarts=5, smoothing=0)(THREE_HEAPS).confidence
    assert_allclose(confidence, [1] * 3 + [2 / 3] * 4 + [0] * 2, rtol=1e-6)


def test_an_unnamed_cluster_can_take_the_name_of_the_nearest():
    labeler = ClusterLabeler(k=3, restarts=5, unnamed="nearest", weighting="purity", weight=1)
    labels = labeler(THREE_HEAPS)
    assert_array_equal(labels.target[7:], [1, 1])
    assert_allclose(labels.weight, [0, 5 / 6, 0, 0, 0, 0, 5 / 8, 1 / 2, 1 / 2], rtol=1e-6)
    assert labeler.clusters is not None
    assert sorted(labeler.clusters.names) == [0, 1, 1]


def test_the_nearest_name_is_the_nearest_one_s():
    line = inputs((-30, -1), (-31, -1), (0, 0), (1, 0), (10, 1), (11, 1), (40, -1), (41, -1))
    for seed in range(4):
        labels = ClusterLabeler(k=4, restarts=8, seed=seed, unnamed="nearest")(line)
        assert_array_equal(labels.target, [0, 0, 0, 0, 1, 1, 1, 1])


def test_the_weight_falls_with_the_distance():
    """Centroids 1 and 11; squared distances 1 0 1 4 0 4, of mean 5 / 3: exp(-0) for the 1, exp(-2.4) for the 13."""
    line = inputs((0, 0), (1, -1), (2, 0), (9, 1), (11, 1), (13, -1))
    labels = ClusterLabeler(k=2, restarts=3, weighting="distance", weight=0.5)(line)
    assert_allclose(labels.weight, [0, 0.5, 0, 0, 0, 0.5 * np.exp(-2.4)], rtol=1e-5)


def test_with_a_centroid_on_every_image_no_distance_lowers_a_weight():
    labels = ClusterLabeler(k=3, weighting="distance", unnamed="nearest", weight=1)(inputs((0, 0), (1, -1), (5, 1)))
    assert_allclose(labels.weight, [0, 1, 0])


@pytest.mark.parametrize(("names", "found"), [("majority", [0, 0]), ("greedy", [0, -1]), ("optimal", [1, 0])])
def test_each_way_of_naming_is_reached(names, found):
    """Votes: five and four at 0, four and none at 100."""
    images = [(0 + i / 10, 0) for i in range(5)] + [(0.5 + i / 10, 1) for i in range(4)]
    images += [(100 + i / 10, 0) for i in range(4)]
    labeler = ClusterLabeler(k=2, init="class_means", names=names)
    labeler(inputs(*images))
    assert labeler.clusters is not None
    near = labeler.clusters.assignment[0]
    assert labeler.clusters.names[[near, 1 - near]].tolist() == found


def test_clusters_can_be_fitted_on_the_labeled_images_only():
    """Of the labeled ones, 0 and 4 make one cluster and 10 another: 2 and 10, whatever lies at 6.5 and 90."""
    line = inputs((0, 0), (4, 0), (10, 1), (6.5, -1), (90, -1))
    labeler = ClusterLabeler(k=2, restarts=4, fit_on="labeled", weight=1)
    labels = labeler(line)
    assert labeler.centroids is not None
    assert_allclose(np.sort(labeler.centroids[:, 0]), [2, 10])
    assert_array_equal(labels.target, [0, 0, 1, 1, 1])
    assert_allclose(labels.weight, [0, 0, 0, 1, 1])
    assert labeler.clusters.sizes.sum() == 5


def test_class_means_are_where_k_means_starts():
    """From the means 1 and 5 of the classes (after one iteration: 1 and 7) and not from two images."""
    line = inputs((0, 0), (2, 0), (5, 1), (7, -1), (9, -1))
    labeler = ClusterLabeler(k=2, init="class_means", iterations=1)
    labeler(line)
    assert labeler.centroids is not None
    assert_allclose(labeler.centroids[:, 0], [1, 7])


def test_by_default_there_is_a_cluster_for_every_two_labeled_images_but_no_fewer_than_classes():
    """From 200 to 500 labeled images there are 100 clusters, and one for every five after that."""

    def clusters(labeled: int, images: int = 40, **options: Any) -> int:
        labeler = ClusterLabeler(iterations=1, **options)
        labeler(inputs(*[(i, i % 3 if i < labeled else -1) for i in range(images)]))
        assert labeler.clusters is not None
        return len(labeler.clusters.sizes)

    assert clusters(30) == 15
    assert clusters(400, 600) == 100
    assert clusters(510, 600) == 102
    assert clusters(5) == 3
    assert clusters(30, k=40) == 40
    assert clusters(30, names="greedy") == clusters(30, names="optimal") == 3
    assert clusters(30, max_points=4) == 4
    assert clusters(1) == 1


def test_the_probabilities_are_the_shares_of_the_votes():
    """The first heap has 2 votes for class 0, the second 1 and 2; at 30, where nobody voted, the second is nearest.

    With a vote more, a third for each of three classes: (7, 1, 1) / 9 and (4, 7, 1) / 12.
    """
    probability = ClusterLabeler(k=3, restarts=5).probabilities(THREE_HEAPS, 3)
    assert_allclose(probability[:3], [[7 / 9, 1 / 9, 1 / 9]] * 3, rtol=1e-6)
    assert_allclose(probability[3:], [[4 / 12, 7 / 12, 1 / 12]] * 6, rtol=1e-6)
    unsmoothed = ClusterLabeler(k=3, restarts=5, smoothing=0).probabilities(THREE_HEAPS, 2)
    assert_allclose(unsmoothed[[0, 5, 8]], [[1, 0], [1 / 3, 2 / 3], [1 / 3, 2 / 3]], rtol=1e-6)


def test_spherical_clusters_are_by_angle():
    """By distance, the far image in the direction of class 0 is class 1's."""
    features = np.array([[1, 0], [0.9, 0.1], [50, 55], [40, 45], [60, 1]], np.float32)
    images = LabelerInputs(np.arange(5), np.array([0, 0, 1, 1, -1]), features=features)
    options: dict[str, Any] = {"k": 2, "init": "class_means"}
    assert ClusterLabeler(spherical=True, **options)(images).target[-1] == 0
    assert ClusterLabeler(**options)(images).target[-1] == 1


def test_logits_are_not_looked_at_and_the_seed_decides():
    rng = np.random.default_rng(0)
    features, label = (
        rng.normal(size=(200, 4)).astype(np.float32),
        np.where(np.arange(200) < 60, np.arange(200) % 3, -1),
    )
    plain = LabelerInputs(np.arange(200), label, features=features)
    taught = LabelerInputs(np.arange(200), label, rng.normal(size=(200, 3)).astype(np.float32), features)
    one, same, other = ClusterLabeler(seed=1)(plain), ClusterLabeler(seed=1)(taught), ClusterLabeler(seed=2)(plain)
    assert_array_equal(one.target, same.target)
    assert_array_equal(one.confidence, same.confidence)
    assert not np.array_equal(one.confidence, other.confidence)


@pytest.mark.parametrize(
    ("images", "options", "sentence"),
    [
        (LabelerInputs(np.arange(2), np.array([0, -1])), {}, "ClusterLabeler needs embeddings of the images"),
        (inputs((0, -1), (1, -1)), {}, "needs labeled images, and none of the 2 images is labeled"),
        (inputs((0, 0), (1, -1)), {"k": 3}, r"labeler\.k=3 is more than the 2 images"),
        (inputs((0, 0), (1, 1), (2, -1)), {"k": 3, "fit_on": "labeled"}, r"labeler\.k=3 is more than the 2 images"),
        (inputs((0, 0), (1, 1)), {"k": 1, "init": "class_means"}, r"class_means needs labeler\.k of at least 2; got 1"),
        (inputs((3, 0), (3, 1), (3, -1)), {}, "all 3 embeddings are the same"),
        (inputs((0, 0), (float("nan"), -1)), {}, "row 1 holds a NaN"),
    ],
)
def test_inputs_that_cannot_be_clustered_is_one_sentence(images, options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        ClusterLabeler(**options)(images)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"k": 0}, "ClusterLabeler: k=0 is not valid: it is a whole number of at least 1"),
        ({"iterations": 0}, "iterations=0 is not valid"),
        ({"restarts": 0}, "restarts=0 is not valid"),
        ({"max_points": 0}, "max_points=0 is not valid"),
        ({"seed": -1}, "seed=-1 is not valid"),
        ({"init": "clas_means"}, "init=clas_means is not valid: it is random or class_means"),
        ({"fit_on": "some"}, "fit_on=some is not valid"),
        ({"names": "hungarian"}, "names=hungarian is not valid: it is majority or greedy or optimal"),
        ({"unnamed": "dropp"}, "unnamed=dropp is not valid"),
        ({"weighting": "margin"}, "weighting=margin is not valid"),
        ({"smoothing": -1}, "smoothing=-1 is not valid"),
        ({"smoothing": float("nan")}, "smoothing=nan is not valid"),
        ({"weight": 0}, "weight=0 is not valid"),
    ],
)
def test_options_that_make_no_sense_are_named(options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        ClusterLabeler(**options)
