"""What a run's page asks of the network: logits and features of validation, test and unlabeled images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semisup.data import Store
from semisup.embeddings.plain import plain_views
from semisup.models.inference import BatchedInference
from semisup.models.outputs import distribution_logits
from semisup.runs.trained_run import TrainedRun

_MOST = 2000  # images that are looked at


@dataclass(frozen=True)
class NetworkOutputs:
    """The outputs for some images.

    Args:
        index: The rows of the images, (n,) int64.
        logits: (n, K) float32, as of `distribution_logits`.
        features: The input of the network's head, (n, D) float32.
    """

    index: NDArray[np.int64]
    logits: NDArray[np.float32]
    features: NDArray[np.float32]


class RunNetwork:
    """The network that a finished run was tested with.

    Args:
        run: The run.
        store: Its data set.
    """

    def __init__(self, run: TrainedRun, store: Store) -> None:
        self.network, self.views = run.classifier.network, plain_views(store, run.data["mean"], run.data["std"])
        self.temperature, self.kind = run.temperature, run.outputs
        on_cpu = run.config["trainer"]["accelerator"] == "cpu"
        self.inference = BatchedInference(run.config["data"]["eval_batch_size"], "cpu" if on_cpu else "auto")

    def outputs(self, images: NDArray[Any], index: NDArray[np.int64]) -> NetworkOutputs:
        """Computes logits and features in the plain view.

        Args:
            images: A store's images.
            index: The rows of at least one of them, (n,).

        Returns:
            The outputs.
        """
        features = np.concatenate([*self.inference.features(self.network, self.views, images, index)])
        with torch.no_grad():
            logits = distribution_logits(self.network.head(torch.from_numpy(features)), self.kind)
        return NetworkOutputs(index, logits.numpy(), features)


def evenly_spaced(index: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most 2,000 of some images, the same ones every time.

    Args:
        index: The rows of the images, (n,).

    Returns:
        Some of the rows, in their order.
    """
    if len(index) <= _MOST:
        return index
    return index[np.linspace(0, len(index) - 1, _MOST).astype(np.int64)]


def umap_positions(features: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The UMAP of features.

    Source: McInnes et al., 2018, arXiv:1802.03426.

    Args:
        features: (n, D).

    Returns:
        Positions (n, 2); None if umap-learn is not installed.
    """
    try:
        from umap import UMAP
    except ImportError:
        return None
    neighbors = min(15, len(features) - 1)
    positions: NDArray[np.float32] = UMAP(n_neighbors=neighbors, random_state=0, n_jobs=1).fit_transform(features)
    return positions
