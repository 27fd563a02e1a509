"""Which images are kept: the most confident ones of each predicted class."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def rank_in_class(confidence: NDArray[np.floating], predicted: Integers, kept: NDArray[np.bool_]) -> Integers:
    """The rank of each kept image among those of its predicted class: 0 is the most confident, ties by row.

    Args:
        confidence: (N,).
        predicted: Classes, (N,).
        kept: (N,).

    Returns:
        (N,); 0 for images that are not kept.
    """
    rows = np.flatnonzero(kept)
    rows = rows[np.lexsort((-confidence[rows], predicted[rows]))]  # class after class, each by falling confidence
    _, start, count = np.unique(predicted[rows], return_index=True, return_counts=True)
    rank = np.zeros(len(kept), np.int64)
    rank[rows] = np.arange(len(rows)) - np.repeat(start, count)
    return rank


def class_share(
    probability: NDArray[np.floating], candidates: NDArray[np.bool_], share: float, evenness: float
) -> NDArray[np.bool_]:
    """A share of the images, the most confident ones of each predicted class.

    Args:
        probability: (N, K).
        candidates: The images to take from, (N,).
        share: Of the n candidates, from 0 to 1.
        evenness: 0 takes this share of the images of each predicted class, 1 takes share · n / K images of each class,
            and a number between takes the mean of both, so weighted.

    Returns:
        Which images are taken, (N,): of a class at most those that there are.
    """
    predicted = probability.argmax(1)
    size = np.bincount(predicted[candidates], minlength=probability.shape[1])  # (K,)
    quota = np.ceil(share * ((1 - evenness) * size + evenness * candidates.sum() / len(size)) - 1e-9)
    return candidates & (rank_in_class(probability.max(1), predicted, candidates) < quota[predicted])


def rarity_quotas(labels: Integers, size: Integers, exponent: float) -> Integers:
    """How many images of each predicted class are kept, so that the rarest labeled class keeps the largest share.

    The class of rank l among K, by falling number of labels N, keeps the share (N_(K + 1 - l) / N_1)^α of its images.

    Source: CReST of Wei et al., 2021, arXiv:2102.09559, section 3.2. Among classes with as many labels the earlier one
    has the lower rank.

    Args:
        labels: N, how many labeled images each class has, (K,), of sum above 0.
        size: Images of each predicted class, (K,).
        exponent: α.

    Returns:
        Whole numbers (K,), rounded up.
    """
    order = np.argsort(-labels, kind="stable")
    share = np.empty(len(labels))
    share[order] = (labels[order[::-1]] / labels.max()) ** exponent
    return np.ceil(share * size - 1e-9).astype(np.int64)
