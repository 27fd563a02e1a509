"""Temporal ensembling by hand, with α = 1/2."""

import torch

from semisup.data import Batch
from semisup.methods import TemporalEnsembling
from semisup.methods.functional import last_occurrence
from tests.methods.by_hand import LABELED, close, method, probabilities


def seen(*rows, index=(1,)):
    return Batch(weak=probabilities(*rows), index=torch.tensor(index))


def test_the_target_is_the_average_of_earlier_predictions():
    """Z = (.4, .1) after (.8, .2), or Z / (1 - 1/2) = (.8, .2). Against (.6, .4): (.2² + .2²) / 2 = .04.

    L = .10536 + 30 · .04 = 1.30536. Then Z = (.5, .25) and Z / (1 - 1/4) = (.66667, .33333): against (.6, .4)
    .06667² = .00444.
    """
    made = method(TemporalEnsembling, classes=2, images=3, decay=0.5)
    close(made.loss(LABELED, seen([0.8, 0.2])).loss, 0.10536)
    close(made.loss(LABELED, seen([0.6, 0.4])).loss, 1.30536)
    close(made.average[1], [0.5, 0.25])
    close(made.loss(LABELED, seen([0.6, 0.4])).terms["consistency"], 0.00444)
    assert made.seen.tolist() == [0, 3, 0]


def test_an_image_that_is_new_costs_nothing_beside_a_known_one():
    """The same (.2² + .2²) / 2, halved by the image that is seen for the first time."""
    made = method(TemporalEnsembling, classes=2, images=3, decay=0.5)
    made.loss(LABELED, seen([0.8, 0.2]))
    output = made.loss(LABELED, seen([0.6, 0.4], [0.3, 0.7], index=(1, 0)))
    close(output.terms["consistency"], 0.02)


def test_rows_of_the_same_image_write_the_same_value_in_any_order():
    assert last_occurrence(torch.tensor([3, 1, 3, 2])).tolist() == [2, 1, 2, 3]


def test_of_an_image_that_is_in_a_step_twice_the_later_prediction_counts():
    made = method(TemporalEnsembling, classes=2, images=3, decay=0.5)
    made.loss(LABELED, seen([0.8, 0.2], [0.6, 0.4], index=(1, 1)))
    close(made.average[1], [0.3, 0.2])
    assert made.seen.tolist() == [0, 1, 0]
