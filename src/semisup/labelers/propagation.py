"""Pseudo-labels that spread from the labeled images to their neighbors."""

import math
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.ranges import Positive, PositiveInt, Range, enforce_ranges
from semisup.labelers.feature_labeler import FeatureLabeler, Weighting
from semisup.labelers.inputs import LabelerInputs, features_and_labeled
from semisup.labelers.points import Gpu, checked_points, nearest_neighbors


@enforce_ranges
class LabelPropagation(FeatureLabeler):
    """Label propagation on the graph of nearest neighbors.

    W is the affinity of each image to its nearest neighbors, made symmetric and normalized (eq. 9). Conjugate gradients
    solve (I - α W) Z = Y (eq. 10), where Y is 1 / (number of labeled images of the class) for a labeled image and its
    class. Each row of Z, scaled to sum 1, gives the class. Its entropy gives the weight (eq. 11), divided by the
    largest one: with α near 1 the rows are nearly even.

    Source: Iscen et al., 2019, arXiv:1904.04717, section 4. As in the authors' code, and not in the paper, Y and the
    weights are divided. Without the former, a class with more labels takes images of the others. Departures: the class
    weights of the loss are left out, as weights here are of images. We solve to a relative residual of 1e-6, while the
    authors' code stops after 20 steps. The authors have 50 neighbors and α = .99 for 50,000 images. The defaults are
    as accurate or more for 600 to 20,000 images of six data sets.

    Args:
        neighbors: Of each image.
        gamma: The affinity is the cosine to this power.
        alpha: α, how far labels spread. 'auto' is 1 - 2.5 / √N, and at least .5: .9 for 600 images, .99 for 60,000.
        gpu: 'auto' uses the GPUs that FAISS finds; true requires one.
        weighting: As in FeatureLabeler.
        base: Arguments of FeatureLabeler.
    """

    def __init__(
        self,
        *,
        neighbors: PositiveInt = 10,
        gamma: Positive = 3.0,
        alpha: Annotated[float, Range(0, 1, above=True, below=True)] | Literal["auto"] = "auto",
        gpu: Gpu = "auto",
        weighting: Weighting = "certainty",
        **base: Any,
    ) -> None:
        super().__init__(weighting=weighting, **base)
        self.neighbors, self.gamma, self.alpha, self.gpu = neighbors, gamma, alpha, gpu

    def probabilities(self, inputs: LabelerInputs, classes: int) -> NDArray[np.float32]:
        """The share of each class in the row of Z; equal shares for an image that no label reaches.

        The graph of the last features is kept: other labels of the same features are quick.

        Args:
            inputs: With features.
            classes: K.

        Returns:
            (N, K) float32.

        Raises:
            SemisupError: If there are no features, or no labeled images of two classes.
        """
        features, labeled = features_and_labeled(inputs, self, classes=2)
        count = np.bincount(inputs.label[labeled], minlength=classes)  # (K,)
        y = (inputs.label[:, None] == np.arange(classes)) / np.maximum(count, 1)  # (N, K)
        alpha = max(0.5, 1 - 2.5 / math.sqrt(len(features))) if self.alpha == "auto" else self.alpha
        return shares(propagate(self.prepared(features), y, alpha)).astype(np.float32)

    def _prepare(self, features: NDArray[np.float32]) -> Any:
        return affinity_graph(features, self.neighbors, self.gamma, self.gpu)


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


def shares(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scales rows to sum 1.

    Args:
        z: (N, K), none below 0.

    Returns:
        (N, K); a row of zeros has equal shares.
    """
    total = z.sum(1, keepdims=True)
    return np.where(total > 0, z / np.where(total > 0, total, 1), 1 / z.shape[1])
