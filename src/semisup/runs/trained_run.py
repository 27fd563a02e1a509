"""A finished run, as every reader of its folder sees it: predictions, comparison, page, export."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from semisup.config import Config
from semisup.config.resolve import takes_embedding
from semisup.core.damaged_files import checked
from semisup.core.errors import SemisupError
from semisup.data import Store
from semisup.models.backbones import Backbone
from semisup.models.classifier import Classifier, FrozenNetwork
from semisup.models.outputs import Outputs
from semisup.runs.checkpoint_config import network_outputs
from semisup.runs.run_data import data_set, describe_store, empty_store
from semisup.runs.run_files import (
    COMMAND,
    CONFIG,
    RESULT,
    SavedPredictions,
    read_config,
    read_predictions,
    read_result,
)
from semisup.runs.run_record import RunRecord
from semisup.runs.trained_network import (
    check_finished,
    chosen_checkpoint,
    joined_network,
    trained_detector,
    trained_network,
)
from semisup.runs.trusted import check_targets
from semisup.training.metrics_csv import read_metrics


@dataclass(frozen=True)
class TrainedRun(RunRecord):
    """A finished run. What costs time, as its network, is read when it is asked for.

    Args:
        data_dir: Where the data set is now; None: where the run had it.
        allow: Packages beside this one whose classes the run may name, if they are to be called.
    """

    data_dir: str | Path | None = None
    allow: Sequence[str] = ()

    @cached_property
    def trusted_config(self) -> Config:
        """The config, for all that calls what it names: it names no package that is not allowed.

        Raises:
            SemisupError: If it does.
        """
        return check_targets(self.config, self.folder / CONFIG, self.allow)

    @property
    def command(self) -> str | None:
        """The command that started the run, from command.txt; None if none was stored."""
        file = self.folder / COMMAND
        if not file.exists():
            return None
        with checked(file):
            return file.read_text(encoding="utf-8").strip()

    @property
    def predictions(self) -> SavedPredictions | None:
        """The test predictions, from predictions.npz; None if none were saved."""
        file = self.folder / "predictions.npz"
        return read_predictions(file) if file.exists() else None

    @cached_property
    def hits(self) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]] | None:
        """Which test images are predicted correctly, their classes and their rows, (N,) each; None if not saved."""
        if (saved := self.predictions) is None:
            return None
        return saved.probability.argmax(1) == saved.label, saved.label, saved.index

    def curve(self, name: str) -> dict[tuple[int, int], float]:
        """A metric over the steps of all rounds.

        Args:
            name: A column of metrics.csv, such as `validation/accuracy`.

        Returns:
            The values by (round, step).

        Raises:
            SemisupError: If a metrics.csv is damaged.
        """
        return {
            (number, int(row["step"])): row[name]
            for number, rows in self._metrics.items()
            for row in rows
            if name in row
        }

    @property
    def steps(self) -> list[int]:
        """How many steps each round took, by its last line of metrics.csv."""
        return [int(rows[-1]["step"]) if rows else 0 for rows in self._metrics.values()]

    @cached_property
    def _metrics(self) -> dict[int, list[dict[str, float]]]:
        files = {int(file.parent.name.removeprefix("round")): file for file in self.folder.glob("round*/metrics.csv")}
        rounds = range(max(files, default=-1) + 1)
        return {number: read_metrics(files[number]) if number in files else [] for number in rounds}

    @cached_property
    def data(self) -> dict[str, Any]:
        """`describe_store` of the data set, from result.json, or from the data set itself for an older run.

        Raises:
            SemisupError: If an older run's data set is not there.
        """
        if found := self.result.get("data"):
            return dict(found)
        try:
            return describe_store(self.open_store())
        except (SemisupError, OSError) as error:
            raise SemisupError(
                f"run={self.folder} was made by an older version, so its classes are read from its data set: give "
                f"data_dir=..., where that is ({error})."
            ) from error

    @property
    def classes(self) -> list[str]:
        """The names of the K classes."""
        return list(self.data["classes"])

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input of the network: (C, H, W), or (D,) for a row of a table."""
        return tuple(self.data["shape"])

    @property
    def columns(self) -> list[str]:
        """The names of a table's D columns; empty if it had none."""
        return list(self.data.get("columns", ()))

    @property
    def temperature(self) -> float | None:
        """The temperature of the network's probabilities; None if it was not fitted, so they are not calibrated."""
        return self.result.get("temperature")

    @cached_property
    def outputs(self) -> Outputs:
        """What makes probabilities of the network's logits."""
        return network_outputs(self.checkpoint, self.allow)

    @cached_property
    def checkpoint(self) -> Path:
        """The checkpoint of the round that was tested."""
        return chosen_checkpoint(self.folder)

    @cached_property
    def classifier(self) -> Classifier:
        """The evaluated network with its normalization and temperature, on the CPU."""
        if takes_embedding(self.trusted_config):
            fingerprint = self.data.get("frozen_network", "")
            network: Backbone
            network, mean, std = joined_network(
                self.config, self.checkpoint, empty_store(self.data), fingerprint, self.allow
            )
        else:
            name, mean, std = (self.data[key] for key in ("name", "mean", "std"))
            network = trained_network(self.checkpoint, self.shape, name, len(self.classes), allow=self.allow)
        return Classifier(network, mean, std, self.temperature or 1.0, self.outputs)

    @cached_property
    def detector(self) -> nn.Module | None:
        """The evaluated detector of unknown classes, on the CPU; None if the method has none."""
        network = self.classifier.network
        return trained_detector(
            self.checkpoint, network.trained if isinstance(network, FrozenNetwork) else network, self.allow
        )

    def digest(self) -> str:
        """The SHA-256 of the checkpoint, in hexadecimal digits."""
        with self.checkpoint.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def open_store(self) -> Store:
        """The run's data set: as it was imported then, or else imported again; SemisupError if it is not there."""
        return data_set(self.trusted_config, self.result, self.data_dir, self.folder / CONFIG)


def open_run(folder: str | Path, data_dir: str | Path | None = None, allow: Sequence[str] = ()) -> TrainedRun:
    """Opens the folder of a finished run. Its network is read when it is asked for.

    Args:
        folder: The run's folder.
        data_dir: Where the data set is now; None: where the run had it.
        allow: Packages beside this one whose classes the run may name, such as my_package.

    Returns:
        The run.

    Raises:
        SemisupError: If the run is not finished, or config.yaml or result.json is damaged or lacks a value.
    """
    folder = Path(folder).expanduser()
    check_finished(folder)
    run = TrainedRun(folder, read_config(folder), read_result(folder), data_dir, tuple(allow))
    with checked(folder / CONFIG):
        _ = run.seed, run.method, run.split_options, run.identity
    with checked(folder / RESULT):
        if run.result["test"]:
            _ = run.accuracy, run.auroc, run.split, run.labels, run.tested_on, run.pseudo_labels
    return run
