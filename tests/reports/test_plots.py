"""The charts of a comparison, by what is on their axes."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semisup.reports.comparison import plots
from semisup.reports.comparison.comparison import Comparison
from semisup.reports.figures.figure import COLORS, new_figure, save
from tests.reports import finished_runs
from tests.reports.finished_runs import PSEUDO_LABEL, compared, three_seeds


@pytest.fixture
def write(tmp_path: Path) -> partial[Path]:
    return partial(finished_runs.write, tmp_path / "runs")


def lines(axes: Any) -> dict[str, Any]:
    """What is drawn, by the name in the legend: (x, y) without the gaps between rounds."""
    found = {}
    for line in axes.get_lines():
        x, y = (np.asarray(values, float) for values in line.get_data())
        if not line.get_label().startswith("_"):
            found[line.get_label()] = [(a, b) for a, b in zip(x, y, strict=True) if not np.isnan(b)]
    return found


def chart(name: str, comparison: Comparison) -> Any:
    """One of the charts that are drawn."""
    return plots.draw(comparison)[0][name]


def inks(axes: Any, x: float, y: float) -> set[tuple[int, ...]]:
    """The colors, as 0 to 255, of the pixels around a point of a drawn figure."""
    figure = axes.get_figure()
    figure.canvas.draw()
    column, row = axes.transData.transform((x, y)).round().astype(int)
    pixels = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3]
    return set(map(tuple, pixels[row - 1 : row + 2, column - 1 : column + 2].reshape(-1, 3).tolist()))


BLUE = (0x00, 0x72, 0xB2)  # the first of the colors


def test_accuracy_by_labels_has_a_line_per_method_with_its_interval_as_a_band(write):
    """Three seeds with 60 labels: 52, and 47.03 to 56.97; one with 600, which has no band, though the steps differ."""
    for seed, accuracy in enumerate((0.50, 0.52, 0.54)):
        write(f"a{seed}", seed, accuracy)
    write("b", 0, 0.7, labels=600, max_steps=120)
    write("c", 0, 0.6, PSEUDO_LABEL)
    (axes,) = chart(
        "accuracy_by_labels", compared(write("d", 0, 0.8, PSEUDO_LABEL, labels=600, max_steps=120).parent)
    ).axes
    drawn = lines(axes)
    assert drawn["supervised"] == [(60, pytest.approx(52)), (600, pytest.approx(70))]
    assert drawn["pseudo_label"] == [(60, pytest.approx(60)), (600, pytest.approx(80))]
    band = axes.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((47.03173, 56.96827), abs=1e-4)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["60", "600"]


def test_bars_start_at_zero_with_seeds_as_dots_and_intervals_as_lines(tmp_path):
    (axes,) = chart("accuracy", compared(three_seeds(tmp_path))).axes
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([52, 55])
    assert axes.get_xlim()[0] == 0
    interval, seeds, *_ = (line.get_xdata() for line in axes.get_lines())
    assert list(interval) == pytest.approx([47.03173, 56.96827], abs=1e-5)
    assert list(seeds) == pytest.approx([50, 52, 54])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["supervised", "pseudo_label"]


def test_a_seed_far_from_the_mean_is_inside_the_chart_with_the_number_beside_it(write):
    """Two seeds, so no interval: 30 and 99 have the mean 64.5. A long name leaves the bars little room."""
    name = {"_target_": "mine.AMethodWithANameThatIsAsLongAsNamesOfGroupsGet"}
    write("a", 0, 0.30, name)
    figure = chart("accuracy", compared(write("b", 1, 0.99, name).parent))
    figure.canvas.draw()
    (axes,) = figure.axes
    (number,) = (text for text in axes.texts if text.get_text() == "64.50")
    assert axes.get_xlim()[1] > 99
    assert number.xy[0] == pytest.approx(99)
    assert number.get_window_extent().x1 < figure.bbox.x1


def test_learning_curves_are_means_over_the_steps_that_all_seeds_have_round_after_round(write):
    """Seed 1 stopped early in round 0, after 10 of 20 steps; round 1 begins at 20 for both."""
    head = "step,train/loss,validation/accuracy\n"
    first = [f"{head}5,1,\n10,1,0.2\n20,1,0.3\n", f"{head}10,1,0.5\n"]
    second = [f"{head}5,1,\n10,1,0.4\n", f"{head}10,1,0.7\n"]
    write("a", 0, curves=first)
    (axes,) = chart("learning_curves", compared(write("b", 1, curves=second).parent)).axes
    assert lines(axes)["supervised"] == [(10, pytest.approx(30)), (30, pytest.approx(60))]
    band = axes.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((30 - 100 * np.sqrt(0.02), 30 + 100 * np.sqrt(0.02)))
    assert axes.get_xlabel() == "step, over all rounds"


def test_pseudo_labels_over_steps_show_accuracy_and_coverage(write):
    """Supervised training has none, and so no line."""
    head = "step,pseudo_labels/accuracy,pseudo_labels/coverage\n"
    write("a", 0, curves=["step,train/loss\n4,1\n"])
    figure = chart(
        "pseudo_labels_over_steps",
        compared(write("b", 0, method=PSEUDO_LABEL, curves=[f"{head}4,,0.0\n8,0.9,0.25\n"]).parent),
    )
    accuracy, coverage = figure.axes
    assert lines(accuracy) == {"pseudo_label": [(8, pytest.approx(90))]}
    assert lines(coverage) == {"pseudo_label": [(4, 0), (8, pytest.approx(25))]}
    assert accuracy.get_xlabel() == "step"


def test_pseudo_labels_over_rounds_come_from_the_records_of_the_rounds(write):
    records = [{"round": n, "labels": {"accuracy": 0.5 + n / 10, "coverage": 0.25}} for n in range(2)]
    figure = chart(
        "pseudo_labels_over_rounds", compared(write("a", 0, rounds=[*records, {"round": 2, "labels": None}]))
    )
    accuracy, coverage = figure.axes
    assert lines(accuracy) == {"supervised": [(0, pytest.approx(50)), (1, pytest.approx(60))]}
    assert lines(coverage) == {"supervised": [(0, 25), (1, 25)]}


def test_a_curve_of_a_single_point_is_seen(write):
    accuracy, coverage = chart(
        "pseudo_labels_over_rounds",
        compared(write("a", 0, rounds=[{"round": 0, "labels": {"accuracy": 0.5, "coverage": 0.25}}])),
    ).axes
    assert BLUE in inks(accuracy, 0, 50)
    assert BLUE in inks(coverage, 0, 25)


def test_single_points_have_their_deviation_as_a_bar(write):
    """Round 0 has one point, as round 1; .2 and .4 are .3 ± .1414, .5 and .7 are .6 ± .1414."""
    head = "step,validation/accuracy\n"
    write("a", 0, curves=[f"{head}10,0.2\n", f"{head}10,0.5\n"])
    (axes,) = chart(
        "learning_curves", compared(write("b", 1, curves=[f"{head}10,0.4\n", f"{head}10,0.7\n"]).parent)
    ).axes
    bars = [
        bar.tolist() for lines in axes.collections if hasattr(lines, "get_segments") for bar in lines.get_segments()
    ]
    sd = 100 * np.sqrt(0.02)
    assert bars[0] == pytest.approx(np.array([[10, 30 - sd], [10, 30 + sd]]))
    assert bars[1] == pytest.approx(np.array([[20, 60 - sd], [20, 60 + sd]]))
    assert BLUE in inks(axes, 10, 30)
    assert BLUE in inks(axes, 20, 60)


def test_panels_are_by_number_of_labels_and_a_method_looks_the_same_in_all(write):
    curve = ["step,validation/accuracy\n10,0.5\n20,0.6\n"]
    for labels in (60, 600, 6000, 60000):
        write(f"a{labels}", 0, labels=labels, curves=curve)
        write(f"b{labels}", 0, labels=labels, curves=curve, method=PSEUDO_LABEL)
    figure = chart("learning_curves", compared(write("c", 0, labels=600000).parent))
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in panels] == [f"labels={n}" for n in (60, 600, 6000, 60000)]
    for axes in panels:
        assert [line.get_color() for line in axes.get_lines()] == list(COLORS[:2])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["supervised", "pseudo_label"]


def test_charts_that_the_runs_cannot_make_are_skipped_with_the_reason(write):
    figures, skipped = plots.draw(compared(write("a", 0)))
    assert list(figures) == ["accuracy"]
    assert [reason.partition(",")[0] for reason in skipped] == [
        "accuracy against number of labels",
        "learning curves",
        "pseudo-labels over steps",
        "pseudo-labels over rounds",
    ]


def test_a_figure_saved_twice_is_the_same_file(tmp_path):
    """Also an SVG, whose ids are random unless told otherwise."""
    figures = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        figure = new_figure(3, 2)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], marker="o")
        for kind in ("svg", "png"):
            save(figure, folder / f"line.{kind}")
        figures.append([(folder / f"line.{kind}").read_bytes() for kind in ("svg", "png")])
    assert figures[0] == figures[1]
