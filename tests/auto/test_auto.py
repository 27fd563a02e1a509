"""The job of `semisup auto` on a toy: what it chooses, what it keeps, and what it cannot know."""

import json
import shutil

import pytest
from rich.console import Console

from semisup.auto import AutoOptions, run_auto
from semisup.cli.auto import compose_candidates
from semisup.core.errors import SemisupError
from semisup.core.locks import locked
from semisup.reports import write_report
from semisup.runs.trained_run import open_run
from tests.reports.paged import Reader
from tests.runs.test_frozen_features import TOY, extractor  # noqa: F401  # a fixture

SMALL = ("trainer.max_steps=20", "batch.labeled=8", "batch.ratio=2")
ONCE = {"folds": 2, "repeats": 1}


@pytest.fixture(scope="module")
def place(extractor, data_dir):  # noqa: F811
    """What all words after `semisup auto` have in common: the features of a small network."""
    toy = [word for word in TOY if "validation" not in word]
    frozen = ["embedding=checkpoint", f"embedding.run={extractor}"]
    return [*toy, *frozen, *SMALL, f"data_dir={data_dir}"]


@pytest.fixture
def words(place, tmp_path):
    """The words after `semisup auto`."""
    return [*place, f"runs_dir={tmp_path / 'runs'}"]


@pytest.fixture(scope="module")
def original(place, tmp_path_factory):
    """A finished job: the folder of its runs, and its record."""
    runs = tmp_path_factory.mktemp("job")
    return runs, done([*place, f"runs_dir={runs}"], **ONCE)[1]


@pytest.fixture
def job(original, words, tmp_path):
    """A copy of the finished job: its folder, and its record."""
    runs, record = original
    shutil.copytree(runs, tmp_path / "runs")
    return next((tmp_path / "runs").iterdir()), json.loads(json.dumps(record))


def done(words, *more, names=("supervised", "pseudo_label"), **options):
    folder, record = run_auto(compose_candidates([*words, *more], names), AutoOptions(**options), Console(quiet=True))
    return folder, record


def test_the_folder_is_that_of_a_run_with_calibrated_labels_of_all_unlabeled_images(job):
    folder, record = job
    trained = open_run(folder)
    assert trained.temperature == record["temperature"] > 0
    assert trained.labels == 30  # none was lost to validation
    assert record["held_out"] == 30
    from pyarrow import parquet

    labels = parquet.read_table(folder / "labels.parquet").to_pydict()
    assert len(labels["index"]) == 120 - 30
    assert all(1 / 3 <= confidence <= 1 for confidence in labels["confidence"])


def test_a_job_that_was_stopped_continues_with_the_trainings_that_are_missing(job, words):
    folder, record = job
    (folder / "auto.json").unlink()
    (folder / "result.json").unlink()
    kept, lost = sorted((folder / "cross_validation" / "pseudo_label").glob("fold-*.npz"))
    before = kept.stat().st_mtime_ns
    lost.unlink()
    _, again = done(words, **ONCE)
    assert kept.stat().st_mtime_ns == before
    for timed in (record, again, *record["candidates"], *again["candidates"]):
        timed.pop("seconds")
    assert json.loads(json.dumps(again)) == record


def test_hidden_labels_change_no_figure_but_the_audit(words):
    records = []
    for scrambled in ("false", "true"):
        more = ["data.strategy=first_n", f"+data.scrambled={scrambled}"]
        folder, record = done(words, *more, **ONCE)
        for row in record["candidates"]:
            row.pop("seconds")
        record.pop("seconds")
        record.pop("test_accuracy")  # of the toy's test set, which is scrambled as well
        from pyarrow import parquet

        records.append((record, parquet.read_table(folder / "labels.parquet").to_pydict()))
    assert records[0] == records[1]


def test_with_one_label_a_class_nothing_is_compared_and_the_default_is_taken(words):
    folder, record = done(words, "data.labels=1/class")
    assert record["held_out"] == 0
    assert record["chosen"] == "pseudo_label"
    assert record["temperature"] is None
    assert open_run(folder).labels == 3


def test_a_finished_job_is_read(job, words):
    folder, record = job
    before = (folder / "auto.json").stat().st_mtime_ns
    assert done(words, **ONCE) == (folder, record)
    assert (folder / "auto.json").stat().st_mtime_ns == before


