"""What a run's page asks of the network: a last look at validation, test and unlabeled images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semisup.data import Store
from semisup.embeddings.forward import Forward
from semisup.embeddings.plain import plain_views
from semisup.runs.trained_run import TrainedRun

MOST = 2000  # images of a scatter, and unlabeled images looked at


@dataclass(frozen=True)
class Look:
    """Some images as the network sees them. index: (n,) their rows; logits: (n, K); features: (n, D), of the head."""

    index: NDArray[np.int64]
    logits: NDArray[np.float32]
    features: NDArray[np.float32]


class Network:
    """The network that a finished run was tested with. temperature: None if the run has fitted none."""

    def __init__(self, run: TrainedRun, store: Store) -> None:
        self.network, self.views = run.classifier.network, plain_views(store, run.data["mean"], run.data["std"])
        self.temperature = run.temperature
        on_cpu = run.config["trainer"]["accelerator"] == "cpu"
        self.forward = Forward(run.config["data"]["eval_batch_size"], "cpu" if on_cpu else "auto")

    def look(self, images: NDArray[Any], index: NDArray[np.int64]) -> Look:
        """images: a store's. index: (n,) rows of at least one of them."""
        features = np.concatenate([*self.forward.blocks(self.network, self.views, images, index)])
        with torch.no_grad():
            logits = self.network.head(torch.from_numpy(features)).numpy()
        return Look(index, logits, features)


def some(index: NDArray[np.int64], most: int = MOST) -> NDArray[np.int64]:
    """At most so many of them, evenly spaced: the same ones every time."""
    if len(index) <= most:
        return index
    return index[np.linspace(0, len(index) - 1, most).astype(np.int64)]


def umap(features: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """UMAP (McInnes et al., 2018, arXiv:1802.03426) of features (n, D), (n, 2); None where umap-learn is missing."""
    try:
        from umap import UMAP
    except ImportError:
        return None
    neighbors = min(15, len(features) - 1)
    mapped: NDArray[np.float32] = UMAP(n_neighbors=neighbors, random_state=0, n_jobs=1).fit_transform(features)
    return mapped
