"""A network that counts what goes through it, and fails when told to; and the features of a network, by hand, too."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from semisup.data import Store
from semisup.embeddings import RoundNetworkEmbedding
from semisup.embeddings.base import Features, Rows
from semisup.embeddings.plain import plain_views
from semisup.models.backbones import Backbone

ROWS = np.arange(40)[::-1]
RGB = (3, 16, 16)


class Counted(Backbone):
    """One convolution and an average, 5 features. images: how many it has seen. fails_after: so many, if not None."""

    def __init__(self, shape: tuple[int, ...], classes: int, *, size: int | None = None, seed: int = 0) -> None:
        super().__init__(shape, classes, size=size)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.num_features = 5
            self.conv = nn.Conv2d(self.shape[0], 5, 3)
            self.dropout = nn.Dropout(0.5)
            self.head = nn.Linear(5, classes)
        self.images = 0
        self.fails_after: int | None = None
        self.value = 0.0  # added to each feature

    def features(self, x: Tensor) -> Tensor:
        self.images += len(x)
        if self.fails_after is not None and self.images > self.fails_after:
            raise KeyboardInterrupt
        return self.dropout(self.conv(self.resize(x)).mean((2, 3))) + self.value


def network_features(source: Any, store: Store, rows: Rows, folder: Path | None = None, **options: Any) -> Features:
    """(N, D), of a Method's evaluated network or of a Backbone."""
    return RoundNetworkEmbedding(source, **options)(store, rows, folder)


def plain(store: Store, mean: Any = None, std: Any = None) -> Tensor:
    """The plain views of ROWS."""
    return plain_views(store, mean, std).apply("plain", torch.from_numpy(store.images[ROWS]), {})


def by_hand(network: Any, images: Tensor) -> Features:
    """The features of views."""
    with torch.no_grad():
        return network.eval().features(images).numpy()
