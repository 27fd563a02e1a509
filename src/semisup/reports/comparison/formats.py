"""A comparison as Markdown, LaTeX and CSV."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from semisup.reports.comparison.comparison import ComparedGroup, Comparison
from semisup.reports.comparison.tables import (
    BY_SEED,
    DAGGER,
    NOTE_OF_PAIRS,
    Cells,
    auroc_cells,
    group_cells,
    name_cells,
    notes,
    pair_cells,
)

# What LaTeX reads as something else; each character is replaced once, so that no replacement is replaced again.
LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"±": r"$\pm$", DAGGER: r"$\dagger$", "<": r"$<$", ">": r"$>$"}
)


def markdown(comparison: Comparison) -> str:
    """The tables and notes as Markdown.

    Args:
        comparison: The comparison.

    Returns:
        The text.
    """
    tables = [pipe_table(cells) for cells in (group_cells(comparison), pair_cells(comparison)) if cells]
    return "\n\n".join([*tables, *notes(comparison)]) + "\n"


def pipe_table(cells: Sequence[Cells]) -> str:
    """A table as Markdown.

    Args:
        cells: Of each line, by column; the first line has all columns.

    Returns:
        The text. A line break in a cell becomes a comma.
    """
    lines = [list(cells[0]), ["---"] * len(cells[0]), *(list(row.values()) for row in cells)]
    escaped = ((cell.replace("|", r"\|").replace("\n", ", ") for cell in line) for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def latex(comparison: Comparison) -> str:
    """The tables as LaTeX, for the package booktabs, with the notes as captions.

    Args:
        comparison: The comparison.

    Returns:
        A table environment of the groups, and one of the pairs.
    """
    texts = notes(comparison)
    captions = [note.replace(BY_SEED, "") for note in texts if not note.startswith(NOTE_OF_PAIRS)]
    found = [_booktabs([_latex_cells(row, comparison) for row in comparison.rows], " ".join(captions))]
    if cells := pair_cells(comparison):
        found.append(_booktabs(cells, " ".join(note for note in texts if note.startswith((DAGGER, NOTE_OF_PAIRS)))))
    return "% \\usepackage{booktabs}\n" + "\n".join(found)


def table_csv(comparison: Comparison) -> str:
    """The groups as CSV, unrounded.

    Accuracies by seed are as in `0=56.69 1=56.92`, McNemar's counts as in `0=512/430`: better/worse. Lines that begin
    with # give the objections, which the column `mark` refers to.

    Args:
        comparison: The comparison.

    Returns:
        The text.
    """
    out = io.StringIO()
    out.writelines(f"# {note}\n" for note in notes(comparison) if note.startswith(DAGGER))
    records = [_record(row) for row in comparison.rows]
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def _booktabs(cells: Sequence[Cells], caption: str) -> str:
    lines = [" & ".join(cell.translate(LATEX) for cell in line) + r" \\" for line in (row.values() for row in cells)]
    alignment = "".join("l" if column in ("labels", "group") else "r" for column in cells[0])
    head = " & ".join(column.translate(LATEX) for column in cells[0]) + r" \\"
    parts = [r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{{alignment}}}", r"\toprule", head, r"\midrule"]
    escaped = caption.translate(LATEX).replace("--", "-{}-")  # of an option; LaTeX would make one dash of the two
    parts += [*lines, r"\bottomrule", r"\end{tabular}", rf"\caption{{{escaped}}}", r"\end{table}", ""]
    return "\n".join(parts)


def _latex_cells(row: ComparedGroup, comparison: Comparison) -> Cells:
    """A line of one number per column, as in a printed table."""
    estimate, difference = row.accuracy, row.difference
    return name_cells(row, comparison) | {
        "seeds": str(estimate.seeds),
        "accuracy": estimate.mean_and_sd,
        **auroc_cells(row, comparison),
        "95 % interval": estimate.interval_text() or "--",
        "difference": f"{difference.mean:+.2f}" if difference else "baseline" if row.baseline is row.group else "--",
        "95 % interval of it": (difference.interval_text("+.2f") or "--") if difference else "",
        "p": f"{difference.p:.2g}" if difference and difference.p is not None else "",
        "p (Holm)": f"{row.corrected:.2g}" if row.corrected is not None else "",
    }


def _record(row: ComparedGroup) -> dict[str, Any]:
    group, difference = row.group, row.difference
    tests = [(pair.run.seed, pair.test, pair.corrected) for pair in row.pairs if pair.test]
    low, high = row.accuracy.interval or (None, None)
    difference_low, difference_high = (difference and difference.interval) or (None, None)
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
        "auroc": row.group.auroc and row.group.auroc.mean,
        "by_seed": " ".join(f"{run.seed}={run.accuracy:.4f}" for run in group.runs),
        "baseline": row.baseline.label if row.baseline else None,
        "pairs": difference.seeds if difference else 0,
        "difference": difference and difference.mean,
        "difference_low": difference_low,
        "difference_high": difference_high,
        "p": difference and difference.p,
        "p_holm": row.corrected,
        "mcnemar_better_worse": " ".join(f"{seed}={test.better}/{test.worse}" for seed, test, _ in tests),
        "mcnemar_p": " ".join(f"{seed}={test.p:.4g}" for seed, test, _ in tests),
        "mcnemar_p_holm": " ".join(f"{seed}={corrected:.4g}" for seed, _, corrected in tests),
    }
