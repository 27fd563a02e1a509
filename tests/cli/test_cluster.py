"""`semisup cluster`: clusters without a training."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs.test_rounds import only


@pytest.fixture
def cluster(semisup, overrides, monkeypatch) -> Callable[..., tuple[int, str, str]]:
    """`semisup cluster` with a small run's options: its exit status, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "120")
    return lambda *arguments, before=(): semisup("cluster", *before, *overrides(*arguments))


def result(runs: Path) -> dict:
    return json.loads((only(runs) / "result.json").read_text())


def test_it_writes_and_prints_what_round_0_of_the_training_finds(cluster, run, tmp_path):
    status, out, err = cluster("labeler.k=40")
    assert (status, err) == (0, "")
    alone = result(tmp_path / "runs")
    trained = run("method=cluster_label", "labeler.k=40", f"runs_dir={tmp_path / 'trained'}")
    here, there = ({**figures["rounds"][0], "seconds": 0} for figures in (alone, trained))
    assert here == there
    assert set(alone) == set(trained)
    assert alone["test"] is alone["validation"] is alone["pseudo_labels"] is None
    assert alone["steps"] == 0
    labels, clusters = (alone["rounds"][0][key] for key in ("labels", "clusters"))
    assert f"{labels['kept']:,} of {labels['images']:,} unlabeled images" in out
    assert f"{labels['accuracy_of_all']:.2%}" in out
    agreement = f"{clusters['purity']:.3f}  {clusters['normalized_mutual_information']:.3f}"
    assert agreement in out
    assert {file.name for file in (only(tmp_path / "runs") / "round0").iterdir()} == {
        "clusters.npz",
        "clusters.png",
        "contact_sheet.png",
        "map.npz",
        "pseudo_labels.parquet",
        "round.json",
    }
    status, again, _ = cluster("labeler.k=40")
    assert status == 0
    assert agreement in again, "a finished run is read"


def test_it_is_the_training_without_students(cluster, run, tmp_path):
    cluster()
    folder = only(tmp_path / "runs")
    made = (folder / "result.json").stat().st_mtime_ns
    run("method=cluster_label", "rounds.students=0")
    assert only(tmp_path / "runs") == folder
    assert (folder / "result.json").stat().st_mtime_ns == made


def test_labels_that_spread_on_the_graph_have_no_clusters(cluster, tmp_path):
    status, out, _ = cluster("labeler=propagation")
    assert status == 0
    assert result(tmp_path / "runs")["rounds"][0]["clusters"] is None
    assert "propagation of pca" in out
    assert "purity" not in out
    pictures = [file.name for file in (only(tmp_path / "runs") / "round0").glob("*.png")]
    assert pictures == ["clusters.png"]


def test_no_network_has_to_fit_the_data(cluster, tmp_path):
    """A network for pictures, which the default one is, would refuse a table."""
    status, _, err = cluster(
        "data=wine", "data.labels=30", "backbone=small_cnn", "embedding=pixels", "~backbone.hidden"
    )
    assert (status, err) == (0, "")
    assert not (only(tmp_path / "runs") / "round0" / "contact_sheet.png").exists()


def test_a_sweep_has_a_run_for_each_choice(cluster, tmp_path):
    status, _, err = cluster("labeler.k=10,20", before=("-m",))
    assert (status, err) == (0, "")
    results = [json.loads(file.read_text()) for file in tmp_path.glob("runs/*/result.json")]
    assert {one["rounds"][0]["clusters"]["clusters"] for one in results} == {10, 20}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["embedding=network"], "embedding=checkpoint embedding.run=RUN"),
        (["embedding=null"], "embedding=checkpoint embedding.run=RUN"),
        (["method=fixmatch"], "embedding=checkpoint embedding.run=RUN"),
        (["rounds.students=2"], "would all learn the same labels"),
        (["rounds.students=1"], "clustering alone has no students"),
        (["rounds.finetune_steps=9"], "rounds.finetune_steps is of a training"),
        (["tune=lr"], "tune is of a training"),
        (["labeler=null"], "an embedding is for a labeler that reads features"),
        (["labeler.nams=greedy"], "did you mean 'names'?"),
    ],
)
def test_what_clustering_alone_cannot_do_is_one_sentence(options, sentence, cluster, tmp_path):
    status, out, err = cluster(*options)
    assert (status, out, err.count("\n")) == (1, "", 1), err
    assert err.startswith("semisup: ")
    assert sentence in err
    assert not (tmp_path / "runs").exists()
