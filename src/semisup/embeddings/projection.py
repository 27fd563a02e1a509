"""Principal components: of features too many to hold twice, read block by block."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.embeddings.base import Features

Read = Callable[[], Iterator[Features]]  # each call reads all blocks (b, D) anew
ROUNDING = 1e-10  # the share of the largest variance below which a direction holds rounding errors only


@dataclass(frozen=True)
class Projection:
    """An affine map onto principal components: (x - mean) @ matrix. mean: (D,) float64. matrix: (D, K) float64."""

    mean: NDArray[np.float64]
    matrix: NDArray[np.float64]

    def __call__(self, block: Features) -> Features:
        """(b, D) -> (b, K) float32."""
        return ((block - self.mean) @ self.matrix).astype(np.float32)


@dataclass(frozen=True)
class Reduction:
    """How many principal components are kept, and whether each is scaled to a variance of 1 (whitened).

    variance: as few components as hold this share of the variance. components: that many, instead. Neither: all in
    which the features differ.
    """

    variance: float | None = None
    components: int | None = None
    whiten: bool = True

    def fit(self, read: Read) -> Projection:
        """The projection of the features that `read` reads. Raises SemisupError where they have too few components.

        Exact, from the eigenvectors of the covariance (with N - 1, as scikit-learn has it), in double precision. Of the
        two directions of a component, the one whose largest loading is positive.
        """
        mean, values, vectors = principal(read)
        rank = int((values > ROUNDING * values[0]).sum())
        if values[0] <= 0:
            raise SemisupError("the embeddings of all images are the same: there are no principal components.")
        kept = rank
        if self.components is not None:
            kept = self.components
        elif self.variance is not None:
            shares = np.cumsum(values) / values.sum()
            kept = min(rank, int(np.searchsorted(shares, self.variance)) + 1)
        if kept > rank:
            has = f"the embeddings of these images have {rank:,} principal components, not {kept:,}"
            raise SemisupError(f"{has}: lower embedding.components, or embedding.whiten.")
        matrix = vectors[:, :kept]
        matrix = matrix * np.sign(matrix[np.abs(matrix).argmax(0), np.arange(kept)])
        return Projection(mean, matrix / np.sqrt(values[:kept]) if self.whiten else matrix)


def principal(read: Read) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean (D,), variances (D,) in descending order, and the directions they are along, (D, D), a column each."""
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
