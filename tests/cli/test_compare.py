"""`semisup compare`: what it prints and writes."""

import csv
import shlex

import pytest

from tests.reports.finished_runs import three_seeds, write


@pytest.fixture
def compare(semisup, tmp_path, monkeypatch):
    """`semisup compare` in a folder with runs/: its exit status, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    three_seeds(tmp_path / "runs")
    return lambda *words: semisup("compare", *words)


def test_runs_are_words_globs_or_an_option(compare):
    status, out, err = compare("runs")
    assert (status, err) == (0, "")
    assert "52.00" in out
    for words in (["runs/a0", "runs/a1", "runs=runs/a2", "runs=runs/b*"], ["runs=runs"], ["runs/*"]):
        assert compare(*words) == (0, out, "")


@pytest.mark.parametrize("words", [["markdown"], ["markdown=true"], ["--markdown"]])
def test_markdown_alone_is_printed(compare, words):
    status, out, _ = compare("runs", *words)
    assert status == 0
    assert out.splitlines()[0].startswith("| ")
    assert out.splitlines()[1].startswith("| --") or set(out.splitlines()[1]) <= set("|-: ")


def test_each_file_that_is_asked_for_is_written(compare, tmp_path):
    files = [
        "markdown=out (1)/a.md",
        "latex=out (1)/a.tex",
        "csv=out (1)/a.csv",
        "html=out (1)/a.html",
        "plots=out (1)",
    ]
    status, _, err = compare("runs", *files)
    assert status == 0
    folder = tmp_path / "out (1)"
    assert {"a.md", "a.tex", "a.csv", "a.html", "accuracy.png", "accuracy.svg"} <= {
        path.name for path in folder.iterdir()
    }
    assert err.count("Wrote ") == 5
    with (folder / "a.csv").open() as file:
        assert len([*csv.DictReader(file)]) == 2
    assert "semisup compare runs " in (folder / "a.html").read_text()


def test_the_command_on_the_page_is_the_one_that_was_typed(compare, tmp_path):
    compare("runs", "baseline=method=supervised", "html=a b.html", "allow")
    line = shlex.join(["semisup", "compare", "runs", "baseline=method=supervised", "html=a b.html", "allow"])
    assert line.replace("'", "&#39;") in (tmp_path / "a b.html").read_text()


def test_the_old_way_of_writing_it_still_works(compare):
    assert compare("runs", "--baseline", "method=supervised", "--allow") == compare("runs", "allow")
    assert compare("--allow", "runs") == compare("runs", "allow=true")


def test_what_cannot_be_compared_needs_allow(compare, tmp_path):
    write(tmp_path / "runs", "c0", 5, data="another", test_data="another")
    status, out, err = compare("runs")
    assert (status, out) == (1, "")
    assert err.startswith("semisup: ")
    assert "other data or test images" in err
    assert "allow" in err
    status, out, _ = compare("runs", "allow")
    assert status == 0


def test_what_is_left_out_is_said(compare, tmp_path):
    (tmp_path / "runs" / "a0" / "result.json").unlink()
    status, _, err = compare("runs")
    assert (status, err) == (0, "Left out: runs/a0 (not finished)\n")


def test_a_folder_without_runs_is_one_sentence(compare):
    status, out, err = compare("nowhere")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("semisup: ")
    assert "nowhere" in err
