"""A data set that was brought in under a name of its own."""

from pathlib import Path

from semisup.core.errors import SemisupError, did_you_mean
from semisup.data.store import Store, open_store, store_folder


def stored(data_dir: Path, name: str) -> Store:
    """The store `name` of the data directory, as scripts/import_data.py makes it. SemisupError if it is not there."""
    folder = store_folder(data_dir, name)
    if not folder.exists():
        others = [path.name for path in folder.parent.glob("[!.]*")] if folder.parent.exists() else []
        hint = did_you_mean(name, others) if others else f"bring it in: python scripts/import_data.py {name} DIR."
        raise SemisupError(f"there is no data set '{name}' in {folder.parent}; {hint}")
    return open_store(folder)
