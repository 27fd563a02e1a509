"""Views of rows of a table."""

import numpy as np
import pytest
import torch

from semisup.core.errors import SemisupError
from semisup.data.transforms import AugParams, TableViews


def test_table_views_by_hand():
    """mean (1, 2), std (2, 4): the row (3, 10) becomes (1, 2); noise (.5, -.5) makes it (1.5, 1.5); drop the second."""
    views = TableViews([1.0, 2.0], [2.0, 4.0])
    row = torch.tensor([[3.0, 10.0]])
    aug_params: AugParams = {"noise": np.array([[0.5, -0.5]], np.float32), "drop": np.array([[False, True]])}
    assert views.apply("plain", row, {}).tolist() == [[1.0, 2.0]]
    assert views.apply("weak", row, aug_params).tolist() == [[1.5, 1.5]]
    assert views.apply("strong_2", row, aug_params).tolist() == [[1.5, 0.0]]


def test_table_draws_have_the_noise_and_the_drops_asked_for():
    """5,000 rows of 4: the noise's standard deviation is .3, and 1 value in 10 is dropped."""
    views = TableViews([0.0] * 4, [1.0] * 4, noise=0.3, drop=0.1)
    aug_params = views.draw_aug_params("strong", np.random.default_rng(0), 5000)
    assert aug_params["noise"].dtype == np.float32
    assert aug_params["noise"].std() == pytest.approx(0.3, rel=0.03)
    assert aug_params["drop"].mean() == pytest.approx(0.1, abs=0.01)
    half = views.draw_aug_params("medium", np.random.default_rng(0), 5000)
    assert half["drop"].mean() == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"noise": -1}, "noise=-1 is not valid"), ({"drop": float("nan")}, "drop=nan is not valid")],
)
def test_impossible_options_of_a_table_are_refused(options, sentence):
    with pytest.raises(SemisupError, match=f"TableViews: {sentence}"):
        TableViews([0.0], [1.0], **options)
