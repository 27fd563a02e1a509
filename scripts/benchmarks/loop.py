"""The real training loop, the least time that its steps can take, and the parts of the difference.

Real steps, and three kinds of steps without Lightning, take turns in one process. A change in the machine's speed then
affects all of them:

    real    all of Lightning's loop with our callbacks: gather, transfer, views, loss, moving average, audit, seeds, ...
    limit   the method's own loss, its backward pass and the optimizer's step, on one batch of views in memory
    bare    forward, backward and optimizer's step of the network alone, on all views of that batch at once
    parts   a real step by hand, with a time stamp after each part, when the device has finished it

`limit` leaves out what the method need not do (without batch norm, a gradient through weak views), and has what it does
in addition (VAT's power iteration, a teacher). `bare` is the same for all methods with the same views.
"""

import argparse
import copy
import statistics
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from benchmarks.setting import Setting, now, setting, spread
from semisup.data import Batch
from semisup.data.transforms.views import KINDS, view_kind
from semisup.data.views_of_batches import drawn_views
from semisup.methods.functional import cross_entropy
from semisup.training.audit import Audit
from semisup.training.callbacks import NaNGuard, StepSeed
from semisup.training.metrics_csv import MetricsCSV

PARTS = ("gather", "transfer", *(f"{view} views" for view in KINDS), "forward", "backward", "optimizer", "average")
WARM_UP = 3  # real steps
SECONDS = 1.0  # of a turn, unless --steps gives its length
MOST = 20  # steps in a turn


