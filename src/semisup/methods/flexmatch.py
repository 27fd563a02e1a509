"""FixMatch with a threshold for each class, lower for classes that are learned less."""

from typing import Any

import torch
from torch import Tensor, nn

from semisup.core.ranges import NonNegative, Probability
from semisup.data.batch import Batch
from semisup.methods.alignment import AlignedMethod
from semisup.methods.functional import hard_pseudo_labels, weighted_cross_entropy
from semisup.methods.schedules import ramp_up
from semisup.methods.step_output import PseudoLabels, StepOutput


class FlexMatch(AlignedMethod):
    """FlexMatch: FixMatch with a threshold for each class.

        L = H(y, p(x_weak)) + λ(t) · mean_u 1[max p(u_weak) ≥ τ_c] · H(c, p(u_strong)),   c = argmax p(u_weak)
        λ(t) = λ · min(1, t / ramp)
        τ_c = τ · M(β_c),   M(β) = β / (2 - β),   β_c = σ_c / max(max_k σ_k, images never confident)

    σ_c counts the images whose last confident prediction was c. Confident means max p ≥ τ, with the fixed τ and not
    τ_c, as in the paper and the authors' code. The buffer `last_confident` holds that class for each image.

    Source: Zhang et al., 2021, arXiv:2110.08263, algorithm 1. Departure: λ(t) rises, as every image is kept at
    first, and a short training does not recover from that. As published: ramp=0.

    Args:
        network: Maps views to logits (N, K).
        classes: K.
        images: How many images the data set has.
        threshold: τ.
        unlabeled_weight: λ.
        ramp: The share of the training over which the weight rises from 0.
        warmup: Whether the images that were never confident count in β.
        base: Arguments of AlignedMethod and Method.
    """

    views: tuple[str, ...] = ("weak", "strong")
    last_confident: Tensor  # (images,) int64; -1 for none

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        images: int,
        threshold: Probability = 0.95,
        unlabeled_weight: NonNegative = 1.0,
        ramp: Probability = 0.4,
        warmup: bool = True,
        **base: Any,
    ) -> None:
        super().__init__(network, classes=classes, **base)
        self.threshold, self.warmup = threshold, warmup
        self.unlabeled_weight, self.ramp = unlabeled_weight, ramp
        self.classes, self.unlabeled_images = classes, images
        self.register_buffer("last_confident", torch.full((images,), -1))

    def on_fit_start(self) -> None:
        # `last_confident` has a place for every image of the data set; only those of the unlabeled stream count.
        split = getattr(getattr(self.trainer, "datamodule", None), "split", None)
        if split is not None:
            self.unlabeled_images = len(split.stream)

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, no_grad=(unlabeled.weak,))
        weak = self.align(weak, labeled.label)
        pseudo_labels = self.keep(hard_pseudo_labels(weak, self.class_thresholds()))
        self.update_statistics(unlabeled.index, hard_pseudo_labels(weak, self.threshold))
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        loss = supervised + self.unlabeled_weight * ramp_up(self.progress, 0.0, self.ramp) * consistency
        return StepOutput(loss, {"supervised": supervised, "consistency": consistency}, pseudo_labels)

    def class_thresholds(self) -> Tensor:
        """τ_c, (K,) float32."""
        last = self.last_confident
        counts = last.new_zeros(self.classes + 1).index_add(0, last + 1, torch.ones_like(last))
        learned = counts[1:]  # σ, (K,); counts[0] is of the images never confident, or not unlabeled
        most = learned.max()
        if self.warmup:
            most = torch.maximum(most, self.unlabeled_images - learned.sum())
        beta = learned / most.clamp_min(1)
        return self.threshold * beta / (2 - beta)

    def update_statistics(self, index: Tensor, labels: PseudoLabels) -> None:
        """Keeps the class of each confident image; the later one of an image that is in the batch twice.

        Args:
            index: The images, (uB,) int64.
            labels: Their classes, with weight 1 where they are confident.
        """
        rows = torch.stack([index, labels.target, labels.weight.long()], dim=-1)
        index, target, confident = self.gather_across_ranks(rows).unbind(-1)
        place = confident * torch.arange(1, len(confident) + 1, device=index.device)  # (uB,), 0 where not confident
        empty = torch.zeros_like(self.last_confident)
        latest = empty.scatter_reduce(0, index, place, "amax")  # (images,), 0 for no change
        self.last_confident.copy_(torch.where(latest > 0, target[latest - 1], self.last_confident))
