"""What a method says of one step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
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

    @classmethod
    def mean(cls, outputs: Sequence["StepOutput"]) -> "StepOutput":
        """The result of a step whose batch was divided.

        Args:
            outputs: Of equal parts of the batch.

        Returns:
            The mean loss, without graph, and mean terms, with the pseudo-labels of all parts.
        """
        terms = {name: _mean([output.terms[name] for output in outputs]) for name in outputs[0].terms}
        labels = [output.pseudo_labels for output in outputs if output.pseudo_labels is not None]
        joined = None
        if len(labels) == len(outputs):
            confidence = [part.confidence for part in labels if part.confidence is not None]
            joined = PseudoLabels(
                torch.cat([part.target for part in labels]),
                torch.cat([part.weight for part in labels]),
                torch.cat(confidence) if confidence else None,
            )
        return cls(_mean([output.loss for output in outputs]), terms, joined)


def _mean(values: Sequence[Tensor | float]) -> Tensor:
    return torch.stack([torch.as_tensor(value).detach().float() for value in values]).mean()
