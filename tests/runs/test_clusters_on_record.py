"""What is kept of a round's clusters: clusters.npz, and the figures in its record."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from semisup.core.errors import SemisupError
from semisup.labelers import ClusterLabeler, LabelerInputs, Labels
from tests.runs.test_rounds import only
from tests.training.test_resume import started

ALONE = ("method=cluster_label", "rounds.students=0", "labeler.k=20")


def arrays(runs: Path, number: int = 0) -> dict[str, np.ndarray]:
    with np.load(only(runs) / f"round{number}" / "clusters.npz") as file:
        return dict(file)


@pytest.fixture
def two_heaps(tmp_path):
    """At 0 to 9, nine ants and a bee; at 50 to 60, ten bees and one that nobody knows."""
    rows = [(x, "bee" if x == 5 else "ant") for x in range(10)] + [(x, "bee") for x in range(50, 60)] + [(60, "")]
    file = tmp_path / "heaps.csv"
    file.write_text("place,class\n" + "\n".join(f"{x},{name}" for x, name in rows))
    return ("data=table", f"data.path={file}", "data.test_fraction=0", "data.labels=4", "data.validation=0")


def test_the_record_and_the_file_say_what_was_found(run, two_heaps, tmp_path):
    """Of the two images labeled of each class, ants are two in the first heap, where a bee has one vote at most.

    Purity 19 / 20. Pairs of the 20 that are together: 36 + 45 in both, 45 + 45 in clusters, 36 + 55 in classes, of 190
    in all: (81 - 90 · 91 / 190) / (90.5 - 90 · 91 / 190) = 0.79956.
    """
    result = run(*ALONE, *two_heaps, "labeler.k=2", "embedding=pixels")
    found, kept = result["rounds"][0]["clusters"], arrays(tmp_path / "runs")
    assert found["purity"] == pytest.approx(19 / 20)
    assert found["adjusted_rand_index"] == pytest.approx(0.79956, abs=1e-5)
    assert sorted(found["sizes"]) == [10, 11]
    assert (found["clusters"], found["empty"], found["unnamed"], found["missing_classes"]) == (2, 0, 0, [])
    assert found["objective"] == pytest.approx(float(kept["distance"].sum()), rel=1e-5)
    assert found["iterations"] == len(kept["objective"])
    assert_array_equal(kept["index"], np.arange(21))
    assert_array_equal(kept["names"][kept["assignment"]], [0] * 10 + [1] * 11)


def test_the_map_has_a_position_for_each_image_that_a_labeler_sees(run, tmp_path):
    """Otherwise the page could not draw the embedding without computing it again."""
    run(*ALONE)
    split = np.load(only(tmp_path / "runs") / "split.npz")
    with np.load(only(tmp_path / "runs") / "round0" / "map.npz") as file:
        index, position = file["index"], file["position"]
    assert_array_equal(index, np.sort(np.concatenate([split["labeled"], split["unlabeled"]])))
    assert (index.dtype, position.dtype, position.shape) == (np.int64, np.float32, (len(index), 2))
    assert np.isfinite(position).all()
    assert position[:, 0].std() > 0


def test_images_for_validation_are_in_no_cluster(run, tmp_path):
    run(*ALONE)
    kept, split = arrays(tmp_path / "runs"), np.load(only(tmp_path / "runs") / "split.npz")
    assert_array_equal(kept["index"], np.sort(np.concatenate([split["labeled"], split["unlabeled"]])))


def test_each_round_of_clusters_has_its_own_and_other_rounds_have_none(run, tmp_path):
    result = run("method=self_training", "labeler=clusters", "rounds.students=1")
    assert all(record["clusters"]["purity"] > 0.1 for record in result["rounds"])
    assert not np.array_equal(*(arrays(tmp_path / "runs", number)["assignment"] for number in (0, 1)))
    result = run(
        "method=self_training", "labeler.threshold=.12", "rounds.students=1", f"runs_dir={tmp_path / 'confident'}"
    )
    assert [record["clusters"] for record in result["rounds"]] == [None, None]
    assert not list(tmp_path.glob("confident/*/*/clusters.*"))


class Silent(ClusterLabeler):
    """A labeler from outside the package, that reads features and says nothing of clusters."""

    def __call__(self, bank: LabelerInputs) -> Labels:
        labels = super().__call__(bank)
        self.clusters = None
        return labels


def test_a_labeler_need_not_say_anything_of_clusters(run, tmp_path):
    result = run(*ALONE, "labeler._target_=tests.runs.test_clusters_on_record.Silent")
    assert result["rounds"][0]["clusters"] is None
    assert {file.name for file in (only(tmp_path / "runs") / "round0").iterdir()} == {
        "map.npz",
        "pseudo_labels.parquet",
        "round.json",
    }


class Counting(ClusterLabeler):
    """A labeler from outside the package, that calls the number of its clusters so."""

    def __call__(self, bank: LabelerInputs) -> Labels:
        labels = super().__call__(bank)
        self.clusters = 20
        return labels


def test_clusters_of_another_type_are_refused(run):
    with pytest.raises(SemisupError, match=r"Counting\.clusters must be a NamedClusters or None, and is 20: rename it"):
        run(*ALONE, "labeler._target_=tests.runs.test_clusters_on_record.Counting")


@pytest.mark.parametrize("file", ["clusters.npz", "map.npz", "round.json"])
def test_kill_9_while_a_file_is_written_equals_the_uninterrupted_run(file, overrides, run, outcome, tmp_path):
    process = started(overrides(*ALONE), KILL_WRITING=f"{file} 1")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, errors
    assert not (only(tmp_path / "runs") / "round0" / file).exists()
    run(*ALONE)
    resumed, clusters = outcome(), arrays(tmp_path / "runs")
    run(*ALONE, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")
    assert json.loads((only(tmp_path / "runs") / "round0" / "round.json").read_text())["clusters"]["clusters"] == 20
    for name, values in arrays(tmp_path / "uninterrupted").items():
        assert_array_equal(clusters[name], values)
