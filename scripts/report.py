"""Writes the pages of finished runs anew: RUN/report.html, one file that needs nothing else.

    python scripts/report.py runs/cifar10-4000-fixmatch-small_cnn-seed0-1a2b3c4d
    python scripts/report.py runs/*

A run writes its page when it ends; this is for runs from before, and adds a UMAP of the test images where umap-learn is
installed (pip install 'semisup[umap]').
"""

import argparse
import sys
from functools import partial
from pathlib import Path

from semisup.core.errors import exit_code


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    from semisup.reports import run_page as page  # here, so that --help answers at once

    def write(run: Path) -> None:
        print(page.write(run, data_dir=options.data_dir, umap=True))

    return max([exit_code(partial(write, run)) for run in options.runs])  # one that fails does not keep the others


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folders of finished runs")
    result.add_argument("--data-dir", metavar="DIR", help="where data sets lie now (default: where each run had them)")
    return result


if __name__ == "__main__":
    sys.exit(main())
