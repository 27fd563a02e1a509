"""ConfidenceLabeler by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from semisup.core.errors import SemisupError
from semisup.labelers import ConfidenceLabeler, LabelerInputs, Labels
from semisup.labelers.selection import rarity_quotas


def inputs(
    *probability: list[float], label: list[int] | None = None, validation: LabelerInputs | None = None
) -> LabelerInputs:
    """Images with these probabilities, unlabeled unless said otherwise."""
    logits = np.log(np.array(probability, np.float64)).astype(np.float32)
    labels = np.full(len(logits), -1) if label is None else np.array(label)
    return LabelerInputs(np.arange(len(logits)), labels, logits, validation=validation)


def with_confidence(*images: tuple[int, float]) -> LabelerInputs:
    """Images of which the teacher gives one of three classes this probability, and the others the rest in equal parts.

    As (class, probability).
    """
    rows = np.array([[(1 - p) / 2] * 3 for _, p in images])
    rows[np.arange(len(images)), [c for c, _ in images]] = [p for _, p in images]
    return inputs(*rows.tolist())


def kept(labels: Labels) -> list[int]:
    return np.flatnonzero(labels.weight).tolist()


def test_an_image_on_the_threshold_is_kept():
    coin = inputs([0.5, 0.5], [0.7, 0.3], [0.3, 0.7])
    assert kept(ConfidenceLabeler(threshold=0.5)(coin)) == [0, 1, 2]
    assert kept(ConfidenceLabeler(threshold=0.50001)(coin)) == [1, 2]


def test_hard_targets_are_the_predicted_classes_of_all_images_with_weight_where_confident():
    labels = ConfidenceLabeler(threshold=0.8, weight=0.1)(inputs([0.9, 0.1], [0.3, 0.7], [0.15, 0.85]))
    assert_array_equal(labels.target, [0, 1, 1])
    assert_allclose(labels.weight, [0.1, 0, 0.1])
    assert_allclose(labels.confidence, [0.9, 0.7, 0.85], rtol=1e-6)
    assert labels.copies is None
    assert [array.dtype for array in labels[:3]] == [np.int64, np.float32, np.float32]


def test_the_temperature_shapes_soft_targets_and_nothing_else():
    """T = .5 squares: .75² : .25² = 9 : 1, so p = .9; the image stays below the threshold of .8, as its p is .75."""
    labels = ConfidenceLabeler(targets="soft", temperature=0.5)(inputs([0.75, 0.25], [0.9, 0.1]))
    assert_allclose(labels.target, [[0.9, 0.1], [81 / 82, 1 / 82]], rtol=1e-5)
    assert labels.target.dtype == np.float32
    assert_allclose(labels.confidence, [0.75, 0.9], rtol=1e-6)
    assert kept(labels) == [1]


def test_a_confidence_weighting_multiplies():
    """Weight .5: .9 · .5 = .45, and nothing for the image below the threshold."""
    labels = ConfidenceLabeler(weight=0.5, weighting="confidence")(inputs([0.9, 0.1], [0.7, 0.3]))
    assert_allclose(labels.weight, [0.45, 0], rtol=1e-6)
    assert labels.weight.dtype == np.float32


def test_per_class_keeps_the_most_confident_and_the_earlier_of_equals():
    """Class 0 has .9, .95, .9, .9: the .95 and the first .9 stay. Class 1 has one, and it is not pushed out."""
    labels = ConfidenceLabeler(per_class=2)(with_confidence((0, 0.9), (0, 0.95), (1, 0.85), (0, 0.9), (0, 0.9)))
    assert kept(labels) == [0, 1, 2]


def test_images_below_the_threshold_do_not_fill_up_a_class():
    assert kept(ConfidenceLabeler(per_class=2)(with_confidence((0, 0.7), (0, 0.9), (0, 0.75)))) == [1]


def test_images_of_probability_one_in_float32_are_still_told_apart():
    """Gaps of 20 and 30: both are 1 in float32, and 1 - 2e-9 and 1 - 9e-14 in float64."""
    confident = LabelerInputs(np.arange(2), np.array([-1, -1]), np.array([[20, 0], [30, 0]], np.float32))
    labels = ConfidenceLabeler(per_class=1)(confident)
    assert_array_equal(labels.confidence, [1, 1])
    assert kept(labels) == [1]


def test_balancing_repeats_up_to_the_largest_class_the_most_confident_once_more():
    """Kept: five of class 0, two of class 1, none of class 2. 5 = 3 + 2: the better one of class 1 thrice."""
    images = with_confidence((1, 0.85), (0, 0.9), (0, 0.9), (2, 0.7), (0, 0.9), (1, 0.95), (0, 0.9), (0, 0.9))
    labels = ConfidenceLabeler(balance=True)(images)
    assert_array_equal(labels.copies, [2, 1, 1, 0, 1, 3, 1, 1])
    assert labels.copies.dtype == np.int64


def test_balancing_with_per_class_repeats_up_to_that_number():
    """Of three images a class, all keep at most 3 and get 3: class 0 keeps .95 .9 .9, class 1 has one, class 2 two."""
    images = with_confidence((0, 0.9), (0, 0.85), (0, 0.9), (0, 0.95), (1, 0.9), (2, 0.9), (2, 0.9))
    labels = ConfidenceLabeler(balance=True, per_class=3)(images)
    assert_array_equal(labels.copies, [1, 0, 1, 1, 3, 2, 1])
    assert_array_equal(ConfidenceLabeler(balance=True, per_class=5)(images).copies, [1, 1, 1, 2, 5, 3, 2])


def test_the_share_of_each_predicted_class_grows_with_the_rounds():
    """Five images of class 0 and two of class 1. A share of .4: 2 and 1 at first, 4 and 2 then, and all after that."""
    images = with_confidence((0, 0.9), (0, 0.6), (0, 0.8), (0, 0.7), (0, 0.5), (1, 0.4), (1, 0.5))
    labeler = ConfidenceLabeler(threshold=0, share=0.4)
    assert kept(labeler(images)) == [0, 2, 6]
    assert kept(labeler(replace(images, round=1))) == [0, 1, 2, 3, 5, 6]
    assert kept(labeler(replace(images, round=2))) == kept(labeler(replace(images, round=9))) == [*range(7)]
    assert kept(ConfidenceLabeler(threshold=0.75, share=0.4)(replace(images, round=1))) == [0, 2]


def test_labeled_images_get_no_weight_take_no_place_and_are_not_repeated():
    """The labeled image is the most confident of class 0; the one place of the class goes to the next."""
    images = inputs([0.99, 0.01], [0.9, 0.1], [0.85, 0.15], [0.1, 0.9], label=[0, -1, -1, 1])
    assert kept(ConfidenceLabeler(per_class=1)(images)) == [1]
    assert_array_equal(ConfidenceLabeler(balance=True)(images).copies, [0, 1, 1, 0])


@pytest.mark.parametrize("targets", ["hard", "soft"])
def test_no_confident_image_is_no_kept_image(targets):
    options: dict[str, Any] = {"targets": targets, "balance": True, "per_class": 3}
    labels = ConfidenceLabeler(threshold=0.95, **options)(inputs([0.9, 0.1], [0.2, 0.8]))
    assert_array_equal(labels.weight, [0, 0])
    assert_array_equal(labels.copies, [0, 0])
    nobody = LabelerInputs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2), np.float32))
    assert len(ConfidenceLabeler(**options)(nobody).weight) == 0


def test_calibration_changes_what_is_kept_and_the_soft_targets():
    """Validation: p = .9 and right in 8 of 10, which with 1/12 of each counted for the other class is 3/4: log 9 / T =
    log 3, so T = 2 (see test_calibration), which takes the root of the odds.

    Odds 9 become 3: .9 becomes .75, below .8. Odds 81 become 9: 81/82 becomes .9, and stays. Soft targets are of the
    calibrated logits; a temperature of .5 squares their odds, back to .9 and 81/82.
    """
    validation = inputs(*[[0.9, 0.1]] * 10, label=[0] * 8 + [1] * 2)
    images = inputs([0.9, 0.1], [81 / 82, 1 / 82], validation=validation)
    assert kept(ConfidenceLabeler()(images)) == [0, 1]
    labels = ConfidenceLabeler(calibrate=True, targets="soft", temperature=0.5)(images)
    assert kept(labels) == [1]
    assert_allclose(labels.confidence, [0.75, 0.9], rtol=1e-4)
    assert_allclose(labels.target[:, 0], [0.9, 81 / 82], rtol=1e-4)


@pytest.mark.parametrize(
    "validation", [None, LabelerInputs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2)))]
)
def test_calibration_without_validation_images_is_one_sentence(validation):
    with pytest.raises(SemisupError, match=r"labeler\.calibrate needs validation images: ask for data\.validation"):
        ConfidenceLabeler(calibrate=True)(inputs([0.9, 0.1], validation=validation))


def test_a_bank_without_a_teacher_is_one_sentence():
    with pytest.raises(SemisupError, match="needs a teacher's predictions"):
        ConfidenceLabeler()(LabelerInputs(np.arange(1), np.array([-1])))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"threshold": 1.1}, r"threshold=1\.1 is not valid: it is a number from 0 to 1"),
        ({"threshold": float("nan")}, "threshold=nan is not valid"),
        ({"targets": "sfot"}, "targets=sfot is not valid: it is hard or soft"),
        ({"targets": "soft", "temperature": 0}, "temperature=0 is not valid"),
        ({"temperature": 0.5}, r"needs labeler\.targets=soft"),
        ({"per_class": 0}, "per_class=0 is not valid"),
        ({"weight": -1}, "weight=-1 is not valid"),
        ({"weight": float("inf")}, "weight=inf is not valid"),
        ({"weighting": "margin"}, "weighting=margin is not valid: it is constant or confidence"),
    ],
)
def test_options_that_make_no_sense_are_named(options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        ConfidenceLabeler(**options)


def test_the_rarest_class_keeps_the_largest_share():
    """N = (8, 1, 2), α = 1. By falling N the classes are 0, 2, 1; they keep 1/8, 2/8 and 8/8 of their images: of 8
    images of class 0 one, of 4 of class 2 one, of 3 of class 1 all.
    """
    assert rarity_quotas(np.array([8, 1, 2]), np.array([8, 3, 4]), 1.0).tolist() == [1, 3, 1]
    assert rarity_quotas(np.array([8, 1, 2]), np.array([8, 8, 8]), 1 / 3).tolist() == [4, 8, 6]


def test_rare_classes_keep_more_of_their_most_confident_images():
    """N = (2, 1): class 0 keeps half of its two images, the more confident one, and class 1 all of its two."""
    images = inputs([0.9, 0.1], [0.95, 0.05], [0.2, 0.8], [0.1, 0.9], [0.99, 0.01], [0.99, 0.01], [0.01, 0.99])
    labeled = replace(images, label=np.array([-1, -1, -1, -1, 0, 0, 1]))
    assert kept(ConfidenceLabeler(threshold=0.5, rarity=1.0)(labeled)) == [1, 2, 3]
    assert kept(ConfidenceLabeler(threshold=0.5)(labeled)) == [0, 1, 2, 3]
