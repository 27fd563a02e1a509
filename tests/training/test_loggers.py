"""Curves arrive where they were sent, under the same names, and nothing is written outside the run's folder."""

import csv
import json
import re
import struct
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from lightning.pytorch.loggers import Logger
from rich.console import Console

from semisup.core.errors import SemisupError
from semisup.runs.run import run as train
from semisup.training.loggers import wandb_id
from semisup.training.metrics_csv import MetricsCSV, read_metrics

DIGITS = [str(digit) for digit in range(10)]
TRAIN = {"train/loss", "train/supervised", "train/unsupervised", "train/alpha", "train/lr"}
VALIDATION = {"validation/accuracy", "validation/loss", "validation/calibration_error"}
LABELS = {"pseudo_labels/accuracy", "pseudo_labels/coverage", "pseudo_labels/calibration_error"}
PER_CLASS = {f"pseudo_labels/{what}/{digit}" for what in ("accuracy", "coverage") for digit in DIGITS}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "round0" / "metrics.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_metrics_csv_has_a_row_per_step_and_these_columns(run, tmp_path):
    result = run("method=pseudo_label", "method.threshold=0")
    (folder,) = (tmp_path / "runs").iterdir()
    table = rows(folder)
    columns = [*table[0]]
    assert columns[0] == "step"
    assert set(columns) - PER_CLASS == {"step", *TRAIN, *VALIDATION, *LABELS}
    assert columns[1:] == sorted(columns[1:])
    assert [int(row["step"]) for row in table] == [2, 4, 6, 8, 10, 12]  # trainer.log_every_n_steps=2
    for name in VALIDATION | LABELS:
        assert [int(row["step"]) for row in table if row[name]] == [4, 8, 12]
    assert all(float(row[name]) == float(row[name]) for row in table for name in TRAIN)
    best = max(float(row["validation/accuracy"] or 0) for row in table)
    assert best == pytest.approx(result["validation"]["accuracy"])
    assert float(table[-1]["pseudo_labels/accuracy"]) == pytest.approx(result["pseudo_labels"]["accuracy"])


def test_a_method_without_unlabeled_images_has_no_columns_for_them(run, tmp_path):
    run("method=supervised")
    (folder,) = (tmp_path / "runs").iterdir()
    assert {*rows(folder)[0]} == {"step", "train/loss", "train/supervised", "train/lr", *VALIDATION}


def test_tensorboard_holds_the_same_curves(run, tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="pip install 'semisup[tensorboard]'"
    )
    result = run("method=pseudo_label", "method.threshold=0", "logger=tensorboard")
    (folder,) = (tmp_path / "runs").iterdir()
    events = accumulator.EventAccumulator(str(folder / "tensorboard")).Reload()
    assert TRAIN | VALIDATION | LABELS | {"test/accuracy"} <= set(events.Tags()["scalars"])
    for name in ("validation/accuracy", "pseudo_labels/accuracy"):
        expected = [float(row[name]) for row in rows(folder) if row[name]]
        assert [scalar.value for scalar in events.Scalars(name)] == pytest.approx(expected)
        assert [scalar.step for scalar in events.Scalars(name)] == [3, 7, 11]  # Lightning's, counted from 0
    assert [scalar.value for scalar in events.Scalars("test/accuracy")] == [pytest.approx(result["test"]["accuracy"])]


def wandb_records(file: Path) -> Iterator[object]:
    """What W&B wrote offline: LevelDB's log format, blocks of 32 KiB, after a header of 7 bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, at, record = file.read_bytes(), 7, b""
    while at < len(content):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        _, size, kind = struct.unpack("<IHB", content[at : at + 7])
        record += content[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # a whole record, or the last piece of one
            yield Record.FromString(record)
            record = b""


def history(folder: Path) -> list[dict[str, float]]:
    """The points of an offline run, in order."""
    (file,) = folder.glob("wandb/offline-run-*/*.wandb")
    found = [record.history for record in wandb_records(file) if record.HasField("history")]  # type: ignore[attr-defined]
    return [{i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in point.item} for point in found]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A home and a working directory that are empty, without network; W&B's process ends with the test."""
    import wandb

    for place in ("home", "here"):
        (tmp_path / place).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.setenv(name, "")  # so that what is set in the test is taken back after it
        monkeypatch.delenv(name)
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    yield tmp_path
    wandb.teardown()


def test_wandb_offline_holds_the_same_curves_and_the_confusion_matrix(run, offline, capfd):
    results = [
        run("method=pseudo_label", "method.threshold=0", "logger=wandb", "logger.offline=true", f"seed={seed}")
        for seed in (0, 1)
    ]
    import wandb

    wandb.finish()
    wandb.teardown()  # ends W&B's process, which may hold the last lines until then
    assert capfd.readouterr().err == ""
    for result in results:  # a second run in the same process, as in a sweep, has its own curves
        (folder,) = (offline / "runs").glob(f"*-seed{result['seed']}-*")
        points = history(folder)
        for name in ("validation/accuracy", "pseudo_labels/accuracy"):
            expected = [float(row[name]) for row in rows(folder) if row[name]]
            assert [point[name] for point in points if name in point] == pytest.approx(expected)
        assert [p["test/accuracy"] for p in points if "test/accuracy" in p] == [
            pytest.approx(result["test"]["accuracy"])
        ]
        (table,) = folder.glob("wandb/offline-run-*/files/media/table/test/confusion_matrix*.json")
        counts = json.loads(table.read_text())["data"]  # [actual, predicted, how many]
        assert sum(count for *_, count in counts) == result["test"]["images"]
        hits = sum(count for actual, predicted, count in counts if actual == predicted)
        assert hits / result["test"]["images"] == pytest.approx(result["test"]["accuracy"])
    assert [*(offline / "here").iterdir()] == [*(offline / "home").iterdir()] == []


