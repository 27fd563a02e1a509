"""A comparison as a table: for the terminal, and to paste."""

from collections.abc import Sequence

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from semisup.report.comparison import FEWEST, Estimate, Group, Run

NOTE = (
    "Test accuracy in %, by seed; mean ± standard deviation over the seeds and 95 % interval of the mean (Student's "
    "t). Differences in points, paired by seed and split, with their 95 % interval and the p of the paired t-test, not "
    "corrected for the number of groups."
)


def rows(groups: Sequence[Group], baseline: Group) -> list[dict[str, str]]:
    """The table, the baseline first: each cell by the name of its column, in lines."""
    return [
        {
            "group": group.label,
            "accuracy": "\n".join(f"{run.seed}: {run.accuracy:.2f}" for run in group.runs),
            "mean": _mean(group.accuracy),
            "difference": "baseline" if group == baseline else _difference(group.difference(baseline)),
            "pseudo-labels": _pseudo_labels(group.runs),
        }
        for group in sorted(groups, key=baseline.__ne__)
    ]


def terminal(cells: Sequence[dict[str, str]]) -> Table:
    result = Table(box=box.SIMPLE, show_lines=True, padding=(0, 1, 0, 0), caption=NOTE, caption_justify="left")
    for column in cells[0]:
        result.add_column(column, overflow="fold")
    for row in cells:
        result.add_row(*map(Text, row.values()))
    return result


def markdown(cells: Sequence[dict[str, str]]) -> str:
    lines = [list(cells[0]), ["---"] * len(cells[0]), *(list(row.values()) for row in cells)]
    return "\n".join(f"| {' | '.join(line)} |".replace("\n", ", ") for line in lines) + f"\n\n{NOTE}"


def _mean(estimate: Estimate) -> str:
    mean = f"{estimate.mean:.2f}" if estimate.sd is None else f"{estimate.mean:.2f} ± {estimate.sd:.2f}"
    return f"{mean}\n{_interval(estimate, '.2f')}"


def _difference(estimate: Estimate | None) -> str:
    if estimate is None:
        return "no seed in common"
    pairs = f"{estimate.seeds} pair{'s' * (estimate.seeds > 1)}"
    p = "" if estimate.p is None else f"\np = {estimate.p:.2g}"
    return f"{estimate.mean:+.2f}, {pairs}\n{_interval(estimate, '+.2f')}{p}"


def _interval(estimate: Estimate, form: str) -> str:
    if estimate.interval is None:
        return "too few seeds" if estimate.seeds < FEWEST else "equal for all seeds"
    low, high = estimate.interval
    return f"{low:{form}} to {high:{form}}"


def _pseudo_labels(runs: Sequence[Run]) -> str:
    """Means over the seeds, in %: how many of the used ones were right, how many were used."""
    readings = [reading for run in runs if (reading := run.result["pseudo_labels"])]
    right = [100 * reading["accuracy"] for reading in readings if reading["accuracy"] is not None]
    used = [100 * reading["coverage"] for reading in readings]
    figures = {"right": right, "used": used}
    return "\n".join(f"{np.mean(values):.1f} {name}" for name, values in figures.items() if values)
