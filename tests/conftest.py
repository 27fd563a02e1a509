"""Small, quick runs for the tests: digits, a small dense network, a dozen steps."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start, too: quickest for networks this small

import pytest
import torch
from rich.console import Console

from semisup.cli.main import main
from semisup.cli.overrides import compose

torch.set_num_threads(1)

SMALL = (
    "data.labels=60",
    "data.validation=20",
    "backbone=mlp",
    "backbone.hidden=[32]",
    "batch.labeled=8",
    "batch.ratio=2",
    "trainer.max_steps=12",
    "trainer.val_check_interval=4",
    "trainer.log_every_n_steps=2",
)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the digits lie, for all tests."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def overrides(data_dir: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """The command line of a small run in this test's own folder."""
    return lambda *more: [f"data_dir={data_dir}", f"runs_dir={tmp_path / 'runs'}", *SMALL, *more]


@pytest.fixture
def config(overrides: Callable[..., list[str]]) -> Callable[..., dict[str, Any]]:
    """The composed config of a small run."""

    return lambda *more: compose(overrides(*more))


@pytest.fixture
def run(config: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Runs a small run and returns its result."""
    from semisup.runs.run import run

    return lambda *more: run(config(*more), Console(quiet=True))


@pytest.fixture
def outcome(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Everything that a run's folder says about its training, for comparison bit by bit."""

    def read(runs: Path = tmp_path / "runs") -> dict[str, Any]:
        (folder,) = (path for path in runs.iterdir() if not path.name.startswith("."))
        result = json.loads((folder / "result.json").read_text())
        del result["peak_memory"]
        for timed in (result, *result["rounds"]):
            del timed["seconds"]
        checkpoints = {}
        for file in sorted(folder.glob("round*/*.ckpt")):
            checkpoint = torch.load(file, weights_only=True)
            checkpoint["callbacks"]["Checkpoints"].pop("seconds")
            checkpoints[f"{file.parent.name}/{file.stem}"] = flat(checkpoint)
        metrics = "".join(file.read_text() for file in sorted(folder.glob("round*/metrics.csv")))
        labels = [file.read_bytes() for file in sorted(folder.glob("round*/pseudo_labels.parquet"))]
        return {"result": result, "metrics": metrics, "checkpoints": checkpoints, "labels": labels}

    return read


@pytest.fixture
def cli(semisup: Callable[..., tuple[int, str, str]]) -> Callable[..., tuple[int, str, str]]:
    """`semisup train` with these arguments: its exit status, standard output and standard error."""
    return lambda *arguments: semisup("train", *arguments)


@pytest.fixture
def semisup(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """`semisup` with these arguments: its exit status, standard output and standard error."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")  # a training sets it; this takes it back afterwards

    def call(*arguments: object) -> tuple[int, str, str]:
        words = [str(argument) for argument in arguments]
        monkeypatch.setattr(sys, "argv", ["semisup", *words])
        try:
            status: Any = main()
        except SystemExit as end:
            status = end.code
        return status or 0, *capsys.readouterr()

    return call


@pytest.fixture
def flipped() -> Callable[[Path, int], AbstractContextManager[None]]:
    """Flips a bit of a file's byte at a position, and puts it back at the end of the block."""

    def write(file: Path, content: bytes) -> None:
        changed = file.stat().st_mtime_ns + 1
        file.write_bytes(content)
        os.utime(file, ns=(changed, changed))  # the system's clock of files ticks every few milliseconds

    @contextmanager
    def flip(file: Path, position: int) -> Iterator[None]:
        content = file.read_bytes()
        write(file, content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        yield
        write(file, content)

    return flip


def flat(value: Any) -> Any:
    """Tensors as lists, so that nested structures compare with ==."""
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: flat(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [flat(item) for item in value]
    return value
