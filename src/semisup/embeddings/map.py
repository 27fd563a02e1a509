"""An embedding as a map: a position in two dimensions for each image."""

import numpy as np
from numpy.typing import NDArray

MOST_IMAGES = 5000  # of a map
UNCORRELATED = 0.2  # in a sample, columns whose correlation is smaller than this count as uncorrelated


def map_positions(features: NDArray[np.float32], seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The first two principal components of at most 5,000 images.

    Args:
        features: (N, D).
        seed: Draws 5,000 of more images; the components are those of the drawn ones.

    Returns:
        Which rows are on the map, (n,) ascending, and their positions, (n, 2).
    """
    rows = np.arange(len(features))
    if len(rows) > MOST_IMAGES:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_IMAGES, replace=False))
    return rows, first_components(features[rows]).astype(np.float32)


def first_components(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """The first two principal components of some points.

    Whitened features have their components in order, but all with the same variance. So the first two columns are
    taken if they are uncorrelated with all columns and no column varies more.

    Args:
        points: (n, D).

    Returns:
        (n, 2); for D = 1, the second column is 0.
    """
    from sklearn.decomposition import PCA

    centered = points - points.mean(0, dtype=np.float64)
    if centered.shape[1] < 2:
        return np.pad(centered, ((0, 0), (0, 1)))
    deviation = centered.std(0)
    correlation = (centered[:, :2].T @ centered) / len(points) / np.maximum(np.outer(deviation[:2], deviation), 1e-30)
    uncorrelated = np.abs(correlation - np.eye(2, centered.shape[1])).max() < UNCORRELATED
    if uncorrelated and deviation.max() < 1.2 * deviation[:2].min():
        return centered[:, :2]
    components: NDArray[np.float64] = PCA(2, svd_solver="randomized", random_state=0).fit_transform(centered)
    return components
