"""A run's page: report.html, one file that says what was run and what came of it, and needs nothing else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from semisup.config.resolve import Config
from semisup.core.atomic_files import atomic_write_text
from semisup.core.errors import SemisupError
from semisup.data import Store
from semisup.reports import html, run_folders
from semisup.reports.run_page import curves
from semisup.reports.run_page import image_sections as looks
from semisup.reports.run_page import summary as facts
from semisup.reports.run_page.charts import Chart
from semisup.reports.run_page.class_metrics import ClassRow, Mistake, class_rows, matrix_of, mistakes
from semisup.reports.run_page.command import Change, changes, command
from semisup.reports.run_page.image_sections import Diagram, Embedding, Gallery
from semisup.reports.run_page.network import Network
from semisup.reports.run_page.summary import Fact
from semisup.runs.trained_run import TrainedRun, data_set, open_run

FILE = "report.html"
NO_TEST = "The data set has no test images."
TEN = ("#3b7dd8", "#e0792b", "#3a9d5d", "#cf4446", "#8c65c4", "#94694c", "#d668ac", "#7d8790", "#b0a322", "#2aa6b8")


@dataclass(frozen=True)
class Test:
    """The figures of the classes. matrix: (K, K) counts, row = true class."""

    matrix: list[list[int]]
    classes: list[ClassRow]
    mistakes: list[Mistake]


@dataclass(frozen=True)
class Looks:
    """What comes of single images; a sentence where there is nothing to show."""

    test: Test | str
    diagrams: list[Diagram] | str
    calibration: str
    embedding: Embedding | str
    galleries: list[Gallery | str]


@dataclass(frozen=True)
class Page:
    """All that the page says, as plain values."""

    title: str
    lead: str
    headline: list[Fact]
    command: str
    changes: list[Change]
    facts: dict[str, list[Fact]]
    names: list[str]
    rounds: list[dict[str, Any]]
    tested_round: int
    curves: list[Chart]
    quality: list[Chart]
    unaudited: str
    looks: Looks
    version: str


def write(run: Path, store: Store | None = None, *, data_dir: str | None = None, umap: bool = False) -> Path:
    """Writes the page of a finished run, or writes it anew; returns where it lies.

    store: the run's data set, if it is at hand. data_dir: where that lies otherwise; None: where the run had it.
    umap: whether UMAP joins the embedding's PCA where umap-learn is installed; it takes half a minute.
    Raises SemisupError if the run is not finished or its files are damaged, if its data set is another one now, or if
    nothing can be written.
    """
    for name in ("config.yaml", "result.json"):
        if not (run / name).is_file():
            raise SemisupError(f"{run} is not the folder of a finished run: it has no {name}.")
    found = run_folders.read(run)
    config, result = found.config, found.result
    if "rounds" not in result:
        raise SemisupError(f"{run} was made by a version that kept no record of rounds, and can have no page.")
    store = store or data_set(config, result, data_dir)
    if store.fingerprint != result["split"]["data_fingerprint"]:
        raise SemisupError(f"{run} was made with other data than {store.name} is now; bring the old data back.")
    opened = _opened(run, data_dir) if result["steps"] else "The run has trained no network."
    atomic_write_text(run / FILE, render(gather(run, config, result, store, opened, umap)))
    return run / FILE


def gather(
    run: Path, config: Config, result: dict[str, Any], store: Store, opened: TrainedRun | str, umap: bool
) -> Page:
    """Everything that the page says. opened: the run with its network, or why it has none."""
    metrics = curves.read(run, result["rounds"])
    differing = changes(config)
    return Page(
        title=facts.title(config, store),
        lead=facts.lead(config, result),
        headline=facts.headline(result),
        command=command(differing),
        changes=differing,
        facts=facts.what_was_run(config, result, store),
        names=list(store.classes),
        rounds=result["rounds"],
        tested_round=result["round"],
        curves=curves.training(metrics, result),
        quality=curves.quality(metrics, result["rounds"]),
        unaudited=facts.unaudited(config, store),
        looks=look_at(run, result, store, opened, umap),
        version=result["versions"].get("semisup", ""),
    )


def look_at(run: Path, result: dict[str, Any], store: Store, opened: TrainedRun | str, umap: bool) -> Looks:
    """What comes of a last look at single images."""
    validation, unlabeled = run_folders.arrays(run / "split.npz", "validation", "unlabeled")  # not drawn anew
    network = None if isinstance(opened, str) else Network(opened, store)
    pictures = len(store.shape) == 3
    galleries: list[Gallery | str] = ["The rows of a table have no pictures."]
    if pictures:
        galleries = [looks.audited(run, network, store, unlabeled, len(result["rounds"]))]
    if not result["test"]:
        why = NO_TEST if not len(store.test_images) else str(opened)
        return Looks(why, why, "", why, galleries)
    probability, label = _predictions(run)
    matrix = matrix_of(probability, label)
    temperature = looks.temperature(network, store, validation) if network else None
    return Looks(
        test=Test(matrix.tolist(), class_rows(matrix, store.classes, result), mistakes(matrix, store.classes)),
        diagrams=looks.diagrams(probability, label, temperature),
        calibration=looks.calibration(temperature, len(validation)),
        embedding=looks.embedding(network, store, umap) if network else str(opened),
        galleries=[*(looks.tested(store, probability, label) if pictures else []), *galleries],
    )


def render(page: Page) -> str:
    """The page as HTML."""
    filters = {"percent": lambda share: "–" if share is None else facts.percent(share)}
    return html.render("run.html", filters, page=page, looks=page.looks, colours=colours(len(page.names)))


def colours(classes: int) -> list[str]:
    """A colour for each class: ten that most people tell apart on light and dark, or else a wheel of them."""
    if classes <= len(TEN):
        return list(TEN[:classes])
    return [f"hsl({360 * c / classes:.0f} 60% {45 + 15 * (c % 2)}%)" for c in range(classes)]


def _opened(run: Path, data_dir: str | None) -> TrainedRun | str:
    try:
        return open_run(run, data_dir)
    except SemisupError as error:
        return f"The network cannot be had: {error}"


def _predictions(run: Path) -> tuple[Any, Any]:
    """Probabilities (N, K) and classes (N,) of the test images, in their order."""
    probability, label, index = run_folders.arrays(run / "predictions.npz", "probability", "label", "index")
    order = np.argsort(index)
    return probability[order], label[order]
