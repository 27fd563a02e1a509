"""Groups of runs that differ only in their seed, and each group's difference to a baseline on the same splits."""

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from semisup.errors import SemisupError, nearest
from semisup.report.comparability import complaints
from semisup.report.labels import brief, following, labels, spelled, without, words
from semisup.report.run_folders import Run
from semisup.report.statistics import FEWEST, Estimate, McNemar, holm

LIST = "\n- "


@dataclass(frozen=True, eq=False)
class Group:
    """Runs that differ only in their seed, in the order of their seeds.

    label: what tells the group from the others, but for the number of labels; name: the same, shorter. split: the
    options of its split that others have otherwise, as `labels=500 validation=50`; empty where all have the same.
    """

    label: str
    name: str
    split: str
    runs: tuple[Run, ...]

    @property
    def accuracy(self) -> Estimate:
        return Estimate.of([run.accuracy for run in self.runs])

    def pairs(self, baseline: "Group") -> list[tuple[Run, Run]]:
        """This group's runs, each with the baseline's of the same seed."""
        others = {run.seed: run for run in baseline.runs}
        return [(run, others[run.seed]) for run in self.runs if run.seed in others]


@dataclass(frozen=True)
class Pair:
    """A run and the baseline's run of the same seed. test: None where it cannot be made, and `reason` says why.

    corrected: the p of the test, corrected (Holm) for all pairs of the comparison.
    """

    run: Run
    baseline: Run
    test: McNemar | None
    corrected: float | None
    reason: str = ""


@dataclass(frozen=True)
class Row:
    """A group beside its baseline.

    baseline: None if no group of this split is one. difference: of the accuracies, over the seeds that both have; None
    if there are none. corrected: its p, corrected (Holm) for all rows. mark: whether something speaks against it.
    """

    group: Group
    baseline: Group | None
    accuracy: Estimate
    difference: Estimate | None
    corrected: float | None
    pairs: tuple[Pair, ...]
    mark: bool


@dataclass(frozen=True)
class Comparison:
    """All rows, by number of labels and the baseline first; what speaks against them; what a reader must know.

    follows: options that go along with the number of labels and are in no label.
    """

    rows: tuple[Row, ...]
    objections: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()

    @property
    def several_splits(self) -> bool:
        return len({row.group.split for row in self.rows}) > 1

    @property
    def warnings(self) -> list[str]:
        """Where seeds are too few to say anything."""
        few = [row for row in self.rows if row.accuracy.seeds < FEWEST]
        pairs = [row for row in self.rows if row.difference and row.difference.seeds < FEWEST and row not in few]
        return [
            f"Too few seeds to say anything of the {what} of {_listed(rows)}: fewer than {FEWEST} {unit}, so neither "
            "an interval nor a test."
            for what, unit, rows in (("mean", "seeds", few), ("difference", "seeds in common", pairs))
            if rows
        ]


def compare(runs: Sequence[Run], baseline: str | None = None, allow: bool = False) -> Comparison:
    """Groups the runs and sets each group beside its baseline.

    baseline: words of the baseline's label; see `choose`. Raises SemisupError for runs that cannot be compared; with
    `allow`, compares them and marks their rows.
    """
    groups = grouped(runs)
    found = complaints(runs)
    if found and not allow:
        raise SemisupError(
            f"these runs cannot be compared:{LIST}{LIST.join(one.reason for one in found)}\n"
            "Leave some out, or do it anyway with --allow, which marks them."
        )
    suspects = {run.folder for one in found for run in one.runs}
    chosen, reasons = choose(groups, baseline, allow), [one.reason for one in found]
    beside = [(group, chosen.get(group.split)) for group in groups]
    if strangers := [group.name for group, of in beside if of and group.split != of.split]:
        reasons.append(f"{', '.join(strangers)} and the baseline do not have the same split; they are paired by seed.")
    rows = [_row(group, of, suspects) for group, of in beside]
    order = sorted(rows, key=lambda row: (row.group.runs[0].labels, row.group.split, row.group is not row.baseline))
    return Comparison(tuple(_corrected(order)), tuple(reasons), tuple(following([run.essence for run in runs])))


