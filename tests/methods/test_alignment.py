"""Distribution alignment by hand, with two classes."""

import pytest
import torch

from semisup.core.errors import SemisupError
from semisup.data import Batch
from semisup.methods import FixMatch, PseudoLabel
from semisup.methods.alignment import Aligner
from tests.methods.by_hand import LABELED, close, method, probabilities

ZEROS = torch.tensor([0])  # the classes of a step's labeled images: one of class 0


def aligned(aligner: Aligner, *rows: list[float], label: torch.Tensor = ZEROS) -> torch.Tensor:
    logits = probabilities(*rows)
    aligner.update(logits.softmax(-1), label)
    return (logits + aligner.shift()).softmax(-1)


def test_a_uniform_prior_takes_the_mean_out_of_the_predictions():
    """At step 0 the average has weight 1 - 1/10: mean = (.5, .5) + .9 · ((.8, .2) - (.5, .5)) = (.77, .23).

    .8 · .5 / .77 = .51948, .2 · .5 / .23 = .43478: of sum 1, (.54438, .45562).
    """
    close(aligned(Aligner(2, "uniform"), [0.8, 0.2]), [[0.54438, 0.45562]])


def test_the_labeled_prior_is_the_share_of_each_class_with_one_more_of_each():
    """Three labels of class 0, one of class 1: (4, 2) / 6. With mean (.5, .5), p = (.5, .5) becomes (2/3, 1/3)."""
    labels = torch.tensor([0, 0, 1, 0])
    close(aligned(Aligner(2, "labeled"), [0.5, 0.5], label=labels), [[2 / 3, 1 / 3]])


def test_a_given_prior_is_scaled_to_sum_1():
    close(aligned(Aligner(2, [3.0, 1.0]), [0.5, 0.5]), [[0.75, 0.25]])


def test_the_estimated_prior_is_halfway_from_uniform_to_the_aligned_predictions():
    """Step 0 as with a uniform prior: (.8, .2) becomes (.54438, .45562). Of that, .9 and .1 of (.5, .5): .53994.

    Halfway to uniform, the prior is (.51997, .48003). So (.8, .2) becomes .8 · .51997 / .77 : .2 · .48003 / .23.
    """
    close(aligned(Aligner(2, "estimated"), [0.8, 0.2]), [[0.56413, 0.43587]])


def test_targets_are_aligned_and_the_prediction_is_not():
    """The first image of (.8, .2) and (.6, .4) keeps class 0, the second turns to class 1.

    mean = .5 + .9 · (.7 - .5) = .68 and .32: (.8, .2) becomes (.65306, .34694), (.6, .4) becomes (.41379, .58621).
    """
    views = Batch(weak=probabilities([0.8, 0.2], [0.6, 0.4]), strong=probabilities([0.5, 0.5], [0.5, 0.5]))
    output = method(FixMatch, classes=2, alignment="uniform", threshold=0.6).loss(LABELED, views)
    assert output.pseudo_labels.target.tolist() == [0, 1]
    assert output.pseudo_labels.weight.tolist() == [1.0, 0.0]
    close(output.pseudo_labels.confidence, [0.65306, 0.58621])


def test_off_changes_nothing_and_keeps_no_state():
    off = method(PseudoLabel)
    assert off.aligner is None
    assert not list(off.buffers())


def test_the_state_is_in_the_checkpoint():
    one, other = (method(FixMatch, classes=2, alignment="labeled") for _ in range(2))
    one.align(probabilities([0.9, 0.1]), ZEROS)
    other.load_state_dict(one.state_dict())
    again = probabilities([0.7, 0.3])
    torch.testing.assert_close(other.align(again, ZEROS), one.align(again, ZEROS), atol=0, rtol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alignment": "uniform"}, "needs the number of classes"),
        ({"alignment": [0.5, 0.2, 0.3], "classes": 2}, "lists 3 classes, and the data has 2"),
        ({"alignment": [0.5, -1.0], "classes": 2}, "alignment="),
        ({"alignment": "equal", "classes": 2}, "alignment=equal"),
    ],
)
def test_a_prior_that_does_not_fit_is_one_sentence(options, message):
    with pytest.raises(SemisupError, match=message):
        method(FixMatch, **options)
