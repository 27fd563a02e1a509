"""The pseudo-labels of a run's rounds: made, imported, read, and measured."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.config import Config
from semisup.config.nodes import build, build_embedding, embeddings_folder
from semisup.config.resolve import labeler_reads
from semisup.core.atomic_files import atomic_write_text
from semisup.core.damaged_files import checked
from semisup.core.distributed import rank
from semisup.core.errors import SemisupError
from semisup.data import Split, SSLDataModule, Store
from semisup.labelers import Labels, NamedClusters
from semisup.labelers.files import read_labels, write_labels
from semisup.methods import Method
from semisup.metrics.clustering import cluster_quality
from semisup.runs.labeling import (
    CLUSTERS,
    LABELS,
    Columns,
    cached_features,
    embed_images,
    label_images,
    label_warning,
    predict_images,
)
from semisup.runs.trained_network import load_network
from semisup.runs.trusted import named_packages
from semisup.training.audit import pseudo_label_metrics


@dataclass(frozen=True)
class RoundLabels:
    """The pseudo-labels of a run, those of each round in RUN/round{r}.

    The hidden classes are used for records only: labelers get a data module without them.

    Args:
        config: The run's, completed.
        store: The data set.
        split: The run's.
        run: The run's folder.
    """

    config: Config
    store: Store
    split: Split
    run: Path

    def make(self, number: int, data: SSLDataModule, method: Method | None = None) -> Labels:
        """Makes the labels of a round, or reads them if they are made.

        Args:
            number: The round's.
            data: The round's.
            method: Trained in the round; None if the labels come from an embedding that needs none.

        Returns:
            The labels, in the order of `split.unlabeled`.
        """
        labeler, node, folder = self.config["labeler"], self.config["embedding"], self._folder(number)
        predict: Callable[[], Columns]
        if data.store.is_embedded and "features" in labeler_reads(labeler):
            predict = partial(cached_features, data)
        elif node and method is None:
            load = partial(load_network, allow=named_packages(self.config))
            predict = partial(embed_images, build_embedding(node, load), data, embeddings_folder(self.config))
        elif node and not data.store.is_embedded:
            predict = partial(embed_images, build(node, source=method), data, folder / "embeddings")
        else:
            assert method is not None
            predict = partial(predict_images, method, data, build(self.config["trainer"]), labeler_reads(labeler))
        return label_images(build(labeler), predict, data, folder, number)

    def read(self, number: int) -> Labels:
        """Reads the labels of an earlier round.

        Args:
            number: The round's.

        Returns:
            The labels, in the order of `split.unlabeled`.
        """
        return read_labels(self.file(number), self.store, self.split.unlabeled, self.split.hash)

    def import_labels(self, source: Path) -> Labels:
        """Imports labels from a file as those of round 0.

        Args:
            source: A .parquet or .csv file.

        Returns:
            The labels, in the order of `split.unlabeled`.

        Raises:
            SemisupError: If the file does not fit, or keeps no image.
        """
        labels = read_labels(source, self.store, self.split.unlabeled)
        if rank() == 0:
            self.check_source(source, 0)
            write_labels(self.file(0), self.store, self.split.unlabeled, labels, self.split.hash)
        if not labels.weight.any():
            raise SemisupError(f"{source} keeps none of the {len(self.split.unlabeled):,} unlabeled images.")
        return labels

    def evaluate(self, number: int, labels: Labels | None, before: Labels | None = None) -> dict[str, Any]:
        """Measures the labels of a round.

        Args:
            number: The round's.
            labels: Its labels; None if it has made none.
            before: Those of the round before.

        Returns:
            `labels` (as from `pseudo_label_metrics`), `clusters` and `warning`, each None where there is none.
        """
        if labels is None:
            return {"labels": None, "clusters": None, "warning": None}
        return {
            "labels": pseudo_label_metrics(labels, self.hidden()[self.split.unlabeled], self.store.classes, before),
            "clusters": self._evaluate_clusters(self._folder(number) / CLUSTERS),
            "warning": label_warning(labels, self.store.classes),
        }

    def check_source(self, source: Path, number: int) -> None:
        """Stores which labels a round starts with; a resumed run must have the same.

        Args:
            source: The file of the labels.
            number: The round that learns from them; 0 = imports them.

        Raises:
            SemisupError: If the file has changed.
        """
        digest, file = hashlib.sha256(source.read_bytes()).hexdigest(), self._folder(number) / "labels.sha256"
        if not file.exists():
            atomic_write_text(file, digest)
            return
        with checked(file, f"delete it if {source} is what round {number} started with"):
            saved = file.read_text(encoding="ascii").strip()
            if not re.fullmatch("[0-9a-f]{64}", saved):
                raise ValueError("it holds no SHA-256")
        if saved != digest:
            record = f", {source.parent / 'round.json'}" if number else ""
            raise SemisupError(
                f"{source} has changed since round {number} started with it: to train again with the new "
                f"pseudo-labels, delete {self._folder(number)}, the rounds after it{record} and result.json."
            )

    def file(self, number: int) -> Path:
        """The file of a round's labels.

        Args:
            number: The round's.

        Returns:
            Its path.
        """
        return self._folder(number) / LABELS

    def hidden(self) -> NDArray[np.int64]:
        """The classes of the unlabeled images, for the audit only, (N,) over the store; -1 elsewhere."""
        return self.store.hide(self.split.unlabeled).targets

    def _evaluate_clusters(self, file: Path) -> dict[str, Any] | None:
        if not file.exists():
            return None
        clusters, truth = NamedClusters.load(file), self.hidden()
        truth[self.split.labeled] = self.store.targets[self.split.labeled]
        figures = cluster_quality(clusters.assignment, truth[clusters.index], clusters.names, self.store.classes)
        objective = clusters.objective.tolist()
        return figures | {"objective": objective[-1] if objective else None, "iterations": len(objective)}

    def _folder(self, number: int) -> Path:
        return self.run / f"round{number}"
