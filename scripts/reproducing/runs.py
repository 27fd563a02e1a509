"""What is kept of an experiment's finished runs, so that the document outlives their folders: results/ID.json.

A kept run is its result.json with less in it, the config that it shares with other seeds, and the commit.
"""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from reproducing.experiments import Experiment, TableRow
from semisup.config import Config
from semisup.config.renames import translate
from semisup.core.atomic_files import atomic_write_text
from semisup.core.errors import SemisupError
from semisup.reports.comparison.comparability import objections
from semisup.reports.comparison.run_names import leaves
from semisup.runs.found_runs import find_runs
from semisup.runs.run_files import checked
from semisup.runs.trained_run import TrainedRun

MEASURED = ("accuracy", "accuracy_interval", "images", "step")
AUDITED = ("images", "accuracy", "accuracy_of_all", "coverage")
SPLIT = ("hash", "data", "data_fingerprint", "test_fingerprint", "labeled", "validation", "unlabeled")
FOLDERS = re.compile(r"(^|:)[~/](?!/)\S*/")  # of a file that a config names, alone or as `in_order:/weights/net.pth`


def find(arguments: Sequence[str]) -> tuple[list[TrainedRun], list[str]]:
    """The finished runs with a test accuracy, or that trained nothing, so that their labels are measured."""
    runs, left_out = find_runs(arguments, tested=False)
    unmeasured = [run for run in runs if run.untested and run.result.get("steps")]
    left_out += [f"{run.folder} ({run.untested})" for run in unmeasured]
    return [run for run in runs if run not in unmeasured], left_out


def accuracy(run: TrainedRun) -> float:
    """On the test images; of a run that trained nothing, of its labels of all unlabeled images. In %."""
    return run.accuracy if run.result["test"] else 100 * float(run.result["rounds"][-1]["labels"]["accuracy_of_all"])


def collect(
    results: Path, experiment: Experiment, runs: Iterable[TrainedRun], commit: str
) -> tuple[list[TrainedRun], list[TrainedRun], Path]:
    """Adds finished runs to what is kept of an experiment; one that is there already is replaced.

    results: the folder. commit: that the runs were made at, which result.json does not hold. Returns the runs that
    were added, those that belong to no row, and the file. Raises SemisupError if the runs of a row do not fit.
    """
    if not re.fullmatch(r"[0-9a-f]{7,40}", commit):
        raise SemisupError(f"--commit {commit} is not the hash of a commit: 7 to 40 of the digits 0 to 9 and a to f.")
    added: list[TrainedRun] = []
    unassigned: list[TrainedRun] = []
    for run in runs:
        (added if experiment.row_of(run) else unassigned).append(run)
    if not added and not unassigned:
        raise SemisupError("none of these runs is finished.")
    if not added:
        raise SemisupError(f"none of these runs belongs to a row of {experiment.id}; see `runs` in reproductions.yaml.")
    kept = {run.folder.name: run for run in (*load(results, experiment.id), *(_kept(run, commit) for run in added))}
    members(experiment, list(kept.values()))
    file = results / f"{experiment.id}.json"
    results.mkdir(exist_ok=True)
    atomic_write_text(file, _text([kept[name] for name in sorted(kept)]))
    return added, unassigned, file


def load(results: Path, name: str) -> list[TrainedRun]:
    """What is kept of an experiment's runs; nothing where none was collected yet."""
    file = results / f"{name}.json"
    if not file.exists():
        return []
    with checked(file) as text:
        saved = json.loads(text.read_text(encoding="utf-8"))
        configs = [translate(config) for config in saved["configs"]]
        return [
            TrainedRun(Path(record["folder"]), {**configs[record["config"]], "seed": record["seed"]}, record)
            for record in saved["runs"]
        ]


def members(experiment: Experiment, runs: Sequence[TrainedRun]) -> list[tuple[TableRow, list[TrainedRun]]]:
    """Each row with its runs, by seed. Raises SemisupError for runs that cannot be compared, or differ within a row."""
    tested = [run for run in runs if run.result["test"]]
    for objection in objections(tested) if tested else ():
        raise SemisupError(f"{experiment.id}: {objection.reason}")
    found: dict[str, list[TrainedRun]] = {row.full_name: [] for row in experiment.rows}
    for run in sorted(runs, key=lambda run: run.seed):
        row = experiment.row_of(run)
        if row is None:
            raise SemisupError(f"{experiment.id}: {run.folder} is kept and belongs to no row of reproductions.yaml.")
        for other in found[row.full_name]:
            _check_alike(f"{experiment.id}, '{row.full_name}'", other, run)
        found[row.full_name].append(run)
    return [(row, found[row.full_name]) for row in experiment.rows]


def _check_alike(where: str, one: TrainedRun, other: TrainedRun) -> None:
    """Runs of a row differ in their seed; a config of an older version may lack an option."""
    if one.seed == other.seed:
        raise SemisupError(f"{where}: {one.folder} and {other.folder} have the same seed; tell them apart by options.")
    first, second = dict(leaves(one.identity)), dict(leaves(other.identity))
    for path in sorted(first.keys() & second.keys()):
        if first[path] != second[path]:
            raise SemisupError(
                f"{where}: {one.folder} has {path}={first[path]} and {other.folder} {second[path]}; "
                "runs of a row differ in their seed alone."
            )


def _kept(run: TrainedRun, commit: str) -> TrainedRun:
    """The run with what the document may say of it, and no folder of this machine."""
    result = run.result
    record = {
        "folder": run.folder.name,
        "commit": commit[:7],
        "seed": run.seed,
        "split": _only(SPLIT, result["split"]),
        "test": _only(MEASURED, result["test"]),
        "validation": _only(MEASURED, result.get("validation")),
        "pseudo_labels": _only(AUDITED, result.get("pseudo_labels")),
        "round": result.get("round", 0),
        "rounds": [
            _only(("round", "kind", "steps", "seconds"), one)
            | {"validation": _only(MEASURED, one["validation"]), "labels": _only(AUDITED, one["labels"])}
            for one in result.get("rounds") or []
        ],
        **_only(("steps", "seconds", "hardware", "versions"), result),
    }
    return TrainedRun(Path(run.folder.name), {**_anywhere(run.identity), "seed": run.seed}, record)


def _only(names: Iterable[str], node: dict[str, Any] | None) -> Any:
    return node and {name: node[name] for name in names if name in node}


def _anywhere(value: Any) -> Any:
    """A config whose files are named without their folders."""
    if isinstance(value, dict):
        return {key: _anywhere(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_anywhere(inside) for inside in value]
    return FOLDERS.sub(r"\1", value) if isinstance(value, str) else value


def _text(runs: Sequence[TrainedRun]) -> str:
    """JSON with a config or a run a line, so that a change shows as what it is."""
    configs: list[Config] = []
    records = []
    for run in runs:
        config = {key: value for key, value in run.config.items() if key != "seed"}
        if config not in configs:
            configs.append(config)
        records.append({**run.result, "config": configs.index(config)})
    parts = (f'"{name}": [\n{_lines(values)}\n]' for name, values in (("configs", configs), ("runs", records)))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(values: Sequence[dict[str, Any]]) -> str:
    return ",\n".join(json.dumps(value) for value in values)
