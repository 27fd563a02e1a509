"""What watches over a training: checkpoints, interruptions, losses that are no numbers, seeds, progress."""

from semisup.callbacks.checkpoints import Checkpoints
from semisup.callbacks.interruption import Interrupted, SaveWhenAsked
from semisup.callbacks.nan_guard import NaNGuard
from semisup.callbacks.progress import ProgressBar
from semisup.callbacks.step_seed import StepSeed

__all__ = ["Checkpoints", "Interrupted", "NaNGuard", "ProgressBar", "SaveWhenAsked", "StepSeed"]
