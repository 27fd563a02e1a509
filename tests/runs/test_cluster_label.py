"""Labels from clusters of embeddings: before the first training, or between two rounds."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest

from semisup.config.identity import run_folder
from semisup.config.resolve import complete
from semisup.core.errors import SemisupError
from tests.runs.test_rounds import only, table
from tests.training.test_resume import started


def embeddings(data_dir: Path) -> dict[str, int]:
    return {file.parent.name: file.stat().st_mtime_ns for file in data_dir.glob("embeddings/*/features.npy")}


def test_clusters_come_before_the_first_training_and_their_embedding_is_kept(run, tmp_path, data_dir):
    result = run("method=cluster_label", "labeler.k=40")
    folder = only(tmp_path / "runs")
    assert [r["kind"] for r in result["rounds"]] == ["clusters of pca", "student"]
    assert not (folder / "round0" / "last.ckpt").exists()
    assert result["rounds"][0]["labels"]["accuracy"] > 0.5
    assert result["rounds"][1]["labels"] is None, "the embedding stays the same, and so would the labels"
    assert set(table(folder, 0)["weight"]) <= {0.0, np.float32(0.1)}
    made = embeddings(data_dir)
    run("method=cluster_label", "labeler.k=50")
    assert embeddings(data_dir) == made


def test_with_the_network_as_embedding_clusters_follow_it(run, tmp_path):
    result = run("method=cluster_label", "embedding=network", "rounds.students=2", "labeler.unnamed=nearest")
    assert [r["kind"] for r in result["rounds"]] == ["teacher", "student", "student"]
    tables = [table(only(tmp_path / "runs"), number)["label"] for number in range(3)]
    assert tables[0] != tables[1] != tables[2]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("method=cluster_label", "rounds.students=2"), "would all learn the same labels"),
        (("method=self_training", "embedding=pca"), "an embedding is for a labeler that reads features"),
        (("method=fixmatch", "embedding=pixels"), "an embedding is for a labeler that reads features"),
        (("method=fixmatch", "labeler=clusters", "embedding=pca"), "fixmatch would train nothing, .* no students"),
        (("method=cluster_label", "method@teacher=supervised"), "from the embedding or from elsewhere"),
        (("method=cluster_label", "embedding.variance=2"), "embedding.variance"),
        (("method=cluster_label", "labeler.names=best"), "labeler.names=best"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_made(options, sentence, config):
    with pytest.raises(SemisupError, match=sentence):
        complete(config(*options))


def test_how_an_embedding_is_computed_is_no_part_of_a_runs_name(config):
    one, two, three = (
        run_folder(complete(config("method=cluster_label", "embedding=network", *more)))
        for more in ((), ("embedding.batch_size=7", "embedding.device=cpu"), ("embedding.normalize=false",))
    )
    assert one == two != three


@pytest.mark.parametrize(
    "kill", [{"KILL_WRITING": "pseudo_labels.parquet 1"}, {"KILL_WRITING": "round.json 1"}, {"KILL_AT_STEP": "5"}]
)
def test_kill_9_around_the_clustering_equals_the_uninterrupted_run(kill, overrides, run, outcome, tmp_path):
    more = ["method=cluster_label", "method._target_=tests.killer.KilledSelfTraining", "trainer.save_every=3"]
    process = started(overrides(*more), **kill)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, errors
    run(*more)
    resumed = outcome()
    run(*more, f"runs_dir={tmp_path / 'uninterrupted'}")
    assert resumed == outcome(tmp_path / "uninterrupted")
    assert json.loads((only(tmp_path / "runs") / "round0" / "round.json").read_text())["labels"]["kept"] > 0
