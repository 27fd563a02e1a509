"""A data set on disk: memory-mapped arrays, written once and atomically.

A store is a folder of .npy files and a meta.json:

    images.npy        (N, H, W, C) uint8, or (N, D) float32 for a table of numbers
    targets.npy       (N,) int64, -1 where nobody knows the class
    test_images.npy   the test set, in the same form; may have no rows
    test_targets.npy
    files.txt         optional: where each of the N images came from, one path a line

Images are kept channels-last, as decoders produce them and as convolutions run fastest.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError

TEST_FILES = ("test_images.npy", "test_targets.npy")
UNKNOWN = -1  # the target of an image whose class is not known, or hidden
FORMAT = 1  # raised when the layout changes, so that an old store is refused by name


@dataclass(frozen=True)
class Store:
    """A data set: everything about it that does not depend on which labels one pretends to know.

    images: (N, H, W, C) uint8, or (N, D) float32 for a table. targets: (N,) int64, -1 = unknown.
    Only the first `labelable` images may be drawn as labeled ones (SVHN's `extra` and STL-10's unlabeled images may
    not). mean and std: per channel in [0, 1], or per column, over all N images. fingerprint: hash of the content.
    test_fingerprint: hash of the classes and the test set alone, the same before and after labels were corrected; that
    of the content if None was given. columns: the D names of a table's columns, if it has any.
    """

    name: str
    classes: tuple[str, ...]
    images: NDArray[Any]
    targets: NDArray[np.int64]
    test_images: NDArray[Any]
    test_targets: NDArray[np.int64]
    labelable: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str
    folder: Path | None = None
    test_fingerprint: str = ""
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "test_fingerprint", self.test_fingerprint or self.fingerprint)

    def files(self) -> list[str] | None:
        """Where each image came from, (N,), if the store was made of files."""
        file = self.folder and self.folder / "files.txt"
        if not file or not file.exists():
            return None
        return file.read_text(encoding="utf-8", errors="surrogateescape").split("\n")[:-1]  # as it was written

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input as a network sees it: (C, H, W) for images, (D,) for a row of a table."""
        size = self.images.shape[1:]
        return (size[2], size[0], size[1]) if len(size) == 3 else size

    def hide(self, known: NDArray[np.int64]) -> "Store":
        """The same store, knowing only the targets of the images in `known`; the others' are -1."""
        targets = np.full_like(self.targets, UNKNOWN)
        targets[known] = self.targets[known]
        return replace(self, targets=targets)


def store_folder(data_dir: Path, name: str) -> Path:
    """Where a store lies: apart from torchvision's folders, of which MNIST would be `mnist` on some file systems."""
    return data_dir / "stores" / name


def open_store(folder: Path) -> Store:
    """Opens a store without reading its images. Raises SemisupError, naming the file, if it is incomplete."""
    try:
        meta = json.loads((folder / "meta.json").read_text())
        if meta["format"] != FORMAT:
            raise SemisupError(f"{folder} was written by another version of Semisup; delete it and import it again.")
        for file, size in meta["bytes"].items():
            if (actual := (folder / file).stat().st_size) != size:
                raise SemisupError(
                    f"{folder / file} is damaged: it has {actual:,} bytes instead of {size:,}; "
                    f"delete {folder} and import it again."
                )
        arrays = {key: np.load(folder / f"{key}.npy", mmap_mode="r") for key in ("images", "test_images")}
        targets = {key: np.load(folder / f"{key}.npy") for key in ("targets", "test_targets")}
    except (OSError, ValueError, KeyError) as error:
        raise SemisupError(f"{folder} is not a readable store ({error}); delete it and import it again.") from error
    return Store(
        name=meta["name"],
        classes=tuple(meta["classes"]),
        labelable=meta["labelable"],
        mean=tuple(meta["mean"]),
        std=tuple(meta["std"]),
        fingerprint=meta["fingerprint"],
        folder=folder,
        test_fingerprint=meta.get("test_fingerprint", ""),  # this and the columns are missing in older stores
        columns=tuple(meta.get("columns", ())),
        **arrays,
        **targets,
    )


@contextmanager
def written_atomically(folder: Path) -> Iterator[Path]:
    """A new folder to write in, which takes the name `folder` only when the block has ended without an error.

    A killed or failed import therefore never leaves a folder that is later read. Whoever comes second keeps the first
    one's folder: two runs may import the same data at the same time.
    """
    draft = folder.with_name(f".{folder.name}.draft-{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True)
        yield draft
        try:
            draft.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    except OSError as error:
        raise SemisupError(f"{folder} could not be written ({error.strerror or error}); nothing was kept.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_array(file: Path, blocks: Iterable[NDArray[Any]], shape: tuple[int, ...], dtype: str) -> None:
    """Writes an array that need not fit in memory to a .npy file, block after block along the first axis.

    Through write(), not through a memory map: a full disk is then an OSError and not a killed process.
    """
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    rows = 0
    with file.open("wb") as out:
        np.lib.format.write_array_header_1_0(out, header)
        for block in blocks:
            rows += len(block)
            for start in range(0, len(block), 4096):  # a block may be a transposed array of gigabytes: no whole copy
                out.write(np.ascontiguousarray(block[start : start + 4096], dtype=dtype).data)
    if rows != shape[0]:
        raise ValueError(f"{file.name}: {rows} rows were given where {shape[0]} were announced")


def finish_store(
    draft: Path,
    name: str,
    classes: Iterable[str],
    labelable: int | None = None,
    files: Iterable[str] | None = None,
    columns: Iterable[str] = (),
) -> None:
    """Writes meta.json beside the four arrays in `draft`: sizes, statistics and fingerprint are derived from them."""
    if files is not None:
        lines = "".join(f"{file}\n" for file in files)
        (draft / "files.txt").write_text(lines, encoding="utf-8", errors="surrogateescape")
    images = np.load(draft / "images.npy", mmap_mode="r")
    mean, std = statistics(images)
    paths = sorted(path for path in draft.iterdir() if path.suffix in {".npy", ".txt"})
    classes = list(classes)
    digest, test_digest = hashlib.sha256(), hashlib.sha256(json.dumps(classes).encode())
    for path in paths:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        digest.update(content)
        if path.name in TEST_FILES:
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
    }
    (draft / "meta.json").write_text(json.dumps(meta, indent=1))


def write_store(
    folder: Path,
    name: str,
    classes: Iterable[str],
    train: tuple[NDArray[Any], NDArray[Any]],
    test: tuple[NDArray[Any], NDArray[Any]],
    extra: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> None:
    """Writes arrays in memory as a store. `extra` are images that may be used unlabeled only.

    Each pair is images (N, H, W, C) uint8 or (N, D) float32, and targets (N,), -1 = unknown.
    """
    parts = [train] if extra is None else [train, extra]
    kind = "uint8" if train[0].ndim == 4 else "float32"
    with written_atomically(folder) as draft:
        for prefix, pairs in (("", parts), ("test_", [test])):
            rows = sum(len(images) for images, _ in pairs)
            shape = (rows, *train[0].shape[1:])
            write_array(draft / f"{prefix}images.npy", (images for images, _ in pairs), shape, kind)
            write_array(draft / f"{prefix}targets.npy", (targets for _, targets in pairs), (rows,), "int64")
        finish_store(draft, name, classes, labelable=len(train[0]))


def statistics(images: NDArray[Any], block: int = 4096) -> tuple[list[float], list[float]]:
    """Mean and standard deviation per channel in [0, 1] (images) or per column (table), read block by block."""
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
    return (mean + first[0]).tolist(), np.where(std > 0, std, 1.0).tolist()  # a constant channel is only centered
