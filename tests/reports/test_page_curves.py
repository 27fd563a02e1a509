"""The curves of a run's page: which values stand where."""

import numpy as np
import pytest

from semisup.reports.run_page.charts import POINTS, Series, chart, scatter
from semisup.reports.run_page.curves import pseudo_label_metrics, read, training
from semisup.reports.run_page.summary import count, duration, percent


@pytest.fixture
def run(tmp_path):
    """Round 0 only labels, round 1 has 10 steps, round 2 another 10, of which the eighth is tested."""
    curves = {1: "step,train/loss,train/supervised\n5,2.0,2.0\n10,1.0,0.5\n", 2: "step,train/loss\n5,4.0\n"}
    for number, text in curves.items():
        (tmp_path / f"round{number}").mkdir()
        (tmp_path / f"round{number}" / "metrics.csv").write_text(text)
    labels = [{"accuracy": 0.5, "coverage": 1.0}, None, {"accuracy": None, "coverage": 0.25}]
    steps = (0, 10, 10)
    records = [{"round": n, "steps": s, "labels": w} for n, (s, w) in enumerate(zip(steps, labels, strict=True))]
    return tmp_path, records


def test_the_steps_of_a_round_go_on_from_those_before(run):
    metrics = read(*run)
    assert metrics["train/loss"] == ([5, 10, 15], [2.0, 1.0, 4.0])
    assert metrics["train/supervised"] == ([5, 10], [2.0, 0.5])


def test_a_round_begins_at_a_line_and_the_tested_step_has_one(run):
    """The axis goes from 0 at 44 to 18, the last value, at 388: round 2 begins at 44 + 10 / 18 · 344."""
    metrics = {**read(*run), "validation/accuracy": ([10, 18], [0.5, 0.75])}
    loss, accuracy = training(metrics, {"rounds": run[1], "round": 2, "validation": {"step": 8}})
    assert [line.name for line in loss.lines] == ["loss", "of labeled images"]
    assert [rule.text for rule in loss.rules] == ["round 2"]
    assert [(rule.text, rule.at) for rule in accuracy.rules] == [("round 2", 235.1), ("tested", 388.0)]
    assert accuracy.rules[1].left, "its word would leave the drawing"
    assert [mark.tip for mark in accuracy.lines[0].marks] == ["step 10: accuracy 50 %", "step 18: accuracy 75 %"]


def test_what_is_not_known_of_a_round_is_left_out(run):
    (left,) = pseudo_label_metrics({}, run[1])
    tips = [mark.tip for line in left.lines for mark in line.marks]
    assert tips == ["round 0: right, of the kept 50 %", "round 0: kept 100 %", "round 2: kept 25 %"]


def test_nothing_is_drawn_of_nothing(run):
    assert chart("nothing", [Series("a", [], [])], "step", str) is None
    assert training({}, {"rounds": run[1], "round": 0, "validation": None}) == []


def test_a_long_curve_keeps_its_ends_and_has_fewer_points():
    drawn = chart("long", [Series("a", range(5000), range(5000))], "step", "{:.0f}".format)
    marks = drawn.lines[0].marks
    assert len(marks) == POINTS
    assert (marks[0].tip, marks[-1].tip) == ("step 0: a 0", "step 4,999: a 4999")


def test_a_scatter_fills_its_square_and_keeps_what_is_above_above():
    places = scatter(np.array([[0.0, 0.0], [1.0, 2.0], [0.5, 1.0]]), side=100, margin=10)
    assert places[2] == (50.0, 50.0)
    assert places[0] == (10.0, 90.0)
    assert places[1] == (90.0, 10.0)
    assert scatter(np.zeros((3, 2)))[0] == (8.0, 392.0), "where all images are one point"


def test_numbers_are_said_as_people_say_them():
    assert percent(0.12345) == "12.3 %"
    assert (count(1, "image"), count(1234, "image")) == ("1 image", "1,234 images")
    assert [duration(s) for s in (0.74, 75, 12300)] == ["0.7 s", "1 min 15 s", "3 h 25 min"]
