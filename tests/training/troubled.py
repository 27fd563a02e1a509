"""A training in which something happens, and the folder of its run."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from semisup.data import Batch
from semisup.methods import PseudoLabel, StepOutput

MINE = ("method=pseudo_label", "method._target_=tests.training.troubled.Troubled")


class Troubled(PseudoLabel):
    """A method from outside the package, to which something happens when the step `at` has computed its loss."""

    at: ClassVar[int | None] = None
    trouble: ClassVar[str] = os.environ.get("TROUBLE", "")
    steps: ClassVar[list[int]] = []

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        output = super().loss(labeled, unlabeled)
        self.steps.append(self.trainer.global_step)
        if self.trainer.global_step == (int(os.environ["AT"]) if "AT" in os.environ else self.at):
            if self.trouble in ("nan", "inf"):
                output = replace(output, loss=output.loss * float(self.trouble))
            else:
                os.kill(os.getpid(), getattr(signal, self.trouble))
        return output


def only(runs: Path) -> Path:
    (folder,) = runs.iterdir()
    return folder
