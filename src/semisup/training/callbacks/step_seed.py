"""Randomness inside the network, such as dropout, as a function of the step."""

from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, Trainer


def derived_seed(*parts: int) -> int:
    """A well-mixed 64-bit seed from several numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0])


class StepSeed(Callback):
    """Seeds torch from (seed, step, process) before each step.

    Lightning saves no random state; with this it need not: a resumed run draws what it would have drawn.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        torch.manual_seed(derived_seed(self.seed, trainer.global_step, trainer.global_rank))
