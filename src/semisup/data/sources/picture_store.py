"""Picture files into a store: decoded by several threads, written block by block, never all in memory."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.data.sources.holdout import carve_test
from semisup.data.sources.layout import ImageFiles, Layout
from semisup.data.sources.pictures import decode
from semisup.data.store import finish_store, write_array, written_atomically

BLOCK = 256  # pictures in memory at a time


def import_pictures(
    folder: Path,
    name: str,
    layout: Layout,
    size: tuple[int, int],
    grey: bool = False,
    test_fraction: float = 0.0,
    skip_unreadable: bool = False,
) -> None:
    """Writes the pictures of `layout`, brought to `size` (H, W), as a store in `folder`.

    Without a test folder, `test_fraction` of each class becomes the test set. Raises SemisupError naming the files that
    cannot be read; with `skip_unreadable` they are left out and listed in skipped.txt.
    """
    pool, test, labelable = divide(layout, test_fraction)
    for line in layout.notes:
        tell(line)
    shape = (*size, 1 if grey else 3)
    with written_atomically(folder) as draft:
        with progress(f"Importing {name}", len(pool.paths) + len(test.paths)) as advance:
            broken = write_images(draft / "images.npy", pool.paths, shape, advance)
            broken_test = write_images(draft / "test_images.npy", test.paths, shape, advance)
        if unreadable := {**broken, **broken_test}:
            report_unreadable(layout, unreadable, skip_unreadable)
            labelable -= len(broken.keys() & set(pool.paths[:labelable]))
            pool = drop(draft / "images.npy", pool, broken)
            test = drop(draft / "test_images.npy", test, broken_test)
            for target in set(range(len(layout.classes))) - set(pool.targets[:labelable].tolist()):
                raise SemisupError(f"No labeled picture of class '{layout.classes[target]}' can be read.")
            (draft / "skipped.txt").write_text("".join(f"{relative(layout, path)}\n" for path in unreadable))
        for prefix, part in (("", pool), ("test_", test)):
            write_array(draft / f"{prefix}targets.npy", [part.targets], part.targets.shape, "int64")
        finish_store(draft, name, layout.classes, labelable, (relative(layout, path) for path in pool.paths))


def divide(layout: Layout, test_fraction: float) -> tuple[ImageFiles, ImageFiles, int]:
    """The pool (labeled pictures first), the test set, and how many of the pool are labeled.

    Reviewed pictures are never tested on: the test set is the same with and without them.
    """
    labeled, test = layout.labeled, layout.test
    if test is None:
        stay, tested = carve_test(labeled.targets, test_fraction)
        test = ImageFiles([labeled.paths[row] for row in tested], labeled.targets[tested])
        labeled = ImageFiles([labeled.paths[row] for row in stay], labeled.targets[stay])
    elif test_fraction:
        raise SemisupError(f"{layout.root} already has a test folder; set data.test_fraction to 0.")
    parts = (labeled, layout.reviewed, layout.unlabeled)
    pool = ImageFiles([path for part in parts for path in part.paths], np.concatenate([part.targets for part in parts]))
    return pool, test, len(labeled.paths) + len(layout.reviewed.paths)


def write_images(
    file: Path, paths: list[Path], shape: tuple[int, int, int], advance: Callable[[int], None]
) -> dict[Path, str]:
    """Decodes `paths` into a .npy file of (N, *shape) uint8. Returns why some are unreadable; those are black in it."""
    broken: dict[Path, str] = {}

    def attempt(path: Path) -> NDArray[np.uint8]:
        try:
            return decode(path, shape[:2], grey=shape[2] == 1)
        except (ValueError, OSError) as error:
            broken[path] = str(error)
            return np.zeros(shape, np.uint8)

    def blocks() -> Iterator[NDArray[np.uint8]]:
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(paths), BLOCK):
                yield np.stack(list(pool.map(attempt, paths[start : start + BLOCK])))
                advance(min(BLOCK, len(paths) - start))

    write_array(file, blocks(), (len(paths), *shape), "uint8")
    return {path: broken[path] for path in paths if path in broken}


def drop(file: Path, part: ImageFiles, broken: dict[Path, str]) -> ImageFiles:
    """Takes the rows of the broken pictures out of an array file and out of `part`."""
    if not broken:
        return part
    kept = np.array([row for row, path in enumerate(part.paths) if path not in broken], dtype=np.int64)
    old = np.load(file, mmap_mode="r")
    blocks = (old[kept[start : start + BLOCK]] for start in range(0, len(kept), BLOCK))
    write_array(file.with_suffix(".kept"), blocks, (len(kept), *old.shape[1:]), "uint8")
    file.with_suffix(".kept").replace(file)
    return ImageFiles([part.paths[row] for row in kept], part.targets[kept])


def report_unreadable(layout: Layout, unreadable: dict[Path, str], skip: bool) -> None:
    """Says which files cannot be read: on stderr when they are to be skipped, else as a SemisupError."""
    lines = [f"{relative(layout, path)} ({why})" for path, why in unreadable.items()]
    if not skip:
        more = f" and {len(lines) - 5:,} more" if len(lines) > 5 else ""
        raise SemisupError(
            f"{len(lines):,} of {len(layout.paths):,} files in {layout.root} cannot be read as pictures: "
            f"{', '.join(lines[:5])}{more}; mend or delete them, or leave them out with data.skip_unreadable=true."
        )
    tell(f"Skipped {len(lines):,} unreadable files in {layout.root}:")
    for line in lines:
        tell(f"  {line}")


def relative(layout: Layout, path: Path) -> str:
    return path.relative_to(layout.root).as_posix()


def tell(line: str) -> None:
    """A line to the user, past whatever reads stdout."""
    from rich.console import Console

    Console(stderr=True, soft_wrap=True).print(line, markup=False, highlight=False)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr; yields the function that moves it on."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)
