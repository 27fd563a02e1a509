"""Kills: a training dies at every moment at which it has changed its folder, and at random ones; it must end the same.

Before and after each file that is put in its place, the program is stopped as by `kill -9`: nothing is cleaned up. The
long form also kills processes of their own after random times, and sends them SIGINT and SIGTERM.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.campaigns.attempt import Case, drawn, only, semisup, train_words

ROOT = Path(__file__).parents[2]
RANDOM_MOMENTS = 40


class Killed(BaseException):
    """The program is stopped here."""


def cases(workspace: Path, most: int | None) -> Iterator[Case]:
    """Every file and both sides of it, and random moments; of the former only, if not all are tried."""
    count = _train_until(workspace, "expected", None)
    moments = [(number, side) for number in range(1, count + 1) for side in ("before", "after")]
    for number, side in drawn(moments, most):
        yield f"killed {side} file {number} of {count}", lambda n=number, s=side: _killed(workspace, n, s)
    if most is not None:
        return
    started = time.monotonic()
    _process(workspace, "timed").wait()
    seconds, draw = time.monotonic() - started, random.Random(0)
    for trial in range(RANDOM_MOMENTS):
        number = (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM)[trial % 4]
        moment = draw.uniform(0, seconds)
        name = f"{number.name} after {moment:.2f} s"
        yield name, lambda t=trial, n=number, m=moment: _signalled(workspace, f"random{t}", n, m)


def _train_until(workspace: Path, runs: str, moment: tuple[int, str] | None) -> int:
    """Trains, and dies before or after the given file is put in its place. Returns how many files there were."""
    replace, seen = os.replace, [0]

    def counted(source: Any, target: Any) -> None:
        seen[0] += 1
        if (seen[0], "before") == moment:
            os.link(source, f"{source}.left.tmp-0") if os.path.isfile(source) else None  # as it stays after a kill
            raise Killed
        replace(source, target)
        if (seen[0], "after") == moment:
            raise Killed

    os.replace = counted  # type: ignore[assignment]
    try:
        ended = semisup(train_words(workspace, runs))
        assert ended.status == 0, ended
    except Killed:
        pass
    finally:
        os.replace = replace
    return seen[0]


def _killed(workspace: Path, number: int, side: str) -> str | None:
    runs = f"{side}{number}"
    _train_until(workspace, runs, (number, side))
    return _resumed(workspace, runs)


def _process(workspace: Path, runs: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    words = [sys.executable, "-m", "semisup", *train_words(workspace, runs)]
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _signalled(workspace: Path, runs: str, number: signal.Signals, moment: float) -> str | None:
    with _process(workspace, runs) as process:
        time.sleep(moment)
        process.send_signal(number)
        error = process.communicate()[1]
    if "Traceback" in error:
        return f"traceback: {error[-300:]}"
    if process.returncode not in (0, -number, 128 + number):
        return f"exit status {process.returncode}"
    return _resumed(workspace, runs)


def _resumed(workspace: Path, runs: str) -> str | None:
    ended = semisup(train_words(workspace, runs))
    if fault := ended.fault:
        return fault
    if ended.status:
        return ended.error
    folders = [only(workspace / name) for name in (runs, "expected")]
    names = [sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) for folder in folders]
    if names[0] != names[1]:
        return f"files that differ: {sorted(set(names[0]) ^ set(names[1]))}"
    for name in ("round0/metrics.csv", "round1/metrics.csv", "round0/pseudo_labels.parquet", "predictions.npz"):
        if (folders[0] / name).read_bytes() != (folders[1] / name).read_bytes():
            return f"{name} differs"
    results = [json.loads((folder / "result.json").read_text()) for folder in folders]
    return None if results[0]["test"] == results[1]["test"] else "another result"
