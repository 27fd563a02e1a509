"""FixMatch whose weak and strong views must also be similar to the same labeled images."""

from typing import Any

from torch import nn
from torch.nn import functional as F

from semisup.core.ranges import NonNegative, Positive, PositiveInt
from semisup.data.batch import Batch
from semisup.methods.functional import sharpened_softmax, weighted_cross_entropy
from semisup.methods.heads import features_and_logits
from semisup.methods.memory import MemoryMethod
from semisup.methods.step_output import StepOutput


class SimMatch(MemoryMethod):
    """SimMatch: consistency of classes, and of similarities to labeled images in a memory.

        L = H(y, p(x_weak)) + λ · mean_u 1[max q(u) ≥ τ] · H(q(u), p(u_strong)) + λ_s · mean_u H(s̃(u_weak), s(u_strong))
        q = α · p̃ + (1 - α) · Σ_i s_i(u_weak) y_i,   s = softmax(z · z_i / T),   s̃_i ~ s_i(u_weak) · p̃(y_i)

    z is a normalized projection of the features, z_i and y_i are of labeled images, and p̃ is the aligned p(u_weak).

    Source: Zheng et al., 2022, arXiv:2203.06915, eq. 6 to 11, with USB's values. Departures: the memory holds the
    latest labeled images, this step's among them, instead of one vector for each; alignment as in AlignedMethod.

    Args:
        network: A Backbone.
        classes: K.
        similarity_weight: λ_s.
        temperature: T.
        projection: The width of z.
        memory: How many labeled images it holds.
        base: Arguments of MemoryMethod and FixMatch.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        similarity_weight: NonNegative = 1.0,
        temperature: Positive = 0.1,
        projection: PositiveInt = 128,
        memory: PositiveInt = 256,
        **base: Any,
    ) -> None:
        super().__init__(
            network, classes=classes, temperature=temperature, projection=projection, memory=memory, **base
        )
        self.similarity_weight = similarity_weight

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        (features, logits), (strong_features, strong), (weak_features, weak) = features_and_logits(
            self.network, labeled.image, unlabeled.strong, unlabeled.weak
        )
        self.remember(self.project(features).detach(), F.one_hot(labeled.label, logits.shape[-1]).float())
        guess = sharpened_softmax(self.align(weak.detach(), labeled.label))  # p̃, (uB, K)
        similarity = self.memory.log_similarity(self.project(weak_features).detach(), self.temperature).exp()  # (uB, M)
        similar = similarity * (guess @ self.memory.labels.T)
        similar = similar / similar.sum(-1, keepdim=True).clamp_min(1e-12)
        soft, pseudo_labels = self.smooth(guess, similarity)  # q
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels._replace(target=soft))
        student = self.memory.log_similarity(self.project(strong_features), self.temperature)
        sameness = -(similar * student).sum(-1).mean()
        loss = supervised + self.unlabeled_weight * consistency + self.similarity_weight * sameness
        terms = {"supervised": supervised, "consistency": consistency, "similarity": sameness}
        return StepOutput(loss, terms, pseudo_labels)
