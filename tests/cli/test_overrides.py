"""Paths and names of any kind on the command line, through Hydra's grammar."""

import json

import numpy as np
import pytest
from PIL import Image

from semisup.cli.overrides import compose, quote_overrides
from semisup.core.errors import SemisupError

ODD = [
    *("é", "photos (1)", "2024_05_12", "Anna's", "a=b", "a,b", r"C:\x", "$x", "{a}", "[x]", "~/x", "日本", "a b", " a"),
    *(
        "007",
        "1e3",
        ".5",
        "true",
        "nan",
        "-x",
        "x@y",
        "#1",
        "50%",
        "a;b",
        "a&b",
        "(",
        "'",
        '"',
        "'a' b",
        "a\\",
        r"a\'b",
    ),
    *("a'b\"c", "'a','b'", "'tis Anna's'", "choice(a,b)", "++x", "x:y", "a\tb", "a\nb", "*", "!", "?"),
]


def composed(*words: str, sweep: bool = False):
    return compose(quote_overrides(words, sweep))


OPTIONS = [
    *("data.path", "data.labels_file", "embedding.run", "logger.project", "logger.group", "rounds.labels"),
    *("data_dir", "runs_dir"),
]


@pytest.mark.parametrize("name", ODD)
def test_a_path_or_name_is_taken_as_it_is(name):
    values = composed(
        "data=folder", "embedding=checkpoint", "logger=wandb", *(f"{option}={name}" for option in OPTIONS)
    )
    for option in OPTIONS:
        node, _, key = option.rpartition(".")
        assert (values[node] if node else values)[key] == name, option


@pytest.mark.parametrize(
    ("value", "read"), [("2024_05", "2024_05"), ("7", 7), ("-1", -1), ("Größe (cm)", "Größe (cm)")]
)
def test_a_number_stays_one_where_an_option_takes_both(value, read):
    """A table's label is a column's name or its position; a data set's name is text."""
    assert composed("data=table", f"data.label={value}")["data"]["label"] == read
    assert composed("data=stored", f"data.name={value}")["data"]["name"] == value


@pytest.mark.parametrize(
    ("typed", "value"), [("'null'", "null"), ('"a,b"', "a,b"), (r"'Anna\'s'", "Anna's"), ("null", None), ("'7'", "7")]
)
def test_a_value_that_the_user_quoted_stays_and_null_alone_is_none(typed, value):
    assert composed("data=folder", f"data.labels_file={typed}")["data"]["labels_file"] == value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("data.labels=60", 60),
        ("data.labels=4/class", "4/class"),
        ("data.validation=.1", 0.1),
        ("trainer.devices=[0]", [0]),
        ("trainer.devices=2", 2),
        ("data.device_cache=true", True),
    ],
)
def test_numbers_lists_and_booleans_stay_what_they_are_where_an_option_may_be_text(word, value):
    key, name = word.partition("=")[0].split(".")
    assert composed(word)[key][name] == value


def test_interpolations_are_resolved(monkeypatch):
    monkeypatch.setenv("PLACE", "/somewhere (1)")
    assert composed("data_dir=${oc.env:PLACE}/données")["data_dir"] == "/somewhere (1)/données"


def test_the_option_is_found_in_the_chosen_target(tmp_path, monkeypatch):
    """A group of one's own, an experiment that chooses the data set, and a class that is named directly."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.yaml").write_text("_target_: semisup.data.sources.stored\nname: x\n")
    search = f"hydra.searchpath=['file://{tmp_path}']"
    assert composed(search, "data=mine", "data.name=2024_05")["data"]["name"] == "2024_05"
    assert composed("data._target_=semisup.data.sources.stored", "data.name=1_0")["data"]["name"] == "1_0"


def test_hydras_prefixes_still_work():
    assert composed("+data.path=é", "data=folder")["data"]["path"] == "é"
    assert composed("++data.path=é", "data=folder")["data"]["path"] == "é"
    assert "labels" not in composed("~data.labels")["data"]
    assert composed("data=folder", "data.path=")["data"]["path"] == ""
    assert composed("method=noisy_student", "labeler=null").get("labeler") is None


def test_in_a_sweep_a_comma_separates_and_quotes_keep_one():
    words = quote_overrides(["data=folder,table", "data.path=é,'a,b',2024_05,Anna's,glob", "seed=0,1"], sweep=True)
    assert words == ["data=folder,table", r"++data.path='é','a,b','2024_05','Anna\'s',glob", "seed=0,1"]
    assert quote_overrides(["data=stored", "data.name=choice(a,b)"], sweep=True)[1] == "++data.name=choice(a,b)"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("optimizer.lr=(1)", r"""optimizer\.lr=\(1\) cannot be read: .* as in "optimizer\.lr='\(1\)'"\."""),
        ("rounds.backbones=[{width:4}", "cannot be read: put the value in quotes within quotes"),
        ("method", r"method is not an option: write options as key=value, such as seed=0\."),
        ("größe=3", "there is no option größe"),
    ],
)
def test_what_hydra_cannot_read_is_a_sentence_that_says_how_to_write_it(word, sentence):
    with pytest.raises(SemisupError, match=sentence):
        composed(word)


def test_folders_of_any_name_are_trained_on_and_written_to(tmp_path, semisup, monkeypatch):
    name = "photos (1), Anna's {é} [x] $y=2024_05 ~"
    for number in range(12):
        for label in ("cat", "dog"):
            file = tmp_path / name / "labeled" / label / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((8, 8, 3), 10 * number + 90 * (label == "dog"), np.uint8)).save(file)
    monkeypatch.chdir(tmp_path)
    small = ("data.size=8", "data.validation=4", "data.test_fraction=.25", "backbone=mlp", "backbone.hidden=[8]")
    places = (f"data.path={name}", f"runs_dir=runs {name}", f"data_dir=data {name}")
    words = ("data=folder", *places, *small, "method=supervised", "batch.labeled=4", "trainer.max_steps=4")
    status, out, err = semisup("train", *words)
    assert status == 0, err
    (run,) = (tmp_path / f"runs {name}").iterdir()
    assert json.loads((run / "result.json").read_text())["steps"] == 4
    assert (run / "report.html").exists(), out + err
    assert (tmp_path / f"data {name}").is_dir()
    quoted = [
        f'{key}="{value}"' if name in value else f"{key}={value}" for key, _, value in (w.partition("=") for w in words)
    ]
    status, out, err = semisup("train", "-m", *quoted, "seed=0,1")  # where a comma separates values
    assert status == 0, err
    assert out.count("is finished") == 1
    assert len([*(tmp_path / f"runs {name}").glob("*/result.json")]) == 2
