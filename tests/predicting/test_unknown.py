"""Images that are called unknown."""

import csv
import json

import numpy as np
import pytest

from semisup.cli.predict import predict
from semisup.core.errors import SemisupError
from semisup.predicting.predict import unknown_threshold
from semisup.runs.trained_run import open_run
from tests.predicting.conftest import MLP, SIDE, trained


@pytest.fixture(scope="module")
def detecting(tmp_path_factory, image_folder):
    """The folder of a run of a method with a detector."""
    home = tmp_path_factory.mktemp("detecting")
    places = (f"data_dir={home / 'data'}", f"runs_dir={home / 'runs'}")
    return trained("data=folder", f"data.path={image_folder}", f"data.size={SIDE}", *MLP, *places, "method=iomatch")


def labeled(folder, images, out, **options):
    predict(str(folder), str(images), str(out), **options)
    return list(csv.DictReader(out.read_text().splitlines()))


def test_a_detector_answers_unknown_above_its_threshold(detecting, image_folder, tmp_path):
    """The scores are those that the run itself gave its test images, in the order of the files."""
    tests = image_folder / "test"
    every = labeled(detecting, tests, tmp_path / "all.csv", unknown=0.0, probabilities=True)
    assert {row["label"] for row in every} == {"unknown"}
    scores = sorted(float(row["confidence"]) for row in every)
    middle = (scores[5] + scores[6]) / 2
    some = labeled(detecting, tests, tmp_path / "some.csv", unknown=middle)
    assert sum(row["label"] == "unknown" for row in some) == 6
    none = labeled(detecting, tests, tmp_path / "none.csv", unknown=1.0)
    assert {row["label"] for row in none} <= {"cat", "dog"}
    for row, known in zip(every, none, strict=True):
        assert float(known["confidence"]) == max(float(row["p(cat)"]), float(row["p(dog)"]))


def test_without_a_detector_it_takes_a_threshold_and_the_score_is_the_doubt(finished, image_folder, tmp_path):
    plain = labeled(finished, image_folder / "test", tmp_path / "plain.csv")
    assert "unknown" not in {row["label"] for row in plain}
    doubts = [1 - float(row["confidence"]) for row in plain]
    asked = labeled(finished, image_folder / "test", tmp_path / "asked.csv", unknown=float(np.median(doubts)))
    assert [row["label"] == "unknown" for row in asked] == [doubt > np.median(doubts) for doubt in doubts]
    assert [float(row["confidence"]) for row in asked if row["label"] == "unknown"] == pytest.approx(
        [doubt for doubt in doubts if doubt > np.median(doubts)], abs=2e-6
    )


def test_unknown_images_have_a_folder_and_no_card_for_review(detecting, image_folder, tmp_path):
    tests, out = image_folder / "test", tmp_path / "a.csv"
    more = {"sort_into": str(tmp_path / "sorted"), "confidence": 0.0, "review": str(tmp_path / "a.html")}
    labeled(detecting, tests, out, unknown=0.0, **more)
    assert len(list((tmp_path / "sorted" / "unknown").rglob("*.png"))) == 12
    assert '"items": []' in (tmp_path / "a.html").read_text()


def test_another_threshold_does_not_continue_the_file(finished, image_folder, tmp_path):
    labeled(finished, image_folder / "test", tmp_path / "a.csv")
    record = tmp_path / "a.csv.predict.json"
    older = json.loads(record.read_text())
    del older["unknown"]
    record.write_text(json.dumps(older))
    labeled(finished, image_folder / "test", tmp_path / "a.csv")  # of an older version
    with pytest.raises(SemisupError, match="was written with unknown=None"):
        labeled(finished, image_folder / "test", tmp_path / "a.csv", unknown=0.5)


def test_a_class_of_that_name_leaves_no_word_for_it(finished):
    run = open_run(finished)
    run.data["classes"] = ["unknown", "dog"]
    with pytest.raises(SemisupError, match="unknown is a class of this run"):
        unknown_threshold(run, 0.5)
    assert unknown_threshold(run, 1.0) is unknown_threshold(run, None) is None
