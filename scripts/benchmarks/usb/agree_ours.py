"""What agree.py feeds to both sides, and Semisup's side: a training by Lightning on tensors that are given.

Everything is drawn from numpy's RandomState, whose numbers do not change between versions.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from agree_cases import CASES, Case
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.nn import functional as F

from semisup.core.schema import parameters
from semisup.data import Batch
from semisup.methods import ABC, Method
from semisup.methods.memory import MemoryMethod
from semisup.methods.optimizers import sgd
from semisup.models.backbones import Backbone

SHAPE = (3, 8, 8)
PER_CLASS = (6, 4, 3, 2, 1)  # labeled images; in all a power of two, so that the shares are exact
UNLABELED, BATCH, RATIO = 64, 8, 2
PLANNED, STEPS = 100, 60  # steps that schedules and ramps are made for, and steps that are trained
SHOWN = (0, 29, 59)  # steps whose numbers are kept
RATE, WEIGHT_DECAY = 0.03, 5e-4
CLASSES, LABELED = len(PER_CLASS), sum(PER_CLASS)
MANY = 1e12  # labels that were seen before: so many that the shares do not change


class TinyNet(Backbone):
    """One hidden layer; with `norm`, batch norm before it is cut off at 0."""

    def __init__(self, norm: bool = False) -> None:
        super().__init__(SHAPE, CLASSES)
        self.num_features = 16
        self.layer = nn.Linear(math.prod(SHAPE), self.num_features)
        self.norm = nn.BatchNorm2d(self.num_features) if norm else nn.Identity()
        self.head = nn.Linear(self.num_features, CLASSES)

    def features(self, x: Tensor) -> Tensor:
        return self.norm(self.layer(x.flatten(1))[:, :, None, None]).flatten(1).relu()


@dataclass
class Trace:
    """What happened in each step.

    Args:
        loss: What was minimized.
        kept: The mean weight of the unlabeled images; nan for a method that has none.
        gradient: Of all weights, one after the other.
        weights: After the step.
        states: Of the method, after the step.
    """

    loss: list[float] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    gradient: list[Tensor] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)
    states: list[dict[str, Tensor]] = field(default_factory=list)


@contextmanager
def double_precision() -> Iterator[None]:
    """Within it, float means float64, so that only rounding of about 1e-16 is between two orders of the same sum."""
    before = torch.get_default_dtype()
    with patch.object(torch.Tensor, "float", torch.Tensor.double), patch.object(torch, "float", torch.float64):
        torch.set_default_dtype(torch.float64)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


@cache
def make_steps() -> list[dict[str, Batch]]:
    """The batch of each step: images are those of their class with noise, and strong views have more of it."""
    rng = np.random.RandomState(0)
    centers = 0.35 * rng.standard_normal((CLASSES, *SHAPE))

    def noisy(images: np.ndarray, noise: float) -> Tensor:
        return torch.from_numpy(images + noise * rng.standard_normal(images.shape))

    labels, hidden = np.repeat(np.arange(CLASSES), PER_CLASS), rng.randint(CLASSES, size=UNLABELED)
    labeled, unlabeled = (centers[c] + 0.5 * rng.standard_normal((len(c), *SHAPE)) for c in (labels, hidden))
    steps = []
    for _ in range(STEPS):
        chosen, others = rng.permutation(LABELED)[:BATCH], rng.permutation(UNLABELED)[: RATIO * BATCH]
        image, more = labeled[chosen], unlabeled[others]
        views = {"weak": 0.1, "weak_2": 0.1, "strong": 0.7, "strong_2": 0.7}
        known = {"image": noisy(image, 0.1), "strong": noisy(image, 0.7), "label": torch.from_numpy(labels[chosen])}
        unknown = {view: noisy(more, noise) for view, noise in views.items()}
        steps.append({"labeled": Batch(known), "unlabeled": Batch(unknown, index=torch.from_numpy(others))})
    return steps


def make_method(case: Case, norm: bool = False) -> Method:
    """The method with its published settings, and weights and memories that are a function of numpy's generator."""
    optimizer = sgd(RATE, WEIGHT_DECAY, schedule=case.schedule)
    available = {"classes": CLASSES, "images": UNLABELED}
    given = {name: value for name, value in available.items() if name in parameters(case.kind)}
    method = case.kind(TinyNet(norm), optimizer=optimizer, **given, **case.options).double()
    rng = np.random.RandomState(1)
    with torch.no_grad():
        for name, weight in trained(method).items():
            if name.startswith("network.norm."):
                continue  # 1 and 0
            weight.copy_(torch.from_numpy(rng.standard_normal(weight.shape)) / math.sqrt(weight.shape[-1]))
    if method.ema is not None:
        method.ema.network.load_state_dict(method.network.state_dict())
    if isinstance(method, MemoryMethod):
        _fill(method, rng)
    if isinstance(method, ABC):
        method.labels.copy_(MANY * torch.tensor(PER_CLASS))
    return method


