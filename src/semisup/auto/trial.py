"""One training of a candidate on a split, without a folder: what cross-validation repeats."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from semisup.auto.folds import Fold
from semisup.config import Config
from semisup.config.nodes import build, load_data
from semisup.config.resolve import first_trained_round
from semisup.config.rounds import round_config
from semisup.core.atomic_files import atomic_write
from semisup.core.errors import SemisupError
from semisup.data import Split, Store
from semisup.labelers import Labels
from semisup.methods import Method
from semisup.runs.labeling import Columns, build_labeler_inputs, cached_features, with_labels
from semisup.training.callbacks import NaNGuard, StepSeed
from semisup.training.fit import make_method


@dataclass(frozen=True)
class Trial:
    """What a candidate predicted for the images that were held out.

    Args:
        held_out: Images of the store, (n,) int64.
        logits: (n, K) float32.
        labels: How many labels it was trained with.
        seconds: Of the training.
    """

    held_out: NDArray[np.int64]
    logits: NDArray[np.float32]
    labels: int
    seconds: float


@dataclass
class Candidate:
    """A config that can be trained on any split of the same images, and keeps what does not depend on the labels.

    Args:
        config: Completed; its labeler, if any, reads features.
        store: Features in the place of images. The method gets the classes of labeled images only.
        columns: The features of all images in the plain view, for a labeler.
    """

    config: Config
    store: Store
    columns: Columns

    def __post_init__(self) -> None:
        self.labeler = build(self.config["labeler"]) if self.config["labeler"] else None

    def train(self, split: Split, labels: Labels | None = None) -> Method:
        """Trains as `run` does, but keeps nothing on disk.

        Args:
            split: Without validation images.
            labels: Of its unlabeled images, for a student; None: the labeler, if there is one, makes them.

        Returns:
            The trained method, on the CPU.
        """
        number = first_trained_round(self.config)
        assert number is not None  # candidates train a head
        config = round_config(self.config, number)
        data = load_data(config, self.store, split)
        if number and labels is None:
            assert self.labeler is not None  # or the first round would train
            inputs = build_labeler_inputs(data, self.columns)
            labels = self.labeler(inputs).of(np.searchsorted(inputs.index, split.unlabeled))
        if labels is not None:
            data = with_labels(data, labels)
        method, training = make_method(config, self.store), build(config["trainer"])
        watchers = [StepSeed(config["seed"]), NaNGuard(training.log_every_n_steps)]
        training.trainer(watchers, [], validates=False).fit(method, datamodule=data)
        return method.cpu()


def open_candidates(configs: Mapping[str, Config], store: Store, split: Split) -> dict[str, Candidate]:
    """Makes candidates of configs that share data and features.

    Args:
        configs: Completed, by name.
        store: Features in the place of images.
        split: With all labels.

    Returns:
        The candidates, by name.
    """
    columns = cached_features(load_data(next(iter(configs.values())), store, split))
    return {name: Candidate(config, store, columns) for name, config in configs.items()}


def run_trial(candidate: Candidate, fold: Fold, folder: Path) -> Trial:
    """Trains a candidate without a fold's labels and predicts these images, or reads what it predicted before.

    Args:
        candidate: The candidate.
        fold: What is held out.
        folder: Where trials are kept, a file each.

    Returns:
        The predictions.
    """
    file = folder / f"{fold.name}.npz"
    if file.exists() and (found := _read(file, fold)):
        return found
    started = time.perf_counter()
    method = candidate.train(fold.split)
    logits = predict(method, candidate.store, fold.held_out)
    trial = Trial(fold.held_out, logits, len(fold.split.labeled), time.perf_counter() - started)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(file) as temporary:
        np.savez(temporary, held_out=trial.held_out, logits=logits, labels=trial.labels, seconds=trial.seconds)
    return trial


@torch.no_grad()
def predict(method: Method, store: Store, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Predicts images in the plain view.

    Args:
        method: Trained on features.
        store: Features in the place of images.
        rows: Of the store, (n,) int64.

    Returns:
        Logits (n, K).
    """
    network = method.eval_network.eval()
    parts = np.array_split(rows, max(1, len(rows) // 4096))
    return np.concatenate([network(torch.from_numpy(store.images[p, 0].astype(np.float32))).numpy() for p in parts])


def _read(file: Path, fold: Fold) -> Trial | None:
    """A trial that was kept; None if it is of other images, as after a change of the labels."""
    try:
        with np.load(file, allow_pickle=False) as saved:
            held_out, logits = saved["held_out"], saved["logits"]
            trial = Trial(held_out, logits, int(saved["labels"]), float(saved["seconds"]))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise SemisupError(
            f"{file} is damaged ({error}): delete it, and the same command computes it again."
        ) from error
    is_same = np.array_equal(held_out, fold.held_out) and trial.labels == len(fold.split.labeled)
    return trial if is_same and np.isfinite(logits).all() else None
