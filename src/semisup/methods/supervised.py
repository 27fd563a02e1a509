"""The baseline: the labeled images alone."""

from typing import Any

from torch import nn

from semisup.data.batch import Batch
from semisup.methods.base import Method
from semisup.methods.functional import Outputs
from semisup.methods.step_output import StepOutput


class Supervised(Method):
    """Cross-entropy on the weak view of the labeled images: L = H(y, p(x_weak)).

    Args:
        network: Maps views to logits (N, K).
        outputs: 'softmax'; or 'sigmoid', with the binary cross-entropy, summed over the K outputs.
        base: Arguments of Method.
    """

    def __init__(self, network: nn.Module, *, outputs: Outputs = "softmax", **base: Any) -> None:
        super().__init__(network, **base)
        self.outputs = outputs

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        (logits,) = self.logits(labeled.image)
        loss = self.supervised_loss(logits, labeled.label)
        return StepOutput(loss, {"supervised": loss})
