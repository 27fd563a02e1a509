"""Heads that say of an image's features how likely the image is of none of the classes."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.methods.heads import mlp


class OpenHead(nn.Module):
    """One classifier for the K classes and for everything else, as in IOMatch.

    Args:
        network: A Backbone, of whose features it is.
        width: Of the projection.
        classes: K.
    """

    def __init__(self, network: nn.Module, width: int, classes: int) -> None:
        super().__init__()
        self.project: nn.Module = mlp(network, width)
        self.classify = nn.Linear(width, classes + 1)

    def forward(self, features: Tensor, logits: Tensor) -> Tensor:
        """The probability of everything else, (N,) float32.

        Args:
            features: (N, D).
            logits: Not used.
        """
        return self.classify(self.project(features)).float().softmax(-1)[:, -1]


class OneAgainstRest(nn.Module):
    """A binary classifier for each of the K classes, as in SSB: whether an image of that class is one.

    Args:
        network: A Backbone, of whose features it is.
        width: Of the projection.
        classes: K.
    """

    def __init__(self, network: nn.Module, width: int, classes: int) -> None:
        super().__init__()
        self.project: nn.Module = nn.Sequential(mlp(network, width), nn.ReLU())
        self.classify = nn.Linear(width, classes)

    def inlier_logits(self, features: Tensor) -> Tensor:
        """Above 0 where an image is more likely of a class than not.

        Args:
            features: (N, D).

        Returns:
            (N, K) float32.
        """
        inside: Tensor = self.classify(self.project(features)).float()
        return inside

    def forward(self, features: Tensor, logits: Tensor) -> Tensor:
        """The probability that an image is not of its predicted class, (N,) float32.

        Args:
            features: (N, D).
            logits: Of the K classes, (N, K), which predict.
        """
        predicted = logits.argmax(-1, keepdim=True)
        return 1 - torch.sigmoid(self.inlier_logits(features).gather(-1, predicted)[:, 0])


def against_rest(weak: Tensor, strong: Tensor, label: Tensor) -> Tensor:
    """What a one-against-rest detector learns from labels: the own class on the weak view, all others on both views.

    Args:
        weak: Logits of K binary classifiers, (N, K).
        strong: The same of the strong views.
        label: y, (N,) int64.

    Returns:
        A float32 scalar.
    """
    own = F.one_hot(label, weak.shape[-1]).bool()
    negatives = (F.softplus(torch.stack([weak, strong])) * ~own).mean()
    return F.softplus(-weak[own]).mean() + negatives


def one_against_rest(logits: Tensor, label: Tensor) -> Tensor:
    """The mean of -log b_y - log(1 - b_c), of the class y of an image and of the c that is hardest to tell from it.

    Args:
        logits: Of K binary classifiers, (N, K).
        label: y, (N,) int64.

    Returns:
        A float32 scalar.
    """
    own = F.one_hot(label, logits.shape[-1]).bool()
    cost = F.softplus(torch.where(own, -logits.float(), logits.float()))  # (N, K)
    return (cost[own] + cost.masked_fill(own, 0).amax(-1)).mean()
