"""FixMatch with a threshold for each class, lower for classes that are learned less."""

from typing import Any

import torch
from torch import Tensor, nn

from semisup.data.batch import Batch
from semisup.functional import confident, cross_entropy, weighted_cross_entropy
from semisup.methods.base import Loss, Method


class FlexMatch(Method):
    """FlexMatch (Zhang et al., 2021, arXiv:2110.08263), algorithm 1.

        L = H(y, p(x_weak)) + λ · mean_u 1[max p(u_weak) ≥ τ_c] · H(c, p(u_strong)),   c = argmax p(u_weak)
        τ_c = τ · M(β_c),   M(β) = β / (2 - β),   β_c = σ_c / max(max_k σ_k, images never sure)

    σ_c counts the images whose last sure prediction was c; sure means max p ≥ τ with the fixed τ and not τ_c, as in the
    paper and the authors' code. threshold: τ. unlabeled_weight: λ. warmup: whether the images never sure count in β.
    `last` (images,) holds each image's last sure class, -1 for none. Departure: none known.
    """

    views = ("weak", "strong")
    last: Tensor

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        images: int,
        threshold: float = 0.95,
        unlabeled_weight: float = 1.0,
        warmup: bool = True,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.threshold, self.unlabeled_weight, self.warmup = threshold, unlabeled_weight, warmup
        self.classes, self.unlabeled_images = classes, images
        self.register_buffer("last", torch.full((images,), -1))

    def on_fit_start(self) -> None:
        # `last` has a place for every image of the data set; those outside of the unlabeled stream do not count.
        split = getattr(getattr(self.trainer, "datamodule", None), "split", None)
        if split is not None:
            self.unlabeled_images = len(split.stream)

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, without_graph=(unlabeled.weak,))
        target, weight = confident(weak, self.thresholds())  # (uB,), (uB,)
        self.uses(target, weight, weak)
        self.remember(unlabeled.index, *confident(weak, self.threshold))
        supervised = cross_entropy(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, target, weight)
        loss = supervised + self.unlabeled_weight * consistency
        return loss, {"supervised": supervised, "consistency": consistency}

    def thresholds(self) -> Tensor:
        """τ_c, (K,) float32."""
        counts = self.last.new_zeros(self.classes + 1).index_add(0, self.last + 1, torch.ones_like(self.last))
        learned = counts[1:]  # σ, (K,); counts[0] is of the images that were never sure, or are not unlabeled
        most = learned.max()
        if self.warmup:
            most = torch.maximum(most, self.unlabeled_images - learned.sum())
        beta = learned / most.clamp_min(1)
        return self.threshold * beta / (2 - beta)

    def remember(self, index: Tensor, target: Tensor, sure: Tensor) -> None:
        """Notes the class of each sure image; of an image that is in the batch twice, the later one."""
        index, target, sure = self.over_processes(torch.stack([index, target, sure.long()], dim=-1)).unbind(-1)
        place = sure * torch.arange(1, len(sure) + 1, device=sure.device)  # (uB,), 0 where not sure
        latest = torch.zeros_like(self.last).scatter_reduce(0, index, place, "amax")  # (images,), 0 for no change
        self.last.copy_(torch.where(latest > 0, target[latest - 1], self.last))
