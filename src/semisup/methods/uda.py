"""A sure prediction on the weak view, sharpened, is the soft target of the strong view."""

from typing import Any

from torch import Tensor, nn

from semisup.data.batch import Batch
from semisup.errors import SemisupError
from semisup.functional import (
    Annealing,
    annealed_threshold,
    confident,
    cross_entropy,
    soft_target,
    weighted_cross_entropy,
)
from semisup.methods.base import Loss, Method


class UDA(Method):
    """Unsupervised Data Augmentation (Xie et al., 2020, arXiv:1904.12848), in its form for images.

        L = H(y, p(x_weak)) + λ · mean_u 1[max p(u_weak) ≥ τ] · H(softmax(z(u_weak) / T), p(u_strong))

    threshold: τ, on the unsharpened probability. temperature: T. unlabeled_weight: λ. annealing: of the training
    signal; a labeled image whose class is already more probable than η(t), which rises from 1/K to 1, is left out, and
    the mean is then over those left in.
    Departures: cross-entropy takes the place of KL divergence, which differs by a constant; the strong view is
    RandAugment with two operations and a cutout, as for the other methods here.
    """

    views = ("weak", "strong")

    def __init__(
        self,
        network: nn.Module,
        *,
        threshold: float = 0.8,
        temperature: float = 0.4,
        unlabeled_weight: float = 1.0,
        annealing: Annealing = "none",
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        if temperature <= 0:
            raise SemisupError(f"method.temperature is above 0; got {temperature}.")
        self.threshold, self.temperature = threshold, temperature
        self.unlabeled_weight, self.annealing = unlabeled_weight, annealing

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, without_graph=(unlabeled.weak,))
        guess, weight = confident(weak, self.threshold)  # (uB,), (uB,)
        self.uses(guess, weight, weak)
        supervised = self.supervised(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, soft_target(weak, self.temperature), weight)
        loss = supervised + self.unlabeled_weight * consistency
        return loss, {"supervised": supervised, "consistency": consistency}

    def supervised(self, logits: Tensor, label: Tensor) -> Tensor:
        """Cross-entropy, averaged over the images that are not left out. logits: (B, K); label: (B,)."""
        if self.annealing == "none":
            return cross_entropy(logits, label)
        known = soft_target(logits).gather(-1, label[:, None]).squeeze(-1)  # (B,) p(y)
        kept = (known <= annealed_threshold(self.progress, logits.shape[-1], self.annealing)).float()
        return weighted_cross_entropy(logits, label, kept / self.over_processes(kept).mean().clamp_min(1e-6))
