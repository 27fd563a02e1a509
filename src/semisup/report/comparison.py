"""Groups of runs that differ only in their seed, and each group's difference to a baseline on the same seeds."""

import glob
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.stats import ttest_1samp

from semisup.config import ELSEWHERE, HARDWARE, Config
from semisup.errors import SemisupError, nearest
from semisup.report.labels import labels, words

FEWEST = 3  # with two values Student's interval reaches 13 standard errors to either side


@dataclass(frozen=True)
class Run:
    """A finished run as its folder holds it."""

    folder: Path
    config: Config
    result: dict[str, Any]

    @property
    def seed(self) -> int:
        return int(self.config["seed"])

    @property
    def accuracy(self) -> float:
        """On the test images, in %."""
        return 100 * float(self.result["test"]["accuracy"])

    @property
    def split(self) -> str:
        return str(self.result["split"]["hash"])

    @property
    def tested_on(self) -> tuple[str, int]:
        return self.result["split"]["data_fingerprint"], self.result["test"]["images"]

    @property
    def essence(self) -> Config:
        """The config without the seed and without where and on what the run happened."""
        kept = {key: value for key, value in self.config.items() if key not in (*ELSEWHERE, "seed")}
        return {**kept, "trainer": {k: v for k, v in kept["trainer"].items() if k not in HARDWARE}}


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds. interval: its 95 % interval; p: of its being 0. None where the seeds cannot tell."""

    seeds: int
    mean: float
    sd: float | None
    interval: tuple[float, float] | None
    p: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """From one value in % for each seed. Of differences, this is the paired t-test."""
        mean, sd = float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None
        if len(values) < FEWEST or np.ptp(values) < 1e-4:  # of equal values a t-test would be certain
            return cls(len(values), mean, sd, None, None)
        test = ttest_1samp(values, 0)
        low, high = test.confidence_interval(0.95)
        return cls(len(values), mean, sd, (float(low), float(high)), float(test.pvalue))


@dataclass(frozen=True)
class Group:
    """Runs that differ only in their seed, in the order of their seeds. label: what tells the group from the others."""

    label: str
    runs: tuple[Run, ...]

    @property
    def accuracy(self) -> Estimate:
        return Estimate.of([run.accuracy for run in self.runs])

    def difference(self, baseline: "Group") -> Estimate | None:
        """Of this group's accuracy minus the baseline's, over the seeds that both have; None if there are none."""
        pairs = self.pairs(baseline)
        return Estimate.of([run.accuracy - other.accuracy for run, other in pairs]) if pairs else None

    def pairs(self, baseline: "Group") -> list[tuple[Run, Run]]:
        """This group's runs with the baseline's of the same seed. Raises SemisupError where their splits differ."""
        others = {run.seed: run for run in baseline.runs}
        found = [(run, others[run.seed]) for run in self.runs if run.seed in others]
        for run, other in found:
            if run.split != other.split:
                raise SemisupError(
                    f"{run.folder} and {other.folder} have the same seed but not the same split, so they cannot be "
                    "paired; compare runs with the same labeled, validation and unlabeled images."
                )
        return found


def find(arguments: Iterable[str]) -> tuple[list[Run], list[str]]:
    """The finished runs in folders of runs, their parents and globs; and what was left out, with the reason."""
    folders: dict[Path, Path] = {}  # by their real path, so that one given twice counts once
    left_out = []
    for argument in arguments:
        matches = [Path(match) for match in sorted(glob.glob(argument))] or [Path(argument)]
        if not matches[0].exists():
            raise SemisupError(f"there is no {argument}; give folders of runs.")
        for folder in filter(Path.is_dir, matches):
            inside = [folder] if _is_run(folder) else sorted(filter(_is_run, folder.iterdir()))
            folders |= {run.resolve(): run for run in inside}
            left_out += [] if inside else [f"{folder} (holds no run)"]
    finished = [folder for folder in folders.values() if (folder / "result.json").exists()]
    left_out += [f"{folder} (not finished)" for folder in folders.values() if folder not in finished]
    return [_read(folder) for folder in finished], left_out


def grouped(runs: Sequence[Run]) -> list[Group]:
    """The runs by their essence, in the order given. Raises SemisupError for two test sets or a run made twice."""
    if not runs:
        raise SemisupError("there is no finished run to compare.")
    members: dict[str, dict[int, Run]] = {}
    for run in runs:
        if run.tested_on != runs[0].tested_on:
            raise SemisupError(f"{runs[0].folder} and {run.folder} have different data or test images; compare one.")
        seeds = members.setdefault(json.dumps(run.essence, sort_keys=True), {})
        if run.seed in seeds:
            raise SemisupError(f"{seeds[run.seed].folder} and {run.folder} are the same run made twice; give one.")
        seeds[run.seed] = run
    groups = [tuple(seeds[seed] for seed in sorted(seeds)) for seeds in members.values()]
    return [Group(*group) for group in zip(labels([first.essence for first, *_ in groups]), groups, strict=True)]


def choose(groups: Sequence[Group], baseline: str | None = None) -> Group:
    """The group whose label has all these words; without them the only supervised one, or else the first."""
    if baseline is None:
        supervised = [g for g in groups if g.runs[0].config["method"]["_target_"].endswith(".Supervised")]
        return supervised[0] if len(supervised) == 1 else groups[0]
    found = [group for group in groups if words(baseline) <= words(group.label)]
    if len(found) != 1:
        choices = nearest(baseline, [group.label for group in found or groups])
        raise SemisupError(f"--baseline '{baseline}' fits {len(found) or 'none'} of the groups; {choices}")
    return found[0]


def _is_run(folder: Path) -> bool:
    return (folder / "config.yaml").exists()


def _read(folder: Path) -> Run:
    try:
        config = yaml.safe_load((folder / "config.yaml").read_text())
        run = Run(folder, config, json.loads((folder / "result.json").read_text()))
    except (ValueError, yaml.YAMLError) as error:
        raise SemisupError(f"{folder} cannot be read: {' '.join(str(error).split())}.") from error
    if not run.result["test"]:
        raise SemisupError(f"{folder} has no test accuracy, because its data has no test images; leave it out.")
    return run
