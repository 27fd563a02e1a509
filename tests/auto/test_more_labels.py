"""The job once more, after a review: with more labels, on the features that are there."""

import os
from io import StringIO

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from semisup.auto import AutoOptions, run_auto
from semisup.cli.auto import compose_candidates
from semisup.cli.predict import main as predict
from semisup.data.label_table import LabelTable
from tests.auto.test_auto import ONCE, SMALL, done
from tests.runs.test_frozen_features import extractor  # noqa: F401  # a fixture


@pytest.fixture
def photos(tmp_path):
    """Dark, gray and bright photos: four of each class are labeled, and ten are not, whose names tell no class."""
    rng = np.random.default_rng(0)
    for number in range(42):
        shade, place = (
            number % 3,
            f"unlabeled/{number:02}.png" if number >= 12 else f"labeled/{number % 3}/{number}.png",
        )
        file = tmp_path / "photos" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 60, (16, 16, 3), dtype=np.uint8) + np.uint8(63 * shade)).save(file)
    return tmp_path / "photos"


def job_words(photos, extractor, tmp_path):  # noqa: F811
    """The words after `semisup auto`: small, and on the features of a small network."""
    frozen = ["embedding=checkpoint", f"embedding.run={extractor}", "allow=[tests]", "optimizer.lr=.01", *SMALL]
    places = [f"data_dir={tmp_path / 'data'}", f"runs_dir={tmp_path / 'runs'}"]
    return ["data=folder", f"data.path={photos}", "data.size=16", *frozen, *places]


def test_with_more_labels_nothing_is_embedded_again_and_each_label_is_its_files(photos, extractor, tmp_path):  # noqa: F811
    """Every third unlabeled photo is labeled; the network then says from the files what the job says from its rows."""
    data, words = tmp_path / "data", job_words(photos, extractor, tmp_path)
    done(words, **ONCE)
    (features,) = (data / "embeddings").iterdir()
    before = (features / "images.npy").stat()
    given = {f"{number}.png": number % 3 for number in range(13, 42, 4)}
    (tmp_path / "reviewed.csv").write_text("path,label\n" + "".join(f"{p},{t}\n" for p, t in reversed(given.items())))
    folder, record = done([*words, f"data.labels_file={tmp_path / 'reviewed.csv'}"], **ONCE)
    assert record["labels"] == 12 + len(given)
    assert list((data / "embeddings").iterdir()) == [features]
    after = (features / "images.npy").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    labels = LabelTable(folder / "labels.parquet")
    own = dict(zip(labels.column("path", ""), labels.column("label", ""), strict=True))
    assert set(own) == {f"unlabeled/{n}.png" for n in range(12, 42)} - {f"unlabeled/{name}" for name in given}
    out = tmp_path / "labels.csv"
    assert predict([f"run={folder}", f"images={photos}", f"out={out}", "allow=tests"]) == 0
    predicted = LabelTable(out)
    said = dict(zip(predicted.column("path", ""), predicted.column("label", ""), strict=True))
    assert {path: said[path] for path in own} == own
    assert len(set(own.values())) == 3


def test_a_finished_job_says_that_the_labels_are_newer(photos, extractor, tmp_path):  # noqa: F811
    """A second review adds a row to the same file."""
    file, said = tmp_path / "reviewed.csv", Console(file=StringIO(), width=500)
    file.write_text("path,label\n13.png,1\n")
    words = [*job_words(photos, extractor, tmp_path), f"data.labels_file={file}"]
    folder, _ = done(words, **ONCE)
    finished = (folder / "auto.json").stat().st_mtime
    for later, warned in ((-1, False), (1, True)):
        os.utime(file, (finished + later, finished + later))
        configs = compose_candidates(words, ("supervised", "pseudo_label"))
        assert run_auto(configs, AutoOptions(**ONCE), said)[0] == folder
        assert ("reviewed.csv is newer than this result: overwrite=true" in said.file.getvalue()) == warned
