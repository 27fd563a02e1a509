"""Folds of the labeled images: a fold's images become unlabeled ones, and show how good a method is."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from semisup.core.seeds import seed_for
from semisup.data import Split


@dataclass(frozen=True)
class Fold:
    """A part of the labeled images that is held out.

    Args:
        name: Unique among the folds of a job; the name of its file.
        held_out: Images of the store, (n,) int64.
        split: Without their labels: these images are among the unlabeled ones.
    """

    name: str
    held_out: NDArray[np.int64]
    split: Split


def cross_validation_folds(
    split: Split, label: NDArray[np.int64], folds: int, repeats: int, seed: int
) -> list[list[Fold]]:
    """Draws repeated stratified folds.

    Each class's images are dealt out to the folds in turn. A class's only image is never held out, so that each fold
    trains with all classes.

    Args:
        split: With all labels.
        label: The classes of `split.labeled`, (n,) int64.
        folds: Of each repeat; a class with fewer images is in as many folds as it has images.
        repeats: How often the folds are drawn.
        seed: Of the drawing.

    Returns:
        The folds of each repeat that hold out an image; no repeat if each class has one label.
    """
    drawn = []
    for repeat in range(repeats):
        number = _deal(label, folds, np.random.default_rng(seed_for(seed, "folds", repeat)))
        parts = [np.flatnonzero(number == fold) for fold in range(folds)]
        drawn.append([_hold_out(split, rows, f"fold-{repeat}-{fold}") for fold, rows in enumerate(parts) if len(rows)])
    return [repeat for repeat in drawn if repeat]


def subsample(split: Split, label: NDArray[np.int64], share: float, repeat: int, seed: int) -> Fold:
    """Keeps a share of the labels of each class, one at least, and holds out the others.

    Args:
        split: With all labels.
        label: The classes of `split.labeled`, (n,) int64.
        share: Of the labels that are kept.
        repeat: Another number draws other images.
        seed: Of the drawing.

    Returns:
        The fold.
    """
    rng = np.random.default_rng(seed_for(seed, "subsample", repeat))
    order = rng.permutation(len(label))
    rank = np.zeros(len(label), np.int64)  # of each image in its class
    for c in np.unique(label):
        mine = order[label[order] == c]
        rank[mine] = np.arange(len(mine))
    kept = np.maximum(1, np.round(share * np.bincount(label)))[label]
    return _hold_out(split, np.flatnonzero(rank >= kept), f"share-{repeat}-{share:g}")


def _deal(label: NDArray[np.int64], folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The fold of each image; -1 for a class's only one. Classes begin at different folds, for folds of equal size."""
    number, start = np.full(len(label), -1), 0
    for c in np.unique(label):
        rows = rng.permutation(np.flatnonzero(label == c))
        if len(rows) > 1:
            number[rows] = (start + np.arange(len(rows))) % folds
            start += len(rows)
    return number


def _hold_out(split: Split, rows: NDArray[np.int64], name: str) -> Fold:
    held_out = split.labeled[rows]
    unlabeled = np.sort(np.concatenate([split.unlabeled, held_out]))
    return Fold(name, held_out, replace(split, labeled=np.delete(split.labeled, rows), unlabeled=unlabeled))
