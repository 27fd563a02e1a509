"""Labels of four images, and when two are the same."""

import numpy as np
from numpy.testing import assert_array_equal

from semisup.labelers.inputs import Labels

UNLABELED = np.array([7, 2, 5, 4])  # of eight images; 0, 1, 3 and 6 are labeled or validation images
HARD = Labels(
    target=np.array([2, 0, 1, 0]),
    weight=np.array([0.1, 0, 1 / 3, 1], np.float32),
    confidence=np.array([0.9, 0.4, 0.8, 1], np.float32),
    copies=np.array([2, 0, 1, 3]),
)
SOFT = Labels(
    target=np.array([[0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3], [0, 1, 0], [0.5, 0.3, 0.2]], np.float32),
    weight=np.array([1, 0, 1, 1], np.float32),
    confidence=np.array([0.7, 1 / 3, 1, 0.5], np.float32),
)


def same(read: Labels, labels: Labels) -> None:
    for ours, theirs in zip(read, labels, strict=True):
        if theirs is None:
            assert ours is None
        else:
            assert ours.dtype == theirs.dtype
            assert_array_equal(ours, theirs)
