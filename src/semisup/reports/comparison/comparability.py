"""Why runs cannot be compared: other test images, another split under the same seed, a choice made on the test set."""

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semisup.reports.run_folders import Run

NAMED = 3  # runs that a sentence names before it counts the others


@dataclass(frozen=True)
class Complaint:
    """Runs that cannot be compared with the others, and why: one sentence that names them."""

    reason: str
    runs: tuple[Run, ...]


def complaints(runs: Sequence[Run]) -> list[Complaint]:
    """All that speaks against comparing these runs; nothing, as a rule."""
    return [*_other_test_images(runs), *_other_splits(runs), *_chosen_by_test(runs)]


def _other_test_images(runs: Sequence[Run]) -> list[Complaint]:
    """Of all runs the most numerous test set is taken for the right one."""
    usual, *others = _parted(runs, lambda run: run.tested_on)
    return [
        Complaint(f"{_names(other)}: other data or test images than {_names(usual)}.", tuple(other)) for other in others
    ]


def _other_splits(runs: Sequence[Run]) -> list[Complaint]:
    """Runs of one seed that ask for the same split but do not have it. Where they ask for others, none are paired."""
    asked = defaultdict(list)
    for run in runs:
        asked[run.seed, run.tested_on, json.dumps(run.split_options)].append(run)
    found = []
    for same in asked.values():
        usual, *others = _parted(same, lambda run: run.split)
        found += [
            Complaint(
                f"{_names(other)}: the same seed as {_names(usual)}, but not the same labeled, validation and "
                "unlabeled images, so they cannot be paired.",
                tuple(other),
            )
            for other in others
        ]
    return found


def _chosen_by_test(runs: Sequence[Run]) -> list[Complaint]:
    """Runs whose validation is not that of their split, or is the test set.

    Semisup's own runs cannot be such: validation images are drawn from the store's labeled images, and the test set
    lies in other arrays. Results that were made elsewhere, or by a changed program, can.
    """
    chosen = [run for run in runs if run.result.get("validation") and _is_test(run.result)]
    reason = "checkpoint chosen on test images; its validation figures are not of the validation images of its split"
    return [Complaint(f"{_names([run])}: {reason}.", (run,)) for run in chosen]


def _is_test(result: Mapping[str, Any]) -> bool:
    validation, test = result["validation"], result["test"]
    figures = ("accuracy", "loss", "images", "per_class")
    same = all(name in validation and validation[name] == test.get(name) for name in figures)
    return same or validation.get("images") != result["split"].get("validation")


def _parted(runs: Sequence[Run], key: Callable[[Run], Hashable]) -> list[list[Run]]:
    """The runs by their key, the most numerous first."""
    parts: dict[Hashable, list[Run]] = defaultdict(list)
    for run in runs:
        parts[key(run)].append(run)
    return sorted(parts.values(), key=len, reverse=True)


def _names(runs: Sequence[Run]) -> str:
    named = ", ".join(str(run.folder) for run in runs[:NAMED])
    return f"{named} and {len(runs) - NAMED} more" if len(runs) > NAMED else named
