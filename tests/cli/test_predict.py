"""`semisup predict`: its options. What it writes is tested in tests/predicting."""

import pytest


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "run must be given; write run=... on the command line."),
        ("run=a images=b", "out must be given; write out=... on the command line."),
        ("run=a images=b out=c.csv batch_size=0", "batch_size=0 is not valid: it is a whole number of at least 1."),
        ("run=a images=b out=c.csv limit=-1", "limit=-1 is not valid: it is a whole number of at least 1 or null."),
        (
            "run=a images=b out=c.csv workers=1.5",
            "workers=1.5 is not valid: it is a whole number of at least 1 or null.",
        ),
        ("run=a images=b out=c.csv confidence=nan", "confidence=nan is not valid: it is a number from 0 to 1"),
        ("run=a images=b out=c.csv confidence=.5", "confidence is for sort_into, which is not given."),
        ("run=a images=b out=c.csv link", "link is for sort_into, which is not given."),
        ("run=a images=b out=c.csv limit=9", "limit is for review, which is not given."),
        (
            "run=a images=b out=c.csv review=x",
            "review=x is a page, and is overwritten: give it a name that ends in .html.",
        ),
        ("--run a --images b --out c.csv --link --sort-into", "sort_into has no value."),
        ("run=nowhere images=b out=c.csv", "run=nowhere is not the folder of a run"),
        ("run=a run=b", "run is given twice."),
        ("a b c", "a is not an option: write options as key=value, such as run=..."),
    ],
)
def test_a_mistake_is_one_sentence(words, sentence, semisup, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = semisup("predict", *(words.split() or ["overwrite"]))
    assert (status, out, err.count("\n")) == (1, "", 1), err
    assert err.startswith(f"semisup: {sentence}")
    assert not [*tmp_path.iterdir()]
