"""A comparison as tables of text, and on the terminal."""

from collections.abc import Sequence

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from semisup.metrics.statistics import FEWEST, Estimate
from semisup.reports.comparison.comparison import ComparedGroup, Comparison, RunPair

DAGGER = "†"
BY_SEED = ", by seed"
NOTE_OF_PAIRS = (
    "McNemar's exact test, run by run: test images that only the run predicts correctly, and that only the baseline "
    "does. It is about two trained networks and these test images, not about what another seed would give."
)
_NOTE = (
    f"Test accuracy in %{BY_SEED}; mean ± standard deviation over the seeds and 95 % interval of the mean (Student's "
    "t). Differences to the baseline in points, paired by seed and split, with their 95 % interval and the p of the "
    "paired t-test."
)
_HOLM = " Holm: p corrected for the {} tests of this kind."

Cells = dict[str, str]  # the cells of a line by their columns


def group_cells(comparison: Comparison) -> list[Cells]:
    """The table of the groups.

    Args:
        comparison: The comparison.

    Returns:
        The cells of each group; a cell can have several lines.
    """
    tests = _tests(comparison)
    return [
        {
            **name_cells(row, comparison),
            "accuracy": "\n".join(f"{run.seed}: {run.accuracy:.2f}" for run in row.group.runs),
            "mean": f"{row.accuracy.mean_and_sd}\n{_interval(row.accuracy, '.2f')}",
            "difference": _difference(row, tests),
            **auroc_cells(row, comparison),
            "pseudo-labels": _pseudo_labels(row),
        }
        for row in comparison.rows
    ]


def pair_cells(comparison: Comparison) -> list[Cells]:
    """The table of the pairs of runs, with McNemar's tests.

    Args:
        comparison: The comparison.

    Returns:
        The cells of each pair.
    """
    tests = _mcnemar_tests(comparison)
    return [
        {
            **name_cells(row, comparison),
            "seed": str(pair.run.seed),
            "difference": f"{pair.run.accuracy - pair.baseline.accuracy:+.2f}",
            **_mcnemar(pair, tests),
        }
        for row in comparison.rows
        for pair in row.pairs
    ]


def name_cells(row: ComparedGroup, comparison: Comparison) -> Cells:
    """What a group is called in a table.

    Args:
        row: The group.
        comparison: The comparison that it belongs to.

    Returns:
        The cells `labels`, if the comparison has several splits, and `group`.
    """
    return ({"labels": row.group.split} if comparison.several_splits else {}) | {"group": marked_name(row)}


def auroc_cells(row: ComparedGroup, comparison: Comparison) -> Cells:
    """How well a group tells unknown classes from known ones.

    Args:
        row: The group.
        comparison: The comparison that it belongs to.

    Returns:
        The cell `AUROC`, if a group of the comparison has one.
    """
    if not any(other.group.auroc for other in comparison.rows):
        return {}
    return {"AUROC": row.group.auroc.mean_and_sd if row.group.auroc else ""}


def marked_name(row: ComparedGroup) -> str:
    """The short name of a group.

    Args:
        row: The group.

    Returns:
        The name, with a dagger if there is an objection.
    """
    return f"{row.group.name} {DAGGER}" if row.mark else row.group.name


def notes(comparison: Comparison) -> list[str]:
    """What a reader of the tables must know.

    Args:
        comparison: The comparison.

    Returns:
        Sentences: objections, warnings, the choice of the baseline, the columns, and what the short names mean.
    """
    tests, mcnemar = _tests(comparison), _mcnemar_tests(comparison)
    found = [f"{DAGGER} Compared although: {reason}" for reason in comparison.objections]
    found += comparison.warnings
    found += [comparison.choice] if comparison.choice else []
    found += [_NOTE + (_HOLM.format(tests) if tests > 1 else "")]
    found += [NOTE_OF_PAIRS + (_HOLM.format(mcnemar) if mcnemar > 1 else "")] if mcnemar else []
    if comparison.follows:
        found.append(f"These options follow the number of labels: {', '.join(comparison.follows)}.")
    meanings = {row.group.name: row.group.label for row in comparison.rows if row.group.name != row.group.label}
    return found + [f"{name}: {label}." for name, label in meanings.items() if label != f"method={name}"]


def terminal(comparison: Comparison) -> RenderableType:
    """The comparison for a terminal.

    Args:
        comparison: The comparison.

    Returns:
        The tables and the notes, for `rich`.
    """
    parts: list[RenderableType] = []
    for cells in (group_cells(comparison), pair_cells(comparison)):
        by_split: dict[str, list[Cells]] = {}
        for row in cells:
            by_split.setdefault(row.pop("labels", ""), []).append(row)
        parts += [_table(split, inside) for split, inside in by_split.items()]
    return Group(*parts, *(Text(f"{note}\n") for note in notes(comparison)))


def _table(title: str, cells: Sequence[Cells]) -> Table:
    result = Table(
        box=box.SIMPLE, show_lines="accuracy" in cells[0], padding=(0, 1, 0, 0), title=Text(title) if title else None
    )
    result.title_justify, result.title_style = "left", "bold"
    for column in cells[0]:
        result.add_column(column, overflow="fold", no_wrap=column in ("accuracy", "mean", "difference", "p"))
    for row in cells:
        result.add_row(*map(Text, row.values()))
    return result


def _tests(comparison: Comparison) -> int:
    return sum(row.corrected is not None for row in comparison.rows)


def _mcnemar_tests(comparison: Comparison) -> int:
    return sum(pair.test is not None for row in comparison.rows for pair in row.pairs)


def _difference(row: ComparedGroup, tests: int) -> str:
    if row.baseline is row.group:
        return "baseline"
    if row.baseline is None:
        return "no baseline here"
    estimate = row.difference
    if estimate is None:
        return "no seed in common"
    count = f"{estimate.seeds} pair{'s' * (estimate.seeds > 1)}"
    p = "" if estimate.p is None else f"\np = {estimate.p:.2g}"
    corrected = f"\nHolm {row.corrected:.2g}" if row.corrected is not None and tests > 1 else ""
    return f"{estimate.mean:+.2f}, {count}\n{_interval(estimate, '+.2f')}{p}{corrected}"


def _mcnemar(pair: RunPair, tests: int) -> Cells:
    if pair.test is None or pair.corrected is None:
        return {"only it": "-", "only baseline": "-", "p": pair.reason} | ({"Holm": ""} if tests > 1 else {})
    found = {"only it": str(pair.test.better), "only baseline": str(pair.test.worse), "p": f"{pair.test.p:.2g}"}
    return found | ({"Holm": f"{pair.corrected:.2g}"} if tests > 1 else {})


def _interval(estimate: Estimate, form: str) -> str:
    without = "too few seeds" if estimate.seeds < FEWEST else "equal for all seeds"
    return estimate.interval_text(form) or without


def _pseudo_labels(row: ComparedGroup) -> str:
    """The mean accuracy and coverage of the pseudo-labels in use, in %, over the seeds that have them."""
    accuracy, coverage = zip(*(run.pseudo_labels for run in row.group.runs), strict=True)
    lines, seeds = [], len(row.group.runs)
    for name, values in (("correct", accuracy), ("used", coverage)):
        known = [value for value in values if value is not None]
        of_fewer = f" ({len(known)} of {seeds} seeds)" if len(known) < seeds else ""
        lines += [f"{np.mean(known):.1f} {name}{of_fewer}"] if known else []
    return "\n".join(lines)
