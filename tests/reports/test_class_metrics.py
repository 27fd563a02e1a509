"""The metrics of a run's page, worked by hand."""

import numpy as np
import pytest

from semisup.metrics.classification import scores
from semisup.reports.run_page.class_metrics import class_metrics, confusions, reliability

# Four images, two classes: confidence .9 correct, .8 wrong, .6 correct, .6 wrong.
PROBABILITY = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.6, 0.4]])
LABEL = np.array([0, 0, 0, 1])


def test_bins_hold_the_images_of_their_confidence_and_the_error_is_the_mean_gap():
    """Of 15 bins, [9/15, 10/15): two images, accuracy .5, gap .1; [12/15, 13/15): 0, gap .8; [13/15, 14/15): 1, gap .1.

    ECE = (2 · .1 + .8 + .1) / 4 = .275
    """
    bins, error = reliability(PROBABILITY, LABEL)
    assert [b.images for b in bins] == [0] * 9 + [2, 0, 0, 1, 1, 0]
    assert [bins[number].accuracy for number in (8, 9, 12, 13)] == [None, 0.5, 0, 1]
    assert [bins[number].confidence for number in (9, 12, 13)] == pytest.approx([0.6, 0.8, 0.9])
    assert error == pytest.approx(0.275)


def test_the_error_is_the_one_in_result_json():
    import torch

    logits = torch.randn(500, 10, generator=torch.Generator().manual_seed(0)) * 3
    label = torch.arange(500) % 10
    _, error = reliability(logits.softmax(-1).numpy(), label.numpy())
    assert error == scores(logits, label)["calibration_error"]


def test_classes_have_recall_precision_and_their_most_frequent_mistake():
    """Of 10 cats 8 are found and 2 called dogs; 3 of 5 dogs are called cats. 8 of 11 called cats are cats."""
    matrix = np.array([[8, 2, 0], [3, 2, 0], [0, 0, 0]])
    known = {"cat": {"coverage": 0.5, "accuracy": 1.0}}
    result = {"split": {"labeled_per_class": {"cat": 4, "dog": 4}}, "pseudo_labels": {"per_class": known}}
    cat, dog, emu = class_metrics(matrix, ("cat", "dog", "emu"), result)
    assert (cat.recall, cat.precision, cat.confused_with) == (0.8, 8 / 11, "dog")
    assert (cat.labeled, cat.coverage, cat.label_accuracy) == (4, 0.5, 1.0)
    assert (dog.recall, dog.precision, dog.confused_with, dog.coverage) == (0.4, 0.5, "cat", None)
    assert (emu.recall, emu.precision, emu.confused_with, emu.labeled) == (None, None, None, None)


def test_the_most_frequent_confusions_come_first_and_what_never_happens_does_not_come():
    matrix = np.array([[8, 2, 0], [3, 2, 0], [0, 0, 5]])
    found = [(m.true, m.predicted, m.count, m.share) for m in confusions(matrix, ("cat", "dog", "emu"))]
    assert found == [("dog", "cat", 3, 0.6), ("cat", "dog", 2, 0.2)]
