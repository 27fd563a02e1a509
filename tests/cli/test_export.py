"""`semisup export`: its options. What it writes is tested in tests/predicting."""

import pytest


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("run=a", "out must be given; write out=... on the command line."),
        ("run=a out=there.onnx", "there.onnx is already there: choose another out, or replace it with overwrite=true."),
        ("run=a out=b.onnx format=onyx", "format=onyx is not valid; did you mean 'onnx'?"),
        ("run=a out=b.onx", "out=b.onx has no suffix of a format"),
        ("run=nowhere out=b.onnx", "run=nowhere is not the folder of a run"),
        ("run=a out=b.onnx overwrite=maybe", "overwrite=maybe is not valid: it is true or false."),
    ],
)
def test_a_mistake_is_one_sentence(words, sentence, semisup, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.onnx").touch()
    status, out, err = semisup("export", *words.split())
    assert (status, out, err.count("\n")) == (1, "", 1), err
    assert err.startswith(f"semisup: {sentence}")
    assert [path.name for path in tmp_path.iterdir()] == ["there.onnx"]


def test_the_home_directory_is_found_in_every_path(semisup, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "there.onnx").touch()
    assert semisup("export", "run=a", "out=~/there.onnx")[2].startswith(
        f"semisup: {tmp_path / 'there.onnx'} is already"
    )
