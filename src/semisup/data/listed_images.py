"""Which images of a store the rows of a table are."""

import numpy as np
from numpy.typing import NDArray

from semisup.core.errors import SemisupError
from semisup.core.text import as_utf8
from semisup.data.label_table import LabelTable, find, written_alike
from semisup.data.store import Store


def listed_images(table: LabelTable, store: Store) -> NDArray[np.int64]:
    """The images that a table lists, by their index, else by their path. The two must agree where both are given.

    Args:
        table: With a column `index` or `path`.
        store: The images.

    Returns:
        The store's image of each row, (n,). An index may be out of range.

    Raises:
        SemisupError: If a path is no image's, or another one than the index says.
    """
    files, path = store.files(), table.column("path", missing="")
    if table.has("index"):
        index: NDArray[np.int64] = table.column("index", missing=-1)
        if files is not None:
            own = [as_utf8(files[image]) if 0 <= image < len(files) else "" for image in index]
            pairs = zip(path, own, strict=True)
            other = [bool(a and b) and written_alike(a, path=True) != written_alike(b, path=True) for a, b in pairs]
            table.refuse(
                np.array(other, bool),
                lambda row: (
                    f"image {index[row]} is '{own[row]}', and the path is '{path[row]}'; delete one of the two."
                ),
            )
        return index
    if files is None:
        raise SemisupError(f"{table.file} needs a column index: {store.name} was not made of files with a path.")
    image = find(path, [as_utf8(file) for file in files], paths=True)
    table.refuse(image < 0, lambda row: f"{store.name} has no file '{path[row]}'; its first is '{files[0]}'.")
    return image
