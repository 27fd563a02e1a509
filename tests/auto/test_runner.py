"""Trials in another process: the same figures, and none is lost if it ends."""

import time
from dataclasses import dataclass

import numpy as np
import pytest
from rich.console import Console

from semisup.auto import runner
from semisup.auto.folds import cross_validation_folds
from semisup.auto.runner import TrialRunner
from semisup.auto.trial import Candidate, open_candidates
from semisup.cli.auto import compose_candidates
from semisup.config.nodes import load_data
from semisup.config.resolve import complete
from semisup.runs.run import open_data
from tests.auto.test_auto import extractor, place  # noqa: F401  # fixtures


@pytest.fixture(scope="module")
def candidates(place):  # noqa: F811
    """Two candidates, and the folds of one repeat."""
    configs = {name: complete(c) for name, c in compose_candidates(place, ("supervised", "pseudo_label")).items()}
    _, store = open_data(configs["supervised"], Console(quiet=True))
    split = load_data(configs["supervised"], store).split
    (folds,) = cross_validation_folds(split, store.targets[split.labeled], folds=3, repeats=1, seed=0)
    return open_candidates(configs, store, split), [(name, fold) for fold in folds for name in configs]


@dataclass
class Busy(Candidate):
    """A candidate whose training here takes until something has happened."""

    happened = staticmethod(lambda: True)

    def train(self, split):
        end = time.monotonic() + 120
        while not self.happened():
            assert time.monotonic() < end
            time.sleep(0.05)
        return super().train(split)


def busy(candidates, happened):
    found = {name: Busy(one.config, one.store, one.columns) for name, one in candidates.items()}
    for one in found.values():
        one.happened = happened
    return found


def same(trials, others):
    return all(np.array_equal(a.logits, b.logits) and a.labels == b.labels for a, b in zip(trials, others, strict=True))


@pytest.fixture
def alone(candidates, tmp_path):
    """The trials of one process."""
    return TrialRunner(candidates[0], tmp_path / "alone").run(candidates[1])


def test_another_process_finds_the_same_figures(candidates, alone, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "WORTHWHILE", 1e-9)
    trained, tasks = candidates
    name, last = tasks[-1]
    happened = (tmp_path / name / f"{last.name}.npz").exists  # which this process has not come to
    two, shown = TrialRunner(busy(trained, happened), tmp_path, processes=2), []
    trials = two.run(tasks, shown.append)
    two.close()
    assert same(trials, alone)
    assert shown == sorted(shown)


def test_what_a_process_leaves_undone_is_done_here(candidates, alone, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "WORTHWHILE", 1e-9)
    trained, tasks = candidates
    two = TrialRunner({}, tmp_path, processes=2)

    def killed():
        two.close()
        return True

    two.candidates = busy(trained, killed)
    assert same(two.run(tasks), alone)


def test_no_process_starts_for_little_work(candidates, tmp_path):
    trained, tasks = candidates
    two = TrialRunner(trained, tmp_path, processes=2)
    two.run(tasks)
    assert two._others == []