def test_wandb_without_an_account_is_a_sentence(run, offline):
    with pytest.raises(SemisupError, match=r"No API key.*logger\.offline=true"):
        run("method=pseudo_label", "method.threshold=0", "logger=wandb")


def test_rows_that_are_read_equal_those_that_were_logged(tmp_path):
    """Numbers that are not finite and the longest decimals included; a metric without a value is left out."""
    logger = MetricsCSV(tmp_path / "metrics.csv")
    logger.log_metrics({"loss": 0.1, "epoch": 3}, step=3)
    logger.log_metrics({"loss": float("inf"), "accuracy": 1 / 3}, step=0)
    logger.write()
    expected = [{"step": 1, "loss": float("inf"), "accuracy": 1 / 3}, {"step": 4, "loss": 0.1}]
    assert read_metrics(tmp_path / "metrics.csv") == expected


def test_a_resumed_run_continues_the_rows_that_its_checkpoint_holds(tmp_path):
    rows = {2: {"loss": 0.5}}
    continued = MetricsCSV(tmp_path / "metrics.csv", rows)
    continued.log_metrics({"loss": 0.25}, step=3)
    continued.write()
    assert read_metrics(tmp_path / "metrics.csv") == [{"step": 2, "loss": 0.5}, {"step": 4, "loss": 0.25}]
    assert rows == {2: {"loss": 0.5}, 4: {"loss": 0.25}}, "the next checkpoint holds both"


@pytest.mark.parametrize(
    "text", ["step,loss\n1,high\n", "loss\n1\n", "step,loss\n1,2,3\n", "step,loss\n1\n", 'step\n"1']
)
def test_a_damaged_file_is_named(text, tmp_path):
    (tmp_path / "metrics.csv").write_text(text)
    with pytest.raises(SemisupError, match=r"metrics\.csv is damaged"):
        read_metrics(tmp_path / "metrics.csv")


class Failing(Logger):
    """A logger of another program, which fails at the call that is named."""

    name, version = "failing", ""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at, self.steps = at, []

    def log_metrics(self, metrics, step=None) -> None:
        self.steps.append(step)
        if self.at in metrics:
            raise RuntimeError("[quota] exceeded: 1 GB.")

    def log_hyperparams(self, params, *args, **kwargs) -> None:
        pass

    def finalize(self, status: str) -> None:
        if self.at == status:
            raise RuntimeError("no connection")


def failing(folder, round_number, at: str) -> list[Logger]:
    if at == "the second time":
        if (folder / "started").exists():
            raise SemisupError("the service refuses.")
        (folder / "started").touch()
    return [Failing(at)]


@pytest.mark.parametrize("at", ["train/loss", "validation/accuracy", "test/accuracy", "success"])
def test_a_logger_that_fails_is_one_warning_and_costs_nothing(at, config, tmp_path):
    out = Console(file=StringIO(), width=400)
    node = {"_target_": "tests.training.test_loggers.failing", "at": at}
    expected = train({**config("method=supervised"), "runs_dir": str(tmp_path / "plain")}, Console(quiet=True))
    result = train({**config("method=supervised"), "logger": node}, out)
    text = out.file.getvalue()
    assert text.count("warning") == 1
    assert ("(RuntimeError: no connection)" if at == "success" else "[quota] exceeded: 1 GB)") in text
    (folder,) = (tmp_path / "runs").iterdir()
    assert json.loads((folder / "result.json").read_text())["test"] == expected["test"] == result["test"]
    assert len(rows(folder)) == 6


def test_a_logger_that_cannot_be_started_again_does_not_cost_the_test(config, tmp_path):
    """The run is trained and not tested; the service refuses by now."""
    node = {"_target_": "tests.training.test_loggers.failing", "at": "the second time"}
    values = {**config("method=supervised"), "logger": node}
    train(values, Console(quiet=True))
    (result,) = (tmp_path / "runs").glob("*/result.json")
    result.unlink()
    out = Console(file=StringIO(), width=400)
    train(values, out)
    assert "the test accuracy was not logged: the service refuses." in out.file.getvalue()
    assert result.exists()


@pytest.mark.parametrize("name", ["digits-60-fixmatch-mlp-seed0-1a2b3c4d", "x" * 300, "a:b;c,d#e?f'g/h é", ""])
def test_ids_that_weights_and_biases_takes(name):
    """It refuses more than 128 characters, or 92 in the name of an artifact, and / \\ # ? % : ; , '."""
    found = wandb_id(name)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", found)
    assert found == name or "1a2b" not in name, "an interrupted run keeps its id"
    assert wandb_id(name) == found != wandb_id(f"{name}2")
