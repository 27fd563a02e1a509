"""FixMatch with thresholds that follow the confidence of the network, and a pull towards predicting all classes."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.data.batch import Batch
from semisup.functional import confident, cross_entropy, self_adaptive_fairness, soft_target, weighted_cross_entropy
from semisup.methods.base import Loss, Method


class FreeMatch(Method):
    """FreeMatch (Wang et al., 2023, arXiv:2205.07246), algorithm 1.

        L = H(y, p(x_weak)) + λ · mean_u 1[max p(u_weak) ≥ τ_c] · H(c, p(u_strong)) + λ_f · L_f,   c = argmax p(u_weak)
        τ_c = τ · p̃_c / max_k p̃_k,   τ ← d τ + (1 - d) mean_u max p(u_weak),   p̃ ← d p̃ + (1 - d) mean_u p(u_weak)
        L_f = Σ_c norm(p̃ / h̃)_c · log norm(p̄ / h̄)_c

    h̃ follows the histogram of argmax p(u_weak) as p̃ does; p̄ and h̄ are mean prediction and histogram of the kept strong
    views; norm divides by the sum. unlabeled_weight: λ. fairness: λ_f, .001 as in the configuration of USB, whose
    numbers we cite (its code's own default is .01). decay: d. τ, p̃ and h̃ start at 1/K.
    Departures: a class that no kept strong view shows adds nothing to L_f, where the authors' code adds a constant;
    τ is not clipped.
    """

    views = ("weak", "strong")
    global_threshold: Tensor
    mean_probability: Tensor
    histogram: Tensor

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        unlabeled_weight: float = 1.0,
        fairness: float = 0.001,
        decay: float = 0.999,
        **base: Any,
    ) -> None:
        super().__init__(network, **base)
        self.unlabeled_weight, self.fairness, self.decay = unlabeled_weight, fairness, decay
        self.register_buffer("global_threshold", torch.tensor(1 / classes))  # τ
        self.register_buffer("mean_probability", torch.full((classes,), 1 / classes))  # p̃, (K,)
        self.register_buffer("histogram", torch.full((classes,), 1 / classes))  # h̃, (K,)

    def loss(self, labeled: Batch, unlabeled: Batch) -> Loss:
        # (B, K), (uB, K), (uB, K)
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, without_graph=(unlabeled.weak,))
        self.follow(soft_target(weak))
        thresholds = self.global_threshold * self.mean_probability / self.mean_probability.max()  # (K,)
        target, weight = confident(weak, thresholds)  # (uB,), (uB,)
        self.uses(target, weight, weak)
        supervised = cross_entropy(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, target, weight)
        unfairness = self.unfairness(strong, weight)
        loss = supervised + self.unlabeled_weight * consistency + self.fairness * unfairness
        return loss, {"supervised": supervised, "consistency": consistency, "unfairness": unfairness}

    def follow(self, probability: Tensor) -> None:
        """Moves τ, p̃ and h̃ towards this step's. probability: (uB, K)."""
        probability = self.over_processes(probability)
        confidence, target = probability.max(-1)
        self.global_threshold.lerp_(confidence.mean(), 1 - self.decay)
        self.mean_probability.lerp_(probability.mean(0), 1 - self.decay)
        self.histogram.lerp_(F.one_hot(target, probability.shape[-1]).float().mean(0), 1 - self.decay)

    def unfairness(self, strong: Tensor, weight: Tensor) -> Tensor:
        """L_f, a scalar: lowest where classes that the network favours are predicted least. strong: (uB, K)."""
        probability = strong.float().softmax(-1)
        shown = F.one_hot(probability.argmax(-1), probability.shape[-1]).float()
        p, h = self.over_all((weight[:, None, None] * torch.stack([probability, shown], 1)).sum(0))  # (K,), (K,)
        return self_adaptive_fairness(self.mean_probability, self.histogram, p, h)

    def over_all(self, x: Tensor) -> Tensor:
        """The sum of x over all processes. Its gradient is taken as often as their mean of gradients divides it."""
        everyone = self.over_processes(x.detach()[None])
        return everyone.sum(0) + len(everyone) * (x - x.detach())
