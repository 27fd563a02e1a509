"""A finished run opened for use: without its data set, and without trust in its checkpoint."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from semisup.core.errors import SemisupError
from semisup.runs.found_runs import find_runs
from semisup.runs.run_data import data_set
from semisup.runs.trained_run import open_run


@pytest.fixture
def folder(run: Any, tmp_path: Path) -> Path:
    run("method=pseudo_label", "method.ema=.5")
    (found,) = (path for path in (tmp_path / "runs").iterdir() if not path.name.startswith("."))
    return found


def changed(folder: Path, **values: Any) -> None:
    result = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(json.dumps({**result, **values}))


def test_a_run_is_used_without_its_data_set(folder, data_dir, tmp_path):
    """What the run itself has said of the test images, from the run's folder alone."""
    images = np.array(np.load(data_dir / "stores" / "digits" / "test_images.npy"))
    moved = shutil.move(folder, tmp_path / "moved")
    config = yaml.safe_load((moved / "config.yaml").read_text())
    (moved / "config.yaml").write_text(yaml.safe_dump({**config, "data_dir": "/nowhere"}))
    opened = open_run(moved)
    assert opened.classes == [str(digit) for digit in range(10)]
    assert opened.shape == (1, 8, 8)
    assert opened.temperature == json.loads((moved / "result.json").read_text())["temperature"]
    with torch.inference_mode():
        own = opened.classifier.logits(torch.from_numpy(images)).softmax(-1)
    np.testing.assert_allclose(own, np.load(moved / "predictions.npz")["probability"], atol=1e-6)


def test_the_temperature_is_that_of_the_validation_images(folder, data_dir):
    from semisup.metrics.calibration import fit_temperature

    opened, rows = open_run(folder), np.load(folder / "split.npz")["validation"]
    images, targets = (np.load(data_dir / "stores" / "digits" / f"{name}.npy")[rows] for name in ("images", "targets"))
    with torch.inference_mode():
        logits = opened.classifier.logits(torch.from_numpy(images)).numpy()
    assert opened.temperature == pytest.approx(fit_temperature(logits, targets), rel=1e-4)


def test_a_run_without_validation_images_has_no_temperature(run, tmp_path):
    result = run("method=supervised", "data.validation=0")
    assert result["temperature"] is None
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if not path.name.startswith("."))
    assert open_run(folder).temperature is None


def test_the_data_set_of_a_run_is_the_imported_one_wherever_its_files_are_now(run, data_dir, tmp_path):
    table = tmp_path / "pets.csv"
    table.write_text("\n".join(["a,b,kind", *(f"{n},{n % 3},{'cat' if n % 2 else 'dog'}" for n in range(40))]))
    run("method=supervised", "data=table", f"data.path={table}", "data.labels=20", "data.validation=4")
    found = open_run(next((tmp_path / "runs").iterdir()))
    table.unlink()
    assert data_set(found.config, found.result).fingerprint == found.result["split"]["data_fingerprint"]
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(data_dir, elsewhere)
    config = {**found.config, "data_dir": "/nowhere"}
    assert data_set(config, found.result, elsewhere).folder.is_relative_to(elsewhere)
    with pytest.raises(SemisupError, match=r"pets\.csv cannot be read"):
        data_set(config, found.result)


def test_an_older_run_reads_its_data_set(folder, data_dir, tmp_path):
    expected = open_run(folder)
    result = json.loads((folder / "result.json").read_text())
    del result["data"], result["temperature"]
    (folder / "result.json").write_text(json.dumps(result))
    old = open_run(folder)
    assert (old.data, old.temperature) == (expected.data, None)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["data"] = {**config["data"], "_target_": "semisup.data.sources.stored", "name": "digits"}
    (folder / "config.yaml").write_text(yaml.safe_dump({**config, "data_dir": "/nowhere"}))
    assert open_run(folder, data_dir).data == expected.data
    with pytest.raises(SemisupError, match=r"made by an older version.* give data_dir=\.\.\., where that is"):
        _ = open_run(folder).data


