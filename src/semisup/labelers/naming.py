"""Which class a cluster stands for, by the labeled images in it."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def count_votes(assignment: Integers, label: Integers, clusters: int, classes: int) -> Integers:
    """How many labeled images of each class are in each cluster, (k, K). assignment, label: (N,); -1 = unlabeled."""
    voted = label >= 0
    place = assignment[voted] * classes + label[voted]
    return np.bincount(place, minlength=clusters * classes).reshape(clusters, classes)


def majority(votes: Integers) -> Integers:
    """The class with most votes in each cluster, (k,); several clusters may stand for one class.

    votes: (k, K). Among equals the first class. A cluster without votes has no name: -1.
    """
    return np.where(votes.any(1), votes.argmax(1), -1)


def greedy(votes: Integers) -> Integers:
    """One cluster a class and one class a cluster: the most votes first, (k,); -1 for clusters left over.

    votes: (k, K). Among equals the first cluster, then the first class. Nobody gets a name without a vote for it.
    """
    name = np.full(len(votes), -1)
    left = votes.copy()
    while left.any():
        cluster, class_ = np.unravel_index(left.argmax(), left.shape)
        name[cluster] = class_
        left[cluster], left[:, class_] = 0, 0
    return name


def optimal(votes: Integers) -> Integers:
    """One cluster a class and one class a cluster, so that the most votes agree in all, (k,); -1 for those left over.

    votes: (k, K). Kuhn (1955) as scipy has it (linear_sum_assignment), which also decides among equals. Nobody gets a
    name without a vote for it.
    """
    from scipy.optimize import linear_sum_assignment

    cluster, class_ = linear_sum_assignment(votes, maximize=True)
    name = np.full(len(votes), -1)
    name[cluster] = np.where(votes[cluster, class_] > 0, class_, -1)
    return name


def purity(votes: Integers, name: Integers, smoothing: float = 0.0) -> NDArray[np.float32]:
    """The share of each cluster's votes that are for its name, (k,) in [0, 1].

    votes: (k, K). name: (k,). smoothing: so many votes are added to each cluster, in equal parts for all K classes, so
    that one vote of one proves little; without any votes it is 1 / K (0 if not smoothed). Without a name it is 0.
    """
    classes = votes.shape[1]
    agreeing = np.take_along_axis(votes, np.maximum(name, 0)[:, None], 1)[:, 0] + smoothing / classes
    share = agreeing / np.maximum(votes.sum(1) + smoothing, np.finfo(np.float64).tiny)
    return np.where(name >= 0, share, 0).astype(np.float32)
