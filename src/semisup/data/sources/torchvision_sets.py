"""The benchmark sets that torchvision can read or fetch."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError, did_you_mean
from semisup.data.store import UNKNOWN, Store, open_store, store_folder, write_store

Name = Literal["cifar10", "cifar100", "mnist", "fashion_mnist", "svhn", "stl10"]
Arrays = tuple[NDArray[Any], NDArray[Any]]  # images (N, H, W, C) uint8, targets (N,)
Parts = tuple[tuple[str, ...], Arrays, Arrays, Arrays | None]  # classes, train, test, extra

# Where torchvision keeps the files of each set, below its root.
LAYOUTS = {
    "cifar10": "cifar-10-batches-py",
    "cifar100": "cifar-100-python",
    "mnist": "MNIST/raw",
    "fashion_mnist": "FashionMNIST/raw",
    "svhn": "train_32x32.mat",
    "stl10": "stl10_binary",
}
WITH_EXTRA = ("svhn", "stl10")
DIGITS = tuple("0123456789")
PATIENCE = 30.0  # seconds without a byte after which a download is given up


def torchvision_set(data_dir: Path, name: Name, extra: bool = True) -> Store:
    """A benchmark set as (N, H, W, C) uint8: the store if there is one, else torchvision's files, else a download.

    extra: whether SVHN's 531,131 extra images (with their targets) and STL-10's 100,000 unlabeled ones (targets -1)
    follow the training images; they are never drawn as labeled ones. Raises SemisupError if nothing can be had.
    """
    if name not in LAYOUTS:
        raise SemisupError(f"torchvision_set knows no '{name}': {did_you_mean(name, LAYOUTS)}")
    folder = store_folder(data_dir, name if extra or name not in WITH_EXTRA else f"{name}_without_extra")
    if not folder.exists():
        classes, train, test, more = fetch(data_dir, name, extra, folder)
        write_store(folder, name, classes, train, test, more)
    return open_store(folder)


def fetch(data_dir: Path, name: Name, extra: bool, folder: Path) -> Parts:
    """The set's arrays from torchvision's files in `data_dir`, after an attempt to download what is missing there."""
    layout = data_dir / LAYOUTS[name]
    found = layout.is_file() or (layout.is_dir() and any(layout.iterdir()))
    try:
        return READERS[name](data_dir, False, extra)
    except Exception as error:  # torchvision and pickle raise nearly anything on files that are missing or damaged
        damage = short(error)
    try:
        with patience():
            return READERS[name](data_dir, True, extra)
    except Exception as error:  # a failed download raises nearly anything, too
        if found:
            less = ", or leave the extra images out with extra=false" if name == "svhn" and extra else ""
            raise SemisupError(
                f"{layout} is damaged or incomplete ({damage}) and could not be completed by a download "
                f"({short(error)}); put torchvision's original files there, or delete it{less}."
            ) from error
        raise SemisupError(
            f"There is no {name} in {data_dir}: neither the store {folder} nor torchvision's files {layout}, and the "
            f"download failed ({short(error)}); bring it in with `python scripts/import_data.py {folder.name} DIR "
            f"--data-dir {data_dir}`, DIR holding train/<class>/ and test/<class>/, or put torchvision's files there."
        ) from error


def cifar(root: Path, download: bool, hundred: bool) -> Parts:
    from torchvision import datasets

    read = datasets.CIFAR100 if hundred else datasets.CIFAR10
    train, test = (read(root, train=part, download=download) for part in (True, False))
    return tuple(train.classes), (train.data, np.array(train.targets)), (test.data, np.array(test.targets)), None


def mnist(root: Path, download: bool, fashion: bool) -> Parts:
    from torchvision import datasets

    read = datasets.FashionMNIST if fashion else datasets.MNIST
    parts = [read(root, train=part, download=download) for part in (True, False)]
    train, test = ((part.data.numpy()[..., None], part.targets.numpy()) for part in parts)
    return (tuple(read.classes) if fashion else DIGITS), train, test, None


def svhn(root: Path, download: bool, extra: bool) -> Parts:
    from torchvision import datasets

    def read(split: str) -> Arrays:
        part = datasets.SVHN(root, split=split, download=download)
        return part.data.transpose(0, 2, 3, 1), part.labels

    return DIGITS, read("train"), read("test"), read("extra") if extra else None


def stl10(root: Path, download: bool, extra: bool) -> Parts:
    from torchvision import datasets

    def read(split: str) -> Arrays:
        part = datasets.STL10(root, split=split, download=download)
        targets = np.full(len(part.data), UNKNOWN) if split == "unlabeled" else part.labels.astype(np.int64)
        return part.data.transpose(0, 2, 3, 1), targets

    train, test, unlabeled = read("train"), read("test"), read("unlabeled") if extra else None
    return tuple(datasets.STL10(root).classes), train, test, unlabeled


READERS: dict[str, Callable[[Path, bool, bool], Parts]] = {
    "cifar10": lambda root, download, _: cifar(root, download, hundred=False),
    "cifar100": lambda root, download, _: cifar(root, download, hundred=True),
    "mnist": lambda root, download, _: mnist(root, download, fashion=False),
    "fashion_mnist": lambda root, download, _: mnist(root, download, fashion=True),
    "svhn": svhn,
    "stl10": stl10,
}


@contextmanager
def patience() -> Iterator[None]:
    """Gives sockets a time limit: torchvision sets none, and some firewalls would hold it for minutes."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def short(error: Exception) -> str:
    """The last line that an error says, which is where torchvision puts the reason."""
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
