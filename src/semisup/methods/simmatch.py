"""FixMatch whose weak and strong views must also be similar to the same labeled images."""

from typing import Any

from torch import nn
from torch.nn import functional as F

from semisup.core.ranges import NonNegative, Positive, PositiveInt, Probability
from semisup.data.batch import Batch
from semisup.methods.alignment import AlignedMethod, Alignment
from semisup.methods.functional import sharpened_softmax, weighted_cross_entropy
from semisup.methods.heads import Memory, ProjectionHead, features_and_logits
from semisup.methods.step_output import PseudoLabels, StepOutput


class SimMatch(AlignedMethod):
    """SimMatch: consistency of classes, and of similarities to labeled images in a memory.

        L = H(y, p(x_weak)) + λ · mean_u 1[max q(u) ≥ τ] · H(q(u), p(u_strong)) + λ_s · mean_u H(s̃(u_weak), s(u_strong))
        q = α · p̃ + (1 - α) · Σ_i s_i(u_weak) y_i,   s = softmax(z · z_i / T),   s̃_i ~ s_i(u_weak) · p̃(y_i)

    z is a normalized projection of the features, z_i and y_i are of labeled images, and p̃ is the aligned p(u_weak).

    Source: Zheng et al., 2022, arXiv:2203.06915, eq. 6 to 11, with USB's values. Departures: the memory holds the
    latest labeled images, this step's among them, instead of one vector for each; alignment as in AlignedMethod.

    Args:
        network: A Backbone.
        classes: K.
        threshold: τ.
        unlabeled_weight: λ.
        similarity_weight: λ_s.
        smoothing: α.
        temperature: T.
        projection: The width of z.
        memory: How many labeled images it holds.
        alignment: As in AlignedMethod.
        base: Arguments of AlignedMethod and Method.
    """

    views = ("weak", "strong")

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        threshold: Probability = 0.95,
        unlabeled_weight: NonNegative = 1.0,
        similarity_weight: NonNegative = 1.0,
        smoothing: Probability = 0.9,
        temperature: Positive = 0.1,
        projection: PositiveInt = 128,
        memory: PositiveInt = 256,
        alignment: Alignment = "uniform",
        **base: Any,
    ) -> None:
        super().__init__(network, classes=classes, alignment=alignment, **base)
        self.threshold, self.unlabeled_weight, self.similarity_weight = threshold, unlabeled_weight, similarity_weight
        self.smoothing, self.temperature = smoothing, temperature
        self.project, self.memory = ProjectionHead(network, projection), Memory(memory, projection, classes)

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        (features, logits), (strong_features, strong), (weak_features, weak) = features_and_logits(
            self.network, labeled.image, unlabeled.strong, unlabeled.weak
        )
        known = F.one_hot(labeled.label, logits.shape[-1]).float()
        self.memory.add(*(self.gather_across_ranks(x) for x in (self.project(features).detach(), known)))
        guess = sharpened_softmax(self.align(weak.detach(), labeled.label))  # p̃, (uB, K)
        similarity = self.memory.log_similarity(self.project(weak_features).detach(), self.temperature).exp()  # (uB, M)
        similar = similarity * (guess @ self.memory.labels.T)
        similar = similar / similar.sum(-1, keepdim=True).clamp_min(1e-12)
        soft = self.smoothing * guess + (1 - self.smoothing) * similarity @ self.memory.labels
        confidence, target = soft.max(-1)
        pseudo_labels = PseudoLabels(target, (confidence >= self.threshold).float(), confidence)
        supervised = self.supervised_loss(logits, labeled.label)
        consistency = weighted_cross_entropy(strong, pseudo_labels._replace(target=soft))
        student = self.memory.log_similarity(self.project(strong_features), self.temperature)
        sameness = -(similar * student).sum(-1).mean()
        loss = supervised + self.unlabeled_weight * consistency + self.similarity_weight * sameness
        terms = {"supervised": supervised, "consistency": consistency, "similarity": sameness}
        return StepOutput(loss, terms, pseudo_labels)
