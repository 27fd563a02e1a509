"""The labels of all unlabeled images, by the network that was trained."""

from pathlib import Path

import numpy as np

from semisup.auto.trial import predict
from semisup.config import Config
from semisup.config.resolve import first_trained_round
from semisup.config.rounds import round_config
from semisup.data import Split, Store
from semisup.labelers import Labels
from semisup.labelers.files import write_labels
from semisup.metrics.calibration import softmax
from semisup.training.fit import load_best_weights, make_method

LABELS = "labels.parquet"


def label_unlabeled(folder: Path, config: Config, store: Store, split: Split, temperature: float | None) -> int:
    """Writes labels.parquet: path, label and confidence of each unlabeled image, which is its weight for a student.

    Args:
        folder: The run's.
        config: The run's, completed.
        store: Features in the place of images.
        split: The run's.
        temperature: Of the confidence; None: it is not calibrated.

    Returns:
        How many images were labeled.
    """
    number = first_trained_round(config)
    assert number is not None  # candidates train a head
    method = make_method(round_config(config, number), store)
    load_best_weights(method, folder / f"round{number}")
    logits = predict(method, store, split.unlabeled)
    probability = softmax(logits, temperature or 1.0).astype(np.float32)
    confidence = probability.max(-1)
    labels = Labels(probability, confidence, confidence)  # a student that learns from them trusts them so far
    write_labels(folder / LABELS, store, split.unlabeled, labels, split.hash)
    return len(probability)
