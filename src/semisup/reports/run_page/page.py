"""A run's page: report.html, one file that says what was run and what came of it."""

from typing import TYPE_CHECKING, Any

from semisup.auto.record import COLUMNS, read_record, sentences, table_rows, title
from semisup.core.errors import SemisupError
from semisup.data import Store
from semisup.metrics.classification import confusion_matrix
from semisup.reports import html
from semisup.reports.figures.figure import chart_style, svg
from semisup.reports.run_page import charts, class_metrics, image_sections, summary
from semisup.reports.run_page.network import RunNetwork
from semisup.runs.run_files import read_arrays
from semisup.runs.trained_run import TrainedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LARGEST_TABLE = 20  # classes of a confusion matrix that is a table; a larger one is a chart
_NO_COMMAND = "No command is on record: the run was started from Python, or by an older version."


def page(run: TrainedRun, store: Store, umap: bool = False) -> str:
    """The page as HTML, which loads nothing from elsewhere.

    Args:
        run: The run.
        store: Its data set.
        umap: Whether UMAP is shown beside PCA, if umap-learn is installed.

    Returns:
        The HTML.

    Raises:
        SemisupError: If a file of the run is damaged.
    """
    config, result = run.config, run.result
    with chart_style():
        return html.render(
            "run.html",
            {"percent": lambda share: "–" if share is None else summary.percent(share)},
            title=summary.page_title(config, store),
            lead=summary.lead(config, result),
            headline=summary.headline(result),
            auto=_auto(run),
            warnings=result.get("warnings", ()),
            command=run.command,
            no_command=_NO_COMMAND,
            summary=summary.what_was_run(config, result, store),
            names=store.classes,
            rounds=result["rounds"],
            tested_round=result["round"],
            curves=_drawn(charts.training_charts(run)),
            pseudo_label_curves=_drawn(charts.pseudo_label_charts(run)),
            unaudited=summary.unaudited(config, store),
            version=result["versions"].get("semisup", ""),
            **_image_sections(run, store, umap),
        )


def _auto(run: TrainedRun) -> dict[str, Any] | None:
    """The comparison that chose the method; None if there was none."""
    if (record := read_record(run.folder)) is None:
        return None
    rows = table_rows(record)
    return {"title": title(record), "columns": COLUMNS, "rows": rows, "sentences": sentences(record)}


def _image_sections(run: TrainedRun, store: Store, umap: bool) -> dict[str, Any]:
    """Classes, calibration, embedding and galleries; where there is nothing to show, `missing` says why."""
    validation, unlabeled = read_arrays(run.folder / "split.npz", "validation", "unlabeled")
    network, missing = _network(run, store)
    galleries: list[image_sections.Gallery | str] = ["The rows of a table are no images."]
    if of_images := len(store.shape) == 3:
        galleries = [image_sections.audit_gallery(run, network, store, unlabeled)]
    if not run.result["test"]:
        missing = missing if len(store.scored) else "The data set has no test images."
        return {"missing": missing, "maps": [], "galleries": galleries}
    if (saved := run.predictions) is None:
        raise SemisupError(f"{run.folder / 'predictions.npz'} is missing.")
    matrix = confusion_matrix(saved.probability.argmax(-1), saved.label, len(store.classes))
    temperature = image_sections.temperature_of(network, store, validation) if network else None
    diagrams = image_sections.reliability_diagrams(saved.probability, saved.label, temperature)
    reliability = {f"{d.name}: calibration error {d.error:.3f}": charts.reliability_chart(d.bins) for d in diagrams}
    embedding = image_sections.embedding_figure(network, store, umap) if network else missing
    note, maps = (embedding, {}) if isinstance(embedding, str) else (embedding[1], {"Embedding": embedding[0]})
    many = len(store.classes) > _LARGEST_TABLE
    return {
        "missing": None,
        "matrix": None if many else matrix.tolist(),
        "matrix_chart": _drawn({"Confusion matrix": charts.confusion_chart(matrix)} if many else {}),
        "classes": class_metrics.class_metrics(matrix, store.classes, run.result),
        "confusions": class_metrics.confusions(matrix, store.classes),
        "reliability": _drawn(reliability),
        "calibration_note": image_sections.calibration_note(temperature, len(validation)),
        "maps": _drawn(maps),
        "embedding_note": note,
        "galleries": [*(image_sections.tested_galleries(store, saved) if of_images else []), *galleries],
    }


def _network(run: TrainedRun, store: Store) -> tuple[RunNetwork | None, str]:
    """The run's network, or why there is none."""
    if not run.result["steps"]:
        return None, "The run has trained no network."
    try:
        return RunNetwork(run, store), ""
    except SemisupError as error:
        return None, f"The network cannot be opened: {error}"


def _drawn(figures: "dict[str, Figure]") -> list[tuple[str, str]]:
    """Titles and drawings of some figures."""
    return [(title, svg(figure, _identifier(title), title)) for title, figure in figures.items()]


def _identifier(title: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in title.lower())
