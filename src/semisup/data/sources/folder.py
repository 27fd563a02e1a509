"""Images from a folder of class folders."""

import re
from pathlib import Path
from typing import Annotated

from semisup.core.ranges import Fraction, Positive, Range, UserPath, enforce_ranges
from semisup.core.text import printable
from semisup.data.sources.duplicates import Duplicates
from semisup.data.sources.image_store import import_images
from semisup.data.sources.images import MAX_MEGAPIXELS
from semisup.data.sources.layout import read_layout
from semisup.data.store import FORMAT, Store, open_store, store_folder

Pixels = Annotated[int, Range(1, 16_000)]


@enforce_ranges
def folder(
    data_dir: Path | UserPath,
    path: UserPath,
    size: Pixels = 64,
    test_fraction: Fraction = 0.0,
    skip_unreadable: bool = False,
    labels_file: UserPath | None = None,
    duplicates: Duplicates = "keep",
    max_megapixels: Positive = MAX_MEGAPIXELS,
) -> Store:
    """Images in class folders, as (N, size, size, 3) uint8.

    Images may have any format, mode and size: the short side is resized to `size` and the center cropped. The folder is
    imported again when it has changed.

    Args:
        data_dir: The directory of all data.
        path: The folder; its layout is one of those in `semisup.data.sources.layout`.
        size: Height and width, in pixels.
        test_fraction: The fraction of each class's labeled images that is the test set, if there is no test folder.
        skip_unreadable: Whether files that cannot be read are skipped.
        labels_file: A table of path and label, CSV or Parquet, whose unlabeled images become labeled ones.
        duplicates: What happens to the same picture in training and test, in two classes, or twice: keep names it, drop
            leaves it out of training, refuse stops the import.
        max_megapixels: The largest image that is decoded. It takes up to 8 MB of memory per megapixel.

    Returns:
        The store.

    Raises:
        SemisupError: If the layout is none of the known ones, a file cannot be read, or the table does not fit.
    """
    root = Path(path).expanduser().resolve()
    layout = read_layout(root)
    options: list[object] = [FORMAT, size, test_fraction, skip_unreadable]
    if (duplicates, max_megapixels) != ("keep", MAX_MEGAPIXELS):  # stores of older versions keep their names
        options += [duplicates, max_megapixels]
    if labels_file is not None:
        from semisup.data.sources.reviewed import with_labels  # imports pyarrow

        layout = with_labels(layout, Path(labels_file).expanduser())
        options.append([target for target in layout.unlabeled.targets.tolist() if target >= 0])
    readable = re.sub(r"[^\w.-]+", "-", root.name).strip("-.") or "folder"
    store = store_folder(data_dir, f"{readable}-{layout.digest(*options)}")
    if not store.exists():
        shape = (size, size)
        name = printable(root.name)
        import_images(store, name, layout, shape, False, test_fraction, skip_unreadable, duplicates, max_megapixels)
    return open_store(store)
