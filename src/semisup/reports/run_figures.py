"""The figures in a run's folder: rounds.png, and of each round clusters.png and contact_sheet.png."""

from pathlib import Path

import numpy as np

from semisup.data import Store
from semisup.labelers import NamedClusters
from semisup.labelers.files import read_labels
from semisup.reports.figures.clusters import contact_sheet, scatter
from semisup.reports.figures.figure import save
from semisup.reports.figures.rounds import draw
from semisup.reports.run_folders import arrays, read
from semisup.runs.labeling import CLUSTERS, LABELS
from semisup.runs.trained_run import data_set

MAP = "map.npz"


def write_figures(run_folder: Path, store: Store | None = None, data_dir: str | Path | None = None) -> None:
    """Draws all figures for which the run has the files.

    Args:
        run_folder: The run's folder.
        store: The run's data set, if it is open already.
        data_dir: Where the data set is now; None: where the run had it.

    Raises:
        SemisupError: If a file is damaged, or the data set is not there.
    """
    run = read(run_folder)
    records = run.result.get("rounds") or []
    if len(records) > 1:
        draw(records, run.result["round"], run_folder / "rounds.png")
    folders = [run_folder / f"round{record['round']}" for record in records]
    for folder in folders:
        if (folder / MAP).exists() or (folder / CLUSTERS).exists():
            store = store or data_set(run.config, run.result, data_dir)
            _draw_labels(folder, run_folder, store)


def _draw_labels(folder: Path, run_folder: Path, store: Store) -> None:
    clusters = NamedClusters.load(folder / CLUSTERS) if (folder / CLUSTERS).exists() else None
    if (folder / MAP).exists():
        index, position = arrays(folder / MAP, "index", "position")
        name, label = "cluster label", np.full(len(store.targets), -1)
        if clusters is not None:
            label[clusters.index] = clusters.labels
        else:
            labeled, unlabeled = arrays(run_folder / "split.npz", "labeled", "unlabeled")
            labels = read_labels(folder / LABELS, store, unlabeled)
            name, label[labeled] = "pseudo-label", store.targets[labeled]
            label[unlabeled] = np.where(labels.weight > 0, labels.classes, -1)
        shown = {"true class": store.targets[index], name: label[index]}
        save(scatter(position, shown, store.classes), folder / "clusters.png")
    if clusters is not None and store.images.ndim == 4:
        save(contact_sheet(store, clusters, store.targets[clusters.index]), folder / "contact_sheet.png")
