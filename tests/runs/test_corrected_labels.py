"""Pseudo-labels that a person has corrected: from another file, and in place."""

import shutil

import pytest
from pyarrow import parquet

from semisup.core.errors import SemisupError
from tests.runs.test_rounds import STUDENTS, only


def test_a_corrected_file_is_where_the_next_round_starts_from(run, tmp_path):
    run(*STUDENTS, "rounds.students=0")
    made = only(tmp_path / "runs") / "round0" / "pseudo_labels.parquet"
    columns = parquet.ParquetFile(made).read().to_pydict()
    lines = [
        f"{i},{label}"
        for i, label, kept in zip(columns["index"], columns["label"], columns["kept"], strict=True)
        if kept
    ]
    corrected = tmp_path / "corrected.csv"
    corrected.write_text("\n".join(["index,label", *lines[:100]]))
    result = run(*STUDENTS, "rounds.students=1", f"rounds.labels={corrected}", f"runs_dir={tmp_path / 'next'}")
    assert [r["kind"] for r in result["rounds"]] == [f"pseudo-labels of {corrected.name}", "student"]
    assert result["rounds"][0]["labels"]["kept"] == 100
    assert not (only(tmp_path / "next") / "round0" / "last.ckpt").exists()
    assert result["round"] == 1
    corrected.write_text("index,label\n0,none\n")
    with pytest.raises(SemisupError, match="line 2: image 0 is not among the unlabeled images"):
        run(*STUDENTS, f"rounds.labels={corrected}", f"runs_dir={tmp_path / 'corrected'}")
    corrected.write_text("\n".join(["index,label", *lines[:50]]))
    fixed = run(*STUDENTS, f"rounds.labels={corrected}", f"runs_dir={tmp_path / 'corrected'}")
    assert fixed["rounds"][0]["labels"]["kept"] == 50, "what was refused must leave nothing behind"
    with pytest.raises(SemisupError, match=r"rounds\.labels=.*nowhere\.csv: there is no such file"):
        run(*STUDENTS, "rounds.students=1", f"rounds.labels={tmp_path / 'nowhere.csv'}")


def test_labels_that_change_under_a_run_are_refused(run, tmp_path):
    run(*STUDENTS)
    folder = only(tmp_path / "runs")
    (folder / "result.json").unlink()
    before = folder / "round0" / "pseudo_labels.parquet"
    content = parquet.ParquetFile(before).read()
    parquet.write_table(content.slice(0, 10), before)
    with pytest.raises(SemisupError, match="has changed since round 1 started with it"):
        run(*STUDENTS)
    for name in ("round1", "round2"):
        shutil.rmtree(folder / name)
    (folder / "round0" / "round.json").unlink()
    again = run(*STUDENTS)
    assert again["rounds"][0]["labels"]["kept"] <= 10
    assert len(again["rounds"]) == 3
