"""FixMatch without bias: what pseudo-labels cost on labeled images is taken off again."""

from semisup.data.batch import Batch
from semisup.methods.fixmatch import FixMatch
from semisup.methods.functional import hard_pseudo_labels, weighted_cross_entropy
from semisup.methods.step_output import StepOutput


class DeFixMatch(FixMatch):
    """DeFixMatch: the unlabeled loss of FixMatch, minus the same loss of the labeled images.

        L = (H(y, p(x_weak)) + H(y, p(x_strong))) / 2 + λ · (L_u(u) - L_u(x))
        L_u(u) = mean_u 1[max p(u_weak) ≥ τ] · H(argmax p(u_weak), p(u_strong))

    L_u(x) does not read the labels. If labeled and unlabeled images are alike, the two L_u cancel on average, and L is
    an unbiased estimate of the supervised risk.

    Source: Schmutz et al., 2023, arXiv:2203.07512, eq. 5, as in USB. Departures: none known.

    Args:
        network: Maps views to logits (N, K).
        threshold: τ.
        unlabeled_weight: λ.
        base: Arguments of AlignedMethod and Method.
    """

    more_labeled_views = ("strong",)

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), (B, K), (uB, K), (uB, K)
        logits, labeled_strong, strong, weak = self.logits(
            labeled.image, labeled.strong, unlabeled.strong, no_grad=(unlabeled.weak,)
        )
        pseudo_labels = self.keep(hard_pseudo_labels(self.align(weak, labeled.label), self.threshold))
        supervised = (
            self.supervised_loss(logits, labeled.label) + self.supervised_loss(labeled_strong, labeled.label)
        ) / 2
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        correction = weighted_cross_entropy(labeled_strong, hard_pseudo_labels(logits, self.threshold))
        loss = supervised + self.unlabeled_weight * (consistency - correction)
        terms = {"supervised": supervised, "consistency": consistency, "correction": correction}
        return StepOutput(loss, terms, pseudo_labels)
