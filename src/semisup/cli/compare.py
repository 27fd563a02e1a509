"""`semisup compare`: tables and charts of several finished runs."""

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from semisup.cli.arguments import command
from semisup.core.ranges import UserPath


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares what the command line asks for.

    Args:
        arguments: The words after the command's name; None = those after the program's.

    Returns:
        The exit status.
    """
    return command(compare, arguments, positional=("runs",))


def compare(
    runs: Sequence[str],
    baseline: str | None = None,
    allow: bool = False,
    markdown: bool | UserPath = False,
    latex: UserPath | None = None,
    csv: UserPath | None = None,
    plots: UserPath | None = None,
    html: UserPath | None = None,
) -> None:
    """Compare finished runs: means over seeds, and each group's difference to a baseline on the same seeds and splits.

      semisup compare runs
      semisup compare runs/cifar10-* baseline=method=supervised markdown
      semisup compare runs csv=table.csv latex=table.tex plots=figures html=comparison.html

    Runs that differ only in their seed, or in where they ran, are one group. Tables go to stdout, notes to stderr.

    Args:
        runs: Folders of runs, folders that contain them, or globs: as words, or as runs=...
        baseline: Words of the label of the group to compare with; supervised if not given.
        allow: Whether runs that cannot be compared are compared and marked.
        markdown: A Markdown table: printed with `markdown` alone, or written to a file.
        latex: A file for the tables in LaTeX (booktabs).
        csv: A file with a row per group, unrounded.
        plots: A folder for the charts, as PNG and SVG.
        html: A file for the tables and charts as one page that needs no other file.

    Raises:
        SemisupError: If the runs cannot be compared.
    """
    from semisup.reports.comparison import comparison, formats, tables
    from semisup.reports.comparison import page as comparison_page
    from semisup.reports.comparison import plots as charts
    from semisup.runs.found_runs import find_runs

    options = {"baseline": baseline, "latex": latex, "csv": csv, "plots": plots, "html": html}
    found, left_out = find_runs(Path(run).expanduser() for run in runs)
    if left_out:
        _tell("Left out: " + ", ".join(left_out))
    result = comparison.compare(found, baseline, allow)
    if markdown is True:
        print(formats.markdown(result), end="")
    else:
        from rich.console import Console

        Console().print(tables.terminal(result))
    texts: list[tuple[str | None, Callable[[], str]]] = [
        (markdown if isinstance(markdown, str) else None, lambda: formats.markdown(result)),
        (latex, lambda: formats.latex(result)),
        (csv, lambda: formats.table_csv(result)),
    ]
    for name, text in texts:
        if name is not None:
            _write(Path(name), text())
    if plots or html:
        figures, skipped = charts.draw(result)
        for reason in skipped:
            _tell(f"Not drawn: {reason}")
        if plots:
            charts.save(figures, Path(plots))
            _tell(f"Wrote {len(figures)} charts, as PNG and SVG, to {plots}")
        if html:
            typed = [f"{key}={value}" for key, value in options.items() if value is not None]
            line = shlex.join(["semisup", "compare", *runs, *typed, *(["allow"] if allow else [])])
            _write(Path(html), comparison_page.page(result, figures, skipped, line, Path(html)))


def _write(file: Path, text: str) -> None:
    from semisup.core.atomic_files import atomic_write_text

    file.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_text(file, text)
    _tell(f"Wrote {file}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
