"""The same picture twice in a data set: in training and test, or in two classes."""

import hashlib
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError

Duplicates = Literal["keep", "drop", "refuse"]
Images = NDArray[np.uint8]
Targets = NDArray[np.int64]


@dataclass(frozen=True)
class DuplicateImages:
    """Rows of training images whose decoded pictures are equal, byte by byte, to others.

    Args:
        tested: (training row, test row) of each training image that is also a test image.
        contradicting: The training rows of each picture that is in several classes.
        repeated: The training rows of each picture that is several times in one class, or without one; the rows with
            a class first.
    """

    tested: list[tuple[int, int]]
    contradicting: list[list[int]]
    repeated: list[list[int]]

    @property
    def dropped(self) -> list[int]:
        """The training rows to leave out: in test, too; in several classes; or again in one class."""
        rows = {train for train, _ in self.tested}
        rows |= {row for group in self.contradicting for row in group}
        rows |= {row for group in self.repeated for row in group[1:]}
        return sorted(rows)

    def sentences(self, train_name: Callable[[int], str], test_name: Callable[[int], str]) -> list[str]:
        """What was found, in words.

        Args:
            train_name: Names a training image.
            test_name: Names a test image.

        Returns:
            A sentence for each kind, which names up to three pairs.
        """
        tested = [f"{train_name(train)} is {test_name(test)}" for train, test in self.tested]
        pairs = [f"{train_name(rows[0])} is {train_name(rows[1])}" for rows in self.contradicting]
        again = [f"{train_name(rows[1])} is {train_name(rows[0])}" for rows in self.repeated]
        kinds = (
            (tested, "training images are in the test set, too"),
            (pairs, "pictures are in two classes"),
            (again, "pictures are in the training images more than once"),
        )
        return [f"{len(found):,} {kind}: {_some(found)}" for found, kind in kinds if found]


def report_duplicates(
    found: DuplicateImages,
    place: str,
    duplicates: Duplicates,
    train_name: Callable[[int], str],
    test_name: Callable[[int], str],
) -> list[int]:
    """Says on stderr which pictures are there twice, as other programs may read stdout.

    Args:
        found: Those of a data set.
        place: Where they are, for a person.
        duplicates: What is to happen to them.
        train_name: Names a training image.
        test_name: Names a test image.

    Returns:
        The training rows to leave out.

    Raises:
        SemisupError: If there are any, and they are to be refused.
    """
    sentences = found.sentences(train_name, test_name)
    if sentences and duplicates == "refuse":
        raise SemisupError(
            f"{place} has the same picture twice. {' '.join(sentences)} Delete them, or set data.duplicates=drop."
        )
    for sentence in sentences:
        print(f"{place}: {sentence}", file=sys.stderr)
    if sentences and duplicates == "keep":
        print(
            "They are kept; data.duplicates=drop leaves them out of training, and refuse stops here.", file=sys.stderr
        )
    return found.dropped if duplicates == "drop" else []


def find_duplicates(images: Iterable[Images], targets: Targets, test_images: Iterable[Images]) -> DuplicateImages:
    """Finds equal pictures by a hash of each.

    Args:
        images: The N training images, (H, W, C) uint8 each.
        targets: Their classes, (N,); -1 = unknown.
        test_images: The test set's M.

    Returns:
        Which are equal.
    """
    tests = {digest: row for row, digest in enumerate(_hashes(test_images))}
    groups: defaultdict[bytes, list[int]] = defaultdict(list)
    for row, digest in enumerate(_hashes(images)):
        groups[digest].append(row)
    tested = [(row, tests[digest]) for digest, rows in groups.items() if digest in tests for row in rows]
    several = [rows for digest, rows in groups.items() if len(rows) > 1 and digest not in tests]
    contradicting = [rows for rows in several if len({*targets[rows].tolist()} - {-1}) > 1]
    known = {rows[0] for rows in contradicting}
    repeated = [sorted(rows, key=lambda row: targets[row] < 0) for rows in several if rows[0] not in known]
    return DuplicateImages(sorted(tested), contradicting, repeated)


def _hashes(images: Iterable[Images]) -> Iterable[bytes]:
    return (hashlib.sha256(image.tobytes()).digest() for image in images)


def _some(found: list[str]) -> str:
    return "; ".join(found[:3]) + (f"; and {len(found) - 3:,} more" if len(found) > 3 else "") + "."