def grouped(runs: Sequence[Run]) -> list[Group]:
    """The runs by their essence, in the order given. Raises SemisupError for no run, or one that was made twice."""
    if not runs:
        raise SemisupError("there is no finished run to compare.")
    members: dict[str, dict[int, Run]] = {}
    for run in runs:
        seeds = members.setdefault(json.dumps(run.essence, sort_keys=True), {})
        if run.seed in seeds:
            raise SemisupError(f"{seeds[run.seed].folder} and {run.folder} are the same run made twice; give one.")
        seeds[run.seed] = run
    groups = [tuple(seeds[seed] for seed in sorted(seeds)) for seeds in members.values()]
    essences = [first.essence for first, *_ in groups]
    hidden = {"data.labels", *following(essences)}
    full = labels([without(essence, hidden) for essence in essences])
    splits = _split_names([first for first, *_ in groups])
    return [Group(*group) for group in zip(full, brief(full), splits, groups, strict=True)]


def choose(groups: Sequence[Group], baseline: str | None = None, allow: bool = False) -> dict[str, Group]:
    """The baseline of each split: the group that has all these words in its label, its short name or its split.

    Without words it is the first supervised group, or else the first. With `allow`, a baseline that only one split has
    is that of all. Raises SemisupError if the words fit no group, or several of one split.
    """
    splits = {split: [group for group in groups if group.split == split] for split in dict.fromkeys(_splits(groups))}
    if baseline is None:
        return {split: _supervised(inside) for split, inside in splits.items()}
    found = {
        split: [group for group in inside if words(baseline) <= words(f"{group.label} {group.name} {split}")]
        for split, inside in splits.items()
    }
    fitting = [group for inside in found.values() for group in inside]
    if not fitting or max(map(len, found.values())) > 1:
        choices = nearest(baseline, dict.fromkeys(group.label for group in fitting or groups))
        raise SemisupError(f"--baseline '{baseline}' fits {len(fitting) or 'none'} of the groups; {choices}")
    if allow and len(fitting) == 1:
        return dict.fromkeys(splits, fitting[0])
    return {split: inside[0] for split, inside in found.items() if inside}


def _supervised(groups: Sequence[Group]) -> Group:
    supervised = [g for g in groups if g.runs[0].config["method"]["_target_"].endswith(".Supervised")]
    return (supervised or groups)[0]


def _splits(groups: Sequence[Group]) -> list[str]:
    return [group.split for group in groups]


def _split_names(runs: Sequence[Run]) -> list[str]:
    """What each run's split has otherwise than another's, the number of labels first."""
    options = [run.split_options for run in runs]
    differing = [name for name in options[0] if any(one[name] != options[0][name] for one in options)]
    return [" ".join(f"{name}={spelled(one[name])}" for name in differing) for one in options]


def _row(group: Group, baseline: Group | None, suspects: Set[Path]) -> Row:
    pairs = group.pairs(baseline) if baseline and baseline is not group else []
    difference = Estimate.of([run.accuracy - other.accuracy for run, other in pairs]) if pairs else None
    involved = (*group.runs, *(baseline.runs if baseline else ()))
    mark = any(run.folder in suspects for run in involved) or bool(baseline and baseline.split != group.split)
    return Row(group, baseline, group.accuracy, difference, None, tuple(_pair(*pair) for pair in pairs), mark)


def _pair(run: Run, baseline: Run) -> Pair:
    if run.predictions is None or baseline.predictions is None:
        lacking = run if run.predictions is None else baseline
        return Pair(run, baseline, None, None, f"{lacking.folder} has no predictions.npz")
    (hits, *images), (others, *other_images) = run.predictions, baseline.predictions
    if run.tested_on != baseline.tested_on or not all(map(np.array_equal, images, other_images)):
        return Pair(run, baseline, None, None, "other test images")
    return Pair(run, baseline, McNemar.of(others, hits), None)


def _corrected(rows: Sequence[Row]) -> list[Row]:
    """The same rows with their p-values corrected: the t-tests for one another, and McNemar's tests likewise."""
    differences = iter(holm([row.difference.p for row in rows if row.difference and row.difference.p is not None]))
    tests = iter(holm([pair.test.p for row in rows for pair in row.pairs if pair.test]))
    return [
        replace(
            row,
            corrected=next(differences) if row.difference and row.difference.p is not None else None,
            pairs=tuple(replace(pair, corrected=next(tests)) if pair.test else pair for pair in row.pairs),
        )
        for row in rows
    ]


def _listed(rows: Sequence[Row]) -> str:
    """The names of the groups, and of which split they are where there are several."""
    names: dict[str, list[str]] = {}
    for row in rows:
        names.setdefault(row.group.split, []).append(row.group.name)
    return "; ".join(", ".join(inside) + (f" with {split}" if split else "") for split, inside in names.items())
