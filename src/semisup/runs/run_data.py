"""The data set of a run: what result.json says of it, and how it is found again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from semisup.config import Config
from semisup.config.nodes import apply_store_options, load_source
from semisup.data import Store, open_store
from semisup.data.store import store_folder
from semisup.runs.run_files import CONFIG
from semisup.runs.trusted import check_source


def describe_store(store: Store) -> dict[str, Any]:
    """What result.json says of a data set, so that the run can be used without it.

    Args:
        store: The data set.

    Returns:
        `name`, `classes`, `shape`, `columns`, `store` (the name of its folder), `mean` and `std`, ready for JSON.
    """
    return {
        "name": store.name,
        "classes": list(store.classes),
        "shape": list(store.shape),
        "columns": list(store.columns),
        "store": store.folder and store.folder.name,
        "mean": list(store.mean),
        "std": list(store.std),
    }


def enlarged(store: Store, size: int | None) -> str | None:
    """Says that images are smaller than what a frozen network is to see.

    Args:
        store: The images.
        size: The shorter side that they are resized to; None: they are not.

    Returns:
        A warning; None if no image is enlarged.
    """
    side = min(store.shape[1:], default=0)
    if size is None or not 0 < side < size:
        return None
    return (
        f"images of {side} pixels are enlarged to embedding.size={size}. If the pictures are larger, import them "
        f"larger, with data.size={size} where the data takes it."
    )


def empty_store(description: Mapping[str, Any]) -> Store:
    """A data set without images, for what needs its shape and its classes alone.

    Args:
        description: As `describe_store` makes it.

    Returns:
        The store; it is nowhere on disk.
    """
    shape = tuple(description["shape"])
    size = (*shape[1:], shape[0]) if len(shape) == 3 else shape
    images, targets = np.zeros((0, *size), np.uint8), np.zeros(0, np.int64)
    mean, std = tuple(description["mean"]), tuple(description["std"])
    classes = tuple(description["classes"])
    return Store(description["name"], classes, images, targets, images, targets, 0, mean, std, fingerprint="")


def data_set(
    config: Config, result: Mapping[str, Any], data_dir: str | Path | None = None, file: Path = Path(CONFIG)
) -> Store:
    """The data set of a finished run: as it was imported then, or else imported again.

    Args:
        config: The run's config, which `check_targets` has accepted.
        result: What its result.json holds.
        data_dir: Where the data set is now; None: where the run had it.
        file: The run's config.yaml, for messages.

    Returns:
        The store.

    Raises:
        SemisupError: If the data set is not there, or the config names none.
    """
    place = Path(data_dir or config["data_dir"]).expanduser()
    imported = (result.get("data") or {}).get("store")
    if imported and (folder := store_folder(place, imported)).is_dir():
        return apply_store_options(config, open_store(folder))
    check_source(config, file)
    store: Store = load_source({**config, "data_dir": str(place)})
    return store
