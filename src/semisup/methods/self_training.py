"""Labeled images, and unlabeled ones that the network of the round before has labeled."""

from semisup.data.batch import Batch
from semisup.functional import cross_entropy, weighted_cross_entropy
from semisup.methods.base import Loss, Method


class SelfTraining(Method):
    """Self-training (Scudder, 1965; Yarowsky, 1995): one set of images, some with labels, others with pseudo-labels.

    The loss is the average over the batch, in which a pseudo-labeled image counts as much as its labeler says:

        L = (Σ_x H(y, p(x)) + Σ_u w(u) · H(ŷ(u), p(u))) / (B + uB)

    x and u are weak views. ŷ, a class or probabilities, and w stay the same for the whole round. In a round without
    pseudo-labels, such as the first, this is the supervised baseline.
    """

    views = ("weak",)
    reads_targets = True

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        if not unlabeled:
            supervised = cross_entropy(self.network(labeled.image), labeled.label)
            return supervised, {"supervised": supervised}
        logits, guess = self.logits(labeled.image, unlabeled[self.views[0]])  # (B, K), (uB, K)
        supervised = cross_entropy(logits, labeled.label)
        unsupervised = weighted_cross_entropy(guess, unlabeled.target, unlabeled.weight)
        share = len(guess) / (len(logits) + len(guess))
        loss = (1 - share) * supervised + share * unsupervised
        return loss, {"supervised": supervised, "unsupervised": unsupervised}
