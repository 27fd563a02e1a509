"""Five methods as people write them in a package of their own, by docs/extending.md alone."""

import copy
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional as F

from semisup.core.ranges import Fraction, NonNegative, Positive, Probability
from semisup.methods import Method, StepOutput
from semisup.methods.functional import (
    cross_entropy,
    distribution_alignment,
    hard_pseudo_labels,
    sharpened_softmax,
    weighted_cross_entropy,
)


class AdaMatch(Method):
    """Relative threshold and alignment with the predictions on labeled images (Berthelot et al., 2022)."""

    views = ("weak", "strong")

    def __init__(self, network, *, classes: int, threshold: Probability = 0.9, decay: Fraction = 0.99, **base):
        super().__init__(network, **base)
        self.threshold, self.decay = threshold, decay
        self.register_buffer("labeled_mean", torch.full((classes,), 1 / classes))
        self.register_buffer("unlabeled_mean", torch.full((classes,), 1 / classes))

    def loss(self, labeled, unlabeled):
        logits, strong, weak = self.logits(labeled.image, unlabeled.strong, no_grad=(unlabeled.weak,))
        ours, theirs = sharpened_softmax(logits), sharpened_softmax(weak)
        self.labeled_mean.lerp_(self.gather_across_ranks(ours).mean(0), 1 - self.decay)
        self.unlabeled_mean.lerp_(self.gather_across_ranks(theirs).mean(0), 1 - self.decay)
        aligned = distribution_alignment(theirs, self.unlabeled_mean, self.labeled_mean)
        limit = self.threshold * self.gather_across_ranks(ours.amax(-1)).mean()
        pseudo_labels = hard_pseudo_labels(aligned.log(), limit)
        loss = self.supervised_loss(logits, labeled.label) + weighted_cross_entropy(strong, pseudo_labels)
        return StepOutput(loss, pseudo_labels=pseudo_labels)


class Projected(Method):
    """A projection head beside the network: two views of an image point into one direction."""

    views = ("weak", "weak_2")

    def __init__(self, network, *, size: int = 4, weight: NonNegative = 1.0, **base):
        super().__init__(network, **base)
        self.projection, self.weight = nn.Linear(network.num_features, size), weight

    def loss(self, labeled, unlabeled):
        (logits,) = self.logits(labeled.image)
        one, other = (self.projection(self.network.features(v)) for v in (unlabeled.weak, unlabeled.weak_2))
        distance = 1 - F.cosine_similarity(one, other.detach()).mean()
        return StepOutput(self.supervised_loss(logits, labeled.label) + self.weight * distance, {"distance": distance})


class Rotated(Method):
    """A second head says by how many right angles an unlabeled image was turned (Gidaris et al., 2018)."""

    views = ("weak",)

    def __init__(self, network, **base):
        super().__init__(network, **base)
        self.rotation = nn.Linear(network.num_features, 4)

    def loss(self, labeled, unlabeled):
        (logits,) = self.logits(labeled.image)
        turns = torch.arange(len(unlabeled.weak), device=logits.device) % 4
        turned = torch.stack([x.rot90(int(k), (1, 2)) for x, k in zip(unlabeled.weak, turns, strict=True)])
        rotation = cross_entropy(self.rotation(self.network.features(turned)), turns)
        return StepOutput(self.supervised_loss(logits, labeled.label) + rotation, {"rotation": rotation})


class TaughtStudent(Method):
    """A teacher is paid by how much its labels help the student (after Pham et al., 2021): two optimizers."""

    views = ("weak", "strong")
    parts = ("network", "teacher")

    def __init__(self, network, *, teacher_rate: Positive = 0.5, **base):
        super().__init__(network, **base)
        self.teacher, self.teacher_rate = copy.deepcopy(network), teacher_rate

    def part_optimizer(self, part):
        return replace(self.optimizer, lr=self.optimizer.lr * (self.teacher_rate if part == "teacher" else 1))

    def loss(self, labeled, unlabeled):
        weak, strong = self.teacher(unlabeled.weak), self.teacher(unlabeled.strong)
        pseudo_labels = hard_pseudo_labels(weak, 0.0)
        before = cross_entropy(self.network(labeled.image), labeled.label).detach()
        student = weighted_cross_entropy(self.network(unlabeled.strong), pseudo_labels)
        self.minimize("network", student)
        after = cross_entropy(self.network(labeled.image), labeled.label).detach()
        reward = (before - after) * weighted_cross_entropy(strong, pseudo_labels)
        teacher = self.supervised_loss(self.teacher(labeled.image), labeled.label) + reward
        self.minimize("teacher", teacher)
        return StepOutput(student.detach(), {"teacher": teacher.detach()}, pseudo_labels)


class CoTraining(Method):
    """Two networks label the unlabeled images for each other; the second one is evaluated."""

    views = ("weak", "weak_2")
    parts = ("network", "peer")

    def __init__(self, network, *, threshold: Probability = 0.1, **base):
        super().__init__(network, **base)
        self.peer, self.threshold = copy.deepcopy(network), threshold
        nn.init.normal_(self.peer.head.weight)

    @property
    def eval_network(self):
        return self.peer

    def loss(self, labeled, unlabeled):
        guesses = self.network(unlabeled.weak), self.peer(unlabeled.weak_2)
        labels = [hard_pseudo_labels(guess, self.threshold) for guess in guesses]
        losses = [
            self.supervised_loss(network(labeled.image), labeled.label) + weighted_cross_entropy(guess, label)
            for network, guess, label in zip((self.network, self.peer), guesses, reversed(labels), strict=True)
        ]
        for part, loss in zip(self.parts, losses, strict=True):
            self.minimize(part, loss)
        return StepOutput(sum(losses).detach(), pseudo_labels=labels[1])
