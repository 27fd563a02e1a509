"""`semisup import`: images in class folders become a data set with a name, such as data=cifar10."""

import os
import re
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from semisup.cli.arguments import command
from semisup.core.errors import SemisupError
from semisup.core.ranges import Fraction, Positive, PositiveInt, UserPath

if TYPE_CHECKING:
    from semisup.data.sources.layout import Layout

# The official order of the classes where it is not the sorted one.
_OFFICIAL = {
    "fashion_mnist": (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    )
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Imports what the command line asks for.

    Args:
        arguments: The words after the command's name; None = those after the program's.

    Returns:
        The exit status.
    """
    return command(import_data, arguments, positional=("name", "path"))


def import_data(
    name: str,
    path: UserPath,
    data_dir: UserPath | None = None,
    size: PositiveInt | None = None,
    test_fraction: Fraction = 0.0,
    skip_unreadable: bool = False,
    grey: bool = False,
    duplicates: Literal["keep", "drop", "refuse"] = "keep",
    max_megapixels: Positive = 179,
    overwrite: bool = False,
) -> None:
    """Import images in class folders as a data set with a name. data=cifar10, for example, then needs no network.

      semisup import name=cifar10 path=DIR

    DIR contains train/<class>/ and test/<class>/ or, with test_fraction, the class folders themselves. A data set of
    your own is used by data=stored data.name=NAME.

    Args:
        name: The data set's name.
        path: The folder with the images.
        data_dir: Where data sets are kept; $SEMISUP_DATA or data if not given.
        size: Height and width in pixels; the images' own if not given.
        test_fraction: The share of each class to test on if there is no test/.
        skip_unreadable: Whether to leave out files that cannot be read.
        grey: Whether to keep one channel; if not given, only if all images are grey.
        duplicates: Whether the same picture in training and test, in two classes, or twice is named and kept, dropped
            from training, or refused.
        max_megapixels: The largest image that is decoded; it takes up to 8 MB of memory per megapixel.
        overwrite: Whether a data set of that name is replaced.

    Raises:
        SemisupError: If the name is not valid or taken, or the images cannot be imported.
    """
    if not re.fullmatch(r"\w[\w-]*", name):
        raise SemisupError(f"'{name}' cannot be a data set's name; use letters, digits, _ and -.")

    from semisup.data.sources.image_store import import_images
    from semisup.data.sources.layout import read_layout
    from semisup.data.store import open_store, store_folder

    folder = store_folder(data_dir or os.environ.get("SEMISUP_DATA", "data"), name)
    if folder.exists() and not overwrite:
        raise SemisupError(f"{folder} is already there; add overwrite=true to replace it.")
    start = time.monotonic()
    layout = _in_official_order(read_layout(Path(path)), name)
    shape, is_grey = _image_format(layout, size, grey)
    target = folder.with_name(f".{name}.new") if overwrite else folder
    if overwrite:
        shutil.rmtree(target, ignore_errors=True)  # of an import that was killed
    import_images(target, name, layout, shape, is_grey, test_fraction, skip_unreadable, duplicates, max_megapixels)
    if overwrite:  # the old data set goes only when the new one is complete
        shutil.rmtree(folder, ignore_errors=True)
        target.rename(folder)
    store = open_store(folder)
    print(
        f"{name}: {len(store.images):,} train and {len(store.test_images):,} test images of shape {store.shape}"
        f" in {len(store.classes)} classes, {time.monotonic() - start:.0f} s, in {folder}"
    )


def _image_format(layout: "Layout", size: int | None, grey: bool) -> tuple[tuple[int, int], bool]:
    """Height and width of the imported images, and whether they have one channel."""
    from semisup.data.sources.images import survey

    sizes, modes = survey(layout.paths)
    grey = grey or modes <= {"L"}
    if size is not None:
        return (size, size), grey
    if len(sizes) != 1:
        found = f"have {len(sizes)} different sizes" if sizes else "cannot be read"
        raise SemisupError(f"the images in {layout.root} {found}; choose one with size=..., in pixels.")
    return sizes.pop(), grey


def _in_official_order(layout: "Layout", name: str) -> "Layout":
    """The layout with the classes in the order, and under the names, that the data set's authors gave them."""
    from dataclasses import replace

    import numpy as np

    from semisup.data.sources.layout import ImageFiles

    def plain(label: str) -> str:
        return re.sub(r"\W|_", "", label).casefold()

    official = _OFFICIAL.get(name, ())
    order = [plain(label) for label in official]
    if sorted(order) != sorted(map(plain, layout.classes)):
        return layout
    rank = np.array([order.index(plain(label)) for label in layout.classes])
    labeled = ImageFiles(layout.labeled.paths, rank[layout.labeled.targets])
    test = ImageFiles(layout.test.paths, rank[layout.test.targets]) if layout.test else None
    return replace(layout, classes=official, labeled=labeled, test=test)


if __name__ == "__main__":
    sys.exit(main())
