"""Methods that kill their own process, to see what a run survives. Started by test_resume.py with python -m."""

import os
import signal
import sys
from typing import Any

from semisup.data import Batch
from semisup.methods import PseudoLabel, SelfTraining, StepOutput, Supervised

AT, WRITING = os.environ.get("KILL_AT_STEP"), os.environ.get("KILL_WRITING")
PREDICTING = os.environ.get("KILL_PREDICTING")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Killed:
    """Dies when the step in KILL_AT_STEP has computed its loss."""

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        result: StepOutput = super().loss(labeled, unlabeled)  # type: ignore[misc]
        if AT is not None and self.trainer.global_step == int(AT):  # type: ignore[attr-defined]
            die()
        return result


class KilledSupervised(Killed, Supervised):
    pass


class KilledPseudoLabel(Killed, PseudoLabel):
    pass


class KilledSelfTraining(SelfTraining):
    """Dies in a student's round, or at the prediction in KILL_PREDICTING, counted over all rounds."""

    predictions = 0

    def loss(self, labeled: Batch, unlabeled: Batch) -> StepOutput:
        if unlabeled and self.trainer.global_step == int(AT or -1):
            die()
        return super().loss(labeled, unlabeled)

    def predict_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        KilledSelfTraining.predictions += 1
        if KilledSelfTraining.predictions == int(PREDICTING or -1):
            die()
        return super().predict_step(batch, batch_idx)


def replace_or_die(source: Any, target: Any, replace: Any = os.replace, seen: list[str] = []) -> None:  # noqa: B006
    """os.replace, until the file WRITING ('last 2': the second last.ckpt, 'round.json 1') is half written."""
    name = os.path.basename(str(target)).removesuffix(".ckpt")
    seen.append(name)
    if f"{name} {seen.count(name)}" == WRITING:
        with open(source, "r+b") as file:
            file.truncate(os.path.getsize(source) // 2)
        die()
    replace(source, target)


if __name__ == "__main__":
    os.replace = replace_or_die
    from semisup.cli.train import main

    sys.argv[0] = "train.py"
    sys.exit(main())
