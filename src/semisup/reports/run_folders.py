"""Finished runs, as their folders hold them."""

import csv
import glob
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import getitem
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import yaml
from numpy.typing import NDArray

from semisup.config.resolve import Config, run_identity
from semisup.core.errors import SemisupError
from semisup.core.schema import parameters
from semisup.data.splits import make_split

SPLIT_OPTIONS = (*(name for name in parameters(make_split) if name not in ("store", "seed")), "labels_file")
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Run:
    """A finished run as its folder holds it."""

    folder: Path
    config: Config
    result: dict[str, Any]

    @property
    def seed(self) -> int:
        return int(self.config["seed"])

    @property
    def method(self) -> str:
        """The class of its method, by its path."""
        return str(_at(self.config, "method._target_"))

    @property
    def accuracy(self) -> float:
        """On the test images, in %."""
        return 100 * float(_at(self.result, "test.accuracy"))

    @property
    def split(self) -> str:
        """The hash of the labeled, validation and unlabeled images."""
        return str(_at(self.result, "split.hash"))

    @property
    def split_options(self) -> Config:
        """The options that the split was drawn by, but for its seed."""
        return {name: self.config["data"].get(name) for name in SPLIT_OPTIONS}

    @property
    def labels(self) -> int:
        """How many labels were used in all, validation included."""
        return int(_at(self.result, "split.labeled") + _at(self.result, "split.validation"))

    @property
    def tested_on(self) -> tuple[str, int]:
        """What the test set is, and how many images it has."""
        data = _at(self.result, "split.data_fingerprint")
        return self.result["split"].get("test_fingerprint", data), _at(self.result, "test.images")

    @property
    def pseudo_labels(self) -> tuple[float | None, float | None]:
        """How many of the used ones were right, and how many were used, in %; None where that is not known."""
        if not self.result.get("pseudo_labels"):
            return None, None
        right, used = (_at(self.result, f"pseudo_labels.{name}") for name in ("accuracy", "coverage"))
        return None if right is None else 100 * float(right), 100 * float(used)

    @property
    def run_identity(self) -> Config:
        """What makes the run what it is, but for the seed."""
        return {key: value for key, value in run_identity(self.config).items() if key != "seed"}

    @cached_property
    def predictions(self) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]] | None:
        """Which test images the network has right, their classes and their indices, all (N,); None if not saved."""
        file = self.folder / "predictions.npz"
        if not file.exists():
            return None
        probability, label, index = arrays(file, "probability", "label", "index")
        return probability.argmax(1) == label, label, index

    def curve(self, name: str) -> dict[tuple[int, int], float]:
        """A column of the rounds' metrics.csv, by (round, step), where it has a value.

        Raises SemisupError, as `steps` does, naming the file, if one is damaged.
        """
        return {
            (number, int(row["step"])): row[name]
            for number, rows in self._metrics.items()
            for row in rows
            if name in row
        }

    @property
    def steps(self) -> list[int]:
        """How many steps each round took, as its curves tell."""
        return [int(rows[-1]["step"]) if rows else 0 for rows in self._metrics.values()]

    @cached_property
    def _metrics(self) -> dict[int, list[dict[str, float]]]:
        files = {int(file.parent.name.removeprefix("round")): file for file in self.folder.glob("round*/metrics.csv")}
        rounds = range(max(files, default=-1) + 1)
        return {number: _table(files[number]) if number in files else [] for number in rounds}


def find(arguments: Iterable[str]) -> tuple[list[Run], list[str]]:
    """As `finished`, and with a test accuracy."""
    runs, left_out = finished(arguments)
    left_out += [f"{run.folder} ({untested(run)})" for run in runs if not run.result["test"]]
    return [run for run in runs if run.result["test"]], left_out


def finished(arguments: Iterable[str]) -> tuple[list[Run], list[str]]:
    """The finished runs in folders of runs, their parents and globs; and what was left out, with the reason."""
    folders: dict[Path, Path] = {}  # by their real path, so that one given twice counts once
    left_out = []
    for argument in arguments:
        matches = [Path(match) for match in sorted(glob.glob(argument, recursive=True))] or [Path(argument)]
        if not matches[0].exists():
            raise SemisupError(f"there is no {argument}; give folders of runs.")
        left_out += [f"{argument} (a file)"] if Path(argument).is_file() else []
        for folder in filter(Path.is_dir, matches):
            inside = [folder] if _is_run(folder) else sorted(filter(_is_run, folder.iterdir()))
            folders |= {run.resolve(): run for run in inside}
            left_out += [] if inside else [f"{folder} (holds no run)"]
    done = [folder for folder in folders.values() if (folder / "result.json").exists()]
    left_out += [f"{folder} (not finished)" for folder in folders.values() if folder not in done]
    return [read(folder) for folder in done], left_out


def read(folder: Path) -> Run:
    """The finished run of a folder.

    Raises SemisupError, naming the file, if one is damaged or lacks what every report needs.
    """
    with _as_written(folder / "config.yaml") as file:
        run = Run(folder, yaml.load(file.read_text(), Loader), {})
        _ = run.seed, run.method, run.split_options, run.run_identity
    with _as_written(folder / "result.json") as file:
        run = replace(run, result=json.loads(file.read_text()))
        if run.result["test"]:
            _ = run.accuracy, run.split, run.labels, run.tested_on, run.pseudo_labels
    return run


def arrays(file: Path, *names: str) -> list[NDArray[Any]]:
    """Arrays of an .npz by their names. Raises SemisupError, naming the file, if it is missing or damaged."""
    try:
        with np.load(file) as saved:
            return [saved[name] for name in names]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        raise SemisupError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def untested(run: Run) -> str:
    """Why a finished run has no test accuracy."""
    return "it trained no network" if run.result.get("steps") == 0 else "its data has no test images"


def _table(file: Path) -> list[dict[str, float]]:
    """The rows of a metrics.csv, each with its step and the columns that it has a value of."""
    with _as_written(file):
        rows = csv.DictReader(file.read_text().splitlines())
        return [
            {**{name: float(value) for name, value in row.items() if value}, "step": float(row["step"])} for row in rows
        ]


def _at(node: Any, path: str) -> Any:
    """What lies at a path, as `test.accuracy`. Raises KeyError, with the whole path, if it is missing."""
    try:
        return reduce(getitem, path.split("."), node)
    except KeyError as error:
        raise KeyError(path) from error


@contextmanager
def _as_written(file: Path) -> Iterator[Path]:
    """Gives the file; if what is done with it fails, as it is damaged or another program's, says so in one sentence."""
    try:
        yield file
    except (ValueError, csv.Error, yaml.YAMLError) as error:
        raise SemisupError(f"{file} cannot be read: {' '.join(str(error).split()).rstrip('.')}.") from error
    except KeyError as error:
        raise SemisupError(f"{file} lacks {error}.") from error
    except (TypeError, AttributeError) as error:
        raise SemisupError(f"{file} is not as this program writes it.") from error


def _is_run(folder: Path) -> bool:
    return (folder / "config.yaml").exists()
