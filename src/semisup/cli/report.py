"""`semisup report`: the page and the figures of finished runs."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from semisup.cli.arguments import command
from semisup.core.errors import exit_code
from semisup.core.ranges import UserPath


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the pages that the command line asks for.

    Args:
        arguments: The words after the command's name; None = those after the program's.

    Returns:
        The exit status.
    """
    return command(report, arguments, positional=("runs",))


def report(runs: Sequence[str], data_dir: UserPath | None = None, umap: bool = True, allow: Sequence[str] = ()) -> int:
    """Write the page and the figures of finished runs again: RUN/report.html is one file that needs no other.

      semisup report runs/cifar10-4000-fixmatch-small_cnn-seed0-1a2b3c4d
      semisup report runs/*

    A run writes them when it ends. This command also shows the test images by UMAP, if umap-learn is installed
    (pip install 'semisup[umap]').

    Args:
        runs: Folders of finished runs: as words, or as runs=...
        data_dir: Where the data sets are now; where each run had them if not given.
        umap: Whether the page shows UMAP beside the principal components. It takes half a minute.
        allow: A package of your own whose classes the runs name; a folder from elsewhere may call nothing else.

    Returns:
        The exit status: that of the last run that failed. The others are written all the same.
    """
    from semisup.reports import write_report

    def write(run: Path) -> None:
        print(write_report(run, data_dir=data_dir, umap=umap, allow=allow))

    return max(exit_code(partial(write, Path(run).expanduser())) for run in runs)


if __name__ == "__main__":
    sys.exit(main())
