"""The rounds of a run as a person sees them: tables and a figure."""

import io

import numpy as np
from rich.console import Console

from semisup.reports.figures.rounds import rounds_figure
from semisup.runs import round_tables as show
from tests.runs.test_rounds import STUDENTS


def test_the_rounds_are_printed(config, tmp_path):
    from semisup.runs.run import run

    console = Console(record=True, width=160, file=io.StringIO())
    result = run(config(*STUDENTS), console)
    printed = console.export_text()
    for record in result["rounds"]:
        assert f"{record['labels']['coverage']:.1%}" in printed
        assert f"round {record['round']}, {record['kind']}: validation accuracy" in printed


def test_the_figure_of_rounds_shows_each_known_metric_and_skips_what_is_not_known():
    """The first of two rounds read a file and so has no validation, and no agreement."""
    labels = {"accuracy": 0.9, "coverage": 0.5, "accuracy_of_all": None, "agreement": None}
    records = [{"round": 0, "kind": "pseudo-labels of a.csv", "validation": None, "labels": labels}]
    records += [{"round": 1, "kind": "student", "validation": {"accuracy": 0.7}, "labels": None}]
    (axes,) = rounds_figure(records, 1).axes
    drawn = {line.get_label(): [np.asarray(values).tolist() for values in line.get_data()] for line in axes.lines}
    assert drawn["validation accuracy"] == [[1], [0.7]]
    assert drawn["kept pseudo-labels: accuracy"] == [[0], [0.9]]
    assert drawn["all predictions on unlabeled images: accuracy"] == [[], []]
    assert drawn["tested round"][0] == [1, 1]


def test_the_table_by_class_has_a_column_per_round_and_is_left_out_for_many_classes():
    """Round 0 kept half of the cats, all correctly; round 1 kept no dog, so there is no accuracy."""
    shares = [{"cat": (0.5, 1.0), "dog": (1.0, 0.25)}, {"cat": (1.0, 0.8), "dog": (0.0, None)}]
    records = [
        {"round": n, "labels": {"per_class": {c: {"coverage": k, "accuracy": a} for c, (k, a) in of.items()}}}
        for n, of in enumerate(shares)
    ]
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(show.class_table(records))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["cat", "50%,", "100%", "100%,", "80%"] in lines
    assert ["dog", "100%,", "25%", "0%,", "-"] in lines
    many = {f"class {c}": {"coverage": 1.0, "accuracy": 1.0} for c in range(21)}
    assert show.class_table([{"round": 0, "labels": {"per_class": many}}]) is None
    assert show.class_table([{"round": 0, "labels": None}]) is None
