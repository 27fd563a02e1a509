"""Views that were computed once: the features of a few weak and strong views of each image."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semisup.core.ranges import NonNegativeInt, enforce_ranges
from semisup.data.transforms.views import AugParams, Views, view_kind


@enforce_ranges
class CachedViews(Views):
    """Views of frozen features: one of those that were cached for each image, at random.

    Of V = 1 + 2 n cached views, the first is the plain one; n weak and n strong ones follow. A medium
    view is any of these.

    Args:
        count: n. With 0, the plain view takes the place of the weak and strong ones.
    """

    def __init__(self, count: NonNegativeInt) -> None:
        self.count = count

    def draw_aug_params(self, view: str, rng: np.random.Generator, count: int) -> AugParams:
        """Draws the number of a cached view for each image.

        Args:
            view: The view's name.
            rng: The generator.
            count: The number of images.

        Returns:
            `number` (count,) int64; nothing for the plain view.
        """
        kind = view_kind(view)
        if kind == "plain" or not self.count:
            return {}
        first = 1 + self.count if kind == "strong" else 1
        last = self.count if kind == "weak" else 2 * self.count
        return {"number": rng.integers(first, last + 1, count)}

    def gather(
        self, images: NDArray[Any], index: NDArray[np.int64], drawn: Mapping[str, AugParams]
    ) -> dict[str, Tensor]:
        """Copies the drawn views of a batch and no others: copying takes a good part of a step on features.

        Args:
            images: Cached features, (N, V, D) float16.
            index: The images of the batch, (B,).
            drawn: The parameters of each view, of B rows.

        Returns:
            The features of each view, (B, D) float16.
        """
        rows, first = np.asarray(images).reshape(-1, images.shape[-1]), index * images.shape[1]
        return {view: torch.from_numpy(rows.take(first + params.get("number", 0), 0)) for view, params in drawn.items()}

    def apply(self, view: str, inputs: Tensor, aug_params: AugParams) -> Tensor:
        """Takes the drawn view of each image.

        Args:
            view: The view's name.
            inputs: Cached features, (B, V, D) float16, or (B, D) where the drawn view alone was gathered.
            aug_params: The view's parameters, of B rows.

        Returns:
            (B, D) float32.
        """
        if inputs.ndim == 2:
            return inputs.float()
        if "number" not in aug_params:
            return inputs[:, 0].float()
        number = torch.from_numpy(aug_params["number"]).to(inputs.device, non_blocking=True)
        return inputs[torch.arange(len(inputs), device=inputs.device), number].float()
