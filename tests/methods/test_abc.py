"""ABC by hand."""

import pytest
import torch
from torch import nn

from semisup.core.errors import SemisupError
from semisup.data import Batch
from semisup.methods import ABC
from tests.methods.by_hand import LABELED, Rows, close, feature_method, probabilities


def abc(progress=1.0, **options):
    made = feature_method(ABC, progress, classes=2, **options)
    made.base_head = nn.Identity()
    made.labels.copy_(torch.tensor([2.0, 1.0]))  # with this step's label 3 and 1
    return made


VIEWS = Batch(weak=probabilities([0.97, 0.03], [0.6, 0.4]), strong=probabilities([0.7, 0.3], [0.2, 0.8]))


def test_frequent_classes_count_less_for_the_balanced_head():
    """FixMatch: .10536 - log(.7) / 2 = .28370. m = (1/3, 1): .10536 / 3 = .03512. The confident image counts 1/3 at the
    end: (.97 · -log .7 + .03 · -log .3) / 3 / 2 = .38209 / 6 = .06368. L = .28370 + .03512 + 2 · .06368 = .44618
    """
    output = abc(balanced_weight=2.0).loss(LABELED, VIEWS)
    close(output.terms["balanced"], 0.03512)
    close(output.loss, 0.44618)


def test_unlabeled_images_count_fully_at_first():
    """.38209 / 2 at the start, and (1 + 1/3) / 2 of it halfway."""
    close(abc(progress=0.0).loss(LABELED, VIEWS).terms["balanced_consistency"], 0.19105)
    close(abc(progress=0.5).loss(LABELED, VIEWS).terms["balanced_consistency"], 0.12737)


def test_the_balanced_head_is_the_one_that_predicts():
    made = ABC(Rows(), classes=2, ema=0)
    assert "base_head.weight" not in made.eval_network.state_dict()


def test_two_corrections_of_the_same_are_refused():
    with pytest.raises(SemisupError, match=r"leave out method\.logit_adjustment"):
        abc(logit_adjustment=1.0)
