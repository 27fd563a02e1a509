"""Which items have a label already: eight bytes for each of them."""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np


class Done:
    """The set of some names, as sorted hashes of 64 bits: beside a million, a new name is new but for p = 5e-14."""

    def __init__(self, names: Iterable[str]) -> None:
        self.hashes = np.sort(np.fromiter(map(hashed, names), np.uint64))

    def __contains__(self, name: object) -> bool:
        value = np.uint64(hashed(str(name)))
        place = np.searchsorted(self.hashes, value)
        return bool(place < len(self.hashes) and self.hashes[place] == value)

    def __len__(self) -> int:
        return len(self.hashes)


def hashed(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(errors="surrogateescape"), digest_size=8).digest(), "little")
