"""A set of names that takes eight bytes for each of them."""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np


class HashedNames:
    """A set of names, kept as sorted hashes of 64 bits. A new name is taken for one of a million with p = 5e-14.

    Args:
        names: The names; those that occur several times count once for each time.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._hashes = np.sort(np.fromiter(map(hash_name, names), np.uint64))

    def __contains__(self, name: object) -> bool:
        value = np.uint64(hash_name(str(name)))
        place = np.searchsorted(self._hashes, value)
        return bool(place < len(self._hashes) and self._hashes[place] == value)

    def __len__(self) -> int:
        return len(self._hashes)

    def repeated(self) -> set[int]:
        """The hashes that occur several times."""
        return set(self._hashes[1:][self._hashes[1:] == self._hashes[:-1]].tolist())


def hash_name(name: str) -> int:
    """A hash of 64 bits.

    Args:
        name: A name; bytes of a path that are not UTF-8 may be in it as surrogates.

    Returns:
        From 0 to 2^64 - 1.
    """
    return int.from_bytes(blake2b(name.encode(errors="surrogateescape"), digest_size=8).digest(), "little")
