"""Each group's difference to a baseline on the same splits."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from semisup.core.errors import SemisupError, did_you_mean
from semisup.metrics.statistics import FEWEST, Estimate, McNemar, holm
from semisup.reports.comparison.comparability import objections
from semisup.reports.comparison.groups import RunGroup, grouped
from semisup.reports.comparison.run_names import following, words
from semisup.runs.trained_run import TrainedRun

_BULLET = "\n- "


@dataclass(frozen=True)
class RunPair:
    """A run and the baseline's run of the same seed.

    Args:
        run: The run.
        baseline: The baseline's run.
        test: McNemar's test of both; None if it is not possible.
        corrected: The p of the test, corrected (Holm) for all pairs of the comparison.
        reason: Why there is no test.
    """

    run: TrainedRun
    baseline: TrainedRun
    test: McNemar | None
    corrected: float | None
    reason: str = ""


@dataclass(frozen=True)
class ComparedGroup:
    """A group beside its baseline.

    Args:
        group: The group.
        baseline: Its baseline; None if no group of this split is one.
        accuracy: The test accuracy over the seeds, in %.
        difference: The mean difference over the seeds that both have; None without such a seed.
        corrected: The p of the difference, corrected (Holm) for all groups.
        pairs: The runs with the baseline's of the same seed.
        mark: Whether there is an objection to the comparison.
    """

    group: RunGroup
    baseline: RunGroup | None
    accuracy: Estimate
    difference: Estimate | None
    corrected: float | None
    pairs: tuple[RunPair, ...]
    mark: bool


@dataclass(frozen=True)
class Comparison:
    """Groups of runs beside their baselines.

    Args:
        rows: All groups, by number of labels, the baseline first.
        objections: Reasons against the comparison.
        follows: Options that follow the number of labels and are in no label.
        choice: Which of several possible baselines was taken, as a sentence; empty if there was no choice.
    """

    rows: tuple[ComparedGroup, ...]
    objections: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    choice: str = ""

    @property
    def several_splits(self) -> bool:
        """Whether the runs differ in their split options."""
        return len({row.group.split for row in self.rows}) > 1

    @property
    def warnings(self) -> list[str]:
        """Sentences that name the groups with too few seeds for an interval or a test."""
        few = [row for row in self.rows if row.accuracy.seeds < FEWEST]
        pairs = [row for row in self.rows if row.difference and row.difference.seeds < FEWEST and row not in few]
        return [
            f"Too few seeds to say anything of the {what} of {_listed(rows)}: fewer than {FEWEST} {unit}, so neither "
            "an interval nor a test."
            for what, unit, rows in (("mean", "seeds", few), ("difference", "seeds in common", pairs))
            if rows
        ]


def compare(runs: Sequence[TrainedRun], baseline: str | None = None, allow: bool = False) -> Comparison:
    """Groups runs and sets each group beside its baseline.

    Args:
        runs: Finished runs with a test accuracy.
        baseline: Words of the baseline's label; see `choose`.
        allow: Whether to compare runs in spite of objections, and mark them.

    Returns:
        The comparison.

    Raises:
        SemisupError: If the runs cannot be compared, or the baseline is not one group.
    """
    groups = grouped(runs)
    found = objections(runs)
    if found and not allow:
        raise SemisupError(
            f"these runs cannot be compared:{_BULLET}{_BULLET.join(one.reason for one in found)}\n"
            "Leave some out, or compare them anyway with allow=true, which marks them."
        )
    suspects = {run.folder for one in found for run in one.runs}
    chosen, reasons = choose(groups, baseline, allow), [one.reason for one in found]
    choice = _choice(groups, chosen) if baseline is None else ""
    beside = [(group, chosen.get(group.split)) for group in groups]
    if unlike := [group.name for group, of in beside if of and group.split != of.split]:
        reasons.append(f"{', '.join(unlike)} and the baseline do not have the same split; they are paired by seed.")
    rows = [_row(group, of, suspects) for group, of in beside]
    order = sorted(rows, key=lambda row: (row.group.runs[0].labels, row.group.split, row.group is not row.baseline))
    follows = tuple(following([run.identity for run in runs]))
    return Comparison(tuple(_corrected(order)), tuple(reasons), follows, choice)


def choose(groups: Sequence[RunGroup], baseline: str | None = None, allow: bool = False) -> dict[str, RunGroup]:
    """Chooses the baseline of each split.

    Args:
        groups: The groups.
        baseline: Words; the baseline has all of them in its label, its short name or its split. None: supervised
            groups first, then those that most splits have, then by the alphabet.
        allow: Whether a baseline that only one split has is that of all.

    Returns:
        The baseline by split.

    Raises:
        SemisupError: If the words fit no group, or several of one split.
    """
    splits: dict[str, list[RunGroup]] = {}
    for group in groups:
        splits.setdefault(group.split, []).append(group)
    if baseline is None:
        places = {kind: place for place, kind in enumerate(_ranked(groups))}
        return {split: min(inside, key=lambda g: (places[g.kind], g.label)) for split, inside in splits.items()}
    found = {split: [group for group in inside if words(baseline) <= group.words] for split, inside in splits.items()}
    fitting = [group for inside in found.values() for group in inside]
    if not fitting:
        choices = did_you_mean(baseline, dict.fromkeys(group.label for group in groups))
        raise SemisupError(f"baseline='{baseline}' fits none of the groups; {choices}")
    if several := dict.fromkeys(group.label for inside in found.values() if len(inside) > 1 for group in inside):
        named = ", ".join(f"'{label}'" for label in several)
        raise SemisupError(f"baseline='{baseline}' fits {len(several)} of the groups; give more words of one: {named}.")
    if allow and len(fitting) == 1:
        return dict.fromkeys(splits, fitting[0])
    return {split: inside[0] for split, inside in found.items() if inside}


def _ranked(groups: Sequence[RunGroup]) -> list[str]:
    """All kinds: supervised ones first, then those that most splits have, then by the alphabet.

    So the choice depends neither on the order of the folders nor on their names, which end in a hash.
    """
    splits = Counter(kind for _, kind in {(group.split, group.kind) for group in groups})
    others = {group.kind for group in groups if not group.supervised}
    return sorted(splits, key=lambda kind: (kind in others, -splits[kind], kind))


def _choice(groups: Sequence[RunGroup], chosen: Mapping[str, RunGroup]) -> str:
    """Which baseline was taken where none was named, as a sentence; empty where no other was possible."""
    possible = {group.kind for group in groups if group.supervised or not chosen[group.split].supervised}
    if len(possible) == 1:
        return ""
    first, *others = sorted({group.kind for group in chosen.values()}, key=_ranked(groups).index)
    elsewhere = f" (where that is lacking, {' or '.join(map(repr, others))})" if others else ""
    return f"Several groups could be the baseline; it is '{first}'{elsewhere}, and baseline=... chooses another."


def _row(group: RunGroup, baseline: RunGroup | None, suspects: Set[Path]) -> ComparedGroup:
    pairs = group.pairs(baseline) if baseline and baseline is not group else []
    difference = Estimate.of([run.accuracy - other.accuracy for run, other in pairs]) if pairs else None
    involved = (*group.runs, *(baseline.runs if baseline else ()))
    mark = any(run.folder in suspects for run in involved) or bool(baseline and baseline.split != group.split)
    return ComparedGroup(group, baseline, group.accuracy, difference, None, tuple(_pair(*pair) for pair in pairs), mark)


def _pair(run: TrainedRun, baseline: TrainedRun) -> RunPair:
    if run.hits is None or baseline.hits is None:
        lacking = run if run.hits is None else baseline
        return RunPair(run, baseline, None, None, f"{lacking.folder} has no predictions.npz")
    (hits, *images), (others, *other_images) = run.hits, baseline.hits
    if run.tested_on != baseline.tested_on or not all(map(np.array_equal, images, other_images)):
        return RunPair(run, baseline, None, None, "other test images")
    return RunPair(run, baseline, McNemar.of(others, hits), None)


def _corrected(rows: Sequence[ComparedGroup]) -> list[ComparedGroup]:
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


def _listed(rows: Sequence[ComparedGroup]) -> str:
    """The names of the groups, and of which split they are where there are several."""
    names: dict[str, list[str]] = {}
    for row in rows:
        names.setdefault(row.group.split, []).append(row.group.name)
    return "; ".join(", ".join(inside) + (f" with {split}" if split else "") for split, inside in names.items())
