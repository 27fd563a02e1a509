"""What a method puts beside the network: heads on its features, rotations to tell apart, and a memory of features."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.errors import SemisupError
from semisup.core.ranges import PositiveInt, enforce_ranges
from semisup.models.backbones import Backbone


def as_backbone(network: nn.Module) -> Backbone:
    """The network of a method that reads its features.

    Args:
        network: What the method was given.

    Returns:
        The same.

    Raises:
        SemisupError: If it is no Backbone.
    """
    if not isinstance(network, Backbone):
        raise SemisupError(f"this method reads features, and {type(network).__name__} is no Backbone: it has none.")
    return network


def features_and_logits(network: nn.Module, *images: Tensor) -> tuple[tuple[Tensor, Tensor], ...]:
    """Features and logits of several groups of images, in one forward pass.

    Args:
        network: The network.
        images: Groups of views, (n_i, ...) float32 each.

    Returns:
        For each group: features (n_i, D) and logits (n_i, K).
    """
    backbone = as_backbone(network)
    features = backbone.features(torch.cat(images))
    sizes = [len(group) for group in images]
    return tuple(zip(features.split(sizes), backbone.head(features).split(sizes), strict=True))


class ProjectionHead(nn.Module):
    """Linear, ReLU, linear: features (N, D) to float32 vectors (N, width) of length 1.

    Args:
        network: Its `num_features` is D.
        width: Of the vectors.
    """

    def __init__(self, network: nn.Module, width: int) -> None:
        super().__init__()
        self.layers = mlp(network, width)

    def forward(self, features: Tensor) -> Tensor:
        return F.normalize(self.layers(features).float(), dim=-1)


def mlp(network: nn.Module, width: int) -> nn.Sequential:
    """Linear, ReLU, linear.

    Args:
        network: Its `num_features` is the input's width, and that of the hidden layer.
        width: Of the output.

    Returns:
        A new module, which maps (N, D) to (N, width).
    """
    hidden = as_backbone(network).num_features
    return nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, width))


def weight_of_rotations(network: nn.Module, weight: float | None, default: float) -> float:
    """The weight of telling rotations apart: rows of numbers have none.

    Args:
        network: Its `shape` says whether it takes images.
        weight: The user's; None for the default.
        default: For images.

    Returns:
        The weight, 0 for rows.

    Raises:
        SemisupError: If the user wants rotations of rows, or of images that are not square.
    """
    shape = as_backbone(network).shape
    if len(shape) == 3 and shape[1] == shape[2]:
        return default if weight is None else weight
    if weight:
        what = "are not square" if len(shape) == 3 else "are rows of numbers"
        raise SemisupError(f"method.rotation_weight={weight} is for square images, and these {what}; leave it out.")
    return 0.0


def random_quarter_turns(images: Tensor) -> tuple[Tensor, Tensor]:
    """Turns each image by a random multiple of 90 degrees.

    Args:
        images: Square ones, (N, C, H, H).

    Returns:
        The turned images, (N, C, H, H), and how often each was turned, (N,) int64.
    """
    turns = torch.randint(4, (len(images),)).to(images.device, non_blocking=True)
    every = torch.stack([images.rot90(k, (2, 3)) for k in range(4)])  # (4, N, C, H, H)
    return every[turns, torch.arange(len(images), device=images.device)], turns


def turned_group(images: Tensor, head: nn.Module | None) -> tuple[tuple[Tensor, ...], Tensor]:
    """The group of turned images that a head for rotations learns from.

    Args:
        images: Square ones, (N, C, H, H); or others, without a head.
        head: Tells rotations apart; None turns nothing.

    Returns:
        One group, (N, C, H, H), with the number of quarter turns, (N,) int64; no group and none without a head.
    """
    if head is None:
        return (), torch.empty(0, dtype=torch.int64, device=images.device)
    turned, turns = random_quarter_turns(images)
    return (turned,), turns


@enforce_ranges
class Memory(nn.Module):
    """The latest vectors with their class probabilities, in buffers: first in, first out.

    Args:
        size: M, how many it holds.
        width: Of a vector.
        classes: K.
    """

    vectors: Tensor  # (M, width)
    labels: Tensor  # (M, K)
    added: Tensor  # how many ever, () int64

    def __init__(self, size: PositiveInt, width: PositiveInt, classes: PositiveInt) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(size, width))
        self.register_buffer("labels", torch.zeros(size, classes))
        self.register_buffer("added", torch.tensor(0))

    @torch.no_grad()
    def add(self, vectors: Tensor, labels: Tensor) -> None:
        """Puts vectors in the place of the oldest ones.

        Args:
            vectors: (n, width), of all processes.
            labels: (n, K) float32, of all processes.
        """
        size, count = len(self.vectors), min(len(self.vectors), len(vectors))
        places = (self.added + torch.arange(count, device=vectors.device)) % size
        self.vectors.index_copy_(0, places, vectors[-count:].float())
        self.labels.index_copy_(0, places, labels[-count:].float())
        self.added += count

    def log_similarity(self, vectors: Tensor, temperature: float) -> Tensor:
        """log softmax of the inner products with the vectors held, divided by the temperature.

        Args:
            vectors: (N, width).
            temperature: T.

        Returns:
            (N, M) float32, of a very small number for empty places. All places alike if all are empty.
        """
        empty = torch.arange(len(self.vectors), device=vectors.device) >= self.added
        products = vectors.float() @ self.vectors.T / temperature
        return products.masked_fill(empty, -1e4).log_softmax(-1)
