"""Compares finished runs: means over seeds, and each group's difference to a baseline on the same seeds and splits.

    python scripts/compare.py runs
    python scripts/compare.py 'runs/cifar10-*' --baseline method=supervised --markdown

Runs that differ only in their seed, or in where they ran, are one group.
"""

import argparse
import sys

from rich.console import Console

from semisup.errors import SemisupError


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        compare(options)
    except SemisupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("runs", nargs="+", help="folders of runs, folders that hold them, or globs")
    result.add_argument("--baseline", metavar="WORDS", help="what the group's label says (default: the supervised one)")
    result.add_argument("--markdown", action="store_true", help="print a table to paste")
    return result


def compare(options: argparse.Namespace) -> None:
    """Prints the comparison, and on stderr what was left out. Raises SemisupError."""
    from semisup.report import comparison, tables  # here, so that --help answers at once

    runs, left_out = comparison.find(options.runs)
    if left_out:
        print("Left out:", ", ".join(left_out), file=sys.stderr)
    groups = comparison.grouped(runs)
    rows = tables.rows(groups, comparison.choose(groups, options.baseline))
    if options.markdown:
        print(tables.markdown(rows))
    else:
        Console().print(tables.terminal(rows))


if __name__ == "__main__":
    sys.exit(main())
