"""When a run's folder is made, kept and deleted."""

import json

import pytest
from rich.console import Console

from semisup.core.errors import SemisupError

SUPERVISED = ("method=supervised", "trainer.max_steps=4")
MISTAKES = {
    "data": ("data=table", "data.path=gone.csv"),
    "labels": ("data.labels=100000",),
    "network": ("data=iris", "backbone=small_cnn", "~backbone.hidden"),
    "unlabeled": ("method=self_training", "data.labels=all"),
    "accelerator": ("trainer.accelerator=quantum",),
    "devices": ("trainer.devices=[]",),
    "strategy": ("trainer.strategy=teamwork",),
    "pseudo-labels": ("method=self_training", "rounds.labels=nowhere.csv"),
}
SENTENCES = {
    "data": r"gone\.csv",
    "labels": "asks for 100,000 labels",
    "network": "needs images",
    "unlabeled": "has none",
    "accelerator": "the trainer cannot be set up: .*quantum",
    "devices": "the trainer cannot be set up",
    "strategy": "the trainer cannot be set up: .*teamwork",
    "pseudo-labels": r"nowhere\.csv: there is no such file",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_run_that_cannot_begin_leaves_no_folder(run, tmp_path, mistake):
    with pytest.raises(SemisupError, match=SENTENCES[mistake]):
        run(*SUPERVISED, *MISTAKES[mistake])
    assert not (tmp_path / "runs").exists()


def test_overwrite_deletes_nothing_if_the_new_run_cannot_begin(run, tmp_path):
    """The table is there for the first run and broken for the second, which has the same name."""
    table = tmp_path / "pets.csv"
    rows = [f"{number},{number % 2}.5,{'cat' if number % 2 else 'dog'}" for number in range(40)]
    table.write_text("\n".join(["a,b,kind", *rows]))
    options = (*SUPERVISED, "data=table", f"data.path={table}", "data.labels=20", "data.validation=4")
    run(*options)
    (folder,) = (tmp_path / "runs").iterdir()
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    table.write_text(table.read_text() + "\nnothing,1,cat")
    with pytest.raises(SemisupError, match="line 42"):
        run(*options, "overwrite=true")
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_the_folder_stores_the_command_that_started_the_run(config, tmp_path):
    """A run that is started from Python has none, and does not lose that of an earlier start."""
    from semisup.runs.run import run

    quiet, command = Console(quiet=True), "semisup train 'data.path=my photos'"
    run(config(*SUPERVISED), quiet)
    (folder,) = (tmp_path / "runs").iterdir()
    assert not (folder / "command.txt").exists()
    (folder / "result.json").unlink()
    run(config(*SUPERVISED), quiet, command=command)
    assert (folder / "command.txt").read_text() == f"{command}\n"
    (folder / "result.json").unlink()
    run(config(*SUPERVISED), quiet)
    assert (folder / "command.txt").read_text() == f"{command}\n"


def test_what_a_killed_run_was_writing_is_deleted(run, tmp_path):
    """Each kill would leave another copy of the checkpoint."""
    run(*SUPERVISED)
    (folder,) = (tmp_path / "runs").iterdir()
    (folder / "result.json").unlink()
    for name in (".result.tmp-1.json", "round0/.last.tmp-2.ckpt"):
        (folder / name).write_text("half")
    run(*SUPERVISED)
    assert not list(folder.rglob(".*"))


def test_a_damaged_result_is_named_and_written_again_from_what_the_rounds_left(run, tmp_path):
    result = run(*SUPERVISED)
    (folder,) = (tmp_path / "runs").iterdir()
    file = folder / "result.json"
    file.write_text(file.read_text()[:300])
    with pytest.raises(SemisupError, match=r"result\.json cannot be read: .*: delete it"):
        run(*SUPERVISED)
    file.unlink()
    trained = (folder / "round0" / "best.ckpt").stat().st_mtime_ns
    again = run(*SUPERVISED)
    assert again == json.loads(file.read_text())
    assert again | {"peak_memory": 0} == result | {"peak_memory": 0}  # that of each session
    assert (folder / "round0" / "best.ckpt").stat().st_mtime_ns == trained