def measure(method: str, network: str, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds per step and images per second of one method and network."""
    turn = options.steps or MOST
    case = setting(method, network, options, max_steps=WARM_UP + turn * options.rounds)
    turns = Turns(case, options.steps, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        audit = Audit(case.store.targets, case.store.classes, every=case.training.max_steps)
        watchers = [StepSeed(0), NaNGuard(case.training.log_every_n_steps), audit, turns]
        trainer = case.training.trainer(watchers, [MetricsCSV(Path(folder) / "metrics.csv")], validates=False)
        trainer.fit(case.method(), datamodule=case.data)
    return {
        "method": method,
        "network": network,
        "steps_per_turn": turns.turn,
        **figures(turns.images, turns.seconds, turns.parts),
    }


def figures(images: int, seconds: dict[str, list[float]], parts: dict[str, list[float]]) -> dict[str, Any]:
    """The results, from the seconds per step of each turn.

    Ratios and differences are those of consecutive turns. `framework` is a real step's time less its parts' times. It
    is negative where an accelerator works on one part while the host prepares the next.

    Args:
        images: Images per step; each view counts once.
        seconds: Per step, for each kind of step and turn.
        parts: Per step, for each part and turn.

    Returns:
        The results, for JSON.
    """
    median = {name: statistics.median(values) for name, values in seconds.items()}
    by_part = {name: statistics.median(values) for name, values in parts.items()}
    left = [real - sum(turn) for real, *turn in zip(seconds["real"], *parts.values(), strict=True)]
    return {
        "images": images,
        "seconds": median,
        "images_per_second": {name: images / value for name, value in median.items()},
        "real_over_limit": spread([r / b for r, b in zip(seconds["real"], seconds["limit"], strict=True)]),
        "real_over_bare": spread([r / b for r, b in zip(seconds["real"], seconds["bare"], strict=True)]),
        "parts": {**by_part, "framework": statistics.median(left)},
    }


class Turns(Callback):
    """Times some real steps, then as many of each other kind. After some rounds of this it ends the training.

    Args:
        case: The method, network and data.
        steps: Steps in a turn; None for as many as fit in SECONDS, by the last step of the warm-up.
        rounds: Turns of each kind.
    """

    def __init__(self, case: Setting, steps: int | None, rounds: int) -> None:
        self.case, self.steps, self.rounds = case, steps, rounds
        self.images = 0
        self.seconds: dict[str, list[float]] = {"real": [], "limit": [], "bare": []}
        self.parts: dict[str, list[float]] = {name: [] for name in PARTS}

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        step, device = trainer.global_step, pl_module.device
        if step == 1:
            self.by_hand = ByHand(self.case, trainer, device)
            made = self.by_hand.ready()
            self.others = {"limit": Limit(self.by_hand, made), "bare": Bare(pl_module, made)}
            self.images = len(self.others["bare"].images)
            for other in (self.by_hand, *self.others.values()):
                other()
        if step <= WARM_UP:
            if step == WARM_UP:
                self.turn = self.steps or max(1, min(MOST, int(SECONDS / (now(device) - self.began))))
            self.began = now(device)
        elif (step - WARM_UP) % self.turn == 0:
            self.seconds["real"].append((now(device) - self.began) / self.turn)
            self._time_others(device)
            trainer.should_stop = len(self.seconds["real"]) == self.rounds
            self.began = now(device)

    def _time_others(self, device: torch.device) -> None:
        for name, other in self.others.items():
            began = now(device)
            for _ in range(self.turn):
                other()
            self.seconds[name].append((now(device) - began) / self.turn)
        steps = [self.by_hand() for _ in range(self.turn)]
        for name, values in self.parts.items():
            values.append(statistics.mean(step[name] for step in steps))


class ByHand:
    """A real step of a second method object, with the time of each part."""

    def __init__(self, case: Setting, trainer: Trainer, device: torch.device) -> None:
        self.data, self.device, self.bf16 = case.data, device, case.training.precision == "bf16-mixed"
        loaders: dict[str, Any] = self.data.train_dataloader().iterables
        self.streams = {name: iter(loader) for name, loader in loaders.items()}
        self.method = case.method().to(device).train()
        self.method.progress = 0.5  # when every term of a loss counts
        self.optimizer = self.method.optimizer.optimizer(self.method.network)

    def __call__(self) -> dict[str, float]:
        marks = [now(self.device)]

        def mark() -> None:
            marks.append(now(self.device))

        batch: dict[str, Any] = {name: next(stream) for name, stream in self.streams.items()}
        mark()
        batch = self.data.transfer_batch_to_device(batch, self.device, 0)
        mark()
        made = {name: Batch() for name in batch}
        for view in KINDS:
            self.view(batch, view, made)
            mark()
        loss = self.forward(made)
        mark()
        loss.backward()
        mark()
        self.step()
        mark()
        if self.method.ema is not None:
            self.method.ema.update(self.method.network, 1000)
        mark()
        return {name: after - before for name, (before, after) in zip(PARTS, pairwise(marks), strict=True)}

    def view(self, batch: dict[str, Any], wanted: str, made: dict[str, Batch]) -> None:
        """Adds the views of one kind to `made`."""
        for name, part in batch.items():
            drawn = {view: params for view, params in part["aug_params"].items() if view_kind(view) == wanted}
            views = drawn_views(self.data.views, {**part, "aug_params": drawn})
            if name == "labeled" and self.method.labeled_view in drawn:
                views["image"] = views.pop(self.method.labeled_view)
            made[name].update(views)

    def ready(self) -> dict[str, Batch]:
        """A batch with all its views, on the device."""
        batch: Any = {name: next(stream) for name, stream in self.streams.items()}
        made: Any = self.data.on_after_batch_transfer(self.data.transfer_batch_to_device(batch, self.device, 0), 0)
        return made

    def forward(self, batch: dict[str, Batch]) -> torch.Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            return self.method.loss(batch["labeled"], batch.get("unlabeled", Batch())).loss

    def step(self) -> None:
        self.optimizer.step()
        self.optimizer.zero_grad()


class Limit:
    """The method's loss, backward pass and optimizer's step on one batch."""

    def __init__(self, by_hand: ByHand, batch: dict[str, Batch]) -> None:
        self.by_hand, self.batch = by_hand, batch

    def __call__(self) -> None:
        self.by_hand.forward(self.batch).backward()
        self.by_hand.step()


class Bare:
    """Forward, backward and optimizer's step of a copy of the network, on all views of one batch."""

    def __init__(self, method: Any, batch: dict[str, Batch]) -> None:
        self.network = copy.deepcopy(method.network).train()
        self.optimizer = method.optimizer.optimizer(self.network)
        self.bf16 = method.trainer.precision == "bf16-mixed"
        unlabeled = batch.get("unlabeled", Batch())
        self.images = torch.cat([batch["labeled"].image, *(unlabeled[v] for v in method.views if v in unlabeled)])
        self.label = torch.arange(len(self.images), device=self.images.device) % method.network.classes

    def __call__(self) -> None:
        with torch.autocast(self.images.device.type, torch.bfloat16, enabled=self.bf16):
            loss = cross_entropy(self.network(self.images), self.label)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
