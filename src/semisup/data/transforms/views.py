"""Random views of a batch of inputs.

Parameters are drawn on the host and depend on the generator alone. The view is then made on the inputs' device, for all
inputs at once and without waiting for the device. Each array of parameters has one row per input: every process draws
those of the complete batch, takes its share, and gets the same rows as one process alone, bit for bit.
"""

import re
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semisup.core.errors import SemisupError, did_you_mean

AugParams = dict[str, NDArray[Any]]
KINDS = ("plain", "weak", "medium", "strong")


class Views(Protocol):
    """How networks see inputs of one type. 'weak_2' is another weak view."""

    def draw_aug_params(self, view: str, rng: np.random.Generator, count: int) -> AugParams:
        """Draws the parameters of a view.

        Args:
            view: The view's name.
            rng: The generator.
            count: The number of inputs.

        Returns:
            Arrays of `count` rows; none for the plain view.
        """
        ...

    def gather(
        self, images: NDArray[Any], index: NDArray[np.int64], drawn: Mapping[str, AugParams]
    ) -> Tensor | dict[str, Tensor]:
        """Copies what the views of a batch are made of.

        Args:
            images: The store's, (N, ...).
            index: The images of the batch, (B,).
            drawn: The parameters of each view, of B rows.

        Returns:
            (B, ...) as the store has them; or of each view what it alone takes.
        """
        return torch.from_numpy(images[index])

    def apply(self, view: str, inputs: Tensor, aug_params: AugParams) -> Tensor:
        """Makes a view of a batch.

        Args:
            view: The view's name.
            inputs: (B, ...), as the store has them or as `gather` gave them for this view.
            aug_params: The view's parameters, of B rows.

        Returns:
            (B, ...) float32, as a network takes them.
        """
        ...


def view_kind(view: str) -> str:
    """Which kind a view is.

    Args:
        view: The view's name, such as 'strong_2'.

    Returns:
        One of KINDS.

    Raises:
        SemisupError: If it is none.
    """
    if match := re.fullmatch(rf"({'|'.join(KINDS)})(_\d+)?", view):
        return match[1]
    raise SemisupError(f"there is no view '{view}'; {did_you_mean(view, KINDS)}")
