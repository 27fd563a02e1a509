"""UDA by hand."""

import pytest
import torch

from semisup.core.errors import SemisupError
from semisup.data import Batch
from semisup.methods import UDA
from semisup.methods.schedules import annealed_threshold
from tests.methods.by_hand import LABELED, close, method, probabilities


def test_the_target_is_sharpened_and_the_threshold_is_not():
    """τ = .8, T = 1/2. Weak (.9, .1) is kept; its target is (.81, .01) / .82 = (.98780, .01220). (.75, .25) is not,
    though sharpened it would be (.9, .1).

    L = -log .9 + (-.98780 log .7 - .01220 log .3) / 2 = .10536 + .36700 / 2 = .28886
    """
    uda = method(UDA, temperature=0.5)
    weak, strong = probabilities([0.9, 0.1], [0.75, 0.25]), probabilities([0.7, 0.3], [0.2, 0.8])
    output = uda.loss(LABELED, Batch(weak=weak, strong=strong))
    loss = output.loss
    close(loss, 0.28886)
    assert output.pseudo_labels.target.tolist() == [0, 0]
    assert output.pseudo_labels.weight.tolist() == [1.0, 0.0]


def test_training_signal_annealing_leaves_out_the_labeled_images_that_are_known():
    """Halfway, two classes, linear: η = .5 · (1 - 1/2) + 1/2 = .75. p(y) = .9 is left out, .6 stays: L_x = -log .6."""
    uda = method(UDA, progress=0.5, annealing="linear")
    close(uda.supervised(probabilities([0.9, 0.1], [0.4, 0.6]), torch.tensor([0, 1])), 0.51083)
    close(uda.supervised(probabilities([0.9, 0.1]), torch.tensor([0])), 0.0)
    close(uda.supervised(probabilities([0.9, 0.1]), torch.tensor([1])), 2.30259)  # wrong, and so never left out


def test_schedules_of_training_signal_annealing():
    """Halfway: e^-2.5 = .08208. log: 1 - .08208 = .91792; exp: .08208; each times (1 - 1/2), plus 1/2."""
    found = [annealed_threshold(0.5, 2, schedule) for schedule in ("none", "linear", "log", "exp")]
    assert found == pytest.approx([1, 0.75, 0.95896, 0.54104], abs=1e-5)
    assert annealed_threshold(0.0, 10, "linear") == pytest.approx(0.1)
    assert annealed_threshold(1.0, 10, "exp") == pytest.approx(1)


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(SemisupError, match=r"^UDA: temperature=0\.0 is not valid: it is a number above 0\.$"):
        method(UDA, temperature=0.0)
