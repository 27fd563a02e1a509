"""A run's page: there after each run, whole, and honest about what the run has not."""

import json
import shutil
import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from scripts import report
from semisup.config.resolve import load_source
from semisup.core.errors import SemisupError
from semisup.data import write_store
from semisup.reports import run_folders
from semisup.reports import run_page as page
from semisup.reports.run_page.image_sections import calibration, diagrams
from semisup.reports.run_page.summary import what_was_run
from tests.reports.paged import read, small_run


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """A teacher and a student on digits, with their page."""
    return small_run(tmp_path_factory.mktemp("rounds"), "method=self_training", "labeler.threshold=0.12")


def test_a_page_needs_nothing_else_and_is_well_made(rounds):
    seen = read(rounds)
    addresses = [a.get(name, "") for _, a in seen.elements for name in ("src", "href")]
    assert all(address.startswith(("data:", "#")) for address in addresses if address)
    assert all(part.strip().startswith("data:") for part in _urls(rounds))
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
    assert "python train.py method=self_training backbone=mlp" in text["run"]
    assert "data.labels 60 100" in text["run"], "an option, its value, its default"
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


def test_the_network_is_the_one_that_was_tested(rounds):
    """The dots of the scatter have the classes and probabilities of predictions.npz."""
    points = json.loads(read(rounds).scripts["dots"])
    saved = np.load(rounds / "predictions.npz")
    assert [int(name) for _, name, _, _ in points] == saved["label"].tolist()
    assert [int(name) for _, _, name, _ in points] == saved["probability"].argmax(-1).tolist()
    assert [sure for *_, sure in points] == pytest.approx(saved["probability"].max(-1).tolist(), abs=1e-3)


def test_a_table_has_no_pictures_and_a_supervised_run_no_pseudo_labels(tmp_path):
    text = read(small_run(tmp_path, "data=digits_table", "method=supervised", "data.validation=0")).text
    assert "The rows of a table have no pictures." in text["images"]
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
    """Ten images, all with confidence .9, of which six are right: at T = 5.42, softmax(log p / T) says .6."""
    probability, label = np.tile([0.9, 0.1], (10, 1)), np.array([0] * 6 + [1] * 4)
    before, after = diagrams(probability, label, np.log(9) / np.log(1.5))
    assert before.error == pytest.approx(0.3)
    assert after.error == pytest.approx(0, abs=1e-9)
    assert "too sure" in calibration(5.42, 10)
    assert "not sure enough" in calibration(0.8, 1)
    assert "1 validation image," in calibration(0.8, 1)
    assert "too few to tell" in calibration(0.05, 1)


def test_the_command_line_ends_with_the_page(cli, overrides, tmp_path):
    """Hydra's program is under way there, and goes on as if the page had not composed configs of its own."""
    status, out, err = cli("--multirun", *overrides("seed=0,1"))
    assert (status, err) == (0, "")
    pages = sorted((tmp_path / "runs").glob("digits*/report.html"))
    assert len(pages) == 2
    assert all(f"page {file}" in out for file in pages)


def test_the_script_writes_pages_anew_and_says_which_it_cannot(rounds, tmp_path, capsys):
    before = (rounds / "report.html").read_bytes()
    (rounds / "report.html").unlink()
    assert report.main([str(rounds), str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == f"{rounds / 'report.html'}\n"
    assert err == f"semisup: {tmp_path} is not the folder of a finished run: it has no config.yaml.\n"
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
    page.write(rounds, umap=True)
    labels = [svg["aria-label"] for svg in read(rounds).all("svg") if "aria-label" in svg]
    assert [label.partition(" of")[0] for label in labels[-2:]] == ["PCA", "UMAP"]
    (rounds / "report.html").write_bytes(before)


def test_a_page_is_not_made_of_other_data(rounds, tmp_path):
    copied = tmp_path / "run"
    shutil.copytree(rounds, copied)
    result = json.loads((copied / "result.json").read_text())
    result["split"]["data_fingerprint"] = "another"
    (copied / "result.json").write_text(json.dumps(result))
    with pytest.raises(SemisupError, match="made with other data than digits is now"):
        page.write(copied)


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
    assert report.main([str(copied)]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"semisup: {copied}")
    assert err.count("\n") == 1
    assert (copied / "report.html").read_bytes() == before


def test_an_optimizer_of_your_own_need_not_have_a_learning_rate(rounds):
    found = run_folders.read(rounds)
    found.config["optimizer"] = {"_target_": "mine.Schedule_Free"}
    facts = what_was_run(found.config, found.result, load_source(found.config))["Training"]
    assert [fact.note for fact in facts if fact.name == "optimizer"] == [""]


def test_a_page_that_cannot_be_written_costs_no_result(config, tmp_path, monkeypatch):
    from rich.console import Console

    from semisup.runs.run import run

    def fails(*_):
        raise KeyError("a mistake of ours")

    monkeypatch.setattr("semisup.reports.run_page.build.gather", fails)
    console = Console(record=True, width=300, file=(tmp_path / "out").open("w"))
    result = run(config(), console)
    assert result["test"]["accuracy"] > 0
    printed = console.export_text()
    assert "the page was not written (KeyError: 'a mistake of ours'); python scripts/report.py" in printed
    (folder,) = (tmp_path / "runs").glob("digits*")
    assert json.loads((folder / "result.json").read_text()) == result
    assert not (folder / "report.html").exists()


def _urls(run):
    text = (run / "report.html").read_text()
    return [part.partition(")")[0].strip("\"'") for part in text.split("url(")[1:]]


def test_where_nobody_knows_the_unlabeled_rows_the_page_says_so(tmp_path):
    rows = [f"{n},{n % 5},{'?' if n > 40 else 'cat' if n % 2 else 'dog'}" for n in range(80)]
    (tmp_path / "pets.csv").write_text("\n".join(["a,b,kind", *rows]))
    data = ("data=table", f"data.path={tmp_path / 'pets.csv'}", "data.labels=all", "data.validation=4")
    text = read(small_run(tmp_path, *data, "method=pseudo_label")).text
    assert "cannot be said, as nobody knows the classes of the unlabeled images" in text["pseudo-labels"]
    assert "with the labeled ones in the same stream" in text["run"]
