"""Scores and the choice, by hand on four images."""

import numpy as np
import pytest

from semisup.auto.outlook import learning_curve, thresholds
from semisup.auto.scores import choose, out_of_reach, score
from semisup.auto.trial import Trial

LABEL = np.array([0, 1, 0, 1])


def trial(predicted, held_out=(0, 1, 2, 3), labels=10, confident=1.0):
    logits = confident * np.eye(2, dtype=np.float32)[list(predicted)]
    return Trial(np.array(held_out), logits, labels, seconds=2.0)


def test_an_image_counts_once_however_often_it_was_held_out():
    """Image 0 is right in one of two trials, images 1 and 2 in their only one, image 3 in none: (.5 + 1 + 1 + 0) / 4.

    The baseline has two of four. By image, the differences are -.5, 0, 1, 0 (image 3: 0 - 0), mean .125.
    """
    labels_alone = [trial([0, 1, 1, 0]), trial([0], held_out=[0])]
    other = [trial([0, 1, 0, 0]), trial([1], held_out=[0])]
    baseline, found = score({"supervised": labels_alone, "other": other}, LABEL)
    assert baseline.accuracy == 0.5
    assert found.accuracy == 0.625
    assert found.difference == 0.125
    error = np.std([-0.5, 0, 1, 0], ddof=1) / 2
    assert found.difference_interval == pytest.approx((0.125 - 1.96 * error, 0.125 + 1.96 * error))
    low, high = baseline.interval  # Wilson for 2 of 4, by hand: (.5 + .4802 -+ .6854 ...) as in any table
    assert (low, high) == pytest.approx((0.1500, 0.8500), abs=1e-4)


def test_the_simplest_within_one_standard_error_of_the_best_is_chosen():
    """The best is right on 4; one error less than it, d = (1, 0, 0, 0), mean .25, standard error .25: near enough."""
    trials = {
        "supervised": [trial([1, 0, 0, 1])],  # d = (1, 1, 0, 0): .5 against .289
        "near": [trial([1, 1, 0, 1])],
        "best": [trial([0, 1, 0, 1])],
    }
    assert choose(trials, LABEL) == "near"


def test_out_of_reach_is_more_than_two_standard_errors_below_the_best():
    """Three errors more in 16 images are .1875 with a standard error of .1008, four .25 with .1118: 1.86 and 2.24."""
    label, images = np.zeros(16, np.int64), tuple(range(16))

    def with_errors(count):
        return [trial([1] * count + [0] * (16 - count), held_out=images)]

    trials = {"supervised": with_errors(16), "best": with_errors(0), "near": with_errors(3), "out": with_errors(4)}
    assert out_of_reach(trials, label) == ["out"]  # the labels alone never are, as all are compared to them


def test_a_candidate_that_left_the_race_is_not_chosen_though_the_others_are_worse_without_it():
    """It was right on 3 of 4 images, and the best on 4; in the next repeat, the best was right on 1: 3 against 2.5."""
    trials = {
        "supervised": [trial([1, 0, 1, 0]), trial([1, 0, 1, 0])],  # always wrong
        "left": [trial([0, 1, 0, 0])],
        "best": [trial([0, 1, 0, 1]), trial([0, 0, 1, 0])],
    }
    assert [row.accuracy for row in score(trials, LABEL)] == [0, 0.75, 0.625]
    assert choose(trials, LABEL) == "best"


def test_equal_candidates_leave_the_labels_alone():
    trials = {"supervised": [trial([0, 1, 0, 1])], "other": [trial([0, 1, 0, 1])]}
    assert choose(trials, LABEL) == "supervised"


def test_a_threshold_reaches_its_goal_on_the_held_out_predictions():
    """40 predictions at confidence .9933, all right; 10 at .8808, half right; 10 at .5, wrong.

    From .88 on, 45 of 50 are right, 90 %: only the first group reaches 95 and 99 %.
    """
    logits = np.zeros((60, 2), np.float32)
    logits[:40, 0], logits[40:50, 0] = 5, 2
    label = np.zeros(60, np.int64)
    label[45:] = 1
    label[50:] = 1  # a tie is class 0
    found = thresholds([Trial(np.arange(60), logits, 10, 1.0)], label, 1.0)
    assert [one["goal"] for one in found] == [0.95, 0.99]
    for one in found:
        assert one["confidence"] == pytest.approx(1 / (1 + np.exp(-5)))
        assert one["share"] == pytest.approx(40 / 60)


def test_a_goal_that_too_few_predictions_reach_has_no_threshold():
    logits = np.zeros((30, 2), np.float32)
    logits[:19, 0] = 5
    label = np.ones(30, np.int64)
    label[:19] = 0
    found = thresholds([Trial(np.arange(30), logits, 10, 1.0)], label, 1.0)
    assert found[0] == {"goal": 0.95, "confidence": None, "share": 0.0}


def test_an_error_that_halves_with_twice_the_labels_halves_once_more():
    """Errors .5 with 10 labels and .25 with 20: with 2 · 20, the power law says .125."""
    few = [trial([0, 1, 1, 0], labels=10)]
    more = [trial([0, 1, 0, 0], labels=20)]
    points, doubled = learning_curve([more, few], LABEL, labels=20)
    assert points == [{"labels": 10, "accuracy": 0.5}, {"labels": 20, "accuracy": 0.75}]
    assert doubled == pytest.approx(0.875)


def test_more_labels_are_never_expected_to_harm():
    few, more = [trial([0, 1, 0, 0], labels=10)], [trial([0, 1, 1, 0], labels=20)]
    _, doubled = learning_curve([more, few], LABEL, labels=20)
    assert doubled == pytest.approx(1 - np.sqrt(0.25 * 0.5))
