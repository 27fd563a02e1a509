"""Predictions for images, in three formats of files."""

import csv
import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from pyarrow import parquet

from semisup.cli.export import export
from semisup.cli.predict import predict
from semisup.core.errors import SemisupError
from semisup.metrics.calibration import softmax


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_images_are_predicted_as_the_run_itself_predicts_their_import(labels, finished, image_folder, tmp_path):
    """The test images, from files, and as the run tested them from its store; calibrated by hand."""
    found = rows(labels(tmp_path / "a.csv", images=str(image_folder / "test"), probabilities=True))
    assert [row["path"] for row in found] == [f"{c}/{n:02}.png" for c in ("cat", "dog") for n in range(6)]
    own = np.load(finished / "predictions.npz")["probability"]
    temperature = json.loads((finished / "result.json").read_text())["temperature"]
    expected = softmax(np.log(own), temperature)
    assert_allclose([[float(row["p(cat)"]), float(row["p(dog)"])] for row in found], expected, atol=2e-6)
    assert [row["label"] for row in found] == [("cat", "dog")[c] for c in own.argmax(1)]
    assert_allclose([float(row["confidence"]) for row in found], expected.max(1), atol=2e-6)


def test_three_formats_hold_the_same_predictions(labels, tmp_path):
    table = rows(labels(tmp_path / "a.csv", probabilities=True))
    lines = [json.loads(line) for line in labels(tmp_path / "a.jsonl", probabilities=True).splitlines()]
    labels(tmp_path / "a.parquet", probabilities=True)
    columns = parquet.ParquetFile(tmp_path / "a.parquet").read().to_pylist()
    assert len(table) == len(lines) == len(columns) == 22
    for row, line, column in zip(table, lines, columns, strict=True):
        assert (row["path"], row["label"]) == (line["path"], line["label"]) == (column["path"], column["label"])
        for name in ("cat", "dog"):
            number = float(row[f"p({name})"])
            assert number == line["probabilities"][name] == pytest.approx(column[f"p({name})"], abs=1e-7)
        assert float(row["p(cat)"]) + float(row["p(dog)"]) == pytest.approx(1, abs=2e-6)
        assert float(row["confidence"]) == line["confidence"]
    assert {path.name for path in tmp_path.iterdir()} == {
        *(f"a.{kind}" for kind in ("csv", "jsonl", "parquet")),
        *(f"a.{kind}.predict.json" for kind in ("csv", "jsonl", "parquet")),
    }


def test_without_probabilities_there_are_three_columns(labels, tmp_path):
    assert labels(tmp_path / "a.csv").partition("\n")[0] == "path,label,confidence"


def test_one_image_and_a_list_of_paths(labels, image_folder, tmp_path, monkeypatch):
    every = rows(labels(tmp_path / "all.csv", batch_size=1))
    one = rows(labels(tmp_path / "one.csv", images=str(image_folder / "unlabeled" / "dog" / "03.png")))
    assert one == [{**every[11 + 3], "path": "03.png"}]
    (tmp_path / "list.txt").write_text(
        f"\ufeffunlabeled/dog/03.png\n\n{image_folder / 'unlabeled/cat/00.png'}\nnowhere.png\nunlabeled/dog/03.png\n"
    )
    monkeypatch.chdir(image_folder)
    listed = rows(labels(tmp_path / "list.csv", images=str(tmp_path / "list.txt"), batch_size=1))
    assert listed == [
        {**every[11 + 3], "path": "unlabeled/dog/03.png"},
        {**every[0], "path": str(image_folder / "unlabeled/cat/00.png")},
    ]
    assert (tmp_path / "list.csv.unreadable.txt").read_text() == "nowhere.png\tNo such file or directory\n"


def test_paths_may_begin_in_a_folder_above(labels, image_folder, tmp_path):
    plain = rows(labels(tmp_path / "a.csv"))
    above = rows(labels(tmp_path / "b.csv", relative_to=str(image_folder)))
    assert above == [{**row, "path": f"unlabeled/{row['path']}"} for row in plain]
    (one,) = rows(
        labels(tmp_path / "c.csv", images=str(image_folder / "test/cat/00.png"), relative_to=str(image_folder))
    )
    assert one["path"] == "test/cat/00.png"
    with pytest.raises(SemisupError, match=r"b\.csv was written with paths relative to .*image_folder0"):
        labels(tmp_path / "b.csv")
    with pytest.raises(SemisupError, match=r"relative_to=.* is not a folder above images="):
        labels(tmp_path / "d.csv", relative_to=str(tmp_path))


def test_the_prediction_file_may_be_among_the_images(finished, image_folder, tmp_path):
    shutil.copytree(image_folder / "test" / "cat", tmp_path / "photos")
    for _ in range(2):
        out = tmp_path / "photos" / "labels.csv"
        predict(run=str(finished), images=str(tmp_path / "photos"), out=str(out))
        assert len(rows(out.read_text())) == 6
        assert not (tmp_path / "photos" / "labels.csv.unreadable.txt").exists()


