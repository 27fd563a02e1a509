"""What a run prints on a terminal of 80 columns."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from semisup.runs.run import run as train

LONG = "a_folder_with_a_name_that_is_far_longer_than_most/and_one_below_it/runs"


@pytest.mark.parametrize("times", [1, 2], ids=["trained", "finished before"])
@pytest.mark.parametrize(
    "more", [("method=supervised",), ("method=cluster_label", "labeler.k=20", "rounds.students=0")]
)
def test_the_path_of_the_run_is_on_one_line(more, times, config, tmp_path):
    """To be copied: neither the plan nor the result breaks it, and nothing beside it is on the line."""
    console = Console(file=StringIO(), width=80)
    for _ in range(times):
        console.file = StringIO()
        train(config(*more, f"runs_dir={tmp_path / LONG}"), console)
    (folder,) = (tmp_path / LONG).iterdir()
    assert len(str(folder)) > 100
    lines = console.file.getvalue().splitlines()
    assert lines.count(str(folder)) == (2 if times == 1 else 1)
    assert [Path(line.split(" is finished")[0]) for line in lines if " is finished" in line] == [folder] * (times - 1)
