"""Compares finished runs: means over seeds, and each group's difference to a baseline on the same seeds and splits.

    python scripts/compare.py runs
    python scripts/compare.py 'runs/cifar10-*' --baseline method=supervised --markdown
    python scripts/compare.py runs --csv table.csv --latex table.tex --plots figures --html comparison.html

Runs that differ only in their seed, or in where they ran, are one group.
"""

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from semisup.core.errors import exit_code

STDOUT = "-"


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    typed = shlex.join(["python", "scripts/compare.py", *(arguments or sys.argv[1:])])
    return exit_code(lambda: compare(options, typed))


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("runs", nargs="+", help="folders of runs, folders that hold them, or globs")
    result.add_argument("--baseline", metavar="WORDS", help="what the group's label says (default: supervised)")
    result.add_argument("--allow", action="store_true", help="compare what cannot be compared, and mark it")
    result.add_argument(
        "--markdown", nargs="?", const=STDOUT, metavar="FILE", help="a table to paste, printed or in FILE"
    )
    result.add_argument("--latex", metavar="FILE", help="the tables for booktabs")
    result.add_argument("--csv", metavar="FILE", help="a row per group, unrounded")
    result.add_argument("--plots", metavar="DIR", help="pictures, as PNG and SVG")
    result.add_argument("--html", metavar="FILE", help="tables and pictures in one self-contained page")
    return result


def compare(options: argparse.Namespace, command: str) -> None:
    """Prints the comparison and writes what was asked for; says on stderr what was left out. Raises SemisupError."""
    from semisup.reports import run_folders  # --help needs none
    from semisup.reports.comparison import comparison, formats, plots, tables
    from semisup.reports.comparison import page as comparison_page

    runs, left_out = run_folders.find(options.runs)
    if left_out:
        say("Left out: " + ", ".join(left_out))
    result = comparison.compare(runs, options.baseline, options.allow)
    if options.markdown == STDOUT:
        print(formats.markdown(result), end="")
    else:
        Console().print(tables.terminal(result))
    texts: list[tuple[str | None, Callable[[], str]]] = [
        (options.markdown, lambda: formats.markdown(result)),
        (options.latex, lambda: formats.latex(result)),
        (options.csv, lambda: formats.table_csv(result)),
    ]
    for name, text in texts:
        if name not in (None, STDOUT):
            write(Path(name), text())
    if options.plots or options.html:
        figures, skipped = plots.draw(result)
        for reason in skipped:
            say(f"Not drawn: {reason}")
        if options.plots:
            plots.save(figures, Path(options.plots))
            say(f"Wrote {len(figures)} pictures, as PNG and SVG, to {options.plots}")
        if options.html:
            file = Path(options.html)
            write(file, comparison_page.page(result, figures, skipped, command, file))


def write(file: Path, text: str) -> None:
    """Writes a file as a whole, and says so."""
    from semisup.core.atomic_files import atomic_write_text

    file.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_text(file, text)
    say(f"Wrote {file}")


def say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
