"""docs/reproductions.md: from made-up runs to its text, and what is refused on the way."""

import json
from pathlib import Path

import pytest
import yaml

from scripts.reproductions import main
from tests.reports.finished_runs import PSEUDO_LABEL, SUPERVISED, three_seeds, write

ROWS = [
    {"name": "A", "published": "50.7", "runs": ["a*"], "command": "python train.py\n  method=b"},
    {"name": "B", "runs": ["b*"], "options": {"method.threshold": 0.95}, "against": ["A"], "rounds": True},
    {"name": "C|c", "labels": 500, "published": 70, "command": "python train.py\n  method=c"},
    {"name": "no figure, no runs"},
]
# Of 50, 52, 54 the mean is 52 and the sd 2; of 53, 54, 58 it is 55, and the sd √(14/2) = 2.65. The differences 3, 2, 4
# have the mean 3 and the sd 1: 3 ± 4.30265/√3 = 0.52 to 5.48; t = 3√3, so p = 1 - t/√(t² + 2) = 1 - √(27/29) = .035.
EXPECTED = """\
# Reproductions

All in %.

## Ten

Before.

    python train.py method=a \\
        seed=0,1,2
    python train.py method=b

|  | published | by seed | mean ± sd | paired difference to A | pseudo-labels: used, correct | median time | commit |
| --- | --- | --- | --- | --- | --- | --- | --- |
| A | 50.7 | 0: 50.00, 1: 52.00, 2: 54.00 | 52.00 ± 2.00 |  |  | 100 s | abcdef0 |
| B |  | 0: 53.00, 1: 54.00, 2: 58.00 | 55.00 ± 2.65 | +3.00 (0.52 to 5.48), p = 0.035 | 50.0, 91.0 | 100 s | abcdef0 |

Published: a notebook.

Hardware: Abacus, 1 thread of 2 cores, a GPU; torch 2.9. The time is that of a complete run.

B, round by round: accuracy on the validation images, in bold that of the round that was tested, and, by the audit, of \
the labels that the round gives to all unlabeled images; in %.

|  | teacher | student 1 | tested |
| --- | --- | --- | --- |
| seed 0 | 60.0, 40.0 | **61.0**, – | 53.00 |
| seed 1 | 60.0, 40.0 | **61.0**, – | 54.00 |
| seed 2 | 60.0, 40.0 | **61.0**, – | 58.00 |

After.

## Not run yet

Published numbers without one of ours. The options of the commands are checked.

**Ten**

|  | published | command |
| --- | --- | --- |
| C\\|c, 500 labels | 70 | `python train.py method=c` |

Published: a notebook.
"""
ROUNDS = [
    {"round": 0, "kind": "teacher", "validation": {"accuracy": 0.6}, "labels": {"accuracy_of_all": 0.4}},
    {"round": 1, "kind": "student", "validation": {"accuracy": 0.61}, "labels": None},
]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A list of one experiment."""
    folder = tmp_path / "docs"
    folder.mkdir()
    rewrite(folder, ROWS)
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three seeds of two methods, complete as far as the document reads them."""
    folder = Path(three_seeds(tmp_path / "runs"))
    for run in folder.iterdir():
        finish(run)
    return folder


def rewrite(docs: Path, rows: list[dict]) -> None:
    experiment = {
        "id": "ten",
        "title": "Ten",
        "intro": "Before.\n",
        "source": "a notebook.",
        "remarks": "After.",
    }
    commands = ["python train.py method=a \\\n    seed=0,1,2\n"]
    document = {"preface": "All in %.", "experiments": [{**experiment, "commands": commands, "rows": rows}]}
    (docs / "reproductions.yaml").write_text(yaml.safe_dump(document))


def finish(run: Path) -> None:
    """Rounds, time and place, of which the comparison's made-up runs have none."""
    seconds = {"0": 90.0, "1": 100.0, "2": 500.0}[run.name[1]]
    hardware = {"processor": "Abacus", "cores": 2, "threads": 1, "accelerators": ["a GPU"]}
    result = json.loads((run / "result.json").read_text())
    result |= {"seconds": seconds, "hardware": hardware, "versions": {"torch": "2.9"}, "round": 1, "rounds": ROUNDS}
    (run / "result.json").write_text(json.dumps(result))


def call(docs: Path, *arguments: object) -> int:
    return main(["--docs", str(docs), *map(str, arguments)])


def collect(docs: Path, *runs: Path, commit: str = "abcdef0123") -> int:
    return call(docs, "collect", "ten", *runs, "--commit", commit)


def test_the_document_of_three_seeds(docs, runs, capsys):
    assert collect(docs, runs) == 0
    assert call(docs, "render") == 0
    assert capsys.readouterr().err == ""
    first, _, rest = (docs / "reproductions.md").read_text().partition("\n\n")
    assert first.startswith("<!-- Written by ")
    assert rest == EXPECTED


def test_check_finds_a_number_that_was_typed(docs, runs, capsys):
    collect(docs, runs)
    call(docs, "render")
    assert call(docs, "render", "--check") == 0
    file = docs / "reproductions.md"
    typed = file.read_text().replace("0: 50.00", "0: 50.01")
    file.write_text(typed)
    assert call(docs, "render", "--check") == 1
    said = capsys.readouterr().err
    assert said == f"semisup: {file} is not what its runs say; run python scripts/reproductions.py render.\n"
    assert file.read_text() == typed


