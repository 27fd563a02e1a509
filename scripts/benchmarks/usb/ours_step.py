"""Semisup's side of compare.py: the `real` steps of the benchmark's loop, timed by a callback.

Only the optimizer, the number of labels and RandAugment's operations (3, as USB's) differ from a run's defaults. As in
a run, glibc keeps memory between steps.
"""

import json
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import torch
from benchmarks.setting import setting
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import LambdaCallback
from turns import Turns

from semisup.training.audit import Audit
from semisup.training.callbacks import NaNGuard, StepSeed
from semisup.training.metrics_csv import MetricsCSV

STEPS = 100_000  # of the training; the turns are its first steps


def main(case: dict[str, Any]) -> None:
    """Trains until the turns are over. case: what compare.py asks for."""
    torch.set_num_threads(case["threads"])
    options = Namespace(data="cifar10", batch=case["batch"], ratio=case["ratio"], device="cpu", precision="32-true")
    more = ["optimizer=sgd", f"optimizer.lr={case['lr']}", f"optimizer.weight_decay={case['weight_decay']}"]
    more += [f"data.labels={case['labels']}", "data.operations=3"]
    made = setting(case["method"], case["network"], options, max_steps=STEPS, more=more)
    turns = Turns(case["orders"], case["answers"], case["warm_up"], case["steps"])

    def watch(trainer: Trainer, *_: Any) -> None:
        if not turns():
            trainer.should_stop = True

    with tempfile.TemporaryDirectory() as folder:
        audit = Audit(made.store.targets, made.store.classes, every=made.training.evaluation_interval)
        watchers: list[Callback] = [StepSeed(0), NaNGuard(made.training.log_every_n_steps), audit]
        watchers.append(LambdaCallback(on_train_batch_end=watch))
        trainer = made.training.trainer(watchers, [MetricsCSV(Path(folder) / "metrics.csv")], validates=False)
        trainer.fit(made.method(), datamodule=made.data)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
