"""AUROC of unknown classes, by hand."""

import pytest
import torch

from semisup.metrics.open_set import open_set_scores


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    """Outliers .9 and .4, others .1, .4 and .6: of six pairs, .9 wins three, .4 wins one and ties one. 4.5 / 6."""
    unknown = torch.tensor([0.9, 0.1, 0.4, 0.4, 0.6])
    figures = open_set_scores(unknown, torch.tensor([True, False, True, False, False]))
    assert figures == {"auroc": pytest.approx(0.75), "unknown_images": 2}


def test_scores_that_all_but_touch_one_are_told_apart():
    unknown = torch.tensor([1 - 2**-23, 1 - 2**-24])
    assert open_set_scores(unknown, torch.tensor([False, True]))["auroc"] == 1
