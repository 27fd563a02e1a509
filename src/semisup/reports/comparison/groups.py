"""Groups of runs that differ only in their seed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from semisup.core.errors import SemisupError
from semisup.metrics.statistics import Estimate
from semisup.reports.comparison.run_names import brief, following, labels, spelled, without, words
from semisup.reports.run_folders import SPLIT_OPTIONS, Run


@dataclass(frozen=True, eq=False)
class Group:
    """Runs that differ only in their seed, in the order of their seeds.

    label: what tells the group from the others, but for the number of labels; name: the same, shorter. kind: the label
    but for all options of the split, so that groups of several splits can be of one kind. split: the options of its
    split that others have otherwise, as `labels=500 validation=50`; empty where all have the same.
    """

    label: str
    name: str
    kind: str
    split: str
    runs: tuple[Run, ...]

    @property
    def supervised(self) -> bool:
        return self.runs[0].method.endswith(".Supervised")

    @property
    def words(self) -> set[str]:
        """All that it is called by."""
        return words(f"{self.label} {self.name} {self.kind} {self.split}")

    @property
    def accuracy(self) -> Estimate:
        return Estimate.of([run.accuracy for run in self.runs])

    def pairs(self, baseline: "Group") -> list[tuple[Run, Run]]:
        """This group's runs, each with the baseline's of the same seed."""
        others = {run.seed: run for run in baseline.runs}
        return [(run, others[run.seed]) for run in self.runs if run.seed in others]


def grouped(runs: Sequence[Run]) -> list[Group]:
    """The runs by their essence, in the order given. Raises SemisupError for no run, or one that was made twice."""
    if not runs:
        raise SemisupError("there is no finished run to compare.")
    members: dict[str, dict[int, Run]] = {}
    for run in runs:
        seeds = members.setdefault(json.dumps(run.run_identity, sort_keys=True), {})
        if run.seed in seeds:
            raise SemisupError(f"{seeds[run.seed].folder} and {run.folder} are the same run made twice; give one.")
        seeds[run.seed] = run
    groups = [tuple(seeds[seed] for seed in sorted(seeds)) for seeds in members.values()]
    essences = [first.run_identity for first, *_ in groups]
    hidden = {"data.labels", *following(essences)}
    full = labels([without(run_identity, hidden) for run_identity in essences])
    kinds = labels(
        [without(run_identity, hidden | {f"data.{name}" for name in SPLIT_OPTIONS}) for run_identity in essences]
    )
    splits = _split_names([first for first, *_ in groups])
    return [Group(*group) for group in zip(full, brief(full), kinds, splits, groups, strict=True)]


def _split_names(runs: Sequence[Run]) -> list[str]:
    """What each run's split has otherwise than another's, the number of labels first."""
    options = [run.split_options for run in runs]
    differing = [name for name in options[0] if any(one[name] != options[0][name] for one in options)]
    return [" ".join(f"{name}={spelled(one[name])}" for name in differing) for one in options]
