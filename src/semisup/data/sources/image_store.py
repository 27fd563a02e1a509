"""Writes image files as a store: decoded by several threads, block by block, never all in memory."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semisup.core.atomic_files import atomic_folder
from semisup.core.errors import SemisupError
from semisup.core.text import printable
from semisup.data.sources.duplicates import Duplicates, find_duplicates, report_duplicates
from semisup.data.sources.holdout import carve_test
from semisup.data.sources.images import MAX_MEGAPIXELS, decode
from semisup.data.sources.layout import ImageFiles, Layout
from semisup.data.store_writer import finish_store, write_array

_BLOCK = 256  # images in memory at a time


def import_images(
    folder: Path,
    name: str,
    layout: Layout,
    size: tuple[int, int],
    gray: bool = False,
    test_fraction: float = 0.0,
    skip_unreadable: bool = False,
    duplicates: Duplicates = "keep",
    max_megapixels: float = MAX_MEGAPIXELS,
) -> None:
    """Writes the images of a folder as a store.

    Args:
        folder: The store's folder.
        name: The data set's name.
        layout: The images.
        size: (H, W) of the store's images.
        gray: Whether they have one channel.
        test_fraction: The fraction of each class that is the test set, if there is no test folder.
        skip_unreadable: Whether files that cannot be read are left out, and listed in skipped.txt.
        duplicates: What happens to the same picture in training and test, in two classes, or twice: it is kept and
            named, dropped from the training images (of several in one class, the first stays), or refused.
        max_megapixels: The largest image that is decoded.

    Raises:
        SemisupError: If files cannot be read, or none of a class, or pictures are refused.
    """
    train, test = _divide(layout, test_fraction)
    for line in layout.notes:
        _print(line)
    shape = (*size, 1 if gray else 3)
    with atomic_folder(folder) as temporary:
        with _progress(f"Importing {name}", len(train.paths) + len(test.paths)) as advance:
            broken = _write_images(temporary / "images.npy", train.paths, shape, max_megapixels, advance)
            broken_test = _write_images(temporary / "test_images.npy", test.paths, shape, max_megapixels, advance)
        if unreadable := {**broken, **broken_test}:
            _report_unreadable(layout, unreadable, skip_unreadable)
            train = _drop(temporary / "images.npy", train, broken)
            test = _drop(temporary / "test_images.npy", test, broken_test)
            for target in set(range(len(layout.classes))) - set(train.targets.tolist()):
                raise SemisupError(f"no labeled image of class '{layout.classes[target]}' can be read; add one.")
            lines = "".join(f"{printable(_relative(layout, path))}\n" for path in unreadable)
            (temporary / "skipped.txt").write_text(lines, encoding="utf-8")
        if dropped := _report_duplicates(temporary, layout, train, test, duplicates):
            train = _drop(temporary / "images.npy", train, dropped)
            for target in set(range(len(layout.classes))) - set(train.targets.tolist()):
                raise SemisupError(
                    f"every labeled image of class '{layout.classes[target]}' is in the test set or another class, "
                    "too; add one, or set data.duplicates=keep."
                )
        for prefix, part in (("", train), ("test_", test)):
            write_array(temporary / f"{prefix}targets.npy", [part.targets], part.targets.shape, "int64")
        finish_store(temporary, name, layout.classes, files=(_relative(layout, path) for path in train.paths))


def _divide(layout: Layout, test_fraction: float) -> tuple[ImageFiles, ImageFiles]:
    """The images to train with, and the test set. Both are the same whether or not a table labels unlabeled images."""
    labeled, test = layout.labeled, layout.test
    if test is None:
        stay, tested = carve_test(labeled.targets, test_fraction)
        test = ImageFiles([labeled.paths[row] for row in tested], labeled.targets[tested])
        labeled = ImageFiles([labeled.paths[row] for row in stay], labeled.targets[stay])
    elif test_fraction:
        raise SemisupError(f"{layout.root} already has a test folder; set data.test_fraction to 0.")
    targets = np.concatenate([labeled.targets, layout.unlabeled.targets])
    return ImageFiles([*labeled.paths, *layout.unlabeled.paths], targets), test


def _write_images(
    file: Path,
    paths: list[Path],
    shape: tuple[int, int, int],
    max_megapixels: float,
    advance: Callable[[int], None],
) -> dict[Path, str]:
    """Decodes `paths` into a .npy file of (N, *shape) uint8. Returns why some are unreadable; those are black in it."""
    broken: dict[Path, str] = {}

    def attempt(path: Path) -> NDArray[np.uint8]:
        try:
            return decode(path, shape[:2], gray=shape[2] == 1, max_megapixels=max_megapixels)
        except (ValueError, OSError) as error:
            broken[path] = str(error)
            return np.zeros(shape, np.uint8)

    def blocks() -> Iterator[NDArray[np.uint8]]:
        with ThreadPoolExecutor() as threads:
            for start in range(0, len(paths), _BLOCK):
                yield np.stack(list(threads.map(attempt, paths[start : start + _BLOCK])))
                advance(min(_BLOCK, len(paths) - start))

    write_array(file, blocks(), (len(paths), *shape), "uint8")
    return {path: broken[path] for path in paths if path in broken}


def _drop(file: Path, part: ImageFiles, dropped: Collection[Path]) -> ImageFiles:
    """Takes the rows of some images out of an array file and out of `part`."""
    if not dropped:
        return part
    kept = np.array([row for row, path in enumerate(part.paths) if path not in dropped], dtype=np.int64)
    old = np.load(file, mmap_mode="r")
    blocks = (old[kept[start : start + _BLOCK]] for start in range(0, len(kept), _BLOCK))
    write_array(file.with_suffix(".kept"), blocks, (len(kept), *old.shape[1:]), "uint8")
    file.with_suffix(".kept").replace(file)
    return ImageFiles([part.paths[row] for row in kept], part.targets[kept])


def _report_unreadable(layout: Layout, unreadable: dict[Path, str], skip: bool) -> None:
    """Lists the files that cannot be read: on stderr if they are skipped, else in a SemisupError."""
    lines = [f"{printable(_relative(layout, path))} ({why})" for path, why in unreadable.items()]
    if not skip:
        more = f" and {len(lines) - 5:,} more" if len(lines) > 5 else ""
        raise SemisupError(
            f"{len(lines):,} of {len(layout.paths):,} files in {layout.root} cannot be read as images: "
            f"{', '.join(lines[:5])}{more}; fix or delete them, or skip them with data.skip_unreadable=true."
        )
    _print(f"Skipped {len(lines):,} unreadable files in {layout.root}:")
    for line in lines:
        _print(f"  {line}")


def _report_duplicates(
    folder: Path, layout: Layout, train: ImageFiles, test: ImageFiles, duplicates: Duplicates
) -> set[Path]:
    """The images to drop because their pictures are there twice. All are named, on stderr or in a SemisupError."""
    images, test_images = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("images", "test_images"))
    name_train, name_test = (
        lambda row, p=paths: printable(_relative(layout, p[row])) for paths in (train.paths, test.paths)
    )
    found = find_duplicates(images, train.targets, test_images)
    dropped = report_duplicates(found, str(layout.root), duplicates, name_train, name_test)
    return {train.paths[row] for row in dropped}


def _relative(layout: Layout, path: Path) -> str:
    return path.relative_to(layout.root).as_posix()


def _print(line: str) -> None:
    """Prints a line on stderr, as other programs may read stdout."""
    from rich.console import Console

    Console(stderr=True, soft_wrap=True).print(line, markup=False, highlight=False)


@contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows a progress bar on stderr; yields the function that advances it."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)
