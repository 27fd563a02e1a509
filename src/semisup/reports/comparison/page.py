"""A comparison as one self-contained page: tables, pictures, every run."""

import io
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from semisup.core.errors import SemisupError
from semisup.reports import html
from semisup.reports.comparison.comparison import Comparison
from semisup.reports.comparison.plots import CAPTIONS, INK
from semisup.reports.comparison.tables import DAGGER, notes, pairs, rows
from semisup.reports.run_folders import Run
from semisup.reports.run_page.command import changes
from semisup.reports.run_page.command import command as training_command

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def page(
    comparison: Comparison, figures: Mapping[str, "Figure"], skipped: Sequence[str], command: str, file: Path
) -> str:
    """The page as HTML that loads nothing from elsewhere.

    figures, skipped: as `plots.draw` gives them. command: what was typed. file: where the page will lie, from where it
    links to the pages of the runs.
    """
    said = notes(comparison)
    return html.render(
        "comparison.html",
        runs=sum(len(row.group.runs) for row in comparison.rows),
        groups=rows(comparison),
        pairs=pairs(comparison),
        each=_each(comparison, file),
        objections=[note for note in said if note.startswith(DAGGER)],
        warnings=comparison.warnings,
        notes=[note for note in said if not note.startswith(DAGGER) and note not in comparison.warnings],
        figures=[(CAPTIONS[name], svg(figure, name)) for name, figure in figures.items()],
        skipped=skipped,
        command=command,
        trained=[line for row in comparison.rows if (line := _training(row.group.runs))],
    )


def svg(figure: "Figure", name: str) -> str:
    """A figure as an <svg> to put into a page: in the page's text colour, and with ids that no other figure has."""
    from matplotlib import rc_context

    out = io.StringIO()
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = out.getvalue()
    text = re.sub(r'(\bid="|"#|url\(#)', rf"\g<1>{name}-", text[text.index("<svg") :])
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return text.replace(INK, "currentColor")


def _training(runs: Sequence[Run]) -> str | None:
    """The command that trains a group; None where it cannot be told, as a class of its config is not to be found."""
    try:
        told = [change for change in changes(runs[0].config) if change.option != "seed"]
    except SemisupError:
        return None
    seeds = ",".join(str(run.seed) for run in runs)
    line = f"{training_command(told)} seed={seeds}"
    return line.replace("train.py", "train.py -m", 1) if len(runs) > 1 else line


def _each(comparison: Comparison, file: Path) -> list[dict[str, str | None]]:
    """A line for each run."""
    found: list[dict[str, str | None]] = []
    for row in comparison.rows:
        for run in row.group.runs:
            low, high = run.result["test"].get("accuracy_interval") or (np.nan, np.nan)
            found.append(
                {
                    "labels": f"{run.labels:,}",
                    "group": f"{row.group.name} {DAGGER}" if row.mark else row.group.name,
                    "seed": str(run.seed),
                    "accuracy": f"{run.accuracy:.2f}",
                    "interval": f"{100 * low:.2f} to {100 * high:.2f}" if low == low else "",
                    "minutes": f"{run.result['seconds'] / 60:.1f}" if "seconds" in run.result else "",
                    "folder": str(run.folder),
                    "link": _link(run, file),
                }
            )
    return found


def _link(run: Run, file: Path) -> str | None:
    report = run.folder / "report.html"
    return quote(Path(os.path.relpath(report, file.parent)).as_posix()) if report.exists() else None
