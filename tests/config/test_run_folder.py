"""When a run's folder is made, kept and deleted."""

import json

import pytest

from semisup.core.errors import SemisupError

SUPERVISED = ("method=supervised", "trainer.max_steps=4")
MISTAKES = {
    "data": ("data=table", "data.path=gone.csv"),
    "labels": ("data.labels=100000",),
    "network": ("data=iris", "backbone=small_cnn", "~backbone.hidden"),
    "unlabeled": ("method=self_training", "data.labels=all"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_run_that_cannot_begin_leaves_no_folder(run, tmp_path, mistake):
    with pytest.raises(SemisupError):
        run(*SUPERVISED, *mistake)
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


def test_a_damaged_result_is_named_and_made_anew_from_what_the_rounds_left(run, tmp_path):
    result = run(*SUPERVISED)
    (folder,) = (tmp_path / "runs").iterdir()
    file = folder / "result.json"
    file.write_text(file.read_text()[:300])
    with pytest.raises(SemisupError, match=r"result\.json is damaged .*: delete it"):
        run(*SUPERVISED)
    file.unlink()
    trained = (folder / "round0" / "best.ckpt").stat().st_mtime_ns
    assert run(*SUPERVISED) == result == json.loads(file.read_text())
    assert (folder / "round0" / "best.ckpt").stat().st_mtime_ns == trained
