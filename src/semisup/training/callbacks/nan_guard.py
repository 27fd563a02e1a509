"""Stops a training whose loss is NaN or infinite."""

from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from semisup.core.errors import SemisupError


class NaNGuard(Callback):
    """Stops a training at a loss that is NaN or infinite, before anything is saved.

    The first such step is kept on the device. Reading it waits for the device, so an accelerator is asked every
    `every` steps, before each validation and before each checkpoint, and a CPU after each step.

    Args:
        every: Steps between two checks on an accelerator.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self.first_bad: torch.Tensor | None = None  # the step, or -1

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        loss = outputs["loss"].detach()
        if self.first_bad is None:
            self.first_bad = torch.full((), -1, device=loss.device)
        now_bad = ~torch.isfinite(loss) & (self.first_bad < 0)
        self.first_bad = torch.where(now_bad, trainer.global_step, self.first_bad)
        if loss.device.type == "cpu" or trainer.global_step % self.every == 0:
            self._check(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: Any) -> None:
        self._check_all(trainer, pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        self._check_all(trainer, pl_module)

    def _check_all(self, trainer: Trainer, pl_module: Any) -> None:
        """Also the weights: a finite loss may have an infinite gradient, and after the last step no loss follows."""
        self._check(trainer)
        weights = [p.detach() for p in pl_module.parameters() if p.is_floating_point()]
        if trainer.state.fn == "fit" and not bool(torch.stack([torch.isfinite(p).all() for p in weights]).all()):
            raise SemisupError(
                f"a weight is no finite number after step {trainer.global_step:,}; the checkpoints from before are "
                f"kept. {_remedy(trainer)}"
            )

    def _check(self, trainer: Trainer) -> None:
        if self.first_bad is not None and (step := int(self.first_bad)) >= 0:
            raise SemisupError(
                f"the loss was no finite number at step {step:,}; the checkpoints from before are kept. "
                f"{_remedy(trainer)}"
            )


def _remedy(trainer: Trainer) -> str:
    """What helps, of what is not done already."""
    if trainer.precision == "16-mixed":
        return "Write trainer.precision=bf16-mixed or 32-true: numbers above 65,504 are infinite in 16-mixed."
    if trainer.gradient_clip_val is None:
        return "Lower optimizer.lr, or set trainer.gradient_clip_val=1."
    return "Lower optimizer.lr."
