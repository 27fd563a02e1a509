"""Which class a cluster stands for, by the labeled images in it."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def count_votes(assignment: Integers, label: Integers, clusters: int, classes: int) -> Integers:
    """Counts the labeled images of each class in each cluster.

    Args:
        assignment: The cluster of each image, (N,).
        label: Its class, (N,); -1 for an unlabeled image.
        clusters: k.
        classes: K.

    Returns:
        Counts (k, K).
    """
    labeled = label >= 0
    cell = assignment[labeled] * classes + label[labeled]
    return np.bincount(cell, minlength=clusters * classes).reshape(clusters, classes)


def majority(votes: Integers) -> Integers:
    """Names each cluster by the class with most votes; several clusters may stand for one class.

    Args:
        votes: (k, K).

    Returns:
        A class for each cluster, (k,): the first among equals, and -1 without votes.
    """
    return np.where(votes.any(1), votes.argmax(1), -1)


def greedy(votes: Integers) -> Integers:
    """Gives each class one cluster, the pair with most votes first.

    Args:
        votes: (k, K).

    Returns:
        A class for each cluster, (k,): among equals the first cluster, then the first class; -1 for clusters that are
        left over. No cluster gets a name without a vote for it.
    """
    name = np.full(len(votes), -1)
    left = votes.copy()
    while left.any():
        cluster, class_ = np.unravel_index(left.argmax(), left.shape)
        name[cluster] = class_
        left[cluster], left[:, class_] = 0, 0
    return name


def optimal(votes: Integers) -> Integers:
    """Gives each class one cluster, so that as many votes as possible agree.

    Source: Kuhn, 1955, by scipy's linear_sum_assignment, which also decides among equals.

    Args:
        votes: (k, K).

    Returns:
        A class for each cluster, (k,); -1 for those that are left over. No cluster gets a name without a vote for it.
    """
    from scipy.optimize import linear_sum_assignment

    cluster, class_ = linear_sum_assignment(votes, maximize=True)
    name = np.full(len(votes), -1)
    name[cluster] = np.where(votes[cluster, class_] > 0, class_, -1)
    return name


def purity(votes: Integers, name: Integers, smoothing: float = 0.0) -> NDArray[np.float32]:
    """The share of each cluster's votes that are for its name.

    Args:
        votes: (k, K).
        name: The class of each cluster, (k,); -1 for none.
        smoothing: So many votes are added to each cluster, in equal parts for all K classes, as one vote of one proves
            little.

    Returns:
        From 0 to 1, (k,): 0 without a name, and without votes 1 / K, or 0 if not smoothed.
    """
    classes = votes.shape[1]
    agreeing = np.take_along_axis(votes, np.maximum(name, 0)[:, None], 1)[:, 0] + smoothing / classes
    share = agreeing / np.maximum(votes.sum(1) + smoothing, np.finfo(np.float64).tiny)
    return np.where(name >= 0, share, 0).astype(np.float32)
