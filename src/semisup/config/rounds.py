"""Rounds: how many students follow the first network, what each round trains, and which network is tested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semisup.config import Config
from semisup.config.nodes import INJECTED_ARGS
from semisup.core.errors import SemisupError, did_you_mean
from semisup.core.ranges import Fraction, NonNegativeInt, Positive, PositiveInt, UserPath, enforce_ranges
from semisup.core.schema import completed, locate, parameters
from semisup.core.seeds import seed_for

NOISE = ("dropout", "stochastic_depth")


@enforce_ranges
@dataclass(frozen=True)
class Rounds:
    """A run is a list of rounds; without students, of one.

    Round 0 trains the teacher, or imports pseudo-labels from a file. Each student learns from the pseudo-labels of the
    round before it. The network of the round with the best validation accuracy is tested; of equal ones, the last.

    Args:
        students: Rounds after round 0.
        student_steps: Optimizer steps of each student; None = trainer.max_steps.
        noise: Options of the students' networks, such as dropout. A network takes those that it has, unless `backbones`
            sets them.
        backbones: What else differs in the students' networks. One entry per student; the last is that of all later
            ones. An entry with a `_target_` replaces the network.
        patience: Stop after so many students without a better validation accuracy.
        tolerance: Stop when at most this share of the pseudo-labels has changed. Counted are the images that were kept
            in this round or in the one before: with another class, or kept in one of the two only.
        labels: A .parquet or .csv file of pseudo-labels, instead of a teacher.
        finetune_steps: Steps of a last training of the chosen network on the labeled images alone. Validation decides
            whether its result is better.
        finetune_lr: The learning rate of that training; None = optimizer.lr.
    """

    students: NonNegativeInt = 0
    student_steps: PositiveInt | None = None
    noise: dict[str, Any] | None = None
    backbones: Sequence[dict[str, Any]] = ()
    patience: PositiveInt | None = None
    tolerance: Fraction | None = None
    labels: UserPath | None = None
    finetune_steps: NonNegativeInt = 0
    finetune_lr: Positive | None = None

    def __post_init__(self) -> None:
        if isinstance(self.backbones, Mapping):
            raise SemisupError("rounds.backbones is a list with an entry per student, such as [{width:4}].")
        if self.labels and not self.students:
            raise SemisupError("rounds.labels is what students learn from; ask for one with rounds.students=1.")


def round_seed(seed: int, number: int) -> int:
    """The seed of a round's network, batches and views.

    Args:
        seed: The run's.
        number: The round's.

    Returns:
        The run's seed in round 0, and another one in each later round.
    """
    return seed if number == 0 else seed_for(seed, "round", number)


def round_config(config: Config, number: int) -> Config:
    """The config of one round: the teacher's method in round 0, the students' network in later ones.

    Args:
        config: The run's, completed.
        number: The round's.

    Returns:
        A completed config.

    Raises:
        SemisupError: If an entry of `rounds.backbones` or `rounds.noise` does not fit the network.
    """
    if number == 0:
        return {**config, "method": config["teacher"] or config["method"]}
    steps = config["rounds"]["student_steps"] or config["trainer"]["max_steps"]
    return {
        **config,
        "seed": round_seed(config["seed"], number),
        "backbone": _student_backbone(config, number),
        "trainer": {**config["trainer"], "max_steps": steps},
    }


def _student_backbone(config: Config, number: int) -> Config:
    entries, noise = config["rounds"]["backbones"], config["rounds"]["noise"] or {}
    entry = min(number, len(entries)) - 1
    where, change = f"rounds.backbones[{entry}]", entries[entry] if entries else {}
    node = {**({} if "_target_" in change else config["backbone"]), **change}
    target = locate(node["_target_"], f"{where}._target_")
    options = parameters(target)
    for option, value in noise.items():
        if option not in (*options, *NOISE):
            raise SemisupError(f"there is no option rounds.noise.{option}; {did_you_mean(option, (*options, *NOISE))}")
        if option in options and option not in change:
            node[option] = value
    return completed(where, node, [target], INJECTED_ARGS["backbone"])


def fine_tuning_config(config: Config, chosen: int, number: int) -> Config:
    """The config of the round that trains the network of another round further, on the labeled images alone.

    Args:
        config: The run's, completed.
        chosen: The round whose network is trained further.
        number: The number of the new round.

    Returns:
        A completed config.
    """
    rounds, tuned = config["rounds"], round_config(config, chosen)
    target = "semisup.methods.Supervised"
    node = {"_target_": target, "outputs": "sigmoid" if has_sigmoid_outputs(tuned) else "softmax"}
    return {
        **tuned,
        "seed": round_seed(config["seed"], number),
        "method": completed("method", node, [locate(target)], INJECTED_ARGS["method"]),
        "optimizer": {**config["optimizer"], "lr": rounds["finetune_lr"] or config["optimizer"]["lr"]},
        "trainer": {**config["trainer"], "max_steps": rounds["finetune_steps"]},
    }


def has_sigmoid_outputs(config: Config) -> bool:
    """Whether the network of a round has sigmoid outputs.

    Args:
        config: The round's, completed.

    Returns:
        What `method.outputs` says; without that option, it has those of softmax.
    """
    return bool(config["method"].get("outputs") == "sigmoid")


def later_steps(config: Config, number: int) -> int:
    """The steps of the rounds after one.

    Args:
        config: The run's or the round's, completed.
        number: The round's.

    Returns:
        How many there are if no round is left out.
    """
    rounds, students = config["rounds"], config["rounds"]["students"]
    if number > students:
        return 0
    each = rounds["student_steps"] or config["trainer"]["max_steps"]
    return int((students - number) * each + rounds["finetune_steps"])


def best_round(records: Sequence[Mapping[str, Any]]) -> int:
    """The round with the highest validation accuracy.

    Args:
        records: Of the rounds, each with `validation`: None, or a mapping with an `accuracy`.

    Returns:
        Its number; of equal ones, and without any validation, the last.
    """
    accuracies = [r["validation"]["accuracy"] if r["validation"] else -1.0 for r in records]
    return max(range(len(records)), key=lambda number: (accuracies[number], number))


def rounds_since_best(records: Sequence[Mapping[str, Any]]) -> int:
    """How many rounds were trained after the best one.

    Args:
        records: As those of `best_round`.

    Returns:
        0 if the last round is the best one.
    """
    return len(records) - 1 - best_round(records)