def train_ours(name: str, norm: bool = False) -> Trace:
    """Trains a method of CASES by Lightning, as a run does, on the batches of `make_steps`."""
    method, recorder = make_method(CASES[name], norm), _Recorder(CASES[name])
    trainer = Trainer(
        accelerator="cpu",
        max_steps=PLANNED,
        max_epochs=1,  # which is of STEPS batches
        callbacks=[recorder],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with patch("semisup.methods.mixing.draw_mixture", one_share()):
        trainer.fit(method, _Steps())
    return recorder.trace


def one_share() -> Any:
    """As `draw_mixture`, with one share for all rows, and draws that the other side can repeat."""
    rng = np.random.RandomState(2)

    def draw_mixture(shares: Any, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
        alpha = float(shares.concentration1)
        share = torch.full((count,), rng.beta(alpha, alpha))
        return torch.from_numpy(rng.permutation(count)), share

    return draw_mixture


def numbers(trace: Trace) -> dict[str, list[float]]:
    """A few numbers of a training, which depend on all the others.

    Args:
        trace: The training.

    Returns:
        For loss, images kept, gradient, weights and each state: a number at each step of SHOWN, to 12 digits. Of a
        tensor it is the sum of all its numbers, with cos 1, cos 2, ... as factors.
    """
    series: dict[str, list[Any]] = {"loss": trace.loss, "gradient": trace.gradient, "weights": trace.weights}
    series |= {name: [state[name] for state in trace.states] for name in trace.states[0]}
    if not math.isnan(trace.kept[0]):
        series["kept"] = trace.kept
    return {name: [_digest(torch.as_tensor(values[step])) for step in SHOWN] for name, values in series.items()}


def flat(tensors: list[Tensor]) -> Tensor:
    """A copy of the numbers of all tensors, one after the other."""
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def trained(module: nn.Module) -> dict[str, Tensor]:
    """The weights that are trained, in the order of their names."""
    return dict(sorted((name, p) for name, p in module.named_parameters() if p.requires_grad))


class _Steps:
    """The batches, as Lightning takes them."""

    def __init__(self) -> None:
        self.steps = make_steps()

    def __iter__(self) -> Iterator[dict[str, Batch]]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)


class _Recorder(Callback):
    """Notes what happens in each step, and seeds what the method draws in it."""

    def __init__(self, case: Case) -> None:
        self.case, self.trace = case, Trace()

    def on_train_batch_start(self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int) -> None:
        torch.default_generator.manual_seed(batch_idx)

    def on_before_optimizer_step(self, trainer: Trainer, module: LightningModule, optimizer: Any) -> None:
        weights = trained(module).values()
        self.trace.gradient.append(flat([torch.zeros_like(p) if p.grad is None else p.grad for p in weights]))

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        labels, ema = outputs["pseudo_labels"], module.ema
        self.trace.loss.append(float(outputs["loss"]))
        self.trace.kept.append(math.nan if labels is None else float(labels.weight.mean()))
        self.trace.weights.append(flat(list(trained(module).values())))
        state = {ours: attrgetter(ours)(module).clone() for ours in self.case.states}
        if ema is not None:
            state["ema"] = flat([p for _, p in sorted(ema.network.named_parameters())])
        self.trace.states.append(state)


def _digest(x: Tensor) -> float:
    if x.ndim:
        x = x.flatten().double() @ torch.arange(1, x.numel() + 1).double().cos()
    return float(f"{x:.12g}")


def _fill(method: MemoryMethod, rng: np.random.RandomState) -> None:
    """Fills the memory with images of random projections and classes, as after many steps."""
    memory = method.memory
    size, width = memory.vectors.shape
    labels = F.one_hot(torch.from_numpy(rng.randint(CLASSES, size=size)), CLASSES)
    memory.add(F.normalize(torch.from_numpy(rng.standard_normal((size, width))), dim=-1), labels)
