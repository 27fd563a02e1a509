"""Writes the pages of finished runs anew: RUN/report.html, one file that needs nothing else.

    python scripts/report.py runs/cifar10-4000-fixmatch-small_cnn-seed0-1a2b3c4d
    python scripts/report.py runs/*

A run writes its page when it ends; this is for runs from before, and adds a UMAP of the test images where umap-learn is
installed (pip install 'semisup[umap]').
"""

import argparse
import sys
from pathlib import Path

from semisup.errors import SemisupError


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    from semisup.report import page  # here, so that --help answers at once

    status = 0
    for run in options.runs:
        try:
            print(page.write(run, data_dir=options.data_dir, umap=True))
        except SemisupError as error:
            print(error, file=sys.stderr)
            status = 1
        except OSError as error:
            print(f"{error.filename} cannot be read or written: {error.strerror}.", file=sys.stderr)
            status = 1
    return status


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folders of finished runs")
    result.add_argument("--data-dir", metavar="DIR", help="where data sets lie now (default: where each run had them)")
    return result


if __name__ == "__main__":
    sys.exit(main())
