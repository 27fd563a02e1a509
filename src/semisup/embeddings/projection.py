"""Principal components of features that are too many to hold twice, read block by block.

Not scikit-learn's: its PCA copies all features into memory, and its IncrementalPCA is exact only if it keeps all
components, at the price of a singular value decomposition for each block.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.embeddings.base import Features

ReadBlocks = Callable[[], Iterator[Features]]  # each call reads all blocks (b, D) from the first on
ROUNDING = 1e-10  # a direction with a smaller share of the largest variance consists of rounding errors


@dataclass(frozen=True)
class Projection:
    """An affine map onto principal components: (x - mean) @ matrix.

    Args:
        mean: (D,) float64.
        matrix: (D, K) float64.
    """

    mean: NDArray[np.float64]
    matrix: NDArray[np.float64]

    def __call__(self, block: Features) -> Features:
        """Projects features (b, D) onto (b, K) float32."""
        return ((block - self.mean) @ self.matrix).astype(np.float32)


@dataclass(frozen=True)
class PrincipalComponents:
    """How many principal components are kept: all, if neither a share nor a number is given.

    Args:
        variance: As few components as hold this share of the variance.
        components: That many, instead.
        whiten: Whether each is scaled to a variance of 1.
    """

    variance: float | None = None
    components: int | None = None
    whiten: bool = True

    def fit(self, read: ReadBlocks) -> Projection:
        """Fits the projection, exactly, by the eigenvectors of the covariance (with N - 1) in double precision.

        Of the two directions of a component, it takes the one whose largest loading is positive.

        Args:
            read: Reads the features.

        Returns:
            The projection.

        Raises:
            SemisupError: If there are too few images, or the features have too few components.
        """
        mean, variances, vectors = _principal_axes(read)
        rank = int((variances > ROUNDING * variances[0]).sum())
        if variances[0] <= 0:
            raise SemisupError("the embeddings of all images are the same: there are no principal components.")
        kept = rank
        if self.components is not None:
            kept = self.components
        elif self.variance is not None:
            shares = np.cumsum(variances) / variances.sum()
            kept = min(rank, int(np.searchsorted(shares, self.variance)) + 1)
        if kept > rank:
            has = f"the embeddings of these images have {rank:,} principal components, not {kept:,}"
            raise SemisupError(f"{has}: lower embedding.components, or embedding.whiten.")
        matrix = vectors[:, :kept]
        matrix = matrix * np.sign(matrix[np.abs(matrix).argmax(0), np.arange(kept)])
        return Projection(mean, matrix / np.sqrt(variances[:kept]) if self.whiten else matrix)


def _principal_axes(read: ReadBlocks) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean (D,), variances (D,) in descending order, and their directions (D, D), a column each."""
    count, shift, total, products = 0, np.zeros(0), np.zeros(0), np.zeros((0, 0))
    for block in read():
        values = block.astype(np.float64)
        if not count:  # large means would cancel
            shift, total, products = values.mean(0), np.zeros(values.shape[1]), np.zeros((values.shape[1],) * 2)
        values -= shift
        count += len(values)
        total += values.sum(0)
        products += values.T @ values
    if count < 2:
        raise SemisupError(f"principal components need two images or more, and there is {count}.")
    mean = total / count
    variances, vectors = np.linalg.eigh((products - count * np.outer(mean, mean)) / (count - 1))
    return mean + shift, np.maximum(variances[::-1], 0), vectors[:, ::-1]
