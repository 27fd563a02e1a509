"""Brings pictures in class folders in as a data set with a name, so that e.g. `data=cifar10` works without a network.

    python scripts/import_data.py cifar10 DIR --data-dir DATA

DIR holds train/<class>/ and test/<class>/, or, with --test-fraction, the class folders themselves.
"""

import argparse
import os
import re
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from semisup.core.errors import SemisupError, exit_code
from semisup.data.sources.layout import ImageFiles, Layout, read_layout
from semisup.data.sources.picture_store import import_pictures
from semisup.data.sources.pictures import survey
from semisup.data.store import open_store, store_folder

# The official order of the classes where it is not the sorted one.
OFFICIAL = {
    "fashion_mnist": (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    )
}


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    return exit_code(lambda: import_named(options))


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("name", help="the data set's name, e.g. cifar10")
    result.add_argument("directory", type=Path, metavar="DIR", help="the folder with the pictures")
    default = Path(os.environ.get("SEMISUP_DATA", "data"))
    result.add_argument("--data-dir", type=Path, default=default, help="where stores are kept (default: %(default)s)")
    result.add_argument("--size", type=int, help="height and width in pixels (default: the pictures' own)")
    result.add_argument("--test-fraction", type=float, default=0.0, help="share to test on where there is no test/")
    result.add_argument("--skip-unreadable", action="store_true", help="leave out files that cannot be read")
    result.add_argument("--grey", action="store_true", help="one channel (default: only if all pictures are grey)")
    result.add_argument("--overwrite", action="store_true", help="replace the store of that name")
    return result


def import_named(options: argparse.Namespace) -> None:
    """Imports as the options say and prints what there is now. Raises SemisupError."""
    if not re.fullmatch(r"\w[\w-]*", options.name):
        raise SemisupError(f"'{options.name}' cannot be a data set's name; use letters, digits, _ and -.")
    folder = store_folder(options.data_dir, options.name)
    if folder.exists() and not options.overwrite:
        raise SemisupError(f"{folder} is already there; add --overwrite to replace it.")
    start = time.monotonic()
    layout = in_official_order(read_layout(options.directory), options.name)
    size, grey = form(layout, options.size, options.grey)
    draft = folder.with_name(f".{options.name}.new") if options.overwrite else folder
    if options.overwrite:
        shutil.rmtree(draft, ignore_errors=True)  # of a run that was killed
    import_pictures(draft, options.name, layout, size, grey, options.test_fraction, options.skip_unreadable)
    if options.overwrite:  # the old store goes only now that the new one is whole
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    store = open_store(folder)
    print(
        f"{options.name}: {len(store.images):,} train and {len(store.test_images):,} test images of shape {store.shape}"
        f" in {len(store.classes)} classes, {time.monotonic() - start:.0f} s, in {folder}"
    )


def form(layout: Layout, size: int | None, grey: bool) -> tuple[tuple[int, int], bool]:
    """Height and width of the images to be, and whether they have one channel. Raises SemisupError if unclear."""
    sizes, modes = survey(layout.paths)
    grey = grey or modes <= {"L"}
    if size is not None:
        if size < 1:
            raise SemisupError(f"--size is {size}; it must be at least 1 pixel.")
        return (size, size), grey
    if len(sizes) != 1:
        found = f"have {len(sizes)} different sizes" if sizes else "cannot be read"
        raise SemisupError(f"The pictures in {layout.root} {found}; say with --size which one they are to be given.")
    return sizes.pop(), grey


def in_official_order(layout: Layout, name: str) -> Layout:
    """The layout with the classes in the order, and under the names, that the data set's authors gave them."""

    def plain(label: str) -> str:
        return re.sub(r"\W|_", "", label).casefold()

    official = OFFICIAL.get(name, ())
    order = [plain(label) for label in official]
    if sorted(order) != sorted(map(plain, layout.classes)):
        return layout
    rank = np.array([order.index(plain(label)) for label in layout.classes])
    labeled = ImageFiles(layout.labeled.paths, rank[layout.labeled.targets])
    test = ImageFiles(layout.test.paths, rank[layout.test.targets]) if layout.test else None
    return replace(layout, classes=official, labeled=labeled, test=test)


if __name__ == "__main__":
    sys.exit(main())
