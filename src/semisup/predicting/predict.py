"""Predictions of a trained run for many samples, in a file that survives an interruption."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from semisup.core import environment
from semisup.core.atomic_files import atomic_write, atomic_write_text
from semisup.core.damaged_files import checked, read_json
from semisup.core.errors import SemisupError
from semisup.core.malloc import tune_malloc
from semisup.core.ranges import PositiveInt, Probability, enforce_ranges
from semisup.models.classifier import OpenSetClassifier
from semisup.models.inference import infer
from semisup.predicting.hashed_names import HashedNames
from semisup.predicting.loading import LoadedBatch, load_batches
from semisup.predicting.prediction_file import UNKNOWN, Prediction, PredictionFile
from semisup.predicting.samples import SampleSource
from semisup.runs.trained_run import TrainedRun

# What must be the same for a prediction file to be continued, and its name in a message.
SAME = {
    "checkpoint": "another run, {run}",
    "images": "other images, those of {images}",
    "place": "paths relative to {place}",
    "probabilities": "probabilities={probabilities}",
    "unknown": "unknown={unknown}",
}


class PredictionCounts(NamedTuple):
    """How many samples were predicted.

    Args:
        new: Predicted in this call.
        unreadable: Samples that cannot be read.
        total: Predictions in the file.
    """

    new: int
    unreadable: int
    total: int


@enforce_ranges
def unknown_threshold(run: TrainedRun, unknown: Probability | None) -> float | None:
    """The score above which a sample is called unknown.

    Args:
        run: The run that predicts.
        unknown: The user's; None: one half if the run has a detector, and else there is no such answer.

    Returns:
        The threshold; None if no sample is called unknown, as none is with 1.

    Raises:
        SemisupError: If the word is the name of a class.
    """
    if unknown == 1 or (unknown is None and run.detector is None):
        return None
    if UNKNOWN in run.classes:
        raise SemisupError(
            f"{UNKNOWN} is a class of this run, so it cannot say of an image that it is of none: unknown=1."
        )
    return 0.5 if unknown is None else unknown


def claim_output(
    output: PredictionFile, run: TrainedRun, source: SampleSource, overwrite: bool, unknown: float | None = None
) -> None:
    """Starts a prediction file, or checks that an existing one is of the same run, samples and options.

    Args:
        output: The file.
        run: The run that predicts.
        source: The samples.
        overwrite: Whether an existing file is deleted.
        unknown: As of `unknown_threshold`.

    Raises:
        SemisupError: If the file has other predictions, or was not written by predict.
    """
    mine = {
        "run": run.folder.resolve().name,
        "checkpoint": run.digest(),
        "temperature": run.temperature,
        "images": str(source.path.resolve()),
        "place": source.base and str(source.base.resolve()),
        "probabilities": bool(output.classes),
        "unknown": unknown,
    }
    if overwrite:
        output.delete()
    remedy = "choose another out, or replace it with overwrite=true"
    if not (output.file.exists() or output.growing.exists()):
        output.file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write_text(output.record, json.dumps(mine, indent=1))
        return
    if not output.record.exists():
        raise SemisupError(f"{output.file} is already there and was not written by predict: {remedy}.")
    for key, what in SAME.items():
        with checked(output.record, remedy):
            record = {"unknown": None, **read_json(output.record)}  # older records have none
            is_same = record[key] == mine[key]
        if not is_same:
            raise SemisupError(f"{output.file} was written with {what.format(**record)}: {remedy}.")


@enforce_ranges
def predict_samples(
    run: TrainedRun,
    source: SampleSource,
    output: PredictionFile,
    *,
    console: Console,
    device: str = "auto",
    batch_size: PositiveInt = 256,
    workers: PositiveInt | None = None,
    unknown: Probability | None = None,
) -> PredictionCounts:
    """Predicts the samples that have no prediction in the file yet, and lists those that cannot be read.

    The same call continues an interrupted one. The result is the same as without an interruption.

    Args:
        run: The run that predicts.
        source: The samples.
        output: The file, which `claim_output` has accepted.
        console: Shows the progress if it is a terminal.
        device: 'cpu', 'cuda', 'cuda:1', 'mps', or 'auto' for an accelerator if there is one.
        batch_size: Samples at a time.
        workers: Threads that read samples; None for as many as there are processors.
        unknown: As of `unknown_threshold`.

    Returns:
        How many samples were predicted.

    Raises:
        SemisupError: If there are no samples, or a batch does not fit into the memory of the device.
    """
    tune_malloc()
    target = environment.device(device)
    classifier = OpenSetClassifier(run.classifier, None if unknown is None else run.detector).to(target)
    output.resume()
    predicted = HashedNames(prediction.path for prediction in output.read())
    count = sum(1 for _ in source.samples())
    if not count:
        raise SemisupError(f"images={source.path}: there is nothing to predict.")
    new = unreadable = 0
    with (
        atomic_write(output.unreadable) as temporary,
        temporary.open("w", encoding="utf-8") as listed,
        _progress(console, count, len(predicted)) as advance,
    ):
        for batch in load_batches(source.samples(), batch_size, workers or _processors(), predicted):
            listed.writelines(f"{_escaped(name)}\t{reason}\n" for name, reason in batch.unreadable)
            if batch.names:
                outputs = infer(classifier, batch.inputs, target).cpu().numpy()  # (B, K + 1)
                output.write(_predictions(batch, outputs, run, output, unknown))
            advance(len(batch.names) + len(batch.unreadable))
            new, unreadable = new + len(batch.names), unreadable + len(batch.unreadable)
    if not unreadable:
        output.unreadable.unlink()
    output.finish()
    return PredictionCounts(new, unreadable, len(predicted) + new)


def _predictions(
    batch: LoadedBatch,
    outputs: NDArray[np.float32],
    run: TrainedRun,
    output: PredictionFile,
    unknown: float | None,
) -> list[Prediction]:
    found = []
    for name, row in zip(batch.names, outputs[batch.places], strict=True):
        probability, score = row[:-1], float(row[-1])
        best = int(probability.argmax())
        label, confidence = run.classes[best], float(probability[best])
        if unknown is not None and score > unknown:
            label, confidence = UNKNOWN, score
        found.append(Prediction(name, label, confidence, probability.tolist() if output.classes else ()))
    return found


def _escaped(name: str) -> str:
    """The name on one line: line breaks, and bytes that are not UTF-8, are escaped."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name)


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _SpeedColumn(ProgressColumn):
    """Images per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} images/s" if speed else "")


@contextmanager
def _progress(console: Console, total: int, done: int) -> Iterator[Callable[[int], None]]:
    """Shows a bar on a terminal, and yields the function that advances it."""
    columns = (TextColumn("predicting"), BarColumn(), MofNCompleteColumn(), _SpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total, completed=done)
        yield lambda count: bar.advance(task, count)
