"""FixMatch with thresholds that follow the confidence of the network, and a pull towards predicting all classes."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.ranges import Fraction, NonNegative, Probability
from semisup.data.batch import Batch
from semisup.methods.base import Method
from semisup.methods.fairness import kept_classes, self_adaptive_fairness
from semisup.methods.functional import hard_pseudo_labels, sharpened_softmax, weighted_cross_entropy
from semisup.methods.schedules import average_decay, ramp_up
from semisup.methods.step_output import StepOutput


class FreeMatch(Method):
    """FreeMatch: FixMatch with thresholds that follow the confidence of the network.

        L = H(y, p(x_weak)) + λ(t) · mean_u 1[max p(u_weak) ≥ τ_c] · H(c, p(u_strong)) + λ_f(t) · L_f
        c = argmax p(u_weak),   λ(t) = λ · min(1, t / ramp), and λ_f(t) likewise
        τ_c = τ · p̃_c / max_k p̃_k,   τ ← d τ + (1 - d) mean_u max p(u_weak),   p̃ ← d p̃ + (1 - d) mean_u p(u_weak)
        L_f = Σ_c norm(p̃ / h̃)_c · log norm(p̄ / h̄)_c

    h̃ follows the histogram of argmax p(u_weak) as p̃ does. p̄ and h̄ are mean prediction and histogram of the kept
    strong views. τ, p̃ and h̃ start at 1/K.

    Source: Wang et al., 2023, arXiv:2205.07246, algorithm 1. λ_f is USB's .001; its code's own default is .01.
    Departures: a class that no kept strong view shows adds nothing to L_f, where the authors' code adds a constant; τ
    is not clipped; weights and d rise, as nearly every image is kept at first, and a short training does not recover
    from that. As published: ramp=0 decay=.999.

    Args:
        network: Maps views to logits (N, K).
        classes: K.
        unlabeled_weight: λ.
        fairness: λ_f.
        ramp: The share of the training over which both weights rise from 0.
        decay: d; None = min(.999, (1 + t) / (10 + t)) at step t.
        base: Arguments of Method.
    """

    views = ("weak", "strong")
    global_threshold: Tensor  # τ
    mean_probability: Tensor  # p̃, (K,)
    histogram: Tensor  # h̃, (K,)

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        unlabeled_weight: NonNegative = 1.0,
        fairness: NonNegative = 0.001,
        ramp: Probability = 0.4,
        decay: Fraction | None = None,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.unlabeled_weight, self.fairness, self.ramp, self.decay = unlabeled_weight, fairness, ramp, decay
        self.register_buffer("global_threshold", torch.tensor(1 / classes))
        self.register_buffer("mean_probability", torch.full((classes,), 1 / classes))
        self.register_buffer("histogram", torch.full((classes,), 1 / classes))

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, no_grad=(unlabeled.weak,))
        return self.free_match(labeled.label, logits, strong, weak)

    def free_match(self, label: Tensor, logits: Tensor, strong: Tensor, weak: Tensor) -> StepOutput:
        """L of given predictions.

        Args:
            label: y, (B,) int64.
            logits: Of labeled images, (B, K).
            strong: Logits of the strong views of unlabeled images, (uB, K).
            weak: Those of their weak views, without gradient, (uB, K).

        Returns:
            As of `loss`.
        """
        self.update_statistics(self.gather_across_ranks(sharpened_softmax(weak)))
        thresholds = self.global_threshold * self.mean_probability / self.mean_probability.max()  # (K,)
        pseudo_labels = hard_pseudo_labels(weak, thresholds)
        supervised = self.supervised_loss(logits, label)
        consistency = weighted_cross_entropy(strong, pseudo_labels)
        kept = self.sum_across_ranks(kept_classes(strong, pseudo_labels.weight))
        unfairness = self_adaptive_fairness(self.mean_probability, self.histogram, *kept)
        unsupervised = self.unlabeled_weight * consistency + self.fairness * unfairness
        loss = supervised + ramp_up(self.progress, 0.0, self.ramp) * unsupervised
        terms = {"supervised": supervised, "consistency": consistency, "unfairness": unfairness}
        return StepOutput(loss, terms, pseudo_labels)

    def update_statistics(self, probability: Tensor) -> None:
        """Moves τ, p̃ and h̃ towards those of this step.

        Args:
            probability: The predictions on the weak views of all processes, (uB, K).
        """
        moved = 1 - average_decay(self.decay, self.step)
        confidence, target = probability.max(-1)
        self.global_threshold.lerp_(confidence.mean(), moved)
        self.mean_probability.lerp_(probability.mean(0), moved)
        self.histogram.lerp_(F.one_hot(target, probability.shape[-1]).float().mean(0), moved)
