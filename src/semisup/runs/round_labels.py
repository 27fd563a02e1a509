"""What a round leaves in its folder: pseudo-labels, and the clusters and pictures they come with; and their worth."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semisup.config import resolve as configuration
from semisup.config.resolve import Config, reads
from semisup.core.atomic_files import atomic_write_text
from semisup.core.distributed import rank
from semisup.core.errors import SemisupError
from semisup.data import Split, SSLDataModule, Store
from semisup.labelers import LabelerInputs, Labels, NamedClusters
from semisup.labelers.files import read_labels, write_labels
from semisup.methods import Method
from semisup.metrics.clustering import cluster_quality
from semisup.reports.figures.clusters import draw
from semisup.runs.labeling import CLUSTERS, LABELS, Columns, embedded, label, predictions, warning
from semisup.training.audit import pseudo_label_metrics


@dataclass(frozen=True)
class RoundLabels:
    """The pseudo-labels of a run, each round's in RUN/round{r}.

    The hidden classes are here for records and pictures alone: labelers are given a data module that hides them.
    """

    config: Config
    store: Store
    split: Split
    run: Path

    def make(self, number: int, data: SSLDataModule, method: Method | None = None) -> Labels:
        """Those that a round leaves. method: trained in it, if any."""
        labeler, node, folder = self.config["labeler"], self.config["embedding"], self._folder(number)
        known: Callable[[], Columns]
        if node and method is None:
            cache = Path(self.config["data_dir"]).expanduser() / "embeddings"
            known = partial(embedded, configuration.build(node), data, cache)
        elif node:
            known = partial(embedded, configuration.build(node, source=method), data, folder / "embeddings")
        else:
            assert method is not None
            training = configuration.build(self.config["trainer"])
            known = partial(predictions, method, data, training, reads(labeler))
        return label(configuration.build(labeler), known, data, folder, partial(self._draw, folder))

    def read(self, number: int) -> Labels:
        """Those that a round has left."""
        return read_labels(self._folder(number) / LABELS, self.store, self.split.unlabeled, self.split.hash)

    def import_labels(self, given: Path) -> Labels:
        """Those of a file, for round 0. Raises SemisupError if they do not fit, or if none of them is kept."""
        if not given.exists():
            raise SemisupError(f"there is no {given}.")
        labels = read_labels(given, self.store, self.split.unlabeled)
        if rank() == 0:
            self.check_source(given, 0)
            write_labels(self._folder(0) / LABELS, self.store, self.split.unlabeled, labels, self.split.hash)
        if not labels.weight.any():
            raise SemisupError(f"{given} keeps none of the {len(self.split.unlabeled):,} unlabeled images.")
        return labels

    def evaluate(self, number: int, labels: Labels | None, before: Labels | None = None) -> dict[str, Any]:
        """What goes on record of the labels that a round has left, if any: `labels`, `clusters` and `warning`."""
        if labels is None:
            return {"labels": None, "clusters": None, "warning": None}
        return {
            "labels": pseudo_label_metrics(labels, self.hidden()[self.split.unlabeled], self.store.classes, before),
            "clusters": self._clusters(self._folder(number) / CLUSTERS),
            "warning": warning(labels, self.store.classes),
        }

    def check_source(self, source: Path, number: int) -> None:
        """Writes down which pseudo-labels a round began with, or refuses to go on with others."""
        digest, file = hashlib.sha256(source.read_bytes()).hexdigest(), self._folder(number) / "labels.sha256"
        if not file.exists():
            atomic_write_text(file, digest)
        elif file.read_text() != digest:
            record = f", {source.parent / 'round.json'}" if number else ""
            raise SemisupError(
                f"{source} has changed since round {number} began with it: to train again with the new pseudo-labels, "
                f"delete {self._folder(number)}, the rounds after it{record} and result.json."
            )

    def file(self, number: int) -> Path:
        return self._folder(number) / LABELS

    def hidden(self) -> NDArray[np.int64]:
        """The unlabeled images' classes, for the audit alone; -1 elsewhere and where nobody knows."""
        return self.store.hide(self.split.unlabeled).targets

    def _clusters(self, file: Path) -> dict[str, Any] | None:
        if not file.exists():
            return None
        found = NamedClusters.load(file)
        figures = cluster_quality(found.assignment, self._truth(found.index), found.names, self.store.classes)
        objective = found.objective.tolist()
        return figures | {"objective": objective[-1] if objective else None, "iterations": len(objective)}

    def _draw(self, folder: Path, inputs: LabelerInputs, labels: Labels, clusters: NamedClusters | None) -> None:
        if inputs.features is not None:
            draw(folder, self.store, inputs, self._truth(inputs.index), labels, clusters)

    def _truth(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """The classes of labeled and unlabeled images, where somebody knows them."""
        truth = self.hidden()
        truth[self.split.labeled] = self.store.targets[self.split.labeled]
        return truth[index]

    def _folder(self, number: int) -> Path:
        return self.run / f"round{number}"
