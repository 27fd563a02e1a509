"""Pseudo-labels that spread from the labeled images to those nearby."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.labelers.clusters import embeddings
from semisup.labelers.inputs import LabelerInputs, Labels
from semisup.labelers.kmeans import Gpu, checked, neighbors


class LabelPropagation:
    """Label propagation on the graph of nearest neighbors (Iscen et al., 2019, arXiv:1904.04717, section 4).

    Affinity of an image to its nearest neighbors, by cosine, and 0 to all others, made symmetric and normalized
    (eq. 9): W. Then (I - alpha W) Z = Y (eq. 10) is solved with conjugate gradients, Y being 1 for a labeled image and
    its class. Each row of Z, scaled to sum 1, gives the class, and its entropy H the weight 1 - H / log K (eq. 11),
    which is divided by the largest one, as in the authors' code and not in the paper: with alpha near 1 the rows are
    nearly even, and on 24,500 images of CIFAR-10 the largest weight of eq. 11 was .05.

    neighbors: of each image. gamma: the affinity is the cosine to this power. alpha: how far labels spread, below 1.
    weight: of the most certain unlabeled image.

    Departures: the paper's class weights of the loss are left out, as weights here are of images; K counts the classes
    that have labeled images; we solve to a relative residual of 1e-6, where the authors' code stops after 20 steps; it
    also divides Y by the labeled images of the class, which neither the paper does nor we.
    """

    reads = ("features",)

    def __init__(
        self,
        *,
        neighbors: int = 50,
        gamma: float = 3.0,
        alpha: float = 0.99,
        weight: float = 1.0,
        gpu: Gpu = "auto",
    ) -> None:
        if neighbors < 1:
            raise SemisupError(f"labeler.neighbors is at least 1; got {neighbors}.")
        if not 0 < gamma < float("inf"):
            raise SemisupError(f"labeler.gamma is above 0; got {gamma}.")
        if not 0 < alpha < 1:
            raise SemisupError(f"labeler.alpha is between 0 and 1; got {alpha}.")
        if not 0 < weight < float("inf"):
            raise SemisupError(f"labeler.weight is above 0; got {weight}.")
        self.neighbors, self.gamma, self.alpha = neighbors, gamma, alpha
        self.weight, self.gpu = weight, gpu

    def __call__(self, inputs: LabelerInputs) -> Labels:
        """Labels of the bank's images; labeled ones get weight 0, and so do those that no label reaches.

        confidence is the share of the class in the row of Z. Raises SemisupError without embeddings, or without labeled
        images of two classes.
        """
        features, known = embeddings(inputs, "LabelPropagation")
        classes = np.unique(inputs.label[known])  # (K,)
        if len(classes) < 2:
            raise SemisupError("the labeler Propagation needs labeled images of two classes at least; there is one.")
        graph = affinity(features, self.neighbors, self.gamma, self.gpu)
        z = spread(graph, (inputs.label[:, None] == classes).astype(np.float64), self.alpha)  # (N, K)
        share, certainty = certain(z)
        weight = np.where(known, 0, certainty)
        return Labels(
            target=classes[share.argmax(1)],
            weight=(self.weight * weight / (weight.max() or 1)).astype(np.float32),
            confidence=share.max(1).astype(np.float32),
        )


def affinity(features: NDArray[np.float32], count: int, gamma: float = 3.0, gpu: Gpu = "auto") -> Any:
    """The normalized graph W of eq. 9: D^-1/2 (A + Aᵀ) D^-1/2, a sparse array (N, N) with at most 2 N count entries.

    A: cosine^gamma between an image and its `count` nearest others, 0 where it is negative. features: (N, D) float32;
    rows are scaled to length 1, in a copy if they do not have it.
    """
    from scipy.sparse import csr_array, diags_array

    points = checked(features, spherical=True)
    count = min(count, len(points) - 1)
    cosine, row = neighbors(points, points, count + 1, inner_product=True, gpu=gpu)  # (N, count + 1)
    other = row != np.arange(len(points))[:, None]
    other[other.all(1), -1] = False  # more images like this one than neighbors: it is not among its own
    value = np.maximum(cosine[other], 0).astype(np.float64) ** gamma
    start = np.arange(len(points) + 1) * count
    directed = csr_array((value, row[other], start), shape=(len(points), len(points)))
    graph = directed + directed.T
    degree = graph.sum(1)
    scale = diags_array(1 / np.sqrt(np.where(degree > 0, degree, 1)))
    return scale @ graph @ scale


def spread(graph: Any, y: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """Z of (I - alpha W) Z = Y, (N, K), none below 0. graph: W, sparse (N, N). y: (N, K)."""
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import cg

    system = eye_array(graph.shape[0], format="csr") - alpha * graph
    z = np.stack([cg(system, column, rtol=1e-6, maxiter=1000)[0] for column in y.T], axis=1)
    return np.maximum(z, 0)


def certain(z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows scaled to sum 1, (N, K), and how certain they are: 1 - entropy / log K, (N,) in [0, 1]. Eq. 11.

    A row of zeros is in equal parts of all classes, and of certainty 0.
    """
    total = z.sum(1, keepdims=True)
    share = np.where(total > 0, z / np.where(total > 0, total, 1), 1 / z.shape[1])
    entropy = -(share * np.log(np.where(share > 0, share, 1))).sum(1)
    return share, np.clip(1 - entropy / np.log(z.shape[1]), 0, 1)
