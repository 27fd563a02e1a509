"""A comparison as one self-contained page: tables, charts, all runs."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from semisup.reports import html
from semisup.reports.comparison.comparison import ComparedGroup, Comparison
from semisup.reports.comparison.plots import CAPTIONS
from semisup.reports.comparison.tables import DAGGER, group_cells, marked_name, notes, pair_cells
from semisup.reports.figures.figure import svg
from semisup.runs.trained_run import TrainedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def page(
    comparison: Comparison, figures: Mapping[str, "Figure"], skipped: Sequence[str], command: str, file: Path
) -> str:
    """The page as HTML, which loads nothing from elsewhere.

    Args:
        comparison: The comparison.
        figures: As from `plots.draw`.
        skipped: As from `plots.draw`.
        command: The command that the user typed.
        file: Where the page will be; its links to the pages of the runs start there.

    Returns:
        The HTML.
    """
    texts = notes(comparison)
    runs = [(row, run) for row in comparison.rows for run in row.group.runs]
    return html.render(
        "comparison.html",
        runs=[_run_cells(row, run, file) for row, run in runs],
        groups=group_cells(comparison),
        pairs=pair_cells(comparison),
        objections=[note for note in texts if note.startswith(DAGGER)],
        warnings=comparison.warnings,
        notes=[note for note in texts if not note.startswith(DAGGER) and note not in comparison.warnings],
        figures=[(CAPTIONS[name], svg(figure, name, CAPTIONS[name])) for name, figure in figures.items()],
        skipped=skipped,
        command=command,
        training_commands=[run.command for _, run in runs if run.command],
    )


def _run_cells(row: ComparedGroup, run: TrainedRun, file: Path) -> dict[str, str | None]:
    """A line of the table of runs, and the link to the run's page."""
    interval, report = run.result["test"].get("accuracy_interval"), run.folder / "report.html"
    link = quote(Path(os.path.relpath(report, file.parent)).as_posix()) if report.exists() else None
    return {
        "labels": f"{run.labels:,}",
        "group": marked_name(row),
        "seed": str(run.seed),
        "accuracy": f"{run.accuracy:.2f}",
        "interval": f"{100 * interval[0]:.2f} to {100 * interval[1]:.2f}" if interval else "",
        "minutes": f"{run.result['seconds'] / 60:.1f}" if "seconds" in run.result else "",
        "folder": str(run.folder),
        "link": link,
    }
