"""Pseudo-labels from the network itself, picked anew at every step."""

from typing import Any

from torch import nn

from semisup.data.batch import Batch
from semisup.errors import SemisupError
from semisup.functional import confident, cross_entropy, ramp_up, weighted_cross_entropy
from semisup.methods.base import Loss, Method


class PseudoLabel(Method):
    """Pseudo-Label (Lee, 2013), eq. 15 and 16.

    The class that the network finds most probable is the target of the same image, and its weight grows:

        L = H(y, p(x)) + α(t) · mean_u 1[max p(u) ≥ τ] · H(argmax p(u), p(u))
        α(t) = 0 until t1, then linearly up to α at t2, then α

    The defaults are those of later comparisons, τ = .95 and α = 1; the paper's form, which keeps every image, is
    threshold=0, alpha=3. Departures: t1 and t2 are shares of the training instead of epochs 100 and 600; images are
    seen through weak views; softmax and cross-entropy take the place of sigmoid units.
    """

    views = ("weak",)

    def __init__(
        self,
        network: nn.Module,
        *,
        alpha: float = 1.0,
        t1: float = 0.1,
        t2: float = 0.6,
        threshold: float = 0.95,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        if not 0 <= t1 <= t2 <= 1:
            raise SemisupError(f"method.t1 and method.t2 are shares of the training, 0 ≤ t1 ≤ t2 ≤ 1; got {t1}, {t2}.")
        if not 0 <= threshold <= 1:
            raise SemisupError(f"method.threshold is a probability; got {threshold}.")
        self.alpha, self.t1, self.t2, self.threshold = alpha, t1, t2, threshold

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        logits, guess = self.logits(labeled.image, unlabeled.weak)  # (B, K), (uB, K)
        target, weight = confident(guess, self.threshold)  # (uB,), (uB,)
        self.uses(target, weight, guess)
        alpha = self.alpha * ramp_up(self.progress, self.t1, self.t2)
        supervised = cross_entropy(logits, labeled.label)
        unsupervised = weighted_cross_entropy(guess, target, weight)
        loss = supervised + alpha * unsupervised
        return loss, {"supervised": supervised, "unsupervised": unsupervised, "alpha": alpha}
