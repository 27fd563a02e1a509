"""A comparison as tables of text, and on the terminal."""

from collections.abc import Sequence

import numpy as np
from rich import box
from rich.console import Group as Together
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from semisup.metrics.statistics import FEWEST, Estimate
from semisup.reports.comparison.comparison import Comparison, Pair, Row

DAGGER = "†"
BY_SEED = ", by seed"
NOTE = (
    f"Test accuracy in %{BY_SEED}; mean ± standard deviation over the seeds and 95 % interval of the mean (Student's "
    "t). Differences to the baseline in points, paired by seed and split, with their 95 % interval and the p of the "
    "paired t-test."
)
HOLM = " Holm: p corrected for the {} tests of this kind."
NOTE_OF_PAIRS = (
    "McNemar's exact test, run by run: test images that only the run has right, and that only the baseline has right. "
    "It is about two trained networks and these test images, not about what another seed would give."
)

Cells = dict[str, str]


def rows(comparison: Comparison) -> list[Cells]:
    """The table of the groups: each cell by the name of its column, in lines."""
    found = []
    tests = _tests(comparison)
    for row in comparison.rows:
        cells = {"labels": row.group.split} if comparison.several_splits else {}
        cells |= {
            "group": f"{row.group.name} {DAGGER}" if row.mark else row.group.name,
            "accuracy": "\n".join(f"{run.seed}: {run.accuracy:.2f}" for run in row.group.runs),
            "mean": _mean(row.accuracy),
            "difference": _difference(row, tests),
            "pseudo-labels": _pseudo_labels(row),
        }
        found.append(cells)
    return found


def pairs(comparison: Comparison) -> list[Cells]:
    """The table of the pairs of runs and McNemar's tests; empty without a pair."""
    found = []
    count = sum(pair.test is not None for row in comparison.rows for pair in row.pairs)
    for row in comparison.rows:
        for pair in row.pairs:
            cells = {"labels": row.group.split} if comparison.several_splits else {}
            cells |= {
                "group": f"{row.group.name} {DAGGER}" if row.mark else row.group.name,
                "seed": str(pair.run.seed),
                "difference": f"{pair.run.accuracy - pair.baseline.accuracy:+.2f}",
                **_mcnemar(pair, count),
            }
            found.append(cells)
    return found


def notes(comparison: Comparison) -> list[str]:
    """What must be read with the table: what is in it, what speaks against it, what the names stand for."""
    tests, count = _tests(comparison), sum(pair.test is not None for row in comparison.rows for pair in row.pairs)
    found = [f"{DAGGER} Compared although: {reason}" for reason in comparison.objections]
    found += comparison.warnings
    found += [comparison.choice] if comparison.choice else []
    found += [NOTE + (HOLM.format(tests) if tests > 1 else "")]
    found += [NOTE_OF_PAIRS + (HOLM.format(count) if count > 1 else "")] if count else []
    if comparison.follows:
        found.append(f"These options go along with the number of labels: {', '.join(comparison.follows)}.")
    meanings = {row.group.name: row.group.label for row in comparison.rows if row.group.name != row.group.label}
    return found + [f"{name}: {label}." for name, label in meanings.items() if label != f"method={name}"]


def terminal(comparison: Comparison) -> RenderableType:
    parts: list[RenderableType] = []
    for cells in (rows(comparison), pairs(comparison)):
        by_split: dict[str, list[Cells]] = {}
        for row in cells:
            by_split.setdefault(row.pop("labels", ""), []).append(row)
        parts += [_table(split, inside) for split, inside in by_split.items()]
    return Together(*parts, *(Text(f"{note}\n") for note in notes(comparison)))


def _table(title: str, cells: Sequence[Cells]) -> Table:
    result = Table(box=box.SIMPLE, show_lines="accuracy" in cells[0], padding=(0, 1, 0, 0), title=title or None)
    result.title_justify, result.title_style = "left", "bold"
    for column in cells[0]:
        result.add_column(column, overflow="fold", no_wrap=column in ("accuracy", "mean", "difference", "p"))
    for row in cells:
        result.add_row(*map(Text, row.values()))
    return result


def _tests(comparison: Comparison) -> int:
    return sum(row.corrected is not None for row in comparison.rows)


def _mean(estimate: Estimate) -> str:
    mean = f"{estimate.mean:.2f}" if estimate.sd is None else f"{estimate.mean:.2f} ± {estimate.sd:.2f}"
    return f"{mean}\n{_interval(estimate, '.2f')}"


def _difference(row: Row, tests: int) -> str:
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


def _mcnemar(pair: Pair, tests: int) -> Cells:
    if pair.test is None or pair.corrected is None:
        return {"only it": "-", "only baseline": "-", "p": pair.reason} | ({"Holm": ""} if tests > 1 else {})
    found = {"only it": str(pair.test.better), "only baseline": str(pair.test.worse), "p": f"{pair.test.p:.2g}"}
    return found | ({"Holm": f"{pair.corrected:.2g}"} if tests > 1 else {})


def _interval(estimate: Estimate, form: str) -> str:
    if estimate.interval is None:
        return "too few seeds" if estimate.seeds < FEWEST else "equal for all seeds"
    low, high = estimate.interval
    return f"{low:{form}} to {high:{form}}"


def _pseudo_labels(row: Row) -> str:
    """Means over the seeds that have them, in %: how many of the used ones were right, how many were used."""
    right, used = zip(*(run.pseudo_labels for run in row.group.runs), strict=True)
    lines, seeds = [], len(row.group.runs)
    for name, values in (("right", right), ("used", used)):
        known = [value for value in values if value is not None]
        of_fewer = f" ({len(known)} of {seeds} seeds)" if len(known) < seeds else ""
        lines += [f"{np.mean(known):.1f} {name}{of_fewer}"] if known else []
    return "\n".join(lines)
