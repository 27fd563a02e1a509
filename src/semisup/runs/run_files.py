"""The files of a run's folder, read by one checked reader, and the folders of runs below a path."""

import glob
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from semisup.config import Config
from semisup.config.renames import translate
from semisup.core.damaged_files import checked, read_json
from semisup.core.errors import SemisupError

CONFIG, RESULT, COMMAND = "config.yaml", "result.json", "command.txt"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def delete_unfinished(folder: Path) -> None:
    """Deletes the temporary files that a process left when it was killed.

    Args:
        folder: The run's, in which no other process works.
    """
    for left in (*folder.glob(".*.tmp-*"), *folder.glob("round*/.*.tmp-*")):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def read_config(folder: Path) -> Config:
    """The config of a run, with the names that options have now.

    Args:
        folder: The run's folder.

    Returns:
        What config.yaml holds.

    Raises:
        SemisupError: If config.yaml is missing or damaged.
    """
    with checked(folder / CONFIG) as file:
        config: Config = translate(yaml.load(file.read_text(encoding="utf-8"), _Loader))
        if not isinstance(config, dict):
            raise TypeError
    return config


def read_result(folder: Path) -> dict[str, Any]:
    """The result of a finished run.

    Args:
        folder: The run's folder.

    Returns:
        What result.json holds.

    Raises:
        SemisupError: If result.json is missing or damaged.
    """
    with checked(folder / RESULT) as file:
        result: dict[str, Any] = read_json(file)
    return result


def read_arrays(file: Path, *names: str) -> list[NDArray[Any]]:
    """Arrays of an .npz.

    Args:
        file: The .npz.
        names: Which arrays.

    Returns:
        The arrays, in the order of the names.

    Raises:
        SemisupError: If the file is missing or damaged, or lacks an array.
    """
    with checked(file), file.open("rb") as opened, np.load(opened) as saved:  # numpy leaves a damaged file open
        return [saved[name] for name in names]


@dataclass(frozen=True, eq=False)
class SavedPredictions:
    """The predictions for the test images.

    Args:
        probability: (N, K) float32.
        label: The true classes, (N,) int64.
        index: The rows of the images in the store's test images, (N,) int64, ascending.
    """

    probability: NDArray[np.float32]
    label: NDArray[np.int64]
    index: NDArray[np.int64]


def read_predictions(file: Path) -> SavedPredictions:
    """The test predictions of a run.

    Args:
        file: predictions.npz, with its rows in any order.

    Returns:
        The predictions, in the order of the images.

    Raises:
        SemisupError: If the file is missing or damaged.
    """
    probability, label, index = read_arrays(file, "probability", "label", "index")
    order = np.argsort(index, kind="stable")
    return SavedPredictions(probability[order], label[order], index[order])


def value_at(node: Any, path: str) -> Any:
    """A value inside dictionaries.

    Args:
        node: The outermost dictionary.
        path: The keys, as in `test.accuracy`.

    Returns:
        The value.

    Raises:
        KeyError: With all of the path, if a key is missing.
    """
    try:
        return reduce(getitem, path.split("."), node)
    except KeyError as error:
        raise KeyError(path) from error


def run_folders(paths: Iterable[str | Path]) -> tuple[list[Path], list[str]]:
    """The folders of finished runs.

    Args:
        paths: Folders of runs, folders that contain them, or globs.

    Returns:
        The folders, each once, and what was left out, each with the reason in brackets.

    Raises:
        SemisupError: If a path does not exist.
    """
    folders: dict[Path, Path] = {}  # by their real path, so that a folder given twice counts once
    left_out = []
    for path in map(str, paths):
        matches = [Path(match) for match in sorted(glob.glob(path, recursive=True))] or [Path(path).expanduser()]
        if not matches[0].exists():
            raise SemisupError(f"there is no {path}; give folders of runs.")
        left_out += [f"{path} (a file)"] if matches[0].is_file() and len(matches) == 1 else []
        for folder in filter(Path.is_dir, matches):
            inside = [folder] if _is_run(folder) else sorted(filter(_is_run, folder.iterdir()))
            folders |= {run.resolve(): run for run in inside}
            left_out += [] if inside else [f"{folder} (holds no run)"]
    finished = [folder for folder in folders.values() if (folder / RESULT).exists()]
    left_out += [f"{folder} (not finished)" for folder in folders.values() if folder not in finished]
    return finished, left_out


def _is_run(folder: Path) -> bool:
    return (folder / CONFIG).exists()
