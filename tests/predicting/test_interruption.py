"""The same call completes what an interrupted one has written, to the same file as without an interruption."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from semisup.core.errors import SemisupError
from semisup.predicting.prediction_file import cut_incomplete_line

ROOT = Path(__file__).parents[2]


@pytest.fixture
def photos(image_folder, tmp_path) -> Path:
    """22 images with an unreadable one in the second batch of five."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for source in sorted((image_folder / "unlabeled").rglob("*.png")):
        (folder / f"{source.parent.name}-{source.name}").symlink_to(source)
    (folder / "cat-06b.png").write_text("broken")
    return folder


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_file_that_was_cut_anywhere_is_completed(labels, photos, tmp_path, kind):
    """The file is cut after each of a choice of bytes: in the header, in a line, between two lines, in a batch."""
    complete = tmp_path / f"complete.{kind}"
    labels(complete, images=str(photos), probabilities=True)
    listed = Path(f"{complete}.unreadable.txt").read_text()
    assert listed.startswith("cat-06b.png\t")
    text = (
        complete.read_bytes()
        if kind != "parquet"
        else labels(tmp_path / "a.csv", images=str(photos), probabilities=True).encode()
    )
    lines = text.splitlines(keepends=True)
    cuts = [
        0,
        3,
        len(lines[0]),
        len(lines[0]) + 9,
        sum(map(len, lines[:6])),
        sum(map(len, lines[:8])) + 1,
        len(text) - 1,
    ]
    for number, cut in enumerate(cuts):
        out = tmp_path / f"cut{number}.{kind}"
        growing = out.with_name(f"{out.name}.partial.csv") if kind == "parquet" else out
        Path(f"{out}.predict.json").write_text(Path(f"{complete}.predict.json").read_text())
        growing.write_bytes(text[:cut])
        labels(out, images=str(photos), probabilities=True)
        assert out.read_bytes() == complete.read_bytes(), cut
        assert Path(f"{out}.unreadable.txt").read_text() == listed
        assert growing == out or not growing.exists()


def test_a_finished_file_stays_as_it_is(labels, photos, tmp_path, capsys):
    for kind in ("csv", "parquet"):
        labels(tmp_path / f"a.{kind}", images=str(photos))
        before = (tmp_path / f"a.{kind}").read_bytes()
        labels(tmp_path / f"a.{kind}", images=str(photos))
        assert (tmp_path / f"a.{kind}").read_bytes() == before
        assert "22 labels, 0 of them new" in capsys.readouterr().err


def test_kill_9(labels, finished, photos, tmp_path):
    complete = labels(tmp_path / "complete.csv", images=str(photos))
    out = tmp_path / "killed.csv"
    options = (f"run={finished}", f"images={photos}", f"out={out}", "batch_size=5")
    died = subprocess.run(
        [sys.executable, "-m", "tests.predicting.killed", *options],
        cwd=ROOT,
        env={**os.environ, "KILL_AT": "3"},
        capture_output=True,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    there = out.read_text()
    assert complete.startswith(there)
    assert not there.endswith("\n")
    assert (
        there.count("\n") == 14
    )  # the header and 14 labels, for the broken file's batch has four; the last one is cut
    assert labels(out, images=str(photos)) == complete


def test_a_full_disk_is_one_sentence_and_what_is_written_is_kept(labels, photos, tmp_path):
    """The system lets a file have no more than 300 bytes, of about 660."""
    complete = labels(tmp_path / "complete.csv", images=str(photos))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    (tmp_path / "a.csv.predict.json").write_text((tmp_path / "complete.csv.predict.json").read_text())
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))
    (tmp_path / "a.csv").touch()
    try:
        with pytest.raises(SemisupError, match=r"a\.csv could not be written \(File too large\); the same command"):
            labels(tmp_path / "a.csv", images=str(photos))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert complete.startswith((tmp_path / "a.csv").read_text())
    assert labels(tmp_path / "a.csv", images=str(photos)) == complete


@pytest.mark.parametrize(
    ("kind", "old", "new", "row"),
    [
        ("csv", "path,", "\ufeffpath,", 1),  # as some tables' programs save it
        ("csv", "path,label,confidence\n", "", 1),
        ("csv", "\ndog-01.png", "\n\ndog-01.png", 13),
        ("csv", "cat-02.png,", "cat-02.png;", 3),
        ("jsonl", '"path": "cat-02.png"', '"file": "cat-02.png"', 3),
        ("jsonl", '{"path": "cat-02.png"', "cat-02.png", 3),
    ],
)
def test_a_file_that_was_changed_by_hand_is_one_sentence(labels, photos, tmp_path, kind, old, new, row):
    out = tmp_path / f"a.{kind}"
    text = labels(out, images=str(photos))
    assert old in text
    out.write_text(text.replace(old, new))
    with pytest.raises(SemisupError, match=rf"a\.{kind} was changed .* from row {row} on"):
        labels(out, images=str(photos))
    assert out.read_text() == text.replace(old, new)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"one\n" + b"x" * 10**6, b"one\n"),
        (b"one\ntwo\n", b"one\ntwo\n"),
        (b"x" * 50, b""),
        (b"\n", b"\n"),
        (b"", b""),
    ],
)
def test_what_follows_the_last_line_break_is_cut_off(tmp_path, before, after):
    (tmp_path / "a").write_bytes(before)
    cut_incomplete_line(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == after
