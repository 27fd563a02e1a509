"""Figures in a page: their text, their ids, and names of any kind."""

import re
import warnings

from semisup.reports.figures.figure import chart_style, finish, new_figure, svg


def drawn(*names: str, description: str = "") -> str:
    with chart_style():
        figure = new_figure(3, 2)
        axes = figure.subplots()
        for name in names:
            axes.plot([0, 1], [0, 1], label=name)
        finish(figure, [axes])
        return svg(figure, "chart", description)


def test_the_text_of_a_figure_can_be_searched_whatever_a_class_is_called():
    """A $ begins no formula, a quoted # is no id, and letters without a glyph here have one in the browser."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = drawn("$a_b$", 'c"#d', "<b>", "猫")
    for name in ("$a_b$", 'c"#d', "&lt;b&gt;", "猫"):
        assert f">{name}</text>" in text


def test_each_id_begins_with_the_name_of_the_figure_and_is_found_by_what_refers_to_it():
    text = drawn("a", description='of "a" & b')
    ids = set(re.findall(r'\sid="([^"]*)"', text))
    assert all(name.startswith("chart-") for name in ids)
    assert set(re.findall(r'(?:href="#|url\(#)([^")]*)', text)) <= ids
    assert text.startswith('<svg role="img" aria-label="of &quot;a&quot; &amp; b"')
