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
from semisup.reports import run_folders
from semisup.runs.trained_run import data_set, open_run


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
    found = run_folders.read(next((tmp_path / "runs").iterdir()))
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
    with pytest.raises(SemisupError, match=r"made by an older version.* give data_dir=\.\.\., where that lies"):
        open_run(folder)


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
        open_run(folder)
    assert not trace.exists()
    torch.load(checkpoint, weights_only=False)
    assert trace.exists(), "the checkpoint would have done it"


def test_a_config_calls_nothing_but_a_network(folder, tmp_path):
    config = yaml.safe_load((folder / "config.yaml").read_text())
    trace = tmp_path / "executed"
    config["backbone"] = {"_target_": "pathlib.Path.touch", "self": str(trace)}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(SemisupError, match=r"backbone\._target_=pathlib\.Path\.touch"):
        open_run(folder)
    assert not trace.exists()


def test_runs_that_cannot_be_used_are_one_sentence(folder, tmp_path):
    with pytest.raises(SemisupError, match="is not the folder of a run"):
        open_run(tmp_path)
    changed(folder, data={"name": "ten", "classes": ["a"], "shape": [1, 8, 8], "mean": [0.5], "std": [1]})
    with pytest.raises(SemisupError, match="its network does not fit ten"):
        open_run(folder)
    config = (folder / "config.yaml").read_text()
    for text, said in (
        (config.replace("  dropout:", "  dropuot:"), "its network does not fit ten .*dropuot"),
        ("a: [", "is not the config of a run"),
    ):
        (folder / "config.yaml").write_text(text)
        with pytest.raises(SemisupError, match=said):
            open_run(folder)
    (folder / "config.yaml").write_text(config)
    changed(folder, round=3)
    with pytest.raises(SemisupError, match="round3 has no checkpoint"):
        open_run(folder)
    for text in ("{", "{}"):
        (folder / "result.json").write_text(text)
        with pytest.raises(SemisupError, match=r"result\.json is damaged"):
            open_run(folder)
    (folder / "result.json").unlink()
    with pytest.raises(SemisupError, match="is not finished: run it to its end"):
        open_run(folder)
