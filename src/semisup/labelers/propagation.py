"""Pseudo-labels that spread from the labeled images to their neighbors."""

from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.ranges import Positive, PositiveInt, Range, enforce_ranges
from semisup.labelers.inputs import LabelerInputs, Labels, features_and_labeled
from semisup.labelers.kmeans import Gpu, checked_points, nearest_neighbors


@enforce_ranges
class LabelPropagation:
    """Label propagation on the graph of nearest neighbors.

    W is the affinity of each image to its nearest neighbors, made symmetric and normalized (eq. 9). Conjugate gradients
    solve (I - α W) Z = Y (eq. 10), where Y is 1 for a labeled image and its class. Each row of Z, scaled to sum 1,
    gives the class. Its entropy H gives the weight 1 - H / log K (eq. 11).

    As in the authors' code, and not in the paper, the weights are divided by the largest one. With α near 1 the rows
    are nearly even: on 24,500 images of CIFAR-10, the largest weight of eq. 11 was .05.

    Source: Iscen et al., 2019, arXiv:1904.04717, section 4. Departures: the class weights of the loss are left out, as
    weights here are of images. K counts the classes that have labeled images. We solve to a relative residual of 1e-6,
    while the authors' code stops after 20 steps. Their code also divides Y by the number of labeled images of the
    class; the paper does not, and neither do we.

    Args:
        neighbors: Of each image.
        gamma: The affinity is the cosine to this power.
        alpha: α, how far labels spread.
        weight: Of the unlabeled image with the most certain label.
        gpu: 'auto' uses the GPUs that FAISS finds; true requires one.
    """

    reads: ClassVar[tuple[str, ...]] = ("features",)

    def __init__(
        self,
        *,
        neighbors: PositiveInt = 50,
        gamma: Positive = 3.0,
        alpha: Annotated[float, Range(0, 1, above=True, below=True)] = 0.99,
        weight: Positive = 1.0,
        gpu: Gpu = "auto",
    ) -> None:
        self.neighbors, self.gamma, self.alpha = neighbors, gamma, alpha
        self.weight, self.gpu = weight, gpu

    def __call__(self, inputs: LabelerInputs) -> Labels:
        """Labels images. Labeled ones get weight 0, and so do those that no label reaches.

        The confidence is the share of the class in the row of Z.

        Args:
            inputs: With features.

        Returns:
            N pseudo-labels.

        Raises:
            SemisupError: If there are no features, or no labeled images of two classes.
        """
        features, labeled = features_and_labeled(inputs, self)
        classes = np.unique(inputs.label[labeled])  # (K,)
        if len(classes) < 2:
            raise SemisupError("LabelPropagation needs labeled images of two classes at least; there is one.")
        graph = affinity_graph(features, self.neighbors, self.gamma, self.gpu)
        z = propagate(graph, (inputs.label[:, None] == classes).astype(np.float64), self.alpha)  # (N, K)
        share, certain = certainty(z)
        weight = np.where(labeled, 0, certain)
        return Labels(
            target=classes[share.argmax(1)],
            weight=(self.weight * weight / (weight.max() or 1)).astype(np.float32),
            confidence=share.max(1).astype(np.float32),
        )


def affinity_graph(features: NDArray[np.float32], count: int, gamma: float = 3.0, gpu: Gpu = "auto") -> Any:
    """The normalized graph of eq. 9, W = D^-1/2 (A + Aᵀ) D^-1/2.

    A is cosine^gamma between an image and its nearest others, and 0 where the cosine is negative.

    Args:
        features: (N, D) float32; rows that are not of length 1 are scaled in a copy.
        count: The number of neighbors of each image.
        gamma: The power.
        gpu: As in `kmeans`.

    Returns:
        A sparse array (N, N) with at most 2 · N · count entries.
    """
    from scipy.sparse import csr_array, diags_array

    points = checked_points(features, spherical=True)
    count = min(count, len(points) - 1)
    cosine, row = nearest_neighbors(points, points, count + 1, inner_product=True, gpu=gpu)  # (N, count + 1)
    other = row != np.arange(len(points))[:, None]
    other[other.all(1), -1] = False  # with many equal images, one is not among its own neighbors
    value = np.maximum(cosine[other], 0).astype(np.float64) ** gamma
    start = np.arange(len(points) + 1) * count
    directed = csr_array((value, row[other], start), shape=(len(points), len(points)))
    graph = directed + directed.T
    degree = graph.sum(1)
    scale = diags_array(1 / np.sqrt(np.where(degree > 0, degree, 1)))
    return scale @ graph @ scale


def propagate(graph: Any, y: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """Solves (I - α W) Z = Y, eq. 10.

    Args:
        graph: W, a sparse array (N, N).
        y: Y, (N, K).
        alpha: α.

    Returns:
        Z, (N, K), with its negative values set to 0.
    """
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import cg

    system = eye_array(graph.shape[0], format="csr") - alpha * graph
    z = np.stack([cg(system, column, rtol=1e-6, maxiter=1000)[0] for column in y.T], axis=1)
    return np.maximum(z, 0)


def certainty(z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scales rows to sum 1, and computes how certain they are: 1 - entropy / log K, eq. 11.

    Args:
        z: (N, K), none below 0.

    Returns:
        Shares (N, K), and certainties (N,) from 0 to 1. A row of zeros has equal shares and certainty 0.
    """
    total = z.sum(1, keepdims=True)
    share = np.where(total > 0, z / np.where(total > 0, total, 1), 1 / z.shape[1])
    entropy = -(share * np.log(np.where(share > 0, share, 1))).sum(1)
    return share, np.clip(1 - entropy / np.log(z.shape[1]), 0, 1)
