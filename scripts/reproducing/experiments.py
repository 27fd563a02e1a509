"""Published numbers beside ours: which experiments there are, and which runs belong to them.

`reproductions.yaml` lists the experiments, `runs.py` keeps their finished runs, and `text.py`
writes the document.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from semisup.core.errors import SemisupError, did_you_mean
from semisup.reports.comparison.run_names import leaves
from semisup.runs.trained_run import TrainedRun


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class TableRow(Strict):
    """A published number, one of ours, or both.

    Args:
        name: What was trained.
        labels: How many labels, where that tells rows of one name apart.
        published: The published number.
        runs: Globs of the names of its runs' folders.
        options: What the configs of its runs must say besides, as in `method.ema: 0`.
        against: The names of rows with as many labels, as baselines.
        rounds: Whether the rounds are listed.
        command: The command of the runs, if the experiment's commands do not make them.
    """

    name: str
    labels: int | None = None
    published: str = ""
    runs: tuple[str, ...] = ()
    options: dict[str, Any] = {}
    against: tuple[str, ...] = ()
    rounds: bool = False
    command: str = ""

    @property
    def key(self) -> tuple[str, int | None]:
        return self.name, self.labels

    @property
    def full_name(self) -> str:
        return self.name if self.labels is None else f"{self.name}, {self.labels:,} labels"

    def fits(self, run: TrainedRun) -> bool:
        config = dict(leaves(run.config))
        named = any(fnmatchcase(run.folder.name, pattern) for pattern in self.runs)
        return named and all(path in config and config[path] == value for path, value in self.options.items())


class Experiment(Strict):
    """A section of the document: a table, its commands, the source of the published numbers, text before and after."""

    id: str
    title: str
    intro: str = ""
    commands: tuple[str, ...] = ()
    source: str = ""
    rows: tuple[TableRow, ...]
    remarks: str = ""

    def row_of(self, run: TrainedRun) -> TableRow | None:
        """The row that a run belongs to. Raises SemisupError if there are several."""
        rows = [row for row in self.rows if row.fits(run)]
        if len(rows) > 1:
            names = " and ".join(f"'{row.full_name}'" for row in rows)
            raise SemisupError(f"{self.id}: {run.folder.name} fits {names}; tell them apart by options.")
        return rows[0] if rows else None


class Document(Strict):
    preface: str
    experiments: tuple[Experiment, ...]

    def experiment(self, name: str) -> Experiment:
        found = {experiment.id: experiment for experiment in self.experiments}
        if name not in found:
            raise SemisupError(f"there is no experiment {name} in reproductions.yaml; {did_you_mean(name, found)}")
        return found[name]


def read(docs: Path) -> Document:
    """The list of experiments, of docs/reproductions.yaml. Raises SemisupError if it is not valid."""
    file = docs / "reproductions.yaml"
    try:
        document = Document.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise SemisupError(f"{file} is no YAML: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise SemisupError(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
    _unique("experiment", [experiment.id for experiment in document.experiments])
    for experiment in document.experiments:
        _unique(f"row of {experiment.id}", [row.full_name for row in experiment.rows])
        _check_baselines(experiment)
    return document


def _check_baselines(experiment: Experiment) -> None:
    for row in experiment.rows:
        names = [other.name for other in experiment.rows if other.labels == row.labels and other is not row]
        for name in row.against:
            if name not in names:
                raise SemisupError(
                    f"{experiment.id}: '{row.full_name}' is compared with '{name}', which is no other row with as many "
                    f"labels; {did_you_mean(name, names)}"
                )


def _unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SemisupError(f"reproductions.yaml has the {what} '{name}' twice.")
        seen.add(name)
