"""What a method says of one step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor


class PseudoLabels(NamedTuple):
    """The targets of the unlabeled images of one step. No gradient flows through them.

    Args:
        target: Classes, (N,) int64, or probabilities, (N, K) float32.
        weight: How much each image counts, (N,) float32 of at least 0; 0 leaves it out.
        confidence: The largest probability of each prediction, (N,) float32; None where none was made in this step.
    """

    target: Tensor
    weight: Tensor
    confidence: Tensor | None = None


@dataclass(frozen=True)
class StepOutput:
    """The result of `Method.loss`.

    Args:
        loss: A scalar, which the optimizer minimizes.
        terms: Scalars by name, to be logged as `train/NAME`.
        pseudo_labels: Those of the unlabeled images in this step; the audit measures them. None where a step has none.
    """

    loss: Tensor
    terms: Mapping[str, Tensor | float] = field(default_factory=dict)
    pseudo_labels: PseudoLabels | None = None
