"""The rounds of a run as a person sees them: tables and a picture."""

import io

from rich.console import Console

from semisup.runs import console as show
from tests.runs.test_rounds import STUDENTS, only


def test_the_rounds_are_printed_and_drawn(config, tmp_path):
    from semisup.runs.run import run

    console = Console(record=True, width=160, file=(tmp_path / "out").open("w"))
    result = run(config(*STUDENTS), console)
    printed = console.export_text()
    for record in result["rounds"]:
        assert f"{record['labels']['coverage']:.1%}" in printed
        assert f"round {record['round']}, {record['kind']}: validation accuracy" in printed
    picture = only(tmp_path / "runs") / "rounds.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_rounds_shows_each_known_figure_and_skips_what_is_not_known(tmp_path, monkeypatch):
    """Of four rounds, the first read a file and so has no validation, and no agreement."""
    from matplotlib.axes import Axes

    from semisup.reports.figures.rounds import draw

    drawn = {}
    plot = Axes.plot
    monkeypatch.setattr(
        Axes, "plot", lambda self, x, y, **o: (drawn.update({o["label"]: (x, y)}), plot(self, x, y, **o))[1]
    )
    labels = {"accuracy": 0.9, "coverage": 0.5, "accuracy_of_all": None, "agreement": None}
    records = [{"round": 0, "kind": "pseudo-labels of a.csv", "validation": None, "labels": labels}]
    records += [{"round": 1, "kind": "student", "validation": {"accuracy": 0.7}, "labels": None}]
    draw(records, 1, tmp_path / "rounds.svg")
    assert drawn["validation accuracy"] == ([1], [0.7])
    assert drawn["pseudo-labels kept: share right"] == ([0], [0.9])
    assert drawn["all predictions on unlabeled images: share right"] == ([], [])
    assert (tmp_path / "rounds.svg").read_text().count("<svg") == 1


def test_the_table_by_class_has_a_column_per_round_and_is_left_out_for_many_classes():
    """Round 0 kept half of the cats, all rightly; round 1 kept no dog, of which nothing can be right or wrong."""
    shares = [{"cat": (0.5, 1.0), "dog": (1.0, 0.25)}, {"cat": (1.0, 0.8), "dog": (0.0, None)}]
    records = [
        {"round": n, "labels": {"per_class": {c: {"coverage": k, "accuracy": a} for c, (k, a) in of.items()}}}
        for n, of in enumerate(shares)
    ]
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(show.per_class(records))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["cat", "50%,", "100%", "100%,", "80%"] in lines
    assert ["dog", "100%,", "25%", "0%,", "-"] in lines
    many = {f"class {c}": {"coverage": 1.0, "accuracy": 1.0} for c in range(21)}
    assert show.per_class([{"round": 0, "labels": {"per_class": many}}]) is None
    assert show.per_class([{"round": 0, "labels": None}]) is None
