"""scikit-learn's handwritten digits: a data set that needs no download."""

from pathlib import Path

import numpy as np

from semisup.data.sources.holdout import carve_test
from semisup.data.store import Store, open_store, store_folder, write_store


def digits(data_dir: Path) -> Store:
    """1,797 grey digits as (N, 8, 8, 1) uint8; the same 20 % of each class, drawn with seed 0, are always the test set.

    scikit-learn's values 0..16 become 0..255.
    """
    folder = store_folder(data_dir, "digits")
    if not folder.exists():
        from sklearn.datasets import load_digits

        source = load_digits()
        images = np.round(source.images[..., None] * (255 / 16)).astype(np.uint8)
        targets = source.target.astype(np.int64)
        train, test = carve_test(targets, 0.2)
        pairs = [(images[rows], targets[rows]) for rows in (train, test)]
        write_store(folder, "digits", [str(digit) for digit in range(10)], *pairs)
    return open_store(folder)
