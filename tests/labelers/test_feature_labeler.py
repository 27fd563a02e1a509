"""What labelers of features have in common, by a labeler whose features are the probabilities."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from semisup.core.errors import SemisupError
from semisup.labelers import FeatureLabeler, LabelerInputs, Labels
from semisup.labelers.feature_labeler import certainty


class Known(FeatureLabeler):
    def probabilities(self, inputs, classes):
        assert classes == inputs.features.shape[1]
        return inputs.features


def labels(*probability: list[float], label: tuple[int, ...] | None = None, **options) -> Labels:
    features = np.array(probability, np.float32)
    label = (-1,) * len(features) if label is None else label
    inputs = LabelerInputs(np.arange(len(features)), np.array(label), features=features, classes=features.shape[1])
    return Known(**options)(inputs)


def test_hard_targets_are_classes_and_soft_ones_all_probabilities():
    assert_array_equal(labels([0.3, 0.7], [0.9, 0.1]).target, [1, 0])
    assert_array_equal(labels([0.3, 0.7], targets="soft").target, np.array([[0.3, 0.7]], np.float32))


def test_labeled_images_and_those_below_the_threshold_or_without_a_class_get_no_weight():
    found = labels([0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.5, 0.5], label=(0, -1, -1, -1), threshold=0.75, weight=3)
    assert_array_equal(found.weight, [0, 3, 0, 0])
    assert_array_equal(labels([0.5, 0.5]).weight, [0])


def test_the_weighting_multiplies():
    """(.9, .1): H = .32508, 1 - H / log 2 = .53100. (.8, .2): H = .50040, .27807, which is .52367 of the largest.

    The labeled image, with certainty 1, does not count for the largest.
    """
    rows = ([0.9, 0.1], [0.8, 0.2], [1.0, 0.0])
    by = {w: labels(*rows, label=(-1, -1, 0), weighting=w, weight=0.5).weight for w in ("confidence", "certainty")}
    assert_allclose(by["confidence"], [0.45, 0.4, 0], rtol=1e-6)
    assert_allclose(by["certainty"], [0.5, 0.5 * 0.52367, 0], rtol=1e-4)


def test_certainty_is_one_less_the_share_of_the_entropy():
    assert_allclose(certainty(np.array([[0.9, 0.1], [0.5, 0.5], [0, 1]])), [0.53100, 0, 1], atol=1e-5)


def test_without_a_number_of_classes_the_labels_tell():
    assert LabelerInputs(np.arange(3), np.array([-1, 4, 0])).class_count == 5
    assert LabelerInputs(np.arange(3), np.array([-1, 4, 0]), classes=9).class_count == 9


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"targets": "sharp"}, "targets=sharp is not valid: it is hard or soft"),
        ({"threshold": 2}, "threshold=2 is not valid"),
        ({"weighting": "entropy"}, "weighting=entropy is not valid"),
    ],
)
def test_options_that_make_no_sense_are_named(options, sentence):
    with pytest.raises(SemisupError, match=sentence):
        Known(**options)
