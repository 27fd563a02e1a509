"""Draws splits from a seed."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.ranges import Range, enforce_ranges
from semisup.data.class_shares import (
    Imbalance,
    Shape,
    apportion,
    apportion_within,
    counts_from_largest,
    long_tail,
)
from semisup.data.split import Indices, Split
from semisup.data.split_sizes import Labels, Unlabeled, Validation, number_of_labels, number_of_validation, of_head
from semisup.data.store import UNKNOWN, Store

Strategy = Literal["class_balanced", "random", "first_n"]


@enforce_ranges
def make_split(
    store: Store,
    *,
    labels: Labels,
    validation: Validation = 0.1,
    unlabeled: Unlabeled = "all",
    strategy: Strategy = "class_balanced",
    imbalance: Imbalance = 1.0,
    unlabeled_imbalance: Imbalance = 1.0,
    unlabeled_shape: Shape = "tail",
    labeled_in_unlabeled: bool = True,
    seed: Annotated[int, Range(0)] = 0,
) -> Split:
    """Draws a split.

    With an imbalance γ ≥ 1, the share of class c is proportional to γ^(-c/(K-1)); γ ≤ -1 reverses the order. Only the
    strategy class_balanced has one. 'N/head' gives the largest class N images, and the class of the i-th largest share
    ⌊N · γ^(-i/(K-1))⌋: N1 and M1 of the literature.

    Source: of the imbalance, Kim et al., 2020, arXiv:2007.08844; of the shapes, Wei and Gan, 2023 (ACR), and Du et al.,
    2024, arXiv:2402.13505.

    Args:
        store: The data set.
        labels: How many labels may be used, validation included: a total, 'N/class', 'N/head', or 'all' that
            are known.
        validation: How many of them validate: a number, or a fraction below 1.
        unlabeled: How many of the other images are unlabeled: a number, 'N/head', or 'all'.
        strategy: class_balanced (as equal as the numbers allow), random, or first_n in the data set's order.
        imbalance: γ of the labels.
        unlabeled_imbalance: γ of the unlabeled images.
        unlabeled_shape: Which of their classes are large.
        labeled_in_unlabeled: Whether the labeled images are in the unlabeled stream, too.
        seed: Of the split.

    Returns:
        The split.

    Raises:
        SemisupError: If there are not enough labels, or if a class would have none.
    """
    rng = np.random.default_rng([seed, 0x5EED])
    known = np.flatnonzero(store.targets[: store.labelable] >= 0)
    shares = long_tail(len(store.classes), imbalance)
    head = of_head(labels)
    by_class = imbalance != 1 or unlabeled_imbalance != 1 or head is not None or of_head(unlabeled) is not None
    if strategy != "class_balanced" and by_class:
        raise SemisupError(f"data.imbalance and 'N/head' need data.strategy=class_balanced, not {strategy}.")
    unlabeled_shares = long_tail(len(store.classes), unlabeled_imbalance, unlabeled_shape)
    if unlabeled_shape != "tail" and abs(unlabeled_imbalance) == 1:
        raise SemisupError(f"data.unlabeled_shape={unlabeled_shape} needs data.unlabeled_imbalance above 1.")
    if head is not None:
        chosen = _choose_per_class(store, known, counts_from_largest(head, shares), rng)
    else:
        total = number_of_labels(store, labels, len(known))
        if total == len(known):
            chosen = known
        elif strategy == "class_balanced" and imbalance == 1 and not str(labels).endswith("/class"):
            room = np.bincount(store.targets[known], minlength=len(store.classes))
            chosen = _choose_per_class(store, known, apportion_within(total, shares, room, rng), rng)
        else:
            chosen = _choose(store, known, total, strategy, shares, rng)
    return complete_split(
        store, chosen, validation, unlabeled, unlabeled_shares, strategy, labeled_in_unlabeled, seed=rng
    )


def complete_split(
    store: Store,
    chosen: Indices,
    validation: Validation,
    unlabeled: Unlabeled,
    unlabeled_shares: NDArray[np.float64],
    strategy: Strategy,
    labeled_in_unlabeled: bool,
    seed: int | np.random.Generator,
) -> Split:
    """Divides chosen images into labeled and validation ones, and draws the unlabeled ones of the others.

    Args:
        store: The data set.
        chosen: The images whose labels may be used, ascending.
        validation: How many of them validate, as of `make_split`.
        unlabeled: How many of the other images are unlabeled, as of `make_split`.
        unlabeled_shares: Of each class among them, (K,).
        strategy: As of `make_split`.
        labeled_in_unlabeled: Whether the labeled images are in the unlabeled stream, too.
        seed: Of the draws, or where they go on.

    Returns:
        The split.

    Raises:
        SemisupError: If a class would have no labeled image, or there are not enough images.
    """
    rng = np.random.default_rng(seed)
    held_out = _hold_out(store, chosen, number_of_validation(validation, len(chosen)), strategy, rng)
    labeled = np.setdiff1d(chosen, held_out)
    refuse_empty_classes(store, labeled)
    rest = np.setdiff1d(np.arange(len(store.images)), chosen)
    return Split(
        labeled=labeled,
        validation=held_out,
        unlabeled=_choose_unlabeled(store, rest, unlabeled, unlabeled_shares, strategy, rng),
        labeled_in_unlabeled=labeled_in_unlabeled,
        fingerprint=store.fingerprint,
    )


def _choose(
    store: Store, known: Indices, total: int, strategy: Strategy, shares: NDArray[np.float64], rng: np.random.Generator
) -> Indices:
    if strategy == "first_n":
        return known[:total]
    if strategy == "random":
        return np.sort(rng.choice(known, total, replace=False))
    return _choose_per_class(store, known, apportion(total, shares, rng), rng)


def _choose_per_class(store: Store, known: Indices, counts: Indices, rng: np.random.Generator) -> Indices:
    chosen = []
    for c, count in enumerate(counts):
        candidates = known[store.targets[known] == c]
        if count > len(candidates):
            raise SemisupError(
                f"the split needs {count} images of class '{store.classes[c]}', and {store.name} has "
                f"{len(candidates)}; use fewer, or data.labels=NUMBER, which takes what a rare class has."
            )
        chosen.append(rng.choice(candidates, count, replace=False))
    return np.sort(np.concatenate(chosen))


def _hold_out(store: Store, chosen: Indices, spent: int, strategy: Strategy, rng: np.random.Generator) -> Indices:
    """Validation images: in the proportions of the chosen ones, or the last of the first n.

    An image that is the only one of its class is not among them.
    """
    if strategy == "first_n":
        return chosen[len(chosen) - spent :]
    per_class = np.bincount(store.targets[chosen], minlength=len(store.classes))
    room = np.maximum(per_class - 1, 0)
    if spent > room.sum():
        raise SemisupError(
            f"{spent:,} validation images would take the only labeled image of a class of {store.name}; lower "
            f"data.validation to at most {room.sum():,}, or raise data.labels."
        )
    return _choose_per_class(store, chosen, apportion_within(spent, per_class.astype(np.float64), room, rng), rng)


def refuse_empty_classes(store: Store, labeled: Indices) -> None:
    """Refuses a split without a labeled image of each class.

    Args:
        store: The data set.
        labeled: Its labeled images.

    Raises:
        SemisupError: If a class has none.
    """
    empty = np.flatnonzero(np.bincount(store.targets[labeled], minlength=len(store.classes)) == 0)
    if len(empty):
        names = ", ".join(f"'{store.classes[c]}'" for c in empty[:5])
        raise SemisupError(
            f"no labeled image is left to train class {names} of {store.name}; raise data.labels, lower "
            "data.validation, or use data.strategy=class_balanced."
        )


def _choose_unlabeled(
    store: Store,
    rest: Indices,
    unlabeled: int | str,
    shares: NDArray[np.float64],
    strategy: Strategy,
    rng: np.random.Generator,
) -> Indices:
    head = of_head(unlabeled)
    if head is None and unlabeled != "all" and not str(unlabeled).isdecimal():
        raise SemisupError(f"data.unlabeled={unlabeled} is not valid: it is a number, '3000/head', or 'all'.")
    if head is not None or np.ptp(shares) > 0:
        if (store.targets[rest] == UNKNOWN).any():
            raise SemisupError("data.unlabeled_imbalance needs a data set whose unlabeled images have hidden labels.")
        if store.unknown_classes:
            raise SemisupError(
                "data.unknown has no place in a long tail of unlabeled images: leave one of the two out."
            )
        if head is not None:
            return _choose_per_class(store, rest, counts_from_largest(head, shares), rng)
        available = np.bincount(store.targets[rest], minlength=len(store.classes))
        total = int((available / shares).min()) if unlabeled == "all" else int(unlabeled)
        return _choose_per_class(store, rest, apportion(total, shares, rng), rng)
    if unlabeled == "all":
        return rest
    if int(unlabeled) > len(rest):
        raise SemisupError(f"data.unlabeled={unlabeled} is more than the {len(rest):,} images that are left.")
    return rest[: int(unlabeled)] if strategy == "first_n" else np.sort(rng.choice(rest, int(unlabeled), replace=False))
