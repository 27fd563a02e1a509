"""The job of `semisup auto`: embed, cross-validate, choose, train on all labels, label everything."""

import json
import shutil
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import torch
from rich.console import Console

from semisup.auto.average import AVERAGE, average, average_labels
from semisup.auto.console import choice, labels_written, plan
from semisup.auto.cross_validation import cross_validate
from semisup.auto.folds import cross_validation_folds, subsample
from semisup.auto.options import AutoOptions, check_candidates, job_folder
from semisup.auto.outlook import learning_curve, temperature, thresholds
from semisup.auto.record import AUTO, Record, read_record
from semisup.auto.runner import TrialRunner
from semisup.auto.scores import choose, finalists, score
from semisup.auto.trial import Trial, open_candidates
from semisup.auto.unlabeled import LABELS, label_unlabeled
from semisup.config import Config
from semisup.config.nodes import build, load_data
from semisup.config.resolve import complete, knows_labels_alone
from semisup.core.atomic_files import atomic_write_text
from semisup.core.locks import locked, refuse_locked
from semisup.core.terminal import warn
from semisup.data import Split, Store
from semisup.labelers.files import write_labels
from semisup.runs.console import show_progress
from semisup.runs.run import configure_process, open_data, run

TRIALS = "cross_validation"
SHARES = (0.25, 0.5)  # of the labels, for the learning curve


@dataclass
class _Job:
    """A job that runs: its candidates share data, split and features."""

    candidates: dict[str, Config]
    student: Config | None  # learns the mean of candidates
    options: AutoOptions
    folder: Path
    console: Console
    store: Store
    split: Split
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        trained = open_candidates(self.candidates, self.store, self.split)
        on_cpu = build(self.base["trainer"]).predictor().strategy.root_device.type == "cpu"
        self.runner = TrialRunner(trained, self.folder / TRIALS, torch.get_num_threads() if on_cpu else 1)

    def cross_validate(self) -> dict[str, list[Trial]]:
        """The trials of each candidate on all folds; none if no image can be held out."""
        label = self.store.targets[self.split.labeled]
        seed = int(self.base["seed"])
        repeats = cross_validation_folds(self.split, label, self.options.folds, self.options.repeats, seed)
        shown = show_progress(self.console, "cross-validation", "trainings")
        return cross_validate(self.runner, repeats, shown)

    def subsample(self, name: str) -> list[list[Trial]]:
        """Trials with a share of the labels, a group for each share."""
        label, seed = self.store.targets[self.split.labeled], int(self.base["seed"])
        drawn = [[subsample(self.split, label, s, r, seed) for r in range(self.options.repeats)] for s in SHARES]
        folds = [[fold for fold in group if len(fold.held_out)] for group in drawn]
        trials = iter(self.runner.run([(name, fold) for group in folds for fold in group]))
        return [[next(trials) for _ in group] for group in folds]

    def average(self, temperatures: dict[str, float]) -> Config:
        """Writes what the mean of candidates says of the unlabeled images, for the student, whose config it returns."""
        assert self.student is not None
        file, shown = self.folder / f"{AVERAGE}.parquet", show_progress(self.console, "average", "trainings")
        labels = average_labels(self.runner, temperatures, self.split, lambda done: shown(done, len(temperatures)))
        write_labels(file, self.store, self.split.unlabeled, labels, self.split.hash)
        return {**self.student, "rounds": {**self.student["rounds"], "labels": str(file)}}

    @property
    def base(self) -> Config:
        """The config of the labels alone."""
        return next(iter(self.candidates.values()))


