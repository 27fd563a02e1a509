"""Peak memory of a training: some real steps in a new process, as a process keeps its highest value for ever."""

import argparse
import multiprocessing
import resource
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

STEPS = 3
MIB = 2**20


def measure(method: str, network: str, options: argparse.Namespace) -> dict[str, Any]:
    """Peak MiB in a new process: `host_before` the first step, and `host` and `device` (CUDA) at the end."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
        return {"method": method, "network": network, **fresh.submit(train, method, network, options).result()}


def train(method: str, network: str, options: argparse.Namespace) -> dict[str, float | None]:
    """Trains some steps in this process."""
    import torch

    from benchmarks.setting import setting
    from semisup.training.audit import Audit
    from semisup.training.callbacks import NaNGuard, StepSeed
    from semisup.training.metrics_csv import MetricsCSV

    case = setting(method, network, options, max_steps=STEPS)
    watchers = [StepSeed(0), NaNGuard(STEPS), Audit(case.store.targets, case.store.classes, every=STEPS)]
    with tempfile.TemporaryDirectory() as folder:
        trainer = case.training.trainer(watchers, [MetricsCSV(Path(folder) / "metrics.csv")], validates=False)
        made, before = case.method(), peak()
        trainer.fit(made, datamodule=case.data)
    on_device = torch.cuda.max_memory_allocated() / MIB if made.device.type == "cuda" else None
    return {"host_before": before, "host": peak(), "device": on_device}


def peak() -> float:
    """The peak MiB of this process.

    Not `ru_maxrss` on Linux, where a process inherits the peak of the one that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MIB
