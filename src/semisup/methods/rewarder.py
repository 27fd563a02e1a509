"""A small network that says how good a pseudo-label is for an image, learned from labels beside the method."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.ranges import PositiveInt, enforce_ranges
from semisup.methods.heads import as_backbone
from semisup.methods.step_output import PseudoLabels

_WIDTH = 128


@enforce_ranges
class Rewarder(nn.Module):
    """SemiReward: R(features, class), from 0 to 1, which is 1 for the true class and 1/2 for others.

    R learns from true classes and random ones, by the squared error. Pseudo-labels with at least the mean R are kept.

    Source: Li et al., 2024, arXiv:2310.03013, and its code for layers. Departures: classes to learn from are true with
    probability 1/2 and else drawn at random, where the authors have a generator; the method's optimizer trains R; after
    the start R learns from labels and from kept pseudo-labels at each step instead of each tenth.

    Args:
        network: A Backbone, whose features R reads without gradient.
        classes: K.
    """

    def __init__(self, network: nn.Module, classes: PositiveInt) -> None:
        super().__init__()
        self.classes = classes
        self.feature = nn.Sequential(nn.Linear(as_backbone(network).num_features, _WIDTH), nn.LayerNorm(_WIDTH))
        self.label = nn.Sequential(nn.Embedding(classes, _WIDTH), nn.LayerNorm(_WIDTH))
        self.attention = nn.Linear(_WIDTH, 1)
        self.score = nn.Sequential(
            nn.Linear(_WIDTH, 256),
            nn.ReLU(),
            nn.Linear(256, _WIDTH),
            nn.Linear(_WIDTH, 64),
            nn.ReLU(),
            nn.Linear(64, 1),
        )

    def forward(self, features: Tensor, label: Tensor) -> Tensor:
        """R, (N,) float32.

        Args:
            features: (N, D).
            label: (N,) int64.
        """
        one, other = self.feature(features), self.label(label)
        both = torch.stack([one, other], 1)  # (N, 2, width)
        mixed = (self.attention(both).softmax(1) * both).sum(1)
        return self.score(mixed + other)[:, 0].float().sigmoid()

    def error(self, features: Tensor, label: Tensor, weight: Tensor) -> Tensor:
        """What R learns by: the mean of weight · (R(features, c) - reward of c)², c the label or a random class.

        Args:
            features: (N, D), of which no gradient is taken.
            label: What is taken for true, (N,) int64.
            weight: (N,).

        Returns:
            A float32 scalar.
        """
        drawn = torch.randint(2 * self.classes, label.shape).to(label.device, non_blocking=True)
        given = torch.where(drawn < self.classes, drawn, label)
        reward = torch.where(given == label, 1.0, 0.5)
        return (weight * F.mse_loss(self(features.detach(), given), reward, reduction="none")).mean()

    @torch.no_grad()
    def keep(self, features: Tensor, labels: PseudoLabels) -> PseudoLabels:
        """Leaves out the pseudo-labels whose R is below the mean of the step.

        Args:
            features: (N, D).
            labels: Of the same images.

        Returns:
            Those with weight 0 where they are left out.
        """
        reward = self(features, hard_target(labels))
        return labels._replace(weight=labels.weight * (reward >= reward.mean()))


def hard_target(labels: PseudoLabels) -> Tensor:
    """The classes of pseudo-labels, (N,) int64.

    Args:
        labels: Of classes or probabilities.

    Returns:
        The most probable ones.
    """
    return labels.target if labels.target.ndim == 1 else labels.target.argmax(-1)