def run_auto(
    candidates: Mapping[str, Config],
    options: AutoOptions | None = None,
    console: Console | None = None,
    command: str | None = None,
) -> tuple[Path, Record]:
    """Finds the method that labels a data set best, by cross-validation on the labels there are, and trains it on all.

    A job that was stopped continues where it was. A finished one is read.

    Args:
        candidates: Composed configs by name: the labels alone first, then from the simplest to the most complex. They
            differ in how they learn, and share data, embedding and seed. With one named average, the mean of those that
            do not fall behind is taken, and this one learns it; without it, the simplest near the best is taken.
        options: Of the comparison.
        console: For the progress and the result; None = the terminal.
        command: What started the job, shell-quoted; it is stored in the run's folder.

    Returns:
        The run's folder, and what its auto.json holds.

    Raises:
        SemisupError: If something is wrong that the user can change.
    """
    options, console = options or AutoOptions(), console or Console()
    completed = {name: complete(config) for name, config in candidates.items()}
    check_candidates(completed)
    base = next(iter(completed.values()))
    folder = job_folder(completed, options)
    replaces = base["overwrite"] and folder.exists()
    completed = {name: {**config, "overwrite": False} for name, config in completed.items()}
    if not replaces and (record := read_record(folder)):
        console.print(f"{folder} is finished; overwrite=true does it again.", markup=False, soft_wrap=True)
        choice(console, record)
        _warn_of_newer_labels(base, folder, console)
        return folder, record
    _refuse_running(folder)  # before time is spent on the data set
    configure_process()
    started = time.perf_counter()
    _, store = open_data(base, console)
    split = load_data(base, store).split
    if not len(split.unlabeled):
        warn(console, f"{store.name} has no unlabeled images: {next(iter(completed))} is trained, and not compared.")
        completed = dict(list(completed.items())[:1])
    if replaces:  # only now, as a mistake must not delete a finished job
        _refuse_running(folder)  # another process may have started it meanwhile
        shutil.rmtree(folder)
    student = completed.pop(AVERAGE, None)
    job = _Job(completed, student, options, folder, console, store, split, {"embedding": time.perf_counter() - started})
    with locked(folder / TRIALS), closing(job.runner):
        record = _run(job, command)
        atomic_write_text(folder / AUTO, json.dumps(record, indent=1))
    choice(console, record)
    return folder, record


def _run(job: _Job, command: str | None) -> Record:
    plan(job.console, job.store, job.split, list(job.candidates), job.folder)
    job.folder.mkdir(parents=True, exist_ok=True)
    job.split.save(job.folder, job.store)
    started = time.perf_counter()
    trials = job.cross_validate()
    record: Record = {"candidates": [], "folds": job.options.folds, "repeats": job.options.repeats}
    fitted, temperatures = None, dict[str, float]()
    if trials:
        label = job.store.targets
        name = best = choose(trials, label)
        temperatures = {one: temperature(trials[one], label) for one in finalists(trials, label)}
        if job.student and len(temperatures) > 1:
            name = AVERAGE
            trials[name] = average([trials[one] for one in temperatures], list(temperatures.values()))
            record["averaged"] = list(temperatures)
        fitted = temperature(trials[name], label)
        record["candidates"] = [one.to_json() for one in score(trials, label)]
        record["labels_alone"] = [name for name, config in job.candidates.items() if knows_labels_alone(config)]
        record["held_out"] = len({int(image) for trial in trials[name] for image in trial.held_out})
        record["thresholds"] = thresholds(trials[name], label, fitted)
        points, doubled = learning_curve([trials[best], *job.subsample(best)], label, len(job.split.labeled))
        record |= {"learning_curve": points, "learning_curve_of": best, "twice_as_many_labels": doubled}
    else:
        names = list(job.candidates)
        name = job.options.default if job.options.default in names else names[min(1, len(names) - 1)]
        record["held_out"] = 0
    job.seconds["cross_validation"] = time.perf_counter() - started
    record |= {"chosen": name, "temperature": fitted, "labels": len(job.split.labeled)}
    started = time.perf_counter()
    config = job.average(temperatures) if name == AVERAGE else job.candidates[name]
    result = run(config, job.console, command, job.folder, fitted)
    job.seconds["training"] = time.perf_counter() - started
    started = time.perf_counter()
    count = label_unlabeled(job.folder, config, job.store, job.split, fitted)
    labels_written(job.console, job.folder / LABELS, count)
    job.seconds["labeling"] = time.perf_counter() - started
    test = result.get("test") or {}
    return record | {
        "test_accuracy": test.get("accuracy"),
        "seconds": {part: round(value, 1) for part, value in job.seconds.items()},
    }


def _warn_of_newer_labels(config: Config, folder: Path, console: Console) -> None:
    """Warns where a person has added labels to the file since the job was finished, as after a second review."""
    file = config["data"].get("labels_file")
    if file is None or not (labels := Path(file).expanduser()).exists():
        return
    if labels.stat().st_mtime > (folder / AUTO).stat().st_mtime:
        warn(console, f"{file} is newer than this result: overwrite=true does it again with the labels of now.")


def _refuse_running(folder: Path) -> None:
    for place in (folder, folder / TRIALS):
        refuse_locked(place)
