"""The mean prediction of candidates, and the student that learns it."""

import numpy as np
import pyarrow.parquet
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from semisup.auto.average import AVERAGE, average
from semisup.auto.scores import finalists, hits
from semisup.auto.trial import Trial
from semisup.metrics.calibration import fit_temperature, softmax
from semisup.runs.trained_run import open_run
from tests.auto.test_auto import ONCE, done, place, words  # noqa: F401  # fixtures
from tests.runs.test_frozen_features import extractor  # noqa: F401  # a fixture


def trial(probability: list[list[float]]) -> Trial:
    return Trial(np.arange(len(probability)), np.log(np.array(probability, np.float32)), 4, 2.0)


def test_the_mean_is_of_probabilities_each_with_its_temperature():
    """(.8, .2) and (.1, .9) have the mean (.45, .55). With T = 2, (.8, .2) is (2/3, 1/3), and the mean (.38, .62)."""
    one, other = [trial([[0.8, 0.2]])], [trial([[0.1, 0.9]])]
    (mean,) = average([one, other], [1.0, 1.0])
    assert_allclose(softmax(mean.logits), [[0.45, 0.55]], atol=1e-6)
    assert (mean.labels, mean.seconds) == (4, 4.0)
    (mean,) = average([one, other], [2.0, 1.0])
    assert_allclose(softmax(mean.logits), [[(2 / 3 + 0.1) / 2, (1 / 3 + 0.9) / 2]], atol=1e-6)


def test_the_mean_can_be_better_than_each_candidate():
    """Each of three candidates is wrong for another image, and not sure of it."""
    sure, wrong = [0.9, 0.1], [0.4, 0.6]
    trials = {name: [trial([wrong if i == n else sure for i in range(3)])] for n, name in enumerate("abc")}
    label = np.zeros(3, np.int64)
    trials[AVERAGE] = average(list(trials.values()), [1.0] * 3)
    assert [hits(done, label)[1].mean() for done in trials.values()] == pytest.approx([2 / 3, 2 / 3, 2 / 3, 1])


def test_what_is_out_of_reach_is_not_averaged_though_it_is_the_first_one():
    right, wrong = trial([[0.9, 0.1]] * 20), trial([[0.1, 0.9]] * 20)
    label = np.zeros(20, np.int64)
    assert finalists({"labels alone": [wrong], "a": [right], "b": [right]}, label) == ["a", "b"]


def test_a_student_learns_the_mean_of_the_candidates(words):  # noqa: F811
    names = ("supervised", "pseudo_label", "curriculum", AVERAGE)
    folder, record = done(words, names=names, **ONCE)
    assert record["chosen"] == AVERAGE
    assert tuple(row["name"] for row in record["candidates"]) == names
    kept = [folder / "cross_validation" / name for name in record["averaged"]]
    means = []
    for one in kept:
        folds = [np.load(file) for file in sorted(one.glob("fold-*.npz"))]
        logits, held_out = (np.concatenate([fold[what] for fold in folds]) for what in ("logits", "held_out"))
        fitted = fit_temperature(logits, open_run(folder, allow=["tests"]).open_store().targets[held_out])
        means.append(softmax(np.load(one / "all.npz")["logits"], fitted))
    mean = np.mean(means, axis=0)
    table = pyarrow.parquet.read_table(folder / f"{AVERAGE}.parquet")
    assert_allclose(np.stack(table["probability"].to_numpy()), mean, atol=1e-5)
    learned = pyarrow.parquet.read_table(folder / "labels.parquet")
    assert_array_equal(learned["index"].to_numpy(), table["index"].to_numpy())
    assert (learned["label"].to_numpy() == table["label"].to_numpy()).mean() > 0.95
    (folder / "auto.json").unlink()  # the job continues: the folder has everything else
    assert done(words, names=names, **ONCE)[1]["candidates"] == record["candidates"]
