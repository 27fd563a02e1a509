"""The charts of a run's page: which values are where."""

import numpy as np
import pytest

from semisup.core.text import duration
from semisup.reports.run_page.charts import (
    confusion_chart,
    curve_chart,
    pseudo_label_charts,
    reliability_chart,
    training_charts,
)
from semisup.reports.run_page.class_metrics import ReliabilityBin
from semisup.reports.run_page.summary import count, percent
from semisup.runs.trained_run import TrainedRun


@pytest.fixture
def run(tmp_path):
    """Round 0 only labels, round 1 has 10 steps, round 2 another 10, of which the eighth is tested."""
    head = "step,train/loss,train/supervised,validation/accuracy\n"
    curves = {1: f"{head}5,2.0,2.0,\n10,1.0,0.5,0.5\n", 2: f"{head}5,4.0,,\n8,,,0.75\n"}
    for number, text in curves.items():
        (tmp_path / f"round{number}").mkdir()
        (tmp_path / f"round{number}" / "metrics.csv").write_text(text)
    labels = [{"accuracy": 0.5, "coverage": 1.0}, None, {"accuracy": None, "coverage": 0.25}]
    steps = (0, 10, 10)
    records = [{"round": n, "steps": s, "labels": w} for n, (s, w) in enumerate(zip(steps, labels, strict=True))]
    return TrainedRun(tmp_path, {}, {"rounds": records, "round": 2, "validation": {"step": 8}})


def lines(figure):
    """The curves by their names, without vertical lines."""
    (axes,) = figure.axes
    drawn = [line for line in axes.lines if len(line.get_xdata()) != 2 or line.get_linestyle() != ":"]
    return {line.get_label(): [*zip(*(np.asarray(v).tolist() for v in line.get_data()), strict=True)] for line in drawn}


def test_the_steps_of_a_round_follow_those_of_the_round_before(run):
    loss = training_charts(run)["Training loss"]
    assert lines(loss) == {"loss": [(5, 2), (10, 1), (15, 4)], "of labeled images": [(5, 2), (10, 0.5)]}


def test_a_round_begins_at_a_line_and_the_tested_step_has_one(run):
    """Round 2 begins at step 10; its eighth step is step 18."""
    loss, accuracy = (figure.axes[0] for figure in training_charts(run).values())
    assert [(text.get_text(), text.xy[0]) for text in loss.texts] == [("round 2", 10)]
    assert [(text.get_text(), text.xy[0]) for text in accuracy.texts] == [("round 2", 10), ("tested", 18)]
    assert [*lines(accuracy.get_figure()).values()] == [[(10, 0.5), (18, 0.75)]]
    assert accuracy.get_ylim() == (0, 1.03)


def test_what_is_not_known_of_a_round_is_left_out(run):
    (left,) = pseudo_label_charts(run).values()
    assert lines(left) == {"accuracy of the kept": [(0, 0.5)], "kept": [(0, 1), (2, 0.25)]}


def test_a_curve_of_one_point_has_a_marker(run):
    (axes,) = curve_chart({"a": ([3], [0.5]), "b": ([1, 2], [0, 1])}, "step").axes
    assert [line.get_marker() for line in axes.lines] == ["o", ""]


def test_nothing_is_drawn_of_nothing(run, tmp_path):
    assert curve_chart({"a": ([], [])}, "step") is None
    result = {"rounds": [{"round": 0, "steps": 0, "labels": None}], "round": 0, "validation": None}
    untrained = TrainedRun(tmp_path / "none", {}, result)
    assert training_charts(untrained) == pseudo_label_charts(untrained) == {}


def test_a_reliability_diagram_has_accuracy_and_its_gap_to_the_confidence():
    """Of two bins, one has 3 images, accuracy .2 and confidence .4: a bar to .2, and a gap from .2 to .4."""
    axes, counts = reliability_chart([ReliabilityBin(0, 3, 0.4, 0.2), ReliabilityBin(0.5, 0, None, None)]).axes
    accuracy, gap = axes.patches
    assert (accuracy.get_y(), accuracy.get_height()) == (0, 0.2)
    assert (gap.get_y(), gap.get_height()) == (0.2, pytest.approx(0.2))
    assert [bar.get_height() for bar in counts.patches] == [3, 0]


def test_a_large_confusion_matrix_has_true_classes_as_rows():
    """Of class 0, 1 of 4 images is predicted as class 1, and none of class 1 as class 0."""
    (axes,) = confusion_chart(np.array([[3, 1], [0, 2]])).axes
    opacity = axes.images[0].get_array()[..., 3]
    assert opacity.tolist() == [[pytest.approx(0.9), pytest.approx(0.4)], [0, 1]]


def test_numbers_are_written_as_people_write_them():
    assert percent(0.12345) == "12.3 %"
    assert (count(1, "image"), count(1234, "image")) == ("1 image", "1,234 images")
    assert [duration(s) for s in (0.74, 75, 12300)] == ["0.7 s", "1 min 15 s", "3 h 25 min"]
