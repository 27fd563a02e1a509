"""The time from the command to the first step of a training on digits, and to the end of --help.

The run saves after each step. The clock stops at its first checkpoint, so the time to write it is included.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TRAIN = (sys.executable, str(Path(__file__).parents[2] / "train.py"))
TIMEOUT = 300.0  # seconds


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Seconds, the median of some rounds. The very first run, which also imports the data, is listed apart."""
    with tempfile.TemporaryDirectory() as folder:
        first_of_all = first_step(Path(folder), options.device, 0)
        first_steps = [first_step(Path(folder), options.device, n + 1) for n in range(options.rounds)]
    helps = [help_() for _ in range(options.rounds)]
    return {
        "first_step": statistics.median(first_steps),
        "first_step_of_the_first_run": first_of_all,
        "help": statistics.median(helps),
        "all_first_steps": first_steps,
        "all_helps": helps,
    }


def first_step(folder: Path, device: str, number: int) -> float:
    """Seconds until the first step is done and saved. Then the training is stopped."""
    runs = folder / f"runs{number}"
    arguments = ("data=digits", "method=pseudo_label", "trainer.save_every=1", f"trainer.accelerator={device}")
    where = (f"data_dir={folder / 'data'}", f"runs_dir={runs}")
    with (folder / "messages").open("w+") as messages:
        began = time.perf_counter()
        process = subprocess.Popen([*TRAIN, *arguments, *where], stdout=messages, stderr=messages)
        try:
            while not any(runs.glob("*/round0/last.ckpt")):
                if process.poll() is not None or time.perf_counter() - began > TIMEOUT:
                    messages.seek(0)
                    raise RuntimeError(f"the training made no step: {messages.read()}")
                time.sleep(0.002)
            return time.perf_counter() - began
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait()


def help_() -> float:
    """Seconds until --help has ended."""
    began = time.perf_counter()
    subprocess.run([*TRAIN, "--help"], check=True, stdout=subprocess.DEVNULL, env=os.environ)
    return time.perf_counter() - began
