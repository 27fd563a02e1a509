"""The curves of a run as one CSV file, a row per step, exact across resumes."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from semisup.core.atomic_files import atomic_write


class MetricsCSV(Logger):
    """Collects metrics and writes them whenever a checkpoint is written, by whoever writes that.

    file: the CSV; `step` is its first column, the optimizer steps done. resumed_at: rows of later steps are dropped,
    for they will be written again. Ours and not Lightning's CSVLogger, which deletes the file of an earlier session.
    """

    def __init__(self, file: Path, resumed_at: int = 0) -> None:
        super().__init__()
        self.file = file
        self.rows: dict[int, dict[str, str]] = {}
        if resumed_at and file.exists():
            with file.open(newline="") as lines:
                for row in csv.DictReader(lines):
                    if (step := int(row.pop("step"))) <= resumed_at:
                        self.rows[step] = {key: value for key, value in row.items() if value != ""}

    @property
    def name(self) -> str:
        return "csv"

    @property
    def version(self) -> str:
        return ""

    @property
    @rank_zero_experiment
    def experiment(self) -> "MetricsCSV":
        return self

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        pass  # the resolved config lies beside the file

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """step: counted from 0, as Lightning does; the file counts the steps that are done."""
        row = self.rows.setdefault((step or 0) + 1, {})
        row |= {key: repr(float(value)) for key, value in metrics.items() if key != "epoch"}

    @rank_zero_only
    def write(self) -> None:
        columns = sorted({key for row in self.rows.values() for key in row})
        with atomic_write(self.file) as draft, draft.open("w", newline="") as out:
            writer = csv.DictWriter(out, ["step", *columns], restval="")
            writer.writeheader()
            writer.writerows({"step": step, **row} for step, row in sorted(self.rows.items()))
