"""docs/reproductions.md, from the list of experiments and what is kept of their runs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from reproducing.experiments import Document, Experiment, TableRow
from reproducing.runs import accuracy, load, members
from semisup.core.errors import SemisupError
from semisup.metrics.statistics import Estimate
from semisup.reports.comparison.formats import pipe_table
from semisup.reports.comparison.tables import Cells
from semisup.runs.trained_run import TrainedRun

HEAD = "<!-- Written by `python scripts/reproductions.py render`; change reproductions.yaml, not this file. -->"
MISSING = "## Not run yet\n\nPublished numbers without one of ours. The options of the commands are checked."
ROUNDS = (
    "{}, round by round: accuracy on the validation images, in bold that of the round that was tested, and, by the "
    "audit, of the labels that the round gives to all unlabeled images; in %."
)
Members = list[tuple[TableRow, list[TrainedRun]]]


def text(document: Document, results: Path) -> str:
    """The document. results: the folder of what is kept. Raises SemisupError for runs that cannot be compared."""
    done: list[str] = []
    missing: list[str] = []
    for experiment in document.experiments:
        rows = members(experiment, load(results, experiment.id))
        done += _section(experiment, [(row, runs) for row, runs in rows if runs])
        missing += _missing(experiment, rows)
    parts = [HEAD, "# Reproductions", document.preface, *done, *([MISSING, *missing] if missing else [])]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _section(experiment: Experiment, rows: Members) -> list[str]:
    if not rows:
        return []
    rounds = [part for row, runs in rows if row.rounds for part in (ROUNDS.format(row.full_name), _rounds(runs))]
    table = _table([_cells(row, runs, rows) for row, runs in rows])
    places = _places([run for _, runs in rows for run in runs])
    prose = [_source(experiment), _optimizers(rows), places, *rounds, experiment.remarks]
    return [f"## {experiment.title}", experiment.intro, _commands(experiment, rows), table, *prose]


def _optimizers(rows: Members) -> str:
    """The optimizers that the records of the runs name, each with its rows."""
    found: dict[str, list[str]] = {}
    for row, runs in rows:
        for spelled in dict.fromkeys(
            _optimizer(run.config["optimizer"]) for run in runs if run.config.get("optimizer")
        ):
            found.setdefault(spelled, []).append(row.full_name)
    if not found:
        return ""
    if len(found) == 1:
        return f"Optimizer, by the record: {next(iter(found))}."
    parts = (f"{spelled} for {_joined(names)}" for spelled, names in found.items())
    return f"Optimizers, by the record: {'; '.join(parts)}."


def _optimizer(node: dict[str, Any]) -> str:
    name = str(node["_target_"]).rpartition(".")[2]
    named = (f"{key} {value}" for key, value in node.items() if key in ("lr", "momentum", "weight_decay", "schedule"))
    return f"{name} with {', '.join(named)}"


def _joined(names: Sequence[str]) -> str:
    return ", ".join(f"*{name}*" for name in names)


def _missing(experiment: Experiment, rows: Members) -> list[str]:
    """Published numbers beside which there is none of ours; the commands, if they are not above."""
    missing = [row for row, runs in rows if row.published and not runs]
    if not missing:
        return []
    cells = [
        {"": row.full_name, "published": row.published, "command": row.command and f"`{_one_line(row.command)}`"}
        for row in missing
    ]
    commands = "" if any(runs for _, runs in rows) else _commands(experiment, [])
    return [f"**{experiment.title}**", commands, _table(cells), _source(experiment)]


def _commands(experiment: Experiment, rows: Members) -> str:
    """As Markdown's code: those of the experiment, then those of its rows."""
    commands = [*experiment.commands, *(_one_line(row.command) for row, _ in rows)]
    return "\n".join(f"    {line}" for command in commands for line in command.strip().splitlines())


def _source(experiment: Experiment) -> str:
    return experiment.source and f"Published: {experiment.source}"


def _one_line(command: str) -> str:
    return " ".join(command.split())


