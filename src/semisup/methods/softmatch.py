"""FixMatch with a weight that falls smoothly below the mean confidence, in place of a threshold."""

from typing import Any

from torch import nn

from semisup.core.ranges import Fraction, NonNegative
from semisup.data.batch import Batch
from semisup.methods.functional import sharpened_softmax, weighted_cross_entropy
from semisup.methods.ramped import RampedMethod
from semisup.methods.schedules import average_decay
from semisup.methods.step_output import PseudoLabels, StepOutput
from semisup.methods.thresholds import ConfidenceWeights


class SoftMatch(RampedMethod):
    """SoftMatch: FixMatch with a weight in place of a threshold.

        L = H(y, p(x_weak)) + λ(t) · mean_u w(u) · H(argmax p(u_weak), p(u_strong))
        λ(t) = λ · min(1, t / ramp)
        w(u) = exp(-(min(0, max q(u) - μ))² · n² / 2σ²),   q(u) = norm(p(u_weak) / p̃)

    w, and its averages μ, σ² and p̃, are of ConfidenceWeights. q, the uniform alignment, is for the weight only: the
    target is of p.

    Source: Chen et al., 2023, arXiv:2301.10921, algorithm 1. Departures: weight and decay rise, as nearly every image
    is kept at first, and a short training does not recover from that. As published: ramp=0 decay=.999.

    Args:
        network: Maps views to logits (N, K).
        classes: K.
        unlabeled_weight: λ.
        sigmas: n.
        decay: Of the averages; None = min(.999, (1 + t) / (10 + t)) at step t.
        base: Arguments of RampedMethod and Method.
    """

    views = ("weak", "strong")

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        unlabeled_weight: NonNegative = 1.0,
        sigmas: NonNegative = 2.0,
        decay: Fraction | None = None,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.unlabeled_weight, self.decay = unlabeled_weight, decay
        self.weights = ConfidenceWeights(classes, sigmas)

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, no_grad=(unlabeled.weak,))
        probability = sharpened_softmax(weak)
        self.weights.update(self.gather_across_ranks(probability), average_decay(self.decay, self.step))
        confidence, target = probability.max(-1)
        pseudo_labels = PseudoLabels(target, self.weights.of_images(probability), confidence)
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        loss = supervised + self.unlabeled_weight * self.rise * consistency
        terms = {"supervised": supervised, "consistency": consistency, "confidence": self.weights.mean}
        return StepOutput(loss, terms, pseudo_labels)
