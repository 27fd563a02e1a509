"""Logistic regression on features against scikit-learn's, and the penalty that is chosen."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression

from semisup.core.errors import SemisupError
from semisup.labelers import LabelerInputs, LogisticLabeler, logistic_regression


def clouds(images: int, classes: int, numbers: int, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Points around a vertex for each class, of length 1."""
    rng = np.random.default_rng(0)
    label = np.arange(images) % classes
    points = np.eye(classes, numbers)[label] + rng.normal(0, spread, (images, numbers))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32), label


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("numbers", [5, 40])
def test_it_is_the_optimum_of_scikit_learn_in_the_span_of_few_images_too(classes, numbers):
    points, label = clouds(12, classes, numbers)
    expected = LogisticRegression(C=7, tol=1e-8).fit(points.astype(np.float64), label).predict_proba(points)
    assert_allclose(logistic_regression(points, label, c=7).probabilities(points, classes), expected, atol=2e-3)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_start_does_not_change_the_optimum_and_saves_iterations(classes):
    points, label = clouds(60, classes, 5)
    found = logistic_regression(points, label, c=7)
    again = logistic_regression(points, label, c=7, iterations=1, start=found)
    assert_allclose(again.probabilities(points, classes), found.probabilities(points, classes), atol=2e-3)


def test_the_penalty_follows_from_cross_validation():
    """Half of the labels are drawn again: only a strong penalty keeps it from learning them by heart."""
    points, label = clouds(200, 2, 20)
    assert logistic_regression(points, label).c >= 10
    noisy = np.where(np.arange(200) % 4 < 2, label, np.random.default_rng(1).integers(0, 2, 200))
    assert logistic_regression(points, noisy).c == 1


def test_a_class_with_one_image_has_the_fixed_penalty():
    points, label = clouds(7, 3, 5)
    assert logistic_regression(points[:5], label[:5]).c == 10


def test_classes_without_labels_have_a_column_of_zeros():
    points, label = clouds(9, 3, 5)
    label = np.array([1, 2, 4])[label]
    shown = np.where(np.arange(9) < 6, label, -1)
    labels = LabelerInputs(np.arange(9), shown, features=3 * points, classes=6)
    probability = LogisticLabeler().probabilities(labels, 6)
    assert probability.shape == (9, 6)
    assert_array_equal(probability[:, [0, 3, 5]], 0)
    assert_allclose(probability.sum(1), 1, rtol=1e-5)
    assert_array_equal(LogisticLabeler()(labels).target, label)


def test_balanced_weights_take_away_what_many_labels_of_a_class_give_it():
    """One point in the middle of two classes, of which one has nine times as many labels."""
    points = np.array([[1, 0]] * 9 + [[0, 1], [0.6, 0.6]], np.float32)
    images = LabelerInputs(np.arange(11), np.array([0] * 9 + [1, -1]), features=points)
    p = {w: LogisticLabeler(c=1, class_weight=w).probabilities(images, 2)[-1, 0] for w in ("none", "balanced")}
    assert p["none"] > 0.7
    assert_allclose(p["balanced"], 0.5, atol=0.01)


def test_one_class_is_one_sentence():
    images = LabelerInputs(np.arange(3), np.array([1, 1, -1]), features=np.eye(3, dtype=np.float32))
    with pytest.raises(
        SemisupError, match="LogisticLabeler needs labeled images of two classes at least; there is one"
    ):
        LogisticLabeler()(images)


@pytest.mark.parametrize(("options", "sentence"), [({"c": 0}, "c=0 is not valid"), ({"c": "best"}, "c=best is not")])
def test_options_out_of_range_are_named(options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        LogisticLabeler(**options)