def test_images_that_come_later_are_added(labels, image_folder, tmp_path):
    folder = tmp_path / "photos"
    shutil.copytree(image_folder / "unlabeled" / "dog", folder)
    before = rows(labels(tmp_path / "a.parquet", images=str(folder)) or labels(tmp_path / "a.csv", images=str(folder)))
    shutil.copy(image_folder / "unlabeled" / "cat" / "00.png", folder / "000.png")
    after = rows(labels(tmp_path / "a.csv", images=str(folder)))
    assert after[:-1] == before
    assert after[-1]["path"] == "000.png"
    labels(tmp_path / "a.parquet", images=str(folder))
    assert parquet.read_table(tmp_path / "a.parquet").column("path").to_pylist() == [row["path"] for row in after]


def test_confidence_without_a_temperature_says_so(labels, finished, tmp_path, capsys):
    old = tmp_path / "old"
    shutil.copytree(finished, old)
    result = json.loads((old / "result.json").read_text())
    (old / "result.json").write_text(json.dumps({**result, "temperature": None}))
    labels(tmp_path / "a.csv", run=str(old))
    assert "Confidence is not calibrated" in capsys.readouterr().err
    labels(tmp_path / "b.csv")
    assert "not calibrated" not in capsys.readouterr().err


def test_labels_of_another_run_or_with_other_options_are_not_mixed(labels, finished, image_folder, tmp_path):
    first = labels(tmp_path / "a.csv")
    other = tmp_path / "other"
    shutil.copytree(finished, other)
    checkpoint = other / "round0" / "best.ckpt"
    torch.save({**torch.load(checkpoint, weights_only=True), "trained": "again"}, checkpoint)
    for options, why in (
        ({"run": str(other)}, f"another run, {finished.name}"),
        ({"images": str(image_folder / "test")}, "other images, those of .*unlabeled"),
        ({"probabilities": True}, "probabilities=False"),
    ):
        with pytest.raises(SemisupError, match=f"a.csv was written with {why}: choose another out"):
            labels(tmp_path / "a.csv", **options)
        assert (tmp_path / "a.csv").read_text() == first
    assert "p(cat)" in labels(tmp_path / "a.csv", probabilities=True, overwrite=True)
    mine = tmp_path / "mine.csv"
    mine.write_text("path,label\n")
    with pytest.raises(SemisupError, match=r"mine\.csv is already there and was not written by predict"):
        labels(mine)
    assert mine.read_text() == "path,label\n"


def test_what_is_wrong_is_one_sentence(sentence, finished, image_folder, tmp_path):
    given = (f"run={finished}", f"images={image_folder / 'test'}", f"out={tmp_path / 'a.csv'}")
    assert "did you mean 'images'?" in sentence(given[0], f"image={image_folder}", given[2])
    assert "out must be given; write out=..." in sentence(*given[:2])
    assert "batch_size=many is not valid" in sentence(*given, "batch_size=many")
    assert "batch_size=0 is not valid: it is a whole number of at least 1" in sentence(*given, "batch_size=0")
    assert "confidence=90 is not valid: it is a number from 0 to 1" in sentence(*given, "confidence=90")
    for device in ("gpu0", "meta", "hpu"):  # torch knows the last two
        assert f"there is no device device={device}" in sentence(*given, f"device={device}")
    assert "review=a.csv is a page, and is overwritten" in sentence(*given, "review=a.csv")
    assert "limit is for review, which is not given" in sentence(*given, "limit=9")
    assert "has no suffix of a prediction file: did you mean '.csv'?" in sentence(*given[:2], "out=a.cvs")
    assert "there is no such file or folder" in sentence(given[0], f"images={tmp_path / 'x'}", given[2])
    assert "there is nothing to predict" in sentence(given[0], f"images={tmp_path}", given[2])
    assert "is not the folder of a run" in sentence(f"run={tmp_path}", *given[1:])
    assert not Path(tmp_path / "a.csv").exists()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("no image")
    unread = sentence(given[0], f"images={tmp_path / 'text'}", given[2])
    assert re.search(r"none of .*/text can be read; .*a\.csv\.unreadable\.txt says why", unread)


@pytest.mark.parametrize("module", ["semisup.cli.predict", "semisup.cli.export"])
def test_help_names_every_option_and_imports_nothing_heavy(module):
    program = f"import sys, {module} as m; sys.argv[1:] = ['--help']; m.main(); print(sorted(sys.modules))"
    text = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert not {"'torch'", "'numpy'", "'PIL'", "'pyarrow'"} & set(re.findall(r"'\w+'", text))
    function = {"semisup.cli.predict": predict, "semisup.cli.export": export}[module]
    for name in inspect.signature(function).parameters:
        assert f"\n  {name}=" in text
