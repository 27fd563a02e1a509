"""Writes stores: arrays block by block, then meta.json with their sizes, checksums, statistics and fingerprints."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.core.atomic_files import atomic_folder
from semisup.core.checksums import checksum, seal_json
from semisup.data.store import FORMAT

Arrays = tuple[
    NDArray[Any], NDArray[Any]
]  # images (N, H, W, C) uint8 or (N, D) float32, and targets (N,), -1 = unknown
_TEST_FILES = ("test_images.npy", "test_targets.npy")
_BLOCK = 4096  # rows


def write_store(
    folder: Path,
    name: str,
    classes: Iterable[str],
    train: Arrays,
    test: Arrays,
    extra: Arrays | None = None,
    files: Iterable[str] | None = None,
    columns: Iterable[str] = (),
) -> None:
    """Writes arrays in memory as a store.

    Args:
        folder: The store's folder. One that another process has made meanwhile stays.
        name: The data set's name.
        classes: The names of the classes.
        train: Images that may be drawn as labeled ones, and their targets.
        test: The test set.
        extra: Images that may be used unlabeled only, and their targets.
        files: Where each image of `train` and `extra` came from.
        columns: The names of a table's columns.
    """
    parts = [train] if extra is None else [train, extra]
    kind = "uint8" if train[0].ndim == 4 else "float32"
    with atomic_folder(folder) as temporary:
        for prefix, pairs in (("", parts), ("test_", [test])):
            rows = sum(len(images) for images, _ in pairs)
            shape = (rows, *train[0].shape[1:])
            write_array(temporary / f"{prefix}images.npy", (images for images, _ in pairs), shape, kind)
            write_array(temporary / f"{prefix}targets.npy", (targets for _, targets in pairs), (rows,), "int64")
        finish_store(temporary, name, classes, len(train[0]), files, columns)


def write_array(file: Path, blocks: Iterable[NDArray[Any]], shape: tuple[int, ...], dtype: str) -> None:
    """Writes an array that need not fit into memory.

    It uses write() and not a memory map, as a full disk is then an OSError and does not kill the process.

    Args:
        file: The .npy file.
        blocks: The array in parts along the first axis.
        shape: Of the array.
        dtype: Of the array; the blocks are converted.

    Raises:
        ValueError: If the blocks do not have as many rows as `shape` says.
    """
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    rows = 0
    with file.open("wb") as out:
        np.lib.format.write_array_header_1_0(out, header)
        for block in blocks:
            rows += len(block)
            for start in range(0, len(block), _BLOCK):  # a block may be a transposed array of gigabytes: no full copy
                out.write(np.ascontiguousarray(block[start : start + _BLOCK], dtype=dtype).data)
    if rows != shape[0]:
        raise ValueError(f"{file.name}: {rows} rows were given instead of {shape[0]}")


def finish_store(
    folder: Path,
    name: str,
    classes: Iterable[str],
    labelable: int | None = None,
    files: Iterable[str] | None = None,
    columns: Iterable[str] = (),
) -> None:
    """Writes meta.json, and files.txt if there are files, beside the four arrays of a store.

    Args:
        folder: The folder of the arrays.
        name: The data set's name.
        classes: The names of the classes.
        labelable: How many images may be drawn as labeled ones; None = all.
        files: Where each image came from.
        columns: The names of a table's columns.
    """
    if files is not None:
        names = list(files)
        end = "\0" if any("\n" in name for name in names) else "\n"
        lines = "".join(f"{name}{end}" for name in names)
        (folder / "files.txt").write_bytes(lines.encode(errors="surrogateescape"))
    images = np.load(folder / "images.npy", mmap_mode="r")
    mean, std = statistics(images)
    paths = sorted(path for path in folder.iterdir() if path.suffix in {".npy", ".txt"})
    classes = list(classes)
    digest, test_digest = hashlib.sha256(), hashlib.sha256(json.dumps(classes).encode())
    contents = {path.name: checksum(path) for path in paths}
    for file_name, content in contents.items():
        digest.update(content)
        if file_name in _TEST_FILES:
            test_digest.update(content)
    meta = {
        "format": FORMAT,
        "name": name,
        "classes": classes,
        "columns": list(columns),
        "labelable": len(images) if labelable is None else labelable,
        "mean": mean,
        "std": std,
        "fingerprint": digest.hexdigest(),
        "test_fingerprint": test_digest.hexdigest(),
        "bytes": {path.name: path.stat().st_size for path in paths},
        "sha256": {file_name: content.hex() for file_name, content in contents.items()},
    }
    (folder / "meta.json").write_text(json.dumps(seal_json(meta), indent=1))


def statistics(images: NDArray[Any], block: int = _BLOCK) -> tuple[list[float], list[float]]:
    """Mean and standard deviation, computed block by block.

    Args:
        images: (N, H, W, C) uint8, or (N, D) float32.
        block: Rows in memory at a time.

    Returns:
        Both per channel of values in [0, 1], or per column. A constant channel has standard deviation 1.
    """
    scale = 255.0 if images.ndim == 4 else 1.0
    count, total, squares = 0, np.zeros(images.shape[-1]), np.zeros(images.shape[-1])
    first = images[:1].reshape(-1, images.shape[-1])[:1].astype(np.float64) / scale  # large numbers would cancel
    for start in range(0, len(images), block):
        values = images[start : start + block].reshape(-1, images.shape[-1]).astype(np.float64) / scale - first
        count += len(values)
        total += values.sum(0)
        squares += (values**2).sum(0)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return (mean + first[0]).tolist(), np.where(std > 0, std, 1.0).tolist()
