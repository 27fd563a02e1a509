"""A data set that was imported under a name."""

import re
from pathlib import Path

from semisup.core.errors import SemisupError, did_you_mean
from semisup.core.ranges import UserPath
from semisup.data.store import Store, open_store, store_folder


def stored(data_dir: Path | UserPath, name: str) -> Store:
    """A data set that `semisup import` has imported.

    Args:
        data_dir: The directory of all data.
        name: The data set's name.

    Returns:
        The store.

    Raises:
        SemisupError: If there is no data set of this name, or it is no name but a path.
    """
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise SemisupError(
            f"data.name={name} is not the name of a data set; names have letters, digits, _, - and dots."
        )
    folder = store_folder(data_dir, name)
    if not folder.exists():
        others = [path.name for path in folder.parent.glob("[!.]*")] if folder.parent.exists() else []
        hint = did_you_mean(name, others) if others else f"import it with `{import_command(name, data_dir)}`."
        raise SemisupError(f"there is no data set '{name}' in {folder.parent}; {hint}")
    return open_store(folder)


def import_command(name: str, data_dir: Path | UserPath) -> str:
    """The command that imports a data set, for messages.

    Args:
        name: The data set's name.
        data_dir: The directory of all data.

    Returns:
        The command, with DIR for the folder of images.
    """
    return f"semisup import name={name} path=DIR data_dir={data_dir}"
