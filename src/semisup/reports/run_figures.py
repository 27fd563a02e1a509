"""The figures in a run's folder: rounds.png, and of each round clusters.png and contact_sheet.png."""

from pathlib import Path

import numpy as np

from semisup.data import Store
from semisup.labelers import NamedClusters
from semisup.labelers.files import read_labels
from semisup.reports.figures.clusters import contact_sheet, scatter
from semisup.reports.figures.figure import chart_style, save
from semisup.reports.figures.rounds import rounds_figure
from semisup.runs.labeling import CLUSTERS, LABELS
from semisup.runs.run_files import read_arrays
from semisup.runs.trained_run import TrainedRun

MAP = "map.npz"


def write_figures(run: TrainedRun, store: Store) -> None:
    """Draws all figures for which the run has the files.

    Args:
        run: The run.
        store: Its data set.

    Raises:
        SemisupError: If a file is damaged, or a figure cannot be written.
    """
    with chart_style():
        _write_all(run, store)


def _write_all(run: TrainedRun, store: Store) -> None:
    records = run.result["rounds"]
    if len(records) > 1:
        save(rounds_figure(records, run.result["round"]), run.folder / "rounds.png")
    for record in records:
        folder = run.folder / f"round{record['round']}"
        clusters = NamedClusters.load(folder / CLUSTERS) if (folder / CLUSTERS).exists() else None
        if (folder / MAP).exists():
            _draw_map(run, folder, store, clusters)
        if clusters is not None and store.images.ndim == 4:
            truth = store.targets[clusters.index]
            save(contact_sheet(store, clusters, truth), folder / "contact_sheet.png")


def _draw_map(run: TrainedRun, folder: Path, store: Store, clusters: NamedClusters | None) -> None:
    """The round's embedding, by true class and by the label that the round gave."""
    index, position = read_arrays(folder / MAP, "index", "position")
    name, label = "cluster label", np.full(len(store.targets), -1)
    if clusters is not None:
        label[clusters.index] = clusters.labels
    else:
        labeled, unlabeled = read_arrays(run.folder / "split.npz", "labeled", "unlabeled")
        labels = read_labels(folder / LABELS, store, unlabeled)
        name, label[labeled] = "pseudo-label", store.targets[labeled]
        label[unlabeled] = np.where(labels.weight > 0, labels.classes, -1)
    panels = {"by true class": (position, store.targets[index]), f"by {name}": (position, label[index])}
    save(scatter(panels, store.classes), folder / "clusters.png")
