"""A run's page: complete, self-contained, and clear about what the run does not have."""

import json
import shutil
import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from semisup.cli import report
from semisup.config.nodes import load_source
from semisup.core.errors import SemisupError
from semisup.data import write_store
from semisup.reports import write_report
from semisup.reports.run_page.image_sections import calibration_note, reliability_diagrams
from semisup.reports.run_page.network import RunNetwork
from semisup.reports.run_page.summary import what_was_run
from semisup.runs.trained_run import open_run
from tests.reports.paged import read, small_run


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """A teacher and a student on digits, with their page."""
    return small_run(tmp_path_factory.mktemp("rounds"), "method=self_training", "labeler.threshold=0.12")


def test_a_page_needs_nothing_else_and_is_well_made(rounds):
    seen = read(rounds)
    addresses = [a.get(name, "") for _, a in seen.elements for name in ("src", "href")]
    assert all(address.startswith(("data:", "#")) for address in addresses if address)
    assert all(part.strip().startswith(("data:", "#")) for part in _urls(rounds))
    policy = next(meta["content"] for meta in seen.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; img-src data:")
    assert seen.open == []
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in seen.all("a")} <= set(ids)
    assert {a["aria-labelledby"] for _, a in seen.elements if "aria-labelledby" in a} <= set(ids)
    assert all(image["alt"] for image in seen.all("img"))
    assert all(header.get("scope") for header in seen.all("th"))
    levels = [int(tag[1]) for tag, _ in seen.elements if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert len((rounds / "report.html").read_bytes()) < 2_000_000


def test_a_page_says_what_result_json_says(rounds):
    result, text = json.loads((rounds / "result.json").read_text()), read(rounds).text
    test, tested = result["test"], result["rounds"][result["round"]]
    assert f"test accuracy {100 * test['accuracy']:.1f} % 95 % interval" in text[""]
    assert f"95 % interval {100 * test['accuracy_interval'][0]:.1f} % to" in text[""]
    assert "No command is on record" in text["run"]
    assert result["split"]["hash"][:12] in text["run"]
    assert result["versions"]["torch"] in text["run"]
    for record in result["rounds"]:
        assert f"{100 * record['labels']['accuracy']:.1f} %" in text["pseudo-labels"]
    assert f"{tested['round']}, {tested['kind']} (tested)" in text["pseudo-labels"]
    assert f"as trained: calibration error {test['calibration_error']:.3f}" in text["calibration"]
    assert f"temperature {result['temperature']:.2f}: calibration error" in text["calibration"]
    wrong = round(test["images"] * (1 - test["accuracy"]))
    assert f"of {wrong} test images" in text["images"]
    assert "Pseudo-labels that the audit found wrong" in text["images"]


def test_a_page_shows_the_command_that_is_on_record(rounds, tmp_path):
    copied = tmp_path / "run"
    shutil.copytree(rounds, copied)
    command = "semisup train method=self_training 'data.path=a <b>' seed=0"
    (copied / "command.txt").write_text(f"{command}\n")
    write_report(copied)
    assert command in read(copied).text["run"]


def test_the_network_is_the_one_that_was_tested(rounds):
    """Its outputs for the test images are those of predictions.npz."""
    run = open_run(rounds)
    store, saved = run.open_store(), run.predictions
    logits = RunNetwork(run, store).outputs(store.test_images, np.arange(len(saved.label))).logits
    power = np.exp(logits)
    np.testing.assert_allclose(power / power.sum(1, keepdims=True), saved.probability, atol=1e-5)


def test_the_figures_of_a_run_are_beside_its_page(rounds, tmp_path):
    """Two rounds; labels of confidence need no clusters. A run without map.npz keeps the figures that it has."""
    assert (rounds / "rounds.png").read_bytes().startswith(b"\x89PNG")
    folder = small_run(tmp_path, "method=cluster_label", "labeler.k=30", "rounds.students=0")
    figures = [folder / "round0" / f"{name}.png" for name in ("clusters", "contact_sheet")]
    before = [file.read_bytes() for file in figures]
    write_report(folder)
    assert [file.read_bytes() for file in figures] == before, "the same run has the same figures"
    (folder / "round0" / "map.npz").unlink()
    figures[0].write_text("mine")
    write_report(folder)
    assert figures[0].read_text() == "mine"


def test_a_table_has_no_images_and_a_supervised_run_no_pseudo_labels(tmp_path):
    text = read(small_run(tmp_path, "data=digits_table", "method=supervised", "data.validation=0")).text
    assert "The rows of a table are no images." in text["images"]
    assert "uses no pseudo-labels" in text["pseudo-labels"]
    assert "not used by Supervised" in text["run"]
    assert "There are no validation images" in text["calibration"]
    assert "temperature" in text["calibration"]
    assert "PCA" in text["embedding"]
    assert "the last checkpoint is tested" in text["run"]


def test_without_a_test_set_and_hidden_labels_there_is_less_to_see(tmp_path):
    """Names of classes that look like HTML stay names."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (60, 8, 8, 3)).astype(np.uint8)
    targets = np.where(np.arange(60) < 40, np.arange(60) % 2, -1)
    none = (images[:0], targets[:0])
    write_store(tmp_path / "data" / "stores" / "odd", "odd", ("<b>cat</b>", 'dog"&'), (images, targets), none)
    more = ("data=stored", "data.name=odd", "data.labels=all", "data.validation=8", "method=fixmatch")
    seen = read(small_run(tmp_path, *more))
    assert "no test images" in seen.text["classes"]
    assert "no test images" in seen.text["calibration"]
    assert "no test images" in seen.text["embedding"]
    assert "Nobody knows the classes of the unlabeled images" in seen.text["images"]
    assert not seen.all("b")


def test_labels_of_clusters_have_a_page_even_where_nothing_is_trained(tmp_path):
    folder = small_run(tmp_path, "method=cluster_label", "labeler.k=30", "rounds.students=0")
    text = read(folder).text
    (record,) = json.loads((folder / "result.json").read_text())["rounds"]
    assert "Clusters of pca, 40 labeled" in text[""]
    assert "0, clusters of pca" in text["pseudo-labels"]
    assert f"30 {record['clusters']['purity']:.3f} " in text["pseudo-labels"]
    assert "pseudo-labels that round 0 kept" in text["images"]
    for section in ("classes", "calibration", "embedding"):
        assert "The run has trained no network." in text[section]


def test_a_temperature_makes_confidence_and_accuracy_agree():
    """Ten images, all with confidence .9, of which six are correct: at T = 5.42, softmax(log p / T) says .6."""
    probability, label = np.tile([0.9, 0.1], (10, 1)), np.array([0] * 6 + [1] * 4)
    before, after = reliability_diagrams(probability, label, np.log(9) / np.log(1.5))
    assert before.error == pytest.approx(0.3)
    assert after.error == pytest.approx(0, abs=1e-9)
    assert "overconfident" in calibration_note(5.42, 10)
    assert "underconfident" in calibration_note(0.8, 1)
    assert "1 validation image," in calibration_note(0.8, 1)
    assert "too few of these images" in calibration_note(0.05, 1)


def test_the_command_writes_pages_again_and_says_which_it_cannot(rounds, tmp_path, capsys):
    before = (rounds / "report.html").read_bytes()
    (rounds / "report.html").unlink()
    assert report.main([str(rounds), str(tmp_path), "umap=false"]) == 1
    out, err = capsys.readouterr()
    assert out == f"{rounds / 'report.html'}\n"
    assert err == f"semisup: run={tmp_path} is not the folder of a run: it has no config.yaml.\n"
    assert (rounds / "report.html").read_bytes() == before, "the same run has the same page"


def test_a_umap_joins_where_umap_learn_is_installed(rounds, monkeypatch):
    """A stand-in for the library, which takes half a minute: it must be given the features, a row per test image."""

    class UMAP:
        def __init__(self, **options):
            assert options == {"n_neighbors": 15, "random_state": 0, "n_jobs": 1}

        def fit_transform(self, features):
            assert features.shape == (359, 32)
            return features[:, :2]

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=UMAP))
    before = (rounds / "report.html").read_bytes()
    write_report(rounds, umap=True)
    text = read(rounds).text["embedding"]
    assert text.index("PCA") < text.index("UMAP")
    (rounds / "report.html").write_bytes(before)


def test_a_page_is_not_made_of_other_data(rounds, tmp_path):
    copied = tmp_path / "run"
    shutil.copytree(rounds, copied)
    result = json.loads((copied / "result.json").read_text())
    result["split"]["data_fingerprint"] = "another"
    (copied / "result.json").write_text(json.dumps(result))
    with pytest.raises(SemisupError, match="made with other data than digits is now"):
        write_report(copied)


@pytest.mark.parametrize("file", ["config.yaml", "result.json", "split.npz", "predictions.npz"])
@pytest.mark.parametrize("size", [None, 0, 300])
def test_a_damaged_run_is_a_sentence_and_not_a_traceback(rounds, tmp_path, capsys, file, size):
    """size: that is left of the file in bytes; None = it is gone."""
    copied = tmp_path / "run"
    shutil.copytree(rounds, copied)
    kept = (copied / file).read_bytes()[:size]
    (copied / file).unlink()
    if size is not None:
        (copied / file).write_bytes(kept)
    before = (copied / "report.html").read_bytes()
    assert report.main([str(copied), "umap=false"]) == 1
    err = capsys.readouterr().err
    assert str(copied) in err
    assert err.count("\n") == 1
    assert (copied / "report.html").read_bytes() == before


def test_an_optimizer_of_your_own_need_not_have_a_learning_rate(rounds):
    found = open_run(rounds)
    found.config["optimizer"] = {"_target_": "mine.Schedule_Free"}
    items = what_was_run(found.config, found.result, load_source(found.config))["Training"]
    assert [item.note for item in items if item.name == "optimizer"] == [""]


def _urls(run):
    text = (run / "report.html").read_text()
    return [part.partition(")")[0].strip("\"'") for part in text.split("url(")[1:]]


def test_where_nobody_knows_the_unlabeled_rows_the_page_says_so(tmp_path):
    rows = [f"{n},{n % 5},{'?' if n > 40 else 'cat' if n % 2 else 'dog'}" for n in range(80)]
    (tmp_path / "pets.csv").write_text("\n".join(["a,b,kind", *rows]))
    data = ("data=table", f"data.path={tmp_path / 'pets.csv'}", "data.labels=all", "data.validation=4")
    text = read(small_run(tmp_path, *data, "method=pseudo_label")).text
    assert "is unknown, as nobody knows the classes of the unlabeled images" in text["pseudo-labels"]
    assert "with the labeled ones in the same stream" in text["run"]
