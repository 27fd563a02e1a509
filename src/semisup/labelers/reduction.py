"""Few numbers for each image, for labelers that fit a model to all images."""

import numpy as np
from numpy.typing import NDArray

from semisup.embeddings.postprocessing import read_blocks
from semisup.embeddings.projection import PrincipalComponents
from semisup.labelers.points import checked_points

FITTED_ON = 5000  # images: enough for some hundred components, and a second for 1,280 numbers each


def principal_features(features: NDArray[np.float32], components: int) -> NDArray[np.float32]:
    """Features of length 1, without their mean, on their first principal components.

    Args:
        features: (N, D) float32.
        components: At most so many; fewer if the features have fewer. They are fitted on at most 5,000 images, which
            are drawn.

    Returns:
        (N, d) float32.

    Raises:
        SemisupError: If a feature is not finite, a row is zero, or all rows are the same.
    """
    points = checked_points(features, spherical=True)
    rows = np.arange(len(points))
    if len(rows) > FITTED_ON:
        rows = np.sort(np.random.default_rng(0).choice(rows, FITTED_ON, replace=False))
    fitted = points[rows]
    projection = PrincipalComponents(whiten=False).fit(lambda: read_blocks(fitted))
    matrix = projection.matrix[:, :components].astype(np.float32)
    return (points - projection.mean.astype(np.float32)) @ matrix
