"""The baseline: the labeled images alone."""

from semisup.data.batch import Batch
from semisup.methods.base import Method
from semisup.methods.step_output import StepOutput


class Supervised(Method):
    """Cross-entropy on the weak view of the labeled images: L = H(y, p(x_weak)).

    Args:
        network: Maps views to logits (N, K).
        optimizer: How the network is optimized; None = Adam with its defaults.
        ema: Decay of the moving average of the weights; 0 evaluates the network itself.
    """

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        (logits,) = self.logits(labeled.image)
        loss = self.supervised_loss(logits, labeled.label)
        return StepOutput(loss, {"supervised": loss})
