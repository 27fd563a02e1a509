"""The race of candidates: who has a part in which repeat."""

import numpy as np

from semisup.auto.cross_validation import cross_validate
from semisup.auto.folds import cross_validation_folds
from semisup.auto.runner import TrialRunner
from semisup.auto.trial import Candidate
from semisup.data import SSLDataModule
from tests.toy import toy


def test_a_candidate_out_of_reach_has_no_part_in_the_next_repeat(tmp_path):
    """The trials are there already: "poor" is wrong on every image, and has none of the second repeat."""
    store = toy(tmp_path)
    split = SSLDataModule(store, labels=30, batch_size=8).split
    repeats = cross_validation_folds(split, store.targets[split.labeled], folds=2, repeats=2, seed=0)
    wrong = {"supervised": 1, "poor": 0, "good": 15}  # from which image of a fold on
    for name, first in wrong.items():
        (tmp_path / name).mkdir()
        for fold in repeats[0] if name == "poor" else [*repeats[0], *repeats[1]]:
            label = store.targets[fold.held_out]
            said = np.where(np.arange(len(label)) < first, label, (label + 1) % 3)
            trial = {"held_out": fold.held_out, "logits": np.eye(3)[said], "labels": len(fold.split.labeled)}
            np.savez(tmp_path / name / f"{fold.name}.npz", **trial, seconds=1.0)
    shown = []
    candidates = {name: Candidate({"labeler": None}, store, {}) for name in wrong}
    runner = TrialRunner(candidates, tmp_path)
    trials = cross_validate(runner, repeats, lambda done, total: shown.append((done, total)))
    assert {name: len(done) for name, done in trials.items()} == {"supervised": 4, "poor": 2, "good": 4}
    assert shown[0] == (1, 12)
    assert shown[-1] == (10, 10)  # one of three candidates less in the second repeat
