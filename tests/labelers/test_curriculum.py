"""Curriculum labeling on chains of points, where each round reaches further."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from semisup.core.errors import SemisupError
from semisup.labelers import CurriculumLabeler, LabelerInputs, LogisticLabeler
from semisup.labelers.curriculum import class_weights
from semisup.labelers.selection import class_share, rank_in_class


def strips(images: int = 60) -> tuple[LabelerInputs, np.ndarray]:
    """Two parallel strips; their labeled images are off the middle, so that the labels alone cut aslant."""
    rng = np.random.default_rng(0)
    true = np.arange(images) % 2
    along = rng.uniform(-1, 1, images)
    along[:2] = -0.9, 0.9
    points = np.stack([along, 1.6 * true - 0.8 + rng.normal(0, 0.05, images), np.full(images, 3)], 1)
    label = np.full(images, -1)
    label[:2] = 0, 1
    return LabelerInputs(np.arange(images), label, features=points.astype(np.float32)), true


def test_ranks_are_by_class_and_of_candidates_only():
    confidence = np.array([0.7, 0.9, 0.8, 0.6, 0.9])
    assert_array_equal(
        rank_in_class(confidence, np.array([0, 0, 1, 1, 0]), np.array([True, True, True, True, False])), [1, 0, 0, 1, 0]
    )


@pytest.mark.parametrize(
    ("evenness", "taken"),
    [(0, [0, 1, 4]), (1, [0, 1, 4, 5]), (0.5, [0, 1, 4, 5])],
)
def test_the_share_of_each_class_by_hand(evenness, taken):
    """Half of 6 images: four of class 0 and two of class 1. Of the predicted ones 2 and 1, evenly 1.5 and 1.5, that
    is 2 and 2 rounded up, and by halves 1.75 and 1.25, that is 2 and 2.
    """
    p = np.array([0.99, 0.9, 0.8, 0.7, 0.1, 0.2])
    chosen = class_share(np.stack([p, 1 - p], 1), np.ones(6, bool), 0.5, evenness)
    assert_array_equal(np.flatnonzero(chosen), taken)


def test_everything_is_taken_in_the_end_if_the_share_is_of_predicted_classes():
    p = np.random.default_rng(0).dirichlet([1, 1, 1], 50)
    candidates = np.arange(50) % 5 > 0
    assert_array_equal(class_share(p, candidates, 1.0, 0), candidates)


def test_rounds_turn_the_boundary_along_the_images():
    images, true = strips()
    alone = LogisticLabeler()(images).target
    found = CurriculumLabeler()(images)
    assert (alone == true).mean() < 0.9
    assert_array_equal(found.target, true)
    assert_array_equal(found.weight, images.label < 0)


def test_labeled_images_keep_their_label_in_every_round():
    """Half of the six labels are of the other strip. What they teach is outvoted only if pseudo-labels weigh more."""
    images, _ = strips()
    label = images.label.copy()
    label[:6] = [0, 1, 1, 0, 1, 0]
    mislabeled = LabelerInputs(images.index, label, features=images.features)
    sure = {w: CurriculumLabeler(unlabeled_weight=w)(mislabeled).confidence.mean() for w in (0.01, 100)}
    assert sure[0.01] < 0.7
    assert sure[100] > 0.9


def test_weights_of_classes_by_hand():
    """Three of class 0 and one of class 2: 4 / 2 = 2 for each class, so 2/3 for each of the three, and 2."""
    assert_allclose(class_weights(np.array([0, 0, 2, 0]), True), [2 / 3, 2 / 3, 2, 2 / 3])
    assert_array_equal(class_weights(np.array([0, 0, 2, 0]), False), [1, 1, 1, 1])


def test_two_calls_are_equal_bit_for_bit():
    images, _ = strips()
    labeler = CurriculumLabeler()
    first = labeler.probabilities(images, 3)
    assert_array_equal(first, labeler.probabilities(images, 3))
    assert_array_equal(first, CurriculumLabeler().probabilities(images, 3))
    assert_array_equal(first[:, 2], 0)


def test_one_class_is_one_sentence():
    images = LabelerInputs(np.arange(3), np.array([1, 1, -1]), features=np.eye(3, dtype=np.float32))
    with pytest.raises(SemisupError, match="CurriculumLabeler needs labeled images of two classes at least"):
        CurriculumLabeler()(images)
