"""Views of rows of a table: noise, and values replaced by their column's mean."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from semisup.core.ranges import NonNegative, Probability, enforce_ranges
from semisup.data.transforms.randaugment import to_device
from semisup.data.transforms.views import AugParams, Views, view_kind


@enforce_ranges
class TableViews(Views):
    """Views of rows, (B, D) float32 -> (B, D) float32, standardized.

    The weak view adds normal noise. The strong view then replaces some values by their column's mean, and the
    medium one half as many. All are our own,
    as no augmentation of tables is generally agreed on.

    Args:
        mean: Of the D columns.
        std: Of the D columns.
        noise: The noise's standard deviation, in those of the column.
        drop: The probability that a value is replaced.
    """

    def __init__(
        self, mean: Sequence[float], std: Sequence[float], *, noise: NonNegative = 0.1, drop: Probability = 0.2
    ) -> None:
        self.mean, self.std = np.asarray(mean, np.float32), np.asarray(std, np.float32)
        self.noise, self.drop = noise, drop

    def draw_aug_params(self, view: str, rng: np.random.Generator, count: int) -> AugParams:
        """Draws the parameters of a view.

        Args:
            view: The view's name.
            rng: The generator.
            count: B.

        Returns:
            For weak: noise (B, D) float32. For medium and strong, also: drop (B, D) bool.
        """
        aug_params: AugParams = {}
        size = (count, len(self.mean))
        if view_kind(view) != "plain":
            aug_params["noise"] = np.float32(self.noise) * rng.standard_normal(size, np.float32)
        if view_kind(view) in ("medium", "strong"):
            aug_params["drop"] = rng.random(size) < (self.drop if view_kind(view) == "strong" else self.drop / 2)
        return aug_params

    def apply(self, view: str, inputs: Tensor, aug_params: AugParams) -> Tensor:
        """Makes a view of a batch.

        Args:
            view: The view's name.
            inputs: (B, D) float32.
            aug_params: The view's parameters, of B rows.

        Returns:
            (B, D) float32.
        """
        device = inputs.device
        views = (inputs - to_device(self.mean, device)) / to_device(self.std, device)
        if view_kind(view) != "plain":
            views = views + to_device(aug_params["noise"], device)
        if view_kind(view) in ("medium", "strong"):
            views = views.masked_fill(to_device(aug_params["drop"], device), 0.0)  # the mean of a standardized column
        return views
