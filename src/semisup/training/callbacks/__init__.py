"""Callbacks of a training: checkpoints, costs, interruptions, losses that are no numbers, seeds, progress."""

from semisup.training.callbacks.checkpoints import Checkpoints
from semisup.training.callbacks.cost import Cost
from semisup.training.callbacks.interruption import Interrupted, SaveWhenAsked
from semisup.training.callbacks.nan_guard import NaNGuard
from semisup.training.callbacks.progress import ProgressBar
from semisup.training.callbacks.step_seed import StepSeed

__all__ = ["Checkpoints", "Cost", "Interrupted", "NaNGuard", "ProgressBar", "SaveWhenAsked", "StepSeed"]
