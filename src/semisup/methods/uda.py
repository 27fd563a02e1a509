"""A confident prediction on the weak view, sharpened, is the soft target of the strong view."""

from typing import Any

from torch import Tensor, nn

from semisup.core.ranges import NonNegative, Positive, Probability
from semisup.data.batch import Batch
from semisup.methods.alignment import AlignedMethod
from semisup.methods.functional import hard_pseudo_labels, sharpened_softmax, weighted_cross_entropy
from semisup.methods.schedules import Annealing, annealed_threshold
from semisup.methods.step_output import PseudoLabels, StepOutput


class UDA(AlignedMethod):
    """Unsupervised Data Augmentation, in its form for images.

        L = H(y, p(x_weak)) + λ · mean_u 1[max p(u_weak) ≥ τ] · H(softmax(z(u_weak) / T), p(u_strong))

    Source: Xie et al., 2020, arXiv:1904.12848. Departures: cross-entropy takes the place of KL divergence, which
    differs by a constant; the strong view is RandAugment with two operations and a cutout, as for the other methods.

    Args:
        network: Maps views to logits (N, K).
        threshold: τ, of the probability before it is sharpened.
        temperature: T.
        unlabeled_weight: λ.
        annealing: How the threshold of training signal annealing rises from 1/K to 1. A labeled image whose class is
            already more probable is left out, and the mean is over the others.
        base: Arguments of AlignedMethod and Method.
    """

    views = ("weak", "strong")

    def __init__(
        self,
        network: nn.Module,
        *,
        threshold: Probability = 0.8,
        temperature: Positive = 0.4,
        unlabeled_weight: NonNegative = 1.0,
        annealing: Annealing = "none",
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.threshold, self.temperature = threshold, temperature
        self.unlabeled_weight, self.annealing = unlabeled_weight, annealing

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, no_grad=(unlabeled.weak,))
        pseudo_labels = self.keep(hard_pseudo_labels(self.align(weak, labeled.label), self.threshold))
        soft_labels = pseudo_labels._replace(target=sharpened_softmax(weak, self.temperature))
        supervised = self.supervised(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, soft_labels)
        loss = supervised + self.unlabeled_weight * consistency
        return StepOutput(loss, {"supervised": supervised, "consistency": consistency}, pseudo_labels)

    def supervised(self, logits: Tensor, label: Tensor) -> Tensor:
        """Cross-entropy, averaged over the images that are not left out.

        Args:
            logits: (B, K).
            label: (B,) int64.

        Returns:
            A float32 scalar.
        """
        if self.annealing == "none":
            return self.supervised_loss(logits, label)
        known = sharpened_softmax(logits).gather(-1, label[:, None]).squeeze(-1)  # (B,) p(y)
        kept = (known <= annealed_threshold(self.progress, logits.shape[-1], self.annealing)).float()
        weight = kept / self.gather_across_ranks(kept).mean().clamp_min(1e-6)
        return weighted_cross_entropy(logits, PseudoLabels(label, weight))
