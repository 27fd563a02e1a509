"""The data sets that scikit-learn ships: they need no file and no download."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.ranges import UserPath, enforce_ranges
from semisup.data.sources.holdout import carve_test
from semisup.data.store import Store, open_store, store_folder
from semisup.data.store_writer import write_store

BundledName = Literal["breast_cancer", "wine", "iris", "digits_table"]
_TEST_FRACTION = 0.2


def digits(data_dir: Path | UserPath) -> Store:
    """Handwritten digits: 1,797 gray images (8, 8, 1) uint8 in 10 classes.

    scikit-learn's values 0 to 16 become 0 to 255. The test set is always the same 20 % of each class.

    Args:
        data_dir: The directory of all data.

    Returns:
        The store.
    """
    folder = store_folder(data_dir, "digits")
    if not folder.exists():
        from sklearn.datasets import load_digits

        source = load_digits()
        images = np.round(source.images[..., None] * (255 / 16)).astype(np.uint8)
        _write(folder, images, source.target, range(10))
    return open_store(folder)


@enforce_ranges
def bundled_table(data_dir: Path | UserPath, *, name: BundledName) -> Store:
    """A table, (N, D) float32. The test set is always the same 20 % of each class.

    Args:
        data_dir: The directory of all data.
        name: breast_cancer (569 x 30, 2 classes), wine (178 x 13, 3), iris (150 x 4, 3), or digits_table: the images of
            `digits`, pixel after pixel (1,797 x 64, 10).

    Returns:
        The store.
    """
    folder = store_folder(data_dir, name)
    if not folder.exists():
        from sklearn import datasets

        source = getattr(datasets, f"load_{name.removesuffix('_table')}")()
        _write(folder, source.data, source.target, source.target_names)
    return open_store(folder)


def _write(folder: Path, inputs: NDArray[Any], targets: NDArray[Any], classes: Any) -> None:
    targets = targets.astype(np.int64)
    train, test = ((inputs[rows], targets[rows]) for rows in carve_test(targets, _TEST_FRACTION))
    write_store(folder, folder.name, [str(name) for name in classes], train, test)
