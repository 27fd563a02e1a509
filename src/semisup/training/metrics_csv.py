"""The curves of a run as one CSV file, a row per step, exact across resumes."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from semisup.core.atomic_files import atomic_write
from semisup.core.errors import SemisupError


def read_metrics(file: Path) -> list[dict[str, float]]:
    """The rows of a metrics.csv.

    Args:
        file: The file; it must exist.

    Returns:
        For each step, ascending: `step`, the optimizer steps done, and the metrics that have a value there.

    Raises:
        SemisupError: If the file is damaged.
    """
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            return [
                {"step": int(row.pop("step")), **{name: float(value) for name, value in row.items() if value != ""}}
                for row in csv.DictReader(lines, strict=True)
            ]
    except (KeyError, TypeError, ValueError, AttributeError, csv.Error) as error:
        raise SemisupError(f"{file} is damaged: a row is not a step and its metrics ({error}).") from error


class MetricsCSV(Logger):
    """Collects metrics, and writes them when `Checkpoints` writes a checkpoint.

    Lightning's CSVLogger deletes the file of an earlier session; this one continues it, from the rows that the
    checkpoint holds.

    Args:
        file: The CSV file; `step`, the optimizer steps done, is its first column.
        rows: The metrics by step that a resumed run has already; others are added to the same dictionary.
    """

    def __init__(self, file: Path, rows: dict[int, dict[str, float]] | None = None) -> None:
        super().__init__()
        self.file, self.rows = file, {} if rows is None else rows

    @property
    def name(self) -> str:
        """Lightning asks for it."""
        return "csv"

    @property
    def version(self) -> str:
        """Lightning asks for it."""
        return ""

    @property
    @rank_zero_experiment
    def experiment(self) -> "MetricsCSV":
        """Lightning asks for it."""
        return self

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Does nothing: config.yaml has them."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Adds metrics to the row of a step.

        Args:
            metrics: Values by name.
            step: Counted from 0, as Lightning does. The file counts the steps that are done.
        """
        row = self.rows.setdefault((step or 0) + 1, {})
        row |= {name: float(value) for name, value in metrics.items() if name != "epoch"}

    @rank_zero_only
    def write(self) -> None:
        """Writes all rows."""
        columns = sorted({name for row in self.rows.values() for name in row})
        with atomic_write(self.file) as temporary, temporary.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, ["step", *columns], restval="")
            writer.writeheader()
            writer.writerows({"step": step, **row} for step, row in sorted(self.rows.items()))