def test_runs_are_added_and_replaced_by_their_folders(docs, runs):
    """Two calls at two commits, the second of which has seed 1 once more, now with 42 %."""
    collect(docs, runs / "a0", runs / "a1", commit="aaaaaaa")
    result = json.loads((runs / "a1" / "result.json").read_text())
    result["test"]["accuracy"] = 0.42
    (runs / "a1" / "result.json").write_text(json.dumps(result))
    collect(docs, runs / "a1", runs / "a2", commit="bbbbbbb")
    call(docs, "render")
    row = "| A | 50.7 | 0: 50.00, 1: 42.00, 2: 54.00 | 48.67 ± 6.11 | 100 s | aaaaaaa, bbbbbbb |"
    assert row in (docs / "reproductions.md").read_text()


def test_what_was_not_run_is_listed_with_its_commands(docs):
    call(docs, "render")
    said = (docs / "reproductions.md").read_text()
    assert said.count("## ") == 1
    assert "commands are checked.\n\n**Ten**\n\n    python train.py method=a" in said
    assert "| A | 50.7 | `python train.py method=b` |\n| C" in said
    assert "no figure, no runs" not in said


def test_two_seeds_have_no_interval(docs, runs):
    collect(docs, runs / "a0", runs / "a1", runs / "b0", runs / "b1")
    call(docs, "render")
    assert "| +2.50 (2 pairs, no interval) |" in (docs / "reproductions.md").read_text()


def test_what_belongs_to_no_row_is_left_out_and_named(docs, runs, capsys):
    other = write(runs, "b3", 3, 0.9, {**PSEUDO_LABEL, "threshold": 0.5})
    collect(docs, runs)
    assert capsys.readouterr().err == f"Left out: {other} (belongs to no row)\n"
    assert collect(docs, other) == 1
    assert "none of these runs belongs to a row of ten" in capsys.readouterr().err


def test_clusters_without_a_training_count_by_their_labels(docs, runs):
    """40 % of the unlabeled images; a teacher's last round has no labels here."""
    result = json.loads((runs / "a0" / "result.json").read_text())
    (runs / "a0" / "result.json").write_text(json.dumps(result | {"test": None, "steps": 0, "rounds": ROUNDS[:1]}))
    assert collect(docs, runs / "a0") == 0
    call(docs, "render")
    assert "| A | 50.7 | 0: 40.00 | 40.00 |" in (docs / "reproductions.md").read_text()


def test_no_folder_of_this_machine_is_kept(docs, tmp_path):
    method = {
        **SUPERVISED,
        "weights": f"in_order:{tmp_path}/net.pth",
        "file": f"{tmp_path}/a.csv",
        "url": "https://a/b",
    }
    run = write(tmp_path / "runs", "a0", 0, method=method, data_dir=str(tmp_path))
    finish(run)
    collect(docs, run)
    kept = (docs / "results" / "ten.json").read_text()
    assert str(tmp_path) not in kept
    config = json.loads(kept)["configs"][0]["method"]
    assert (config["weights"], config["file"], config["url"]) == ("in_order:net.pth", "a.csv", "https://a/b")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"seed": 0, "max_steps": 99}, "a0 and a9 have the same seed"),
        ({"seed": 9, "max_steps": 99}, "a0 has trainer.max_steps=12 and a9 99"),
        ({"seed": 0, "split": "another"}, "the same seed as"),
        ({"seed": 9, "data": "other"}, "other data or test images"),
    ],
)
def test_runs_that_cannot_stand_together_are_refused_and_not_kept(docs, runs, capsys, more, reason):
    write(runs, "a9", **more)
    assert collect(docs, runs / "a0", runs / "a9") == 1
    assert reason in capsys.readouterr().err
    assert not (docs / "results").exists()


def test_an_older_config_may_lack_an_option(docs, runs):
    write(runs, "a3", 3, options={"resident_since": 2})
    assert collect(docs, runs / "a0", runs / "a3") == 0


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"name": "A", "publised": "50"}], "experiments.0.rows.0.publised"),
        ([{"name": "A", "against": ["AB"]}, {"name": "B"}], "'A' is compared with 'AB', which is no other row"),
        ([{"name": "A"}, {"name": "A"}], "has the row of ten 'A' twice"),
    ],
)
def test_a_list_that_is_wrong_is_refused_in_a_sentence(docs, capsys, rows, reason):
    rewrite(docs, rows)
    assert call(docs, "render") == 1
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1


def test_a_run_of_two_rows_is_refused(docs, runs, capsys):
    rewrite(docs, [{"name": "A", "runs": ["a*"]}, {"name": "B", "runs": ["*0"]}])
    assert collect(docs, runs / "a0") == 1
    assert "a0 fits 'A' and 'B'; tell them apart by options" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "commit", "reason"),
    [("then", "abcdef0", "did you mean 'ten'?"), ("ten", "main", "--commit main is not the hash")],
)
def test_another_experiment_or_no_commit_is_refused(docs, runs, capsys, name, commit, reason):
    assert call(docs, "collect", name, runs, "--commit", commit) == 1
    assert reason in capsys.readouterr().err
