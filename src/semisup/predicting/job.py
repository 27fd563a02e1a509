"""Labels for many items by a finished run, as a file that an interruption does not harm."""

import json
import os
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from semisup.core import environment
from semisup.core.atomic_files import atomic_write, atomic_write_text
from semisup.core.errors import SemisupError
from semisup.core.malloc import tune_malloc
from semisup.models.classifier import Classifier
from semisup.predicting.done import Done
from semisup.predicting.inputs import Inputs
from semisup.predicting.outputs import Output, Row
from semisup.predicting.pipeline import batches
from semisup.predicting.progress import progress
from semisup.runs.trained_run import TrainedRun

# What must be the same for a file of labels to be written on, and how it is called in a message.
SAME = {
    "checkpoint": "another run, {run}",
    "images": "other images, those of {images}",
    "place": "paths relative to {place}",
    "probabilities": "probabilities={probabilities}",
}


class Count(NamedTuple):
    """labeled: in this call. unreadable: in this call, all of those that there are. total: labeled ones, in all."""

    labeled: int
    unreadable: int
    total: int


def claim(output: Output, run: TrainedRun, inputs: Inputs, overwrite: bool) -> None:
    """Makes the output this job's, or finds that it is. Raises SemisupError if it is another one's."""
    mine = {
        "run": run.folder.resolve().name,
        "checkpoint": run.digest(),
        "temperature": run.temperature,
        "images": str(inputs.where.resolve()),
        "place": inputs.place and str(inputs.place.resolve()),
        "probabilities": bool(output.classes),
    }
    if overwrite:
        output.delete()
    there = output.file.exists() or output.growing.exists()
    way_out = "choose another out, or replace it with overwrite=true"
    if there and not output.record.exists():
        raise SemisupError(f"{output.file} is already there and was not written by predict: {way_out}.")
    if there:
        record = json.loads(output.record.read_text())
        for key, what in SAME.items():
            if record[key] != mine[key]:
                raise SemisupError(f"{output.file} was written with {what.format(**record)}: {way_out}.")
    else:
        output.file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write_text(output.record, json.dumps(mine, indent=1))


def label_all(
    run: TrainedRun,
    inputs: Inputs,
    output: Output,
    *,
    device: str,
    batch_size: int,
    workers: int | None,
    console: Console,
) -> Count:
    """Labels what has no label in the output yet, and lists beside it what cannot be read.

    An interrupted call is completed by the same call, with the same result as if it had not been interrupted.
    """
    tune_malloc()
    classifier = run.classifier.to(environment.device(device))
    output.resume()
    done = Done(row.path for row in output.rows())
    items = sum(1 for _ in inputs.items())
    if not items:
        raise SemisupError(f"images={inputs.where}: there is nothing to label.")
    labeled = unreadable = 0
    with (
        atomic_write(output.unreadable) as draft,
        draft.open("w", encoding="utf-8") as refused,
        progress(console, items, len(done)) as on,
    ):
        for batch in batches(inputs.items(), batch_size, workers or cores(), done):
            refused.writelines(f"{on_one_line(item.name)}\t{why}\n" for item, why in batch.unreadable)
            if batch.new:
                probability = predict(classifier, batch.inputs)
                output.write([row(batch.items[at].name, probability[at], run, output) for at in batch.new])
            on(len(batch.new) + len(batch.unreadable))
            labeled, unreadable = labeled + len(batch.new), unreadable + len(batch.unreadable)
    if not unreadable:
        output.unreadable.unlink()
    output.finish()
    return Count(labeled, unreadable, len(done) + labeled)


def on_one_line(name: str) -> str:
    """The name with line breaks, and bytes that are not UTF-8, as escapes."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name)


def row(name: str, probability: NDArray[np.float32], run: TrainedRun, output: Output) -> Row:
    label = int(probability.argmax())
    return Row(name, run.classes[label], float(probability[label]), probability.tolist() if output.classes else ())


def predict(classifier: Classifier, inputs: NDArray[Any]) -> NDArray[np.float32]:
    """Probabilities (B, K) of inputs (B, H, W, C) uint8 or (B, D) float32."""
    try:
        with torch.inference_mode():
            probability: torch.Tensor = classifier(torch.from_numpy(inputs).to(classifier.scale.device))
            return probability.cpu().numpy()
    except torch.OutOfMemoryError as error:
        raise SemisupError(f"{len(inputs)} at a time do not fit into the memory: lower batch_size.") from error


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
