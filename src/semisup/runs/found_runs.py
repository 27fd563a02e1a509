"""The finished runs below some folders."""

from collections.abc import Iterable
from pathlib import Path

from semisup.runs.run_files import run_folders
from semisup.runs.trained_run import TrainedRun, open_run


def find_runs(paths: Iterable[str | Path], tested: bool = True) -> tuple[list[TrainedRun], list[str]]:
    """Opens the finished runs below some paths.

    Args:
        paths: Folders of runs, folders that contain them, or globs.
        tested: Whether to leave out runs without a test accuracy.

    Returns:
        The runs, and what was left out, each with the reason in brackets.

    Raises:
        SemisupError: If a path does not exist, or a run cannot be read.
    """
    folders, left_out = run_folders(paths)
    runs = [open_run(folder) for folder in folders]
    if tested:
        left_out += [f"{run.folder} ({run.untested})" for run in runs if run.untested]
        runs = [run for run in runs if not run.untested]
    return runs, left_out
