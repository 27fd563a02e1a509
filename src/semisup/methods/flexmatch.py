"""FixMatch with a threshold for each class, lower for classes that are learned less."""

from typing import Any

from torch import Tensor, nn

from semisup.core.ranges import NonNegative, Probability
from semisup.data.batch import Batch
from semisup.methods.alignment import AlignedMethod
from semisup.methods.functional import hard_pseudo_labels, weighted_cross_entropy
from semisup.methods.ramped import RampedMethod
from semisup.methods.step_output import PseudoLabels, StepOutput
from semisup.methods.thresholds import CurriculumThresholds


class FlexMatch(RampedMethod, AlignedMethod):
    """FlexMatch: FixMatch with a threshold for each class.

        L = H(y, p(x_weak)) + λ(t) · mean_u 1[max p(u_weak) ≥ τ_c] · H(c, p(u_strong)),   c = argmax p(u_weak)
        λ(t) = λ · min(1, t / ramp)

    τ_c is of CurriculumThresholds. An image is confident there if max p ≥ τ, with the fixed τ and not τ_c, as in the
    paper and the authors' code.

    Source: Zhang et al., 2021, arXiv:2110.08263, algorithm 1. Departure: λ(t) rises, as every image is kept at
    first, and a short training does not recover from that. As published: ramp=0.

    Args:
        network: Maps views to logits (N, K).
        classes: K.
        images: How many images the data set has.
        threshold: τ.
        unlabeled_weight: λ.
        warmup: Whether the images that were never confident count in β.
        base: Arguments of RampedMethod, AlignedMethod and Method.
    """

    views: tuple[str, ...] = ("weak", "strong")

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        images: int,
        threshold: Probability = 0.95,
        unlabeled_weight: NonNegative = 1.0,
        warmup: bool = True,
        **base: Any,
    ) -> None:
        super().__init__(network, classes=classes, **base)
        self.threshold, self.unlabeled_weight = threshold, unlabeled_weight
        self.thresholds = CurriculumThresholds(classes, images, threshold, warmup)

    def on_fit_start(self) -> None:
        # The thresholds have a place for every image of the data set; only those of the unlabeled stream count.
        split = getattr(getattr(self.trainer, "datamodule", None), "split", None)
        if split is not None:
            self.thresholds.unlabeled_images = len(split.stream)

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, no_grad=(unlabeled.weak,))
        pseudo_labels = self._pseudo_labels(weak, labeled.label, unlabeled.index)
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        loss = supervised + self.unlabeled_weight * self.rise * consistency
        return StepOutput(loss, {"supervised": supervised, "consistency": consistency}, pseudo_labels)

    def _pseudo_labels(self, weak: Tensor, label: Tensor, index: Tensor) -> PseudoLabels:
        """By τ_c. Notes after that which of the images, (uB,) int64, are confident of what."""
        weak = self.align(weak, label)
        pseudo_labels = self.keep(hard_pseudo_labels(weak, self.thresholds.of_classes()))
        target, confident, _ = hard_pseudo_labels(weak, self.threshold)
        self.thresholds.update(*(self.gather_across_ranks(x) for x in (index, target, confident)))
        return pseudo_labels
