"""Your own pictures, from a folder of class folders."""

import re
from pathlib import Path

from semisup.core.errors import SemisupError
from semisup.data.sources.layout import read_layout
from semisup.data.sources.picture_store import import_pictures
from semisup.data.sources.reviewed import with_labels
from semisup.data.store import FORMAT, Store, open_store, store_folder


def folder(
    data_dir: Path,
    path: str,
    size: int = 64,
    test_fraction: float = 0.0,
    skip_unreadable: bool = False,
    labels_file: str | None = None,
) -> Store:
    """Pictures below `path` (layouts: see layout.py), as (N, size, size, 3) uint8; imported once, then reopened.

    Any format, mode and size: the short side is resized to `size` and the centre cut out. Without a test folder,
    `test_fraction` of the labeled pictures of each class are the test set (0: none). A folder that changed is
    imported again. labels_file: a CSV of path and label that makes unlabeled pictures labeled ones (see reviewed.py).
    Raises SemisupError for a layout that is not understood, for files that cannot be read, unless `skip_unreadable`
    leaves those out, and for a CSV that does not fit.
    """
    if size < 1:
        raise SemisupError(f"data.size is {size}; it is the height and width in pixels and must be at least 1.")
    root = Path(path).expanduser().resolve()
    layout = read_layout(root)
    options: list[object] = [FORMAT, size, test_fraction, skip_unreadable]
    if labels_file is not None:
        layout = with_labels(layout, Path(labels_file).expanduser())
        options.append(layout.reviewed.targets.tolist())
    readable = re.sub(r"[^\w.-]+", "-", root.name).strip("-.") or "folder"
    digest = layout.digest(*options)
    store = store_folder(data_dir, f"{readable}-{digest}")
    if not store.exists():
        import_pictures(
            store, root.name, layout, (size, size), test_fraction=test_fraction, skip_unreadable=skip_unreadable
        )
    return open_store(store)
