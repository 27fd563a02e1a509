"""FixMatch with pseudo-labels smoothed by a memory, and projections that follow the graph of the pseudo-labels."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from semisup.core.ranges import NonNegative, Positive, PositiveInt, Probability
from semisup.data.batch import Batch
from semisup.methods.functional import cross_entropy, sharpened_softmax, weighted_cross_entropy
from semisup.methods.heads import features_and_logits
from semisup.methods.memory import MemoryMethod
from semisup.methods.step_output import StepOutput


class CoMatch(MemoryMethod):
    """CoMatch: classes and projections of the unlabeled images learn from each other.

        L = H(y, p(x_weak)) + λ · mean_u 1[max q(u) ≥ τ] · H(q(u), p(u_strong)) + λ_c · mean_u H(W(u), S(u))
        q = α · p̃(u_weak) + (1 - α) · Σ_i s_i(u_weak) p_i,   s = softmax(z · z_i / T),   z_i and p_i of a memory
        S(u)_v = softmax_v(z(u_strong) · z(v_strong_2) / T),   W(u)_v ~ q(u) · q(v) if at least τ_c, and 1 for v = u

    z is a normalized projection of the features, and p̃ the aligned prediction. The memory holds weak views of earlier
    steps with p̃ (of unlabeled images) or y (of labeled ones).

    Source: Li et al., 2021, arXiv:2011.11183, eq. 3 to 8, with USB's values for CIFAR-10. Departures: alignment as in
    AlignedMethod; smoothing begins at the second step; each process has the graph of its own images.

    Args:
        network: A Backbone.
        classes: K.
        graph_threshold: τ_c.
        contrast_weight: λ_c.
        temperature: T.
        projection: The width of z.
        memory: How many images it holds.
        base: Arguments of MemoryMethod and FixMatch.
    """

    views = ("weak", "strong", "strong_2")

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        graph_threshold: Probability = 0.8,
        contrast_weight: NonNegative = 1.0,
        temperature: Positive = 0.2,
        projection: PositiveInt = 64,
        memory: PositiveInt = 2560,
        **base: Any,
    ) -> None:
        super().__init__(
            network, classes=classes, temperature=temperature, projection=projection, memory=memory, **base
        )
        self.graph_threshold, self.contrast_weight = graph_threshold, contrast_weight

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        (features, logits), (weak_features, weak), (one_features, strong), (other_features, _) = features_and_logits(
            self.network, labeled.image, unlabeled.weak, unlabeled.strong, unlabeled.strong_2
        )
        guess = sharpened_softmax(self.align(weak.detach(), labeled.label))  # p̃, (uB, K)
        vectors = self.project(torch.cat([weak_features, features])).detach()
        similarity = self.memory.log_similarity(vectors[: len(guess)], self.temperature).exp()  # (uB, M)
        soft, pseudo_labels = self.smooth(guess, similarity)  # q
        self.remember(vectors, torch.cat([guess, F.one_hot(labeled.label, guess.shape[-1]).float()]))
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels._replace(target=soft))
        graph = (soft @ soft.T).fill_diagonal_(1.0)
        graph = graph * (graph >= self.graph_threshold)
        products = self.project(one_features) @ self.project(other_features).T
        contrast = cross_entropy(products / self.temperature, graph / graph.sum(-1, keepdim=True))
        loss = supervised + self.unlabeled_weight * consistency + self.contrast_weight * contrast
        terms = {"supervised": supervised, "consistency": consistency, "contrast": contrast}
        return StepOutput(loss, terms, pseudo_labels)