def test_the_command_is_read_from_its_file_and_none_if_there_is_none(folder):
    assert open_run(folder).command is None
    (folder / "command.txt").write_text("semisup train method=fixmatch 'data.path=a b'\n")
    assert open_run(folder).command == "semisup train method=fixmatch 'data.path=a b'"


def test_predictions_are_in_the_order_of_the_images(folder):
    """Written by several processes, they are not; the first row is put last here."""
    saved = dict(np.load(folder / "predictions.npz"))
    np.savez(folder / "predictions.npz", **{name: np.roll(values, -1, axis=0) for name, values in saved.items()})
    read = open_run(folder).predictions
    for name, values in saved.items():
        np.testing.assert_array_equal(getattr(read, name), values)


def test_an_older_run_is_read_with_the_names_of_today(folder):
    """Its config called the device cache `resident`, and its checkpoint the moving average `average`."""
    before = open_run(folder)
    expected, checkpoint = before.classifier.network.state_dict(), torch.load(before.checkpoint, weights_only=True)
    checkpoint.pop("eval_network", None)  # which tells the name today
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["data"]["resident"] = config["data"].pop("device_cache", "auto")
    config["backbone"]["_target_"] = config["backbone"]["_target_"].replace("semisup.models.", "semisup.")
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    state = {name.replace("ema.network.", "average.network."): v for name, v in checkpoint["state_dict"].items()}
    torch.save({**checkpoint, "state_dict": state}, before.checkpoint)
    old = open_run(folder)
    assert old.identity == before.identity
    assert old.classifier.network.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in old.classifier.network.state_dict().items())


def test_a_run_of_two_paths_is_found_once_and_a_file_is_named(folder):
    found, left_out = find_runs([folder, folder.parent, folder / "result.json"])
    assert [run.folder for run in found] == [folder.parent / folder.name]
    assert left_out == [f"{folder / 'result.json'} (a file)"]


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return os.system, (f"touch '{self.file}'",)


def test_code_in_a_checkpoint_is_refused_and_not_executed(folder, tmp_path):
    trace = tmp_path / "executed"
    checkpoint = open_run(folder).checkpoint
    torch.save({"state_dict": Evil(trace)}, checkpoint)
    with pytest.raises(SemisupError, match=r"best\.ckpt is not a readable checkpoint"):
        _ = open_run(folder).classifier
    assert not trace.exists()
    torch.load(checkpoint, weights_only=False)
    assert trace.exists(), "the checkpoint would have done it"


def test_a_config_calls_nothing_but_a_network(folder, tmp_path):
    config = yaml.safe_load((folder / "config.yaml").read_text())
    trace = tmp_path / "executed"
    config["backbone"] = {"_target_": "pathlib.Path.touch", "self": str(trace)}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(SemisupError, match=r"backbone\._target_=pathlib\.Path\.touch"):
        _ = open_run(folder).classifier
    assert not trace.exists()


def test_runs_that_cannot_be_used_are_one_sentence(folder, tmp_path):
    with pytest.raises(SemisupError, match="is not the folder of a run"):
        open_run(tmp_path)
    changed(folder, data={"name": "ten", "classes": ["a"], "shape": [1, 8, 8], "mean": [0.5], "std": [1]})
    with pytest.raises(SemisupError, match="its network does not fit ten"):
        _ = open_run(folder).classifier
    config = (folder / "config.yaml").read_text()
    for text, said in (
        (config.replace("  dropout:", "  dropuot:"), "its network does not fit ten .*dropuot"),
        ("a: [", r"config\.yaml cannot be read: while parsing"),
    ):
        (folder / "config.yaml").write_text(text)
        with pytest.raises(SemisupError, match=said):
            _ = open_run(folder).classifier
    (folder / "config.yaml").write_text(config)
    changed(folder, round=3)
    with pytest.raises(SemisupError, match=r"round3 has no best\.ckpt"):
        _ = open_run(folder).checkpoint
    for text, said in (("{", "cannot be read: Expecting property name"), ("{}", "lacks 'test'")):
        (folder / "result.json").write_text(text)
        with pytest.raises(SemisupError, match=rf"result\.json {said}"):
            open_run(folder)
    (folder / "result.json").unlink()
    with pytest.raises(SemisupError, match="is not finished: run it to its end"):
        open_run(folder)