def _cells(row: TableRow, runs: Sequence[TrainedRun], rows: Members) -> Cells:
    estimate = Estimate.of([accuracy(run) for run in runs])
    cells = {} if row.labels is None else {"labels": f"{row.labels:,}"}
    cells |= {"": row.name, "published": row.published}
    cells["by seed"] = ", ".join(f"{run.seed}: {accuracy(run):.2f}" for run in runs)
    cells["mean ± sd"] = estimate.mean_and_sd
    for name in dict.fromkeys(name for other, _ in rows for name in other.against):
        others = [other for base, found in rows if base.key == (name, row.labels) for other in found]
        cells[f"paired difference to {name}"] = _difference(runs, others) if name in row.against else ""
    used = [run.result["pseudo_labels"] for run in runs if run.result["pseudo_labels"]]
    cells["pseudo-labels: used, correct"] = f"{_mean(used, 'coverage')}, {_mean(used, 'accuracy')}" if used else ""
    seconds = median(run.result["seconds"] for run in runs)
    cells["median time"] = f"{seconds:,.0f} s" if seconds else ""
    cells["commit"] = ", ".join(dict.fromkeys(run.result["commit"] for run in runs))
    return cells


def _difference(runs: Sequence[TrainedRun], baselines: Sequence[TrainedRun]) -> str:
    """Mean over the seeds that both have, its 95 % interval and p (Student's t); empty without such a seed."""
    by_seed = {run.seed: run for run in baselines}
    pairs = [(run, by_seed[run.seed]) for run in runs if run.seed in by_seed]
    for run, other in pairs:
        if run.split != other.split:
            raise SemisupError(f"{run.folder} and {other.folder} have other splits, so they cannot be paired.")
    if not pairs:
        return ""
    estimate = Estimate.of([accuracy(run) - accuracy(other) for run, other in pairs])
    if estimate.interval is None or estimate.p is None:
        return f"{estimate.mean:+.2f} ({len(pairs)} pair{'s' * (len(pairs) > 1)}, no interval)"
    return f"{estimate.mean:+.2f} ({estimate.interval_text()}), p = {estimate.p:.2g}"


def _rounds(runs: Sequence[TrainedRun]) -> str:
    longest = max((run.result["rounds"] for run in runs), key=len)
    names = [f"{one['kind']} {one['round']}" if one["kind"] == "student" else one["kind"] for one in longest]
    lines = []
    for run in runs:
        cells = dict.fromkeys(names, "")
        for name, one in zip(names, run.result["rounds"], strict=False):
            validation = _percent(one["validation"], "accuracy", ".1f")
            tested = f"**{validation}**" if one["round"] == run.result["round"] else validation
            cells[name] = f"{tested}, {_percent(one['labels'], 'accuracy_of_all', '.1f')}"
        lines.append({"": f"seed {run.seed}", **cells, "tested": f"{accuracy(run):.2f}"})
    return _table(lines)


def _places(runs: Sequence[TrainedRun]) -> str:
    """Where the runs were made, and with what."""
    hardware = dict.fromkeys(_machine(run.result["hardware"]) for run in runs)
    versions = dict.fromkeys(f"torch {run.result['versions']['torch']}" for run in runs)
    return f"Hardware: {'; '.join(hardware)}; {', '.join(versions)}. The time is that of a complete run."


def _machine(hardware: dict[str, Any]) -> str:
    threads = hardware["threads"]
    accelerators = "".join(f", {name}" for name in hardware["accelerators"])
    return f"{hardware['processor']}, {threads} thread{'s' * (threads > 1)} of {hardware['cores']} cores{accelerators}"


def _mean(readings: Iterable[dict[str, Any]], name: str) -> str:
    values = [100 * metrics[name] for metrics in readings if metrics[name] is not None]
    return f"{np.mean(values):.1f}" if values else "–"


def _percent(node: dict[str, Any] | None, name: str, form: str) -> str:
    return f"{100 * node[name]:{form}}" if node and node.get(name) is not None else "–"


def _table(rows: Sequence[Cells]) -> str:
    """A Markdown table of the columns that are not empty."""
    columns = [column for column in rows[0] if any(row[column] for row in rows)]
    return pipe_table([{column: row[column] for column in columns} for row in rows])
