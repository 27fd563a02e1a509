"""Labeled images, and unlabeled ones that the network of the previous round has labeled."""

from semisup.data.batch import Batch
from semisup.methods.base import Method
from semisup.methods.functional import weighted_cross_entropy
from semisup.methods.step_output import PseudoLabels, StepOutput


class SelfTraining(Method):
    """Self-training: one set of images, some with labels, the others with pseudo-labels.

    The loss is the average over the batch, in which a pseudo-labeled image counts as much as its labeler says:

        L = (Σ_x H(y, p(x)) + Σ_u w(u) · H(ŷ(u), p(u))) / (B + uB)

    x and u are weak views. ŷ, a class or probabilities, and w stay the same for the whole round. In a round without
    pseudo-labels, such as the first, this is the supervised baseline.

    Source: Scudder, 1965; Yarowsky, 1995.

    Args:
        network: Maps views to logits (N, K).
        optimizer: How the network is optimized; None = Adam with its defaults.
        ema: Decay of the moving average of the weights; 0 evaluates the network itself.
    """

    views = ("weak",)
    uses_pseudo_label_targets = True

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        if not unlabeled:
            supervised = self.supervised_loss(self.network(labeled.image), labeled.label)
            return StepOutput(supervised, {"supervised": supervised})
        logits, guess = self.logits(labeled.image, unlabeled[self.views[0]])  # (B, K), (uB, K)
        supervised = self.supervised_loss(logits, labeled.label)
        unsupervised = weighted_cross_entropy(guess, PseudoLabels(unlabeled.target, unlabeled.weight))
        share = len(guess) / (len(logits) + len(guess))
        loss = (1 - share) * supervised + share * unsupervised
        return StepOutput(loss, {"supervised": supervised, "unsupervised": unsupervised})
