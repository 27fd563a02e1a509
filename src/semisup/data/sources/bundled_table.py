"""The tables that scikit-learn ships: rows of numbers that need no file and no download."""

from pathlib import Path
from typing import Literal, get_args

import numpy as np

from semisup.core.errors import SemisupError, did_you_mean
from semisup.data.sources.holdout import carve_test
from semisup.data.store import Store, open_store, store_folder, write_store

Name = Literal["breast_cancer", "wine", "iris", "digits_table"]


def bundled_table(data_dir: Path, *, name: Name) -> Store:
    """A table as (N, D) float32; the same 20 % of each class, drawn with seed 0, are always the test set.

    breast_cancer: 569 x 30, 2 classes. wine: 178 x 13, 3. iris: 150 x 4, 3. digits_table: the images of `digits`, pixel
    after pixel, 1,797 x 64, 10.
    """
    if name not in get_args(Name):
        raise SemisupError(f"bundled_table knows no '{name}': {did_you_mean(name, get_args(Name))}")
    folder = store_folder(data_dir, name)
    if not folder.exists():
        from sklearn import datasets

        source = getattr(datasets, f"load_{name.removesuffix('_table')}")()
        train, test = carve_test(source.target.astype(np.int64), 0.2)
        pairs = [(source.data[rows], source.target[rows]) for rows in (train, test)]
        write_store(folder, name, [str(target) for target in source.target_names], *pairs)
    return open_store(folder)
