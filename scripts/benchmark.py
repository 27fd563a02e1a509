"""What a training step costs through the framework, against the bare step of the same network on ready tensors.

    python scripts/benchmark.py                        every method, small_cnn, 64 + 448 images
    python scripts/benchmark.py --network wide_resnet --ratio 1 --methods supervised

Both run in one process and take turns, some steps each, so that a machine whose speed drifts cheats neither. The bare
step is forward, backward and optimizer on one batch that lies ready on the device; the real one is all of Lightning's
loop with our callbacks: gather, transfer, views, loss, moving average, audit, seeds, NaN guard.
"""

import argparse
import copy
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from lightning.pytorch import Callback, Trainer
from omegaconf import OmegaConf
from rich.console import Console
from rich.table import Table

from semisup import config as configuration
from semisup.allocator import keep_memory
from semisup.app import CONF, admit
from semisup.audit import Audit
from semisup.callbacks import NaNGuard, StepSeed
from semisup.data import Batch, Store
from semisup.environment import hardware, versions
from semisup.functional import cross_entropy
from semisup.methods import Method
from semisup.run import make_method


class TakingTurns(Callback):
    """Times `turn` steps of the real loop, then `turn` bare steps, and so on."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.real: list[float] = []
        self.bare: list[float] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if trainer.global_step == 1:
            self.step = BareStep(pl_module, batch)
        if trainer.global_step % self.turn == 0:
            now = self.now(pl_module)
            if trainer.global_step > self.turn:  # the first turn warms up
                self.real.append((now - self.began) / self.turn)
                now = self.now(pl_module)
                for _ in range(self.turn):
                    self.step()
                self.bare.append((self.now(pl_module) - now) / self.turn)
            self.began = self.now(pl_module)

    @staticmethod
    def now(module: Any) -> float:
        if module.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


class BareStep:
    """Forward, backward and optimizer step on one batch, of a network of its own."""

    def __init__(self, method: Method, batch: dict[str, Batch]) -> None:
        labeled, unlabeled = batch["labeled"], batch.get("unlabeled", Batch())
        self.network = copy.deepcopy(method.network).train()
        self.optimizer = method.optimizer.optimizer(self.network)
        self.images = torch.cat([labeled.image, *(unlabeled[view] for view in method.views)])
        self.label = torch.arange(len(self.images), device=self.images.device) % 10

    def __call__(self) -> None:
        cross_entropy(self.network(self.images), self.label).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def measure(method: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Milliseconds of a real and of a bare step, and their ratio, over the rounds."""
    overrides = [f"method={method}", f"backbone={arguments.network}", f"batch.labeled={arguments.batch}"]
    overrides += [f"batch.ratio={arguments.ratio}", "data=cifar10", f"trainer.max_steps={steps(arguments)}"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        values: Any = OmegaConf.to_container(compose("train", [admit(o) for o in overrides]), resolve=True)
    config = configuration.complete(values)
    store = images()
    data = configuration.load_data(config, store)
    timer = TakingTurns(arguments.turn)
    audit = Audit(store.targets, store.classes, every=steps(arguments))
    trainer = configuration.build(config["trainer"]).trainer(
        [StepSeed(0), NaNGuard(50), audit, timer], loggers=[], validates=False
    )
    trainer.fit(make_method(config, store), datamodule=data)
    ratios = [r / b for r, b in zip(timer.real, timer.bare, strict=True)]
    return {
        "method": method,
        "network": arguments.network,
        "images": len(timer.step.images),
        "real_ms": 1000 * statistics.median(timer.real),
        "bare_ms": 1000 * statistics.median(timer.bare),
        "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
    }


def steps(arguments: argparse.Namespace) -> int:
    return int(arguments.turn * (arguments.rounds + 1))


def images() -> Store:
    """Noise in the shape of CIFAR-10: speed does not depend on what is in the pictures."""
    rng = np.random.default_rng(0)
    pool, targets = rng.integers(0, 256, (50_000, 32, 32, 3), dtype=np.uint8), np.arange(50_000) % 10
    names = tuple(f"class {c}" for c in range(10))
    return Store("noise", names, pool, targets, pool[:0], targets[:0], len(pool), (0.5,) * 3, (0.25,) * 3, "noise")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = sorted(file.stem for file in (CONF / "method").glob("*.yaml"))
    parser.add_argument("--methods", nargs="+", default=known, choices=known)
    parser.add_argument("--network", default="small_cnn")
    parser.add_argument("--batch", type=int, default=64, help="labeled images per step")
    parser.add_argument("--ratio", type=int, default=7, help="unlabeled images per labeled one")
    parser.add_argument("--turn", type=int, default=10, help="steps before the other's turn")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    arguments = parser.parse_args()
    keep_memory()
    figures = [measure(method, arguments) for method in arguments.methods]
    table = Table("method", "network", "images", "real ms", "bare ms", "real / bare (median, range)")
    for row in figures:
        low, high = row["ratio_range"]
        ratio = f"{row['ratio']:.3f} ({low:.3f} to {high:.3f})"
        milliseconds = (f"{row['real_ms']:.1f}", f"{row['bare_ms']:.1f}")
        table.add_row(row["method"], row["network"], str(row["images"]), *milliseconds, ratio)
    Console().print(table)
    machine = {"hardware": hardware(), "versions": versions()}
    Console().print(", ".join(f"{k} {v}" for k, v in machine["hardware"].items()))
    if arguments.json:
        arguments.json.write_text(json.dumps({"figures": figures, **machine}, indent=1))


if __name__ == "__main__":
    main()
