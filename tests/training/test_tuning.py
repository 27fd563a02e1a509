"""The tuner's choice is made once, is recorded, and is what the training uses."""

import json

import pytest
import torch


@pytest.mark.parametrize("what", ["lr", "batch_size"])
def test_what_was_found_is_recorded_used_and_not_searched_again(what, run, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    result = run("method=pseudo_label", f"tune={what}", "data.labels=200")
    (folder,) = (tmp_path / "runs").iterdir()
    found = json.loads((folder / "tuned.json").read_text())
    assert [*found] == [what]
    assert result["tuned"][what] == found[what]
    checkpoint = torch.load(folder / "round0" / "last.ckpt", weights_only=True)
    if what == "lr":
        assert 1e-5 < found["lr"] < 1
        assert found["lr"] != 0.001
        assert checkpoint["optimizer_states"][0]["param_groups"][0]["initial_lr"] == found["lr"]
        assert result["tuned"]["batch_size"] == 8
    else:
        assert found["batch_size"] in (64, 128, 180)  # 16 doubled, up to the labeled images
        assert result["tuned"]["lr"] == 0.001
    (folder / "result.json").unlink()
    (folder / "round0" / "last.ckpt").unlink()
    (folder / "round0" / "round.json").unlink()
    kept = {"lr": 0.0123} if what == "lr" else {"batch_size": 24}  # no search would find these
    (folder / "tuned.json").write_text(json.dumps(kept))
    assert run("method=pseudo_label", f"tune={what}", "data.labels=200")["tuned"] == result["tuned"] | kept
    assert [*(tmp_path / "here").iterdir()] == []
    assert {path.name for path in folder.rglob("*") if ".tmp-" in path.name or path.suffix == ".ckpt"} == {
        "best.ckpt",
        "last.ckpt",
    }


def test_the_training_starts_from_the_weights_it_would_have_without_the_search(run, tmp_path):
    """A training with what was found, given by hand, is the same training: the search leaves no trace in it."""
    plain = run("method=pseudo_label", "optimizer.lr=0.01")
    tuned = run("method=pseudo_label", "tune=lr", f"runs_dir={tmp_path / 'tuned'}")
    again = run("method=pseudo_label", f"optimizer.lr={tuned['tuned']['lr']}", f"runs_dir={tmp_path / 'again'}")
    assert tuned["test"] == again["test"]
    assert tuned["test"] != plain["test"]


def test_few_labels_are_one_batch(run):
    assert (
        run("method=supervised", "tune=batch_size", "data.labels=30", "data.validation=15")["tuned"]["batch_size"] == 15
    )
