"""Open-set splits: classes that nobody has told the network, whose images are among the unlabeled and test images."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from semisup.core.errors import SemisupError, did_you_mean
from semisup.core.ranges import NonNegativeInt, enforce_ranges
from semisup.data.store import OUTLIER, Store


@enforce_ranges
def withhold_classes(store: Store, unknown: Sequence[str | NonNegativeInt] = ()) -> Store:
    """Takes classes from a data set, and leaves their images in it, as images of unknown classes.

    These are never labeled, so they are neither validation images. They are in the unlabeled stream like all other
    images, and apart from the others in the test set.

    Args:
        store: The data set.
        unknown: The classes: names, or numbers from 0 in the data set's order. A number that is a name is the name.

    Returns:
        A data set of the other K classes, over the same images. The target of an image of an unknown class is OUTLIER.

    Raises:
        SemisupError: If there is no such class, one is named twice, or fewer than two are left.
    """
    if not unknown:
        return store
    places = [_place(store, name) for name in unknown]
    for row, place in enumerate(places):
        if place in places[:row]:
            raise SemisupError(f"data.unknown names class '{store.classes[place]}' twice; name it once.")
    known = [c for c in range(len(store.classes)) if c not in places]
    if len(known) < 2:
        raise SemisupError(
            f"data.unknown takes {len(places)} of the {len(store.classes)} classes of {store.name}; leave two at least."
        )
    renumbered = np.full(len(store.classes) + 1, OUTLIER, np.int64)  # the last one is read by UNKNOWN, -1
    renumbered[known], renumbered[-1] = np.arange(len(known)), -1
    names = tuple(store.classes[c] for c in sorted(places))
    text = "\n".join([store.test_fingerprint, *names])
    return replace(
        store,
        classes=tuple(store.classes[c] for c in known),
        unknown_classes=names,
        targets=renumbered[store.targets],
        test_targets=renumbered[store.test_targets],
        test_fingerprint=hashlib.sha256(text.encode()).hexdigest(),  # other test images are scored
    )


def _place(store: Store, name: str | int) -> int:
    if str(name) in store.classes:
        return store.classes.index(str(name))
    if isinstance(name, int) and name < len(store.classes):
        return name
    if isinstance(name, int):
        raise SemisupError(
            f"data.unknown={name}: {store.name} has the classes 0 to {len(store.classes) - 1}; name some of these."
        )
    raise SemisupError(f"data.unknown={name}: {store.name} has no such class; {did_you_mean(str(name), store.classes)}")
