"""Randomness inside the network, such as dropout, as a function of the step."""

from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from semisup.core.seeds import mix_seed


class StepSeed(Callback):
    """Seeds torch from (seed, step, process) before each step.

    Lightning saves no random state; with this it need not: a resumed run draws what it would have drawn.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        torch.manual_seed(mix_seed(self.seed, trainer.global_step, trainer.global_rank))
