"""The mixture of Gaussians by hand, and on heaps of points."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from semisup.core.errors import SemisupError
from semisup.labelers import LabelerInputs, MixtureLabeler
from semisup.labelers.mixture import log_densities
from semisup.labelers.reduction import principal_features


def heaps(seed: int = 0, sizes: tuple[int, ...] = (60, 60, 60)) -> tuple[np.ndarray, np.ndarray]:
    """Long, narrow heaps beside each other on a sphere: their length says nothing of the class."""
    rng = np.random.default_rng(seed)
    true = np.repeat(np.arange(len(sizes)), sizes)
    points = rng.normal(0, (1.0, 0.1, 0.1), (len(true), 3)) + np.array([0, 1, 0]) * true[:, None] + (0, -1, 6)
    return points.astype(np.float32), true


def inputs(points: np.ndarray, true: np.ndarray, rows: list[int]) -> LabelerInputs:
    label = np.full(len(points), -1)
    label[rows] = true[rows]
    return LabelerInputs(np.arange(len(points)), label, features=points, classes=int(true.max()) + 1)


def test_log_densities_by_hand():
    """Means 0 and 2, variance 4, at x = 3: -9/8 and -1/8; both without -x²/8 = -9/8: 0 and 1."""
    found = log_densities(np.array([[3.0]]), np.array([[0.0], [2.0]]), np.array([[4.0]]))
    assert_allclose(found, [[0, 1]])


def test_unlabeled_images_show_the_shape_of_the_classes():
    """The labeled image of each heap is off its middle, and the nearest label is often one of another class."""
    points, true = heaps()
    ordered = [np.flatnonzero(true == c)[points[true == c, 0].argsort()] for c in range(3)]
    rows = [int(ordered[0][20]), int(ordered[1][-20]), int(ordered[2][20])]
    nearest = true[rows][((points[:, None] - points[rows]) ** 2).sum(-1).argmin(1)]
    assert (nearest == true).mean() < 0.75
    assert (MixtureLabeler()(inputs(points, true, rows)).target == true).mean() > 0.99


def test_a_labeled_image_keeps_its_class_in_the_wrong_heap():
    points, true = heaps()
    wrong = true.copy()
    wrong[5] = 2
    labeler = MixtureLabeler()
    images = inputs(points, wrong, [0, 5, 70, 80, 130, 140])
    assert_array_equal(labeler.probabilities(images, 3)[5], [0, 0, 1])
    assert labeler(images).weight[5] == 0


def test_one_step_by_hand():
    """Shares of the first step from the labeled means -1 and 1 and the covariance of all, on the line.

    Points on an arc at angles ±1 (labeled) and .5: nearly on a line. See the posterior of log_densities.
    """
    angle = np.array([-1, 1, 0.5, -0.5]) * 0.01
    points = np.stack([np.sin(angle), np.cos(angle)], 1).astype(np.float32)
    images = LabelerInputs(np.arange(4), np.array([0, 1, -1, -1]), features=points)
    # Variance of (-1, 1, .5, -.5): .625. Of .5: log odds 2 · .5 / .625 = 1.6, so 1 / (1 + e^-1.6) = .83202.
    labeler = MixtureLabeler(components=1, iterations=1)
    assert_allclose(
        labeler.probabilities(images, 2), [[1, 0], [0, 1], [0.16798, 0.83202], [0.83202, 0.16798]], atol=1e-3
    )


def test_the_estimated_prior_goes_halfway_to_the_share_of_the_images():
    """Two heaps that overlap, 90 and 10 images: the prior of the first is (.9 + .5) / 2, or a little other by EM."""
    rng = np.random.default_rng(1)
    true = np.repeat([0, 1], [90, 10])
    points = (rng.normal(0, 0.4, (100, 2)) + np.stack([true * 1.0, np.full(100, 6.0)], 1)).astype(np.float32)
    images = inputs(points, true, [0, 1, 95, 96])
    share = {p: (MixtureLabeler(prior=p)(images).target == 0).mean() for p in ("uniform", "estimated")}
    assert share["uniform"] < share["estimated"] <= 0.95


def test_a_class_without_a_label_gets_no_image():
    points, true = heaps()
    probability = MixtureLabeler().probabilities(inputs(points, true, [0, 130]), 3)
    assert probability.shape == (180, 3)
    assert probability.dtype == np.float32
    assert_array_equal(probability[:, 1], 0)
    assert_allclose(probability.sum(1), 1, rtol=1e-6)


def test_principal_features_are_of_length_one_without_mean_and_of_falling_variance():
    points, _ = heaps()
    reduced = principal_features(7 * points, 2)
    assert_allclose(reduced, principal_features(points, 2), atol=1e-5)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    all_of_it = principal_features(points, 99)
    assert all_of_it.shape == (180, 3)
    assert_allclose(all_of_it.mean(0), 0, atol=1e-5)
    assert_allclose(np.linalg.norm(all_of_it, axis=1), np.linalg.norm(unit - unit.mean(0), axis=1), atol=1e-5)
    assert (np.diff(all_of_it.var(0)) < 0).all()


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        (None, "MixtureLabeler needs embeddings of the images"),
        (np.ones((3, 2), np.float32), "the embeddings of all images are the same"),
        (np.array([[1, 0], [1, np.nan], [0, 1]], np.float32), "row 1 holds a NaN"),
    ],
)
def test_features_that_do_not_suffice_are_one_sentence(features, sentence):
    with pytest.raises(SemisupError, match=sentence):
        MixtureLabeler()(LabelerInputs(np.arange(3), np.array([0, 1, -1]), features=features))


def test_options_out_of_range_are_named():
    with pytest.raises(SemisupError, match="shrinkage=2 is not valid: it is a number from 0 to 1"):
        MixtureLabeler(shrinkage=2)
