"""Groups of runs that differ only in their seed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from semisup.core.errors import SemisupError
from semisup.metrics.statistics import Estimate
from semisup.reports.comparison.run_names import following, full_names, short_names, spelled, without, words
from semisup.runs.run_record import SPLIT_OPTIONS
from semisup.runs.trained_run import TrainedRun


@dataclass(frozen=True, eq=False)
class RunGroup:
    """Runs that differ only in their seed, in the order of their seeds.

    Args:
        label: The options that differ from another group's, except the number of labels.
        name: The same, shorter.
        kind: The label without any option of the split, so that groups of several splits can be of one kind.
        split: The options of the split that differ from another group's, as in `labels=500 validation=50`.
        runs: The runs.
    """

    label: str
    name: str
    kind: str
    split: str
    runs: tuple[TrainedRun, ...]

    @property
    def supervised(self) -> bool:
        """Whether its method uses the labels alone."""
        return self.runs[0].method.endswith(".Supervised")

    @property
    def words(self) -> set[str]:
        """All words that it is called by."""
        return words(f"{self.label} {self.name} {self.kind} {self.split}")

    @property
    def accuracy(self) -> Estimate:
        """The test accuracy over the seeds, in %."""
        return Estimate.of([run.accuracy for run in self.runs])

    @property
    def auroc(self) -> Estimate | None:
        """The AUROC of unknown classes over the seeds, in %; None of a data set without any."""
        values = [run.auroc for run in self.runs if run.auroc is not None]
        return Estimate.of(values) if values else None

    def pairs(self, baseline: "RunGroup") -> list[tuple[TrainedRun, TrainedRun]]:
        """The runs of two groups, paired by seed.

        Args:
            baseline: The other group.

        Returns:
            Each run of this group whose seed the baseline has too, with the baseline's run.
        """
        others = {run.seed: run for run in baseline.runs}
        return [(run, others[run.seed]) for run in self.runs if run.seed in others]


def grouped(runs: Sequence[TrainedRun]) -> list[RunGroup]:
    """Groups runs by everything except their seed.

    Args:
        runs: Finished runs.

    Returns:
        The groups, in the order of their first runs.

    Raises:
        SemisupError: If there is no run, or the same run was made twice.
    """
    if not runs:
        raise SemisupError("there is no finished run to compare.")
    members: dict[str, dict[int, TrainedRun]] = {}
    for run in runs:
        seeds = members.setdefault(json.dumps(run.identity, sort_keys=True), {})
        if run.seed in seeds:
            raise SemisupError(f"{seeds[run.seed].folder} and {run.folder} are the same run made twice; give one.")
        seeds[run.seed] = run
    groups = [tuple(seeds[seed] for seed in sorted(seeds)) for seeds in members.values()]
    configs = [first.identity for first, *_ in groups]
    hidden = {"data.labels", *following(configs)}
    labels = full_names([without(config, hidden) for config in configs])
    no_split = hidden | {f"data.{name}" for name in SPLIT_OPTIONS}
    kinds = full_names([without(config, no_split) for config in configs])
    splits = _split_names([first for first, *_ in groups])
    return [RunGroup(*group) for group in zip(labels, short_names(labels), kinds, splits, groups, strict=True)]


def _split_names(runs: Sequence[TrainedRun]) -> list[str]:
    """The options of each run's split that differ from another run's, the number of labels first."""
    options = [run.split_options for run in runs]
    differing = [name for name in options[0] if any(one[name] != options[0][name] for one in options)]
    return [" ".join(f"{name}={spelled(one[name])}" for name in differing) for one in options]
