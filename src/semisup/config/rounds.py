"""Rounds: how many students follow the first network, and when the last of them is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semisup.core.errors import SemisupError
from semisup.core.seeds import seed_for

NOISE = ("dropout", "stochastic_depth")


@dataclass(frozen=True)
class Rounds:
    """A run is a list of rounds; without students, of one.

    Round 0 trains the teacher, or reads pseudo-labels from a file. Then each student learns from the pseudo-labels that
    the network before it left, and takes its place. The network that is tested in the end is that of the round with the
    best validation accuracy, the later of equals.

    students: how many rounds follow round 0. student_steps: optimizer steps of each; None = trainer.max_steps.
    noise: options of the students' networks, such as dropout and stochastic_depth, taken where a network has them and
    `backbones` does not say otherwise.
    backbones: what else changes in the students' networks, one entry per student, the last one for all that follow;
    an entry with a _target_ is a network of its own.
    patience: stop after so many students without a better validation accuracy. tolerance: stop when at most this share
    of the images that were kept in this round or the one before has another label or is kept in one of them only.
    labels: a file of pseudo-labels, .parquet or .csv, to begin with instead of a teacher.
    finetune_steps, finetune_lr: a last training of the chosen network on the labeled images alone, after which
    validation decides again. lr: None = optimizer.lr.
    """

    students: int = 0
    student_steps: int | None = None
    noise: dict[str, Any] | None = None
    backbones: Sequence[dict[str, Any]] = ()
    patience: int | None = None
    tolerance: float | None = None
    labels: str | None = None
    finetune_steps: int = 0
    finetune_lr: float | None = None

    def __post_init__(self) -> None:
        for name, least in (("students", 0), ("student_steps", 1), ("patience", 1), ("finetune_steps", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise SemisupError(f"rounds.{name} is at least {least}; got {value}.")
        if isinstance(self.backbones, Mapping):
            raise SemisupError("rounds.backbones is a list with an entry per student, such as [{width:4}].")
        if self.tolerance is not None and not 0 <= self.tolerance < 1:
            raise SemisupError(
                f"rounds.tolerance is a share of the kept images, at least 0 and below 1; got {self.tolerance}."
            )
        if self.labels and not self.students:
            raise SemisupError("rounds.labels is what students learn from; ask for one with rounds.students=1.")


def round_seed(seed: int, number: int) -> int:
    """The seed of a round's network, batches and views: the run's own in round 0, and another in each later one."""
    return seed if number == 0 else seed_for(seed, "round", number)


def best(records: Sequence[Mapping[str, Any]]) -> int:
    """The round to go on with: the highest validation accuracy, the later of equals; without any, the last round."""
    accuracies = [r["validation"]["accuracy"] if r["validation"] else -1.0 for r in records]
    return max(range(len(records)), key=lambda number: (accuracies[number], number))


def rounds_since_best(records: Sequence[Mapping[str, Any]]) -> int:
    """How many rounds ago the best one was."""
    return len(records) - 1 - best(records)
