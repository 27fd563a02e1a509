"""What the config and the result of a finished run say."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semisup.config import Config
from semisup.config.identity import run_identity
from semisup.core.schema import parameters
from semisup.data.splits import make_split
from semisup.runs.run_files import value_at

SPLIT_OPTIONS = (
    *(name for name in parameters(make_split) if name not in ("store", "seed")),
    "labels_file",
    "split",
    "unknown",
)


@dataclass(frozen=True)
class RunRecord:
    """The config and the result of a finished run.

    Args:
        folder: The run's folder.
        config: What config.yaml holds.
        result: What result.json holds.
    """

    folder: Path
    config: Config
    result: dict[str, Any]

    @property
    def seed(self) -> int:
        """The seed of the run, which of the split and of the training."""
        return int(self.config["seed"])

    @property
    def method(self) -> str:
        """The import path of the method's class."""
        return str(value_at(self.config, "method._target_"))

    @property
    def accuracy(self) -> float:
        """The accuracy on the test images, in %."""
        return 100 * float(value_at(self.result, "test.accuracy"))

    @property
    def auroc(self) -> float | None:
        """How well unknown classes are told from known ones, in %; None of a data set without unknown classes."""
        open_set = value_at(self.result, "test").get("open_set")
        return None if open_set is None else 100 * float(open_set["auroc"])

    @property
    def split(self) -> str:
        """The hash of the labeled, validation and unlabeled images."""
        return str(value_at(self.result, "split.hash"))

    @property
    def split_options(self) -> Config:
        """The options that the split was drawn with, except its seed."""
        return {name: self.config["data"].get(name) for name in SPLIT_OPTIONS}

    @property
    def labels(self) -> int:
        """How many labels the run used, those of validation images included."""
        return int(value_at(self.result, "split.labeled") + value_at(self.result, "split.validation"))

    @property
    def tested_on(self) -> tuple[str, int]:
        """The fingerprint of the test set, and how many images it has."""
        data = value_at(self.result, "split.data_fingerprint")
        return self.result["split"].get("test_fingerprint", data), value_at(self.result, "test.images")

    @property
    def pseudo_labels(self) -> tuple[float | None, float | None]:
        """The accuracy of the pseudo-labels in use and their coverage, in %; None if unknown."""
        if not self.result.get("pseudo_labels"):
            return None, None
        accuracy, coverage = (value_at(self.result, f"pseudo_labels.{name}") for name in ("accuracy", "coverage"))
        return None if accuracy is None else 100 * float(accuracy), 100 * float(coverage)

    @property
    def identity(self) -> Config:
        """What makes the run what it is, except the seed."""
        return {key: value for key, value in run_identity(self.config).items() if key != "seed"}

    @property
    def untested(self) -> str | None:
        """Why the run has no test accuracy; None if it has one."""
        if self.result["test"]:
            return None
        return "it trained no network" if self.result.get("steps") == 0 else "its data has no test images"
