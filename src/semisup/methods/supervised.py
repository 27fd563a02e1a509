"""The baseline: the labeled images alone."""

from semisup.data.batch import Batch
from semisup.functional import cross_entropy
from semisup.methods.base import Loss, Method


class Supervised(Method):
    """Cross-entropy on the weak view of the labeled images: L = H(y, p(x_weak))."""

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        (logits,) = self.logits(labeled.image)
        loss = cross_entropy(logits, labeled.label)
        return loss, {"supervised": loss}
