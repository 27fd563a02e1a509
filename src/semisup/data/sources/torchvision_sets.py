"""The benchmark data sets that torchvision reads or downloads."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np

from semisup.core.errors import SemisupError
from semisup.core.ranges import UserPath, enforce_ranges
from semisup.data.sources.duplicates import Duplicates, find_duplicates, report_duplicates
from semisup.data.sources.holdout import carve_test
from semisup.data.sources.stored import import_command
from semisup.data.store import UNKNOWN, Store, open_store, store_folder
from semisup.data.store_writer import Arrays, write_store

TorchvisionName = Literal["cifar10", "cifar100", "mnist", "fashion_mnist", "svhn", "stl10", "eurosat"]
_Parts = tuple[tuple[str, ...], Arrays, Arrays, Arrays | None]  # classes, train, test, extra

# Where torchvision keeps the files of each set, below its root.
_FILES = {
    "cifar10": "cifar-10-batches-py",
    "cifar100": "cifar-100-python",
    "mnist": "MNIST/raw",
    "fashion_mnist": "FashionMNIST/raw",
    "svhn": "train_32x32.mat",
    "stl10": "stl10_binary",
    "eurosat": "eurosat/2750",
}
_WITH_EXTRA = ("svhn", "stl10")
_TEST_FRACTION = 0.2  # of each class of EuroSAT, which has no test set
_SUFFIX = {"keep": "", "drop": "_without_duplicates", "refuse": "_refusing_duplicates"}  # of a store's name
_DIGITS = tuple("0123456789")
_TIMEOUT = 30.0  # seconds without a byte after which a download fails


@enforce_ranges
def torchvision_set(
    data_dir: Path | UserPath, name: TorchvisionName, extra: bool = True, duplicates: Duplicates = "keep"
) -> Store:
    """A benchmark data set, (N, H, W, C) uint8, from torchvision's files, which are downloaded if they are missing.

    Args:
        data_dir: The directory of all data, which is torchvision's root, too.
        name: The data set's name.
        extra: Whether SVHN's 531,131 extra images, with their targets, and STL-10's 100,000 unlabeled ones follow the
            training images. They are never drawn as labeled ones.
        duplicates: What happens to pictures that are byte for byte in the test set, in two classes, or there before:
            keep names some at the first use, drop leaves them out of training, refuse stops. Near-duplicates stay.

    Returns:
        The store.

    Raises:
        SemisupError: If the files are damaged, or missing and cannot be downloaded, or have pictures twice that are to
            be refused.
    """
    root = Path(data_dir).expanduser()
    less = "" if extra or name not in _WITH_EXTRA else "_without_extra"
    folder = store_folder(root, f"{name}{less}{_SUFFIX[duplicates]}")
    if not folder.exists():
        write_store(
            folder, name, *_less_duplicates(_fetch(root, name, extra, folder), str(root / _FILES[name]), duplicates)
        )
    return open_store(folder)


def _fetch(root: Path, name: TorchvisionName, extra: bool, folder: Path) -> _Parts:
    """The set's arrays from torchvision's files, after an attempt to download what is missing."""
    files = root / _FILES[name]
    found = files.is_file() or (files.is_dir() and any(files.iterdir()))
    try:
        return _READERS[name](root, False, extra)
    except Exception as error:  # torchvision and pickle raise nearly anything on files that are missing or damaged
        damage = _reason(error)
    try:
        with _socket_timeout():
            return _READERS[name](root, True, extra)
    except Exception as error:  # a failed download raises nearly anything, too
        if found:
            less = ", or leave the extra images out with extra=false" if name == "svhn" and extra else ""
            raise SemisupError(
                f"{files} is damaged or incomplete ({damage}) and could not be completed by a download "
                f"({_reason(error)}); put torchvision's original files there, or delete it{less}."
            ) from error
        raise SemisupError(
            f"there is no {name} in {root}: neither the store {folder} nor torchvision's files {files}, and the "
            f"download failed ({_reason(error)}); import it with `{import_command(folder.name, root)}`, where DIR "
            "holds train/<class>/ and test/<class>/, or put torchvision's files there."
        ) from error


def _cifar(root: Path, download: bool, classes: int) -> _Parts:
    from torchvision import datasets

    read = datasets.CIFAR100 if classes == 100 else datasets.CIFAR10
    train, test = (read(root, train=part, download=download) for part in (True, False))
    return tuple(train.classes), (train.data, np.array(train.targets)), (test.data, np.array(test.targets)), None


def _mnist(root: Path, download: bool, fashion: bool) -> _Parts:
    from torchvision import datasets

    read = datasets.FashionMNIST if fashion else datasets.MNIST
    parts = [read(root, train=part, download=download) for part in (True, False)]
    train, test = ((part.data.numpy()[..., None], part.targets.numpy()) for part in parts)
    return (tuple(read.classes) if fashion else _DIGITS), train, test, None


def _svhn(root: Path, download: bool, extra: bool) -> _Parts:
    from torchvision import datasets

    def read(split: str) -> Arrays:
        part = datasets.SVHN(root, split=split, download=download)
        return part.data.transpose(0, 2, 3, 1), part.labels

    return _DIGITS, read("train"), read("test"), read("extra") if extra else None


def _stl10(root: Path, download: bool, extra: bool) -> _Parts:
    from torchvision import datasets

    def read(split: str) -> Arrays:
        part = datasets.STL10(root, split=split, download=download)
        targets = np.full(len(part.data), UNKNOWN) if split == "unlabeled" else part.labels.astype(np.int64)
        return part.data.transpose(0, 2, 3, 1), targets

    train, test, unlabeled = read("train"), read("test"), read("unlabeled") if extra else None
    return tuple(datasets.STL10(root).classes), train, test, unlabeled


def _eurosat(root: Path, download: bool, extra: bool) -> _Parts:
    from torchvision import datasets

    found = datasets.EuroSAT(str(root), download=download)
    images = np.stack([np.asarray(image) for image, _ in found])
    targets = np.array(found.targets)
    train, test = carve_test(targets, _TEST_FRACTION)
    return tuple(found.classes), (images[train], targets[train]), (images[test], targets[test]), None


def _less_duplicates(parts: _Parts, place: str, duplicates: Duplicates) -> _Parts:
    classes, train, test, extra = parts
    both = [train, *([extra] if extra else [])]
    targets = np.concatenate([part[1] for part in both])
    found = find_duplicates(chain.from_iterable(part[0] for part in both), targets, test[0])
    kept = np.ones(len(targets), bool)
    kept[report_duplicates(found, place, duplicates, "training image {:,}".format, "test image {:,}".format)] = False
    left = [(part[0][rows], part[1][rows]) for part, rows in zip(both, np.split(kept, [len(train[1])]), strict=False)]
    return classes, left[0], test, left[1] if extra else None


_READERS: dict[str, Callable[[Path, bool, bool], _Parts]] = {
    "cifar10": lambda root, download, _: _cifar(root, download, classes=10),
    "cifar100": lambda root, download, _: _cifar(root, download, classes=100),
    "mnist": lambda root, download, _: _mnist(root, download, fashion=False),
    "fashion_mnist": lambda root, download, _: _mnist(root, download, fashion=True),
    "svhn": _svhn,
    "stl10": _stl10,
    "eurosat": _eurosat,
}


@contextmanager
def _socket_timeout() -> Iterator[None]:
    """Sets a timeout for sockets: torchvision has none, and would wait for minutes behind some firewalls."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _reason(error: Exception) -> str:
    """The last line of an error's text, where torchvision puts the reason."""
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
