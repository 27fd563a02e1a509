"""Randomness inside the network, such as dropout, as a function of the step."""

from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from semisup.core.seeds import mix_seed


class StepSeed(Callback):
    """Seeds torch before each step as a function of seed, step and process.

    Lightning saves no random state. With this callback, a resumed run still draws what it would have drawn.

    Args:
        seed: The round's.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        seed = mix_seed(self.seed, trainer.global_step, trainer.global_rank)
        if pl_module.device.type == "cpu":
            # torch.manual_seed notes where it was called for each device that is not in use, which takes a millisecond.
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)
