"""A comparison to paste: Markdown, LaTeX, CSV."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from semisup.metrics.statistics import Estimate
from semisup.reports.comparison.comparison import Comparison, Row
from semisup.reports.comparison.tables import BY_SEED, DAGGER, NOTE_OF_PAIRS, Cells, notes, pairs, rows

# What LaTeX reads as something else; each character is replaced once, so that no replacement is replaced again.
LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"±": r"$\pm$", DAGGER: r"$\dagger$", "<": r"$<$", ">": r"$>$"}
)


def markdown(comparison: Comparison) -> str:
    tables = [_pipes(cells) for cells in (rows(comparison), pairs(comparison)) if cells]
    return "\n\n".join([*tables, *notes(comparison)]) + "\n"


def latex(comparison: Comparison) -> str:
    """Two table environments for the booktabs package, of the groups and of the pairs, with the notes as captions."""
    said = notes(comparison)
    captions = [note.replace(BY_SEED, "") for note in said if not note.startswith(NOTE_OF_PAIRS)]
    found = [_booktabs([_latex_cells(row, comparison) for row in comparison.rows], " ".join(captions))]
    if cells := pairs(comparison):
        marks = [note for note in said if note.startswith((DAGGER, NOTE_OF_PAIRS))]
        found.append(_booktabs(cells, " ".join(marks)))
    return "% \\usepackage{booktabs}\n" + "\n".join(found)


def table_csv(comparison: Comparison) -> str:
    """A row per group, unrounded; figures by seed as in `0=56.69 1=56.92`, McNemar's as `0=512/430`: better/worse.

    Lines that begin with # say what speaks against the comparison, as its column `mark` does.
    """
    out = io.StringIO()
    out.writelines(f"# {note}\n" for note in notes(comparison) if note.startswith(DAGGER))
    records = [_record(row) for row in comparison.rows]
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def _pipes(cells: Sequence[Cells]) -> str:
    lines = [list(cells[0]), ["---"] * len(cells[0]), *(list(row.values()) for row in cells)]
    return "\n".join(f"| {' | '.join(_one_line(cell) for cell in line)} |" for line in lines)


def _one_line(cell: str) -> str:
    return cell.replace("|", r"\|").replace("\n", ", ")


def _booktabs(cells: Sequence[Cells], caption: str) -> str:
    lines = [" & ".join(cell.translate(LATEX) for cell in line) + r" \\" for line in (row.values() for row in cells)]
    words = ("labels", "group")
    alignment = "".join("l" if column in words else "r" for column in cells[0])
    head = " & ".join(column.translate(LATEX) for column in cells[0]) + r" \\"
    parts = [r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{{alignment}}}", r"\toprule", head, r"\midrule"]
    said = caption.translate(LATEX).replace("--", "-{}-")  # of an option; LaTeX would make one dash of the two
    parts += [*lines, r"\bottomrule", r"\end{tabular}", rf"\caption{{{said}}}", r"\end{table}", ""]
    return "\n".join(parts)


def _latex_cells(row: Row, comparison: Comparison) -> Cells:
    """A line of one number per column, as a printed table has it."""
    estimate, of = row.accuracy, row.difference
    cells = {"labels": row.group.split} if comparison.several_splits else {}
    return cells | {
        "group": f"{row.group.name} {DAGGER}" if row.mark else row.group.name,
        "seeds": str(estimate.seeds),
        "accuracy": f"{estimate.mean:.2f}" + ("" if estimate.sd is None else f" ± {estimate.sd:.2f}"),
        "95 % interval": _interval(estimate, ".2f"),
        "difference": f"{of.mean:+.2f}" if of else "baseline" if row.baseline is row.group else "--",
        "95 % interval of it": _interval(of, "+.2f") if of else "",
        "p": f"{of.p:.2g}" if of and of.p is not None else "",
        "p (Holm)": f"{row.corrected:.2g}" if row.corrected is not None else "",
    }


def _interval(estimate: Estimate, form: str) -> str:
    return f"{estimate.interval[0]:{form}} to {estimate.interval[1]:{form}}" if estimate.interval else "--"


def _record(row: Row) -> dict[str, Any]:
    group, of = row.group, row.difference
    tests = [(pair.run.seed, pair.test, pair.corrected) for pair in row.pairs if pair.test]
    low, high = row.accuracy.interval or (None, None)
    difference_low, difference_high = (of and of.interval) or (None, None)
    return {
        "labels": group.runs[0].labels,
        "group": group.label,
        "name": group.name,
        "split": group.split,
        "mark": DAGGER if row.mark else "",
        "seeds": row.accuracy.seeds,
        "accuracy": row.accuracy.mean,
        "sd": row.accuracy.sd,
        "low": low,
        "high": high,
        "by_seed": " ".join(f"{run.seed}={run.accuracy:.4f}" for run in group.runs),
        "baseline": row.baseline.label if row.baseline else None,
        "pairs": of.seeds if of else 0,
        "difference": of and of.mean,
        "difference_low": difference_low,
        "difference_high": difference_high,
        "p": of and of.p,
        "p_holm": row.corrected,
        "mcnemar_better_worse": " ".join(f"{seed}={test.better}/{test.worse}" for seed, test, _ in tests),
        "mcnemar_p": " ".join(f"{seed}={test.p:.4g}" for seed, test, _ in tests),
        "mcnemar_p_holm": " ".join(f"{seed}={corrected:.4g}" for seed, _, corrected in tests),
    }