def test_without_unlabeled_images_the_labels_alone_are_trained_and_not_compared(words):
    folder, record = done(words, "data.labels=120", **ONCE)
    assert [row["name"] for row in record["candidates"]] == [record["chosen"]] == ["supervised"]
    assert record["held_out"] == 120
    assert open_run(folder).labels == 120


def test_the_same_job_twice_at_once_is_refused(job, words):
    folder, _ = job
    (folder / "auto.json").unlink()
    with locked(folder / "cross_validation"), pytest.raises(SemisupError, match="is already being trained by process"):
        done(words, **ONCE)


def test_a_mistake_deletes_no_finished_job(job, words):
    """The folder is replaced only when data and device are known to be there."""
    folder, record = job
    configs = compose_candidates([*words, "overwrite=true"], ("supervised", "pseudo_label"))
    for config in configs.values():
        config["trainer"]["accelerator"] = "cuda"  # no part of the folder's name, and not there
    with pytest.raises(SemisupError, match="the trainer cannot be set up"):
        run_auto(configs, AutoOptions(**ONCE), Console(quiet=True))
    assert json.loads((folder / "auto.json").read_text()) == record


def test_the_page_says_how_the_method_was_chosen(job):
    folder, record = job
    read = Reader(write_report(folder, allow=("tests",)).read_text(encoding="utf-8"))
    assert f"Chosen: {record['chosen']}, the simplest within one standard error" in read.text["auto"]
    assert "Cross-validation: 1 x 2 folds, 30 labeled images" in read.text["auto"]
    assert f"{record['candidates'][1]['accuracy']:.1%}" in read.text["auto"]


@pytest.mark.parametrize("text", ["{", "[]", '{"held_out": 3, "repeats": 1, "folds": 2, "candidates": [5]}'])
def test_a_damaged_record_is_one_sentence(job, words, text):
    (job[0] / "auto.json").write_text(text)
    with pytest.raises(SemisupError, match=r"auto\.json is damaged .*the same command writes it again"):
        done(words, **ONCE)


def test_a_record_of_another_version_is_written_again_as_the_error_says(job, words):
    folder, record = job
    shorter = {
        **record,
        "candidates": [{k: v for k, v in row.items() if k != "trainings"} for row in record["candidates"]],
    }
    (folder / "auto.json").write_text(json.dumps(shorter))
    trials = {file: file.stat().st_mtime_ns for file in folder.rglob("*.npz")}
    with pytest.raises(
        SemisupError, match=r"auto\.json has no 'trainings', as another version .* delete it, and the same"
    ):
        done(words, **ONCE)
    (folder / "auto.json").unlink()
    _, again = done(words, **ONCE)
    for one in (record, again):
        one.pop("seconds")
    assert json.loads(json.dumps(again)) == record
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*.npz")} == trials, "nothing is trained again"


def test_the_page_says_that_no_candidate_learns_from_the_unlabeled_images(words):
    folder, record = done(words, names=("supervised", "logistic"), **ONCE)
    assert record["labels_alone"] == ["supervised", "logistic"]
    said = Reader(write_report(folder, allow=("tests",)).read_text(encoding="utf-8")).text["auto"]
    assert "None of the candidates learns from the unlabeled images: what these would bring is not known." in said


def test_a_damaged_trial_is_one_sentence(job, words):
    folder, _ = job
    (folder / "auto.json").unlink()
    file = next((folder / "cross_validation" / "supervised").glob("*.npz"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(SemisupError, match=rf"{file.name} is damaged .*delete it"):
        done(words, **ONCE)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["data.validation=6"], "auto spends no labels on validation images"),
        (["method=vat"], "method=vat: auto chooses that itself"),
        (["data.lables=3"], "there is no option data.lables; did you mean .labels"),
    ],
)
def test_options_that_auto_sets_itself_are_refused(more, message, words):
    with pytest.raises(SemisupError, match=message):
        done(words, *more)


def test_a_candidate_that_trains_on_images_is_refused(words):
    configs = compose_candidates(words, ("supervised", "pseudo_label"))
    configs["pseudo_label"]["backbone"] = {"_target_": "semisup.models.backbones.SmallCNN"}
    configs["pseudo_label"]["embedding"] = None
    with pytest.raises(SemisupError, match="candidate pseudo_label trains on images"):
        run_auto(configs)


def test_fewer_than_two_folds_are_refused():
    with pytest.raises(SemisupError, match="folds=1 holds out all labels"):
        AutoOptions(folds=1)
