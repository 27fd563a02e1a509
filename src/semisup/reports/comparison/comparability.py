"""Why runs cannot be compared: other test images, another split under the same seed, a choice made on the test set."""

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semisup.runs.trained_run import TrainedRun

_MOST_NAMED = 3  # runs that a sentence names; it counts the others


@dataclass(frozen=True)
class Objection:
    """Why some runs cannot be compared with the others.

    Args:
        reason: One sentence that names the runs.
        runs: The runs.
    """

    reason: str
    runs: tuple[TrainedRun, ...]


def objections(runs: Sequence[TrainedRun]) -> list[Objection]:
    """All reasons against a comparison of these runs.

    Args:
        runs: Runs with a test accuracy.

    Returns:
        The objections; none, as a rule.
    """
    return [*_other_test_images(runs), *_other_splits(runs), *_chosen_by_test(runs)]


def _other_test_images(runs: Sequence[TrainedRun]) -> list[Objection]:
    """The test set that most runs have is taken for the common one."""
    usual, *others = _by_frequency(runs, lambda run: run.tested_on)
    return [
        Objection(f"{_names(other)}: other data or test images than {_names(usual)}.", tuple(other)) for other in others
    ]


def _other_splits(runs: Sequence[TrainedRun]) -> list[Objection]:
    """Runs of one seed and the same split options, but with different splits. Other runs are not paired."""
    asked = defaultdict(list)
    for run in runs:
        asked[run.seed, run.tested_on, json.dumps(run.split_options)].append(run)
    found = []
    for same in asked.values():
        usual, *others = _by_frequency(same, lambda run: run.split)
        found += [
            Objection(
                f"{_names(other)}: the same seed as {_names(usual)}, but not the same labeled, validation and "
                "unlabeled images, so they cannot be paired.",
                tuple(other),
            )
            for other in others
        ]
    return found


def _chosen_by_test(runs: Sequence[TrainedRun]) -> list[Objection]:
    """Runs whose validation images are not those of their split, or are the test images.

    Our own runs have neither, because the store keeps the test images apart. Results of other programs may.
    """
    chosen = [run for run in runs if run.result.get("validation") and _is_test(run.result)]
    reason = "checkpoint chosen on test images; its validation figures are not of the validation images of its split"
    return [Objection(f"{_names([run])}: {reason}.", (run,)) for run in chosen]


def _is_test(result: Mapping[str, Any]) -> bool:
    validation, test = result["validation"], result["test"]
    figures = ("accuracy", "loss", "images", "per_class")
    same = all(name in validation and validation[name] == test.get(name) for name in figures)
    return same or validation.get("images") != result["split"].get("validation")


def _by_frequency(runs: Sequence[TrainedRun], key: Callable[[TrainedRun], Hashable]) -> list[list[TrainedRun]]:
    """The runs by their key, the most frequent key first."""
    parts: dict[Hashable, list[TrainedRun]] = defaultdict(list)
    for run in runs:
        parts[key(run)].append(run)
    return sorted(parts.values(), key=len, reverse=True)


def _names(runs: Sequence[TrainedRun]) -> str:
    named = ", ".join(str(run.folder) for run in runs[:_MOST_NAMED])
    return f"{named} and {len(runs) - _MOST_NAMED} more" if len(runs) > _MOST_NAMED else named
