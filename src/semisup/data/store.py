"""A data set on disk: memory-mapped arrays, written once and atomically.

A store is a folder of .npy files and a meta.json:

    images.npy        (N, H, W, C) uint8, or (N, D) float32 for a table of numbers
    targets.npy       (N,) int64, -1 where the class is unknown
    test_images.npy   the test set, in the same form; may have no rows
    test_targets.npy
    files.txt         optional: where each of the N images came from, one path a line; if a path has a line break, each
                      ends with a zero byte instead

Images are channels-last, as decoders produce them and as convolutions run fastest.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.core.checksums import check_json_seal, checksum
from semisup.core.errors import SemisupError

UNKNOWN = -1  # the target of an image whose class is unknown or hidden
OUTLIER = -2  # the target of an image that is known to be of none of the K classes
FORMAT = 1  # raised when the layout changes, so that an old store is refused by name


@dataclass(frozen=True)
class Store:
    """A data set: all that does not depend on which labels are used.

    Args:
        name: The data set's name.
        classes: The K names of the classes.
        images: (N, H, W, C) uint8, or (N, D) float32 for a table.
        targets: (N,) int64, UNKNOWN and OUTLIER among them.
        test_images: The test set's, (M, H, W, C) or (M, D).
        test_targets: The test set's, (M,) int64, OUTLIER among them.
        labelable: Only the first so many images may be drawn as labeled ones; SVHN's and STL-10's extra images may not.
        mean: Per channel in [0, 1], or per column, over all N images.
        std: The same of the standard deviation.
        fingerprint: A hash of the content.
        folder: Where the store is, if on disk.
        test_fingerprint: A hash of the classes and the test set, which stays when labels are corrected; `fingerprint`
            if empty.
        columns: The D names of a table's columns, if it has any.
        frozen_network: A hash of the network whose features are in the place of the images; empty if none is.
        unknown_classes: The names of the classes whose images have the target OUTLIER.
        images_fingerprint: A hash of the images, test images included, which stays when labels are added; `fingerprint`
            if empty.
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
    frozen_network: str = ""
    unknown_classes: tuple[str, ...] = ()
    images_fingerprint: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "test_fingerprint", self.test_fingerprint or self.fingerprint)
        object.__setattr__(self, "images_fingerprint", self.images_fingerprint or self.fingerprint)

    def files(self) -> list[str] | None:
        """Where each image came from, (N,), if the store was made of files."""
        file = self.folder and self.folder / "files.txt"
        if not file or not file.exists():
            return None
        text = file.read_bytes().decode(errors="surrogateescape")  # of names that are no text, too
        return text.split("\0" if "\0" in text else "\n")[:-1]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input as a network takes it: (C, H, W) for images, (D,) for a row or an embedding."""
        size = self.images.shape[1:]
        return (size[2], size[0], size[1]) if len(size) == 3 else size[-1:]

    @property
    def is_embedded(self) -> bool:
        """Whether features of a frozen network, (N, V, D) for V views, take the place of the images."""
        return self.images.ndim == 3

    @property
    def scored(self) -> NDArray[np.int64]:
        """The rows of the test images of the K classes."""
        return np.flatnonzero(self.test_targets >= 0)

    def hide(self, known: NDArray[np.int64]) -> "Store":
        """Hides the targets of all images but some.

        Args:
            known: The images whose targets stay, (n,).

        Returns:
            Another store over the same images, with target -1 for the others.
        """
        targets = np.full_like(self.targets, UNKNOWN)
        targets[known] = self.targets[known]
        return replace(self, targets=targets)


def store_folder(data_dir: Path | str, name: str) -> Path:
    """The folder of a store.

    Stores have a folder of their own, as torchvision's MNIST would be `mnist` on some file systems.

    Args:
        data_dir: The directory of all data; `~` is the home directory.
        name: The store's name.

    Returns:
        The folder, which may not exist yet.
    """
    return Path(data_dir).expanduser() / "stores" / name


def open_store(folder: Path) -> Store:
    """Opens a store, and compares its files with their checksums.

    Args:
        folder: The store's folder.

    Returns:
        The store, with memory-mapped images.

    Raises:
        SemisupError: If a file is missing or damaged.
    """
    remedy = f"delete {folder} and import it again"
    try:
        meta = json.loads((folder / "meta.json").read_text())
        if meta["format"] != FORMAT:
            raise SemisupError(f"{folder} was written by another version of Semisup; delete it and import it again.")
        try:
            check_json_seal(meta)
        except ValueError as error:
            raise SemisupError(f"{folder / 'meta.json'} is damaged: {error}; {remedy}.") from error
        for file, size in meta["bytes"].items():
            if (actual := (folder / file).stat().st_size) != size:
                raise SemisupError(
                    f"{folder / file} is damaged: it has {actual:,} bytes instead of {size:,}; {remedy}."
                )
        if damaged := _changed_file(folder, meta):
            raise SemisupError(f"{damaged} is damaged: its content does not match its checksum; {remedy}.")
        arrays = {key: np.load(folder / f"{key}.npy", mmap_mode="r") for key in ("images", "test_images")}
        targets = {key: np.load(folder / f"{key}.npy") for key in ("targets", "test_targets")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SemisupError(f"{folder} is not a readable store ({error}); delete it and import it again.") from error
    return Store(
        name=meta["name"],
        classes=tuple(meta["classes"]),
        labelable=meta["labelable"],
        mean=tuple(meta["mean"]),
        std=tuple(meta["std"]),
        fingerprint=meta["fingerprint"],
        folder=folder,
        test_fingerprint=meta.get("test_fingerprint", ""),  # older stores have neither this nor the columns
        columns=tuple(meta.get("columns", ())),
        images_fingerprint=_images_fingerprint(meta),
        **arrays,
        **targets,
    )


def _images_fingerprint(meta: dict[str, Any]) -> str:
    """A hash of both files of images; empty for an older store, which has one hash of everything."""
    contents = [meta["sha256"][f"{name}.npy"] for name in ("images", "test_images")] if "sha256" in meta else []
    return hashlib.sha256("\n".join(contents).encode()).hexdigest() if contents else ""


def _changed_file(folder: Path, meta: dict[str, Any]) -> Path | None:
    """The file that is not as it was written, if there is one; the folder of an older store, which has one hash."""
    contents = {name: checksum(folder / name) for name in meta["bytes"]}
    if "sha256" not in meta:
        whole = hashlib.sha256(b"".join(contents.values())).hexdigest()
        return None if whole == meta["fingerprint"] else folder
    return next((folder / name for name, content in contents.items() if content.hex() != meta["sha256"][name]), None)
