"""The page of a comparison: self-contained, escaped, with everything on it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from semisup.reports.comparison import plots
from semisup.reports.comparison.page import page
from semisup.reports.figures.figure import INK, svg
from tests.reports.finished_runs import PSEUDO_LABEL, compared, three_seeds, write

CURVE = ["step,validation/accuracy\n10,0.5\n20,0.6\n"]
VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """Which elements a page has, with their attributes; fails where they are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]


@pytest.fixture
def html(tmp_path: Path) -> str:
    runs = tmp_path / "runs"
    write(runs, "a", 0, 0.5, hits=[True, False], curves=CURVE)
    write(runs, "b", 0, 0.6, PSEUDO_LABEL, hits=[False, True], curves=CURVE)
    (runs / "b" / "report.html").touch()
    write(runs, "c", 0, 0.7, {"_target_": "mine.<script>alert(1)</script>"}, split="other")
    comparison = compared(runs, allow=True)
    figures, skipped = plots.draw(comparison)
    return page(comparison, figures, skipped, "semisup compare 'a&b'", tmp_path / "out" / "page.html")


def test_the_page_loads_nothing_from_elsewhere(html):
    parsed = Page(html)
    assert not {"script", "iframe", "img", "object"} & {tag for tag, _ in parsed.elements}
    assert set(parsed.attributes("src")) == set()
    for target in [*parsed.attributes("href"), *parsed.attributes("xlink:href"), *re.findall(r"url\(([^)]*)\)", html)]:
        assert target.startswith(("#", "data:,", "../runs/"))
    assert "@import" not in html


def test_ids_are_of_one_element_and_what_points_to_them_finds_them(html):
    parsed = Page(html)
    ids = parsed.attributes("id")
    targets = [t for t in [*parsed.attributes("href"), *parsed.attributes("xlink:href")] if t.startswith("#")]
    targets += re.findall(r"url\((#[^)]*)\)", html)
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in targets} <= set(ids)


def test_what_runs_are_called_is_text_and_not_html(html):
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "semisup compare &#39;a&amp;b&#39;" in html


def test_the_page_has_the_tables_the_charts_the_runs_and_what_speaks_against_them(html):
    assert "† Compared although: " in html
    assert html.count("<svg") == 2
    assert "Validation accuracy over the steps of all rounds" in html
    assert "Not drawn: accuracy against number of labels" in html
    assert '<a href="../runs/b/report.html">' in html
    for heading in ("Table", "Charts", "Pairs of runs", "Runs", "Commands"):
        assert f">{heading}<" in html


def test_the_page_shows_the_commands_that_started_its_runs_and_counts_the_runs_without_one(tmp_path):
    three_seeds(tmp_path)
    commands = {name: f"semisup train method=m 'data.path=a b' seed={name[1]}" for name in ("a0", "a1", "b2")}
    for name, command in commands.items():
        (tmp_path / name / "command.txt").write_text(f"{command}\n")
    html = page(compared(tmp_path), {}, [], "semisup compare runs", tmp_path / "page.html")
    command, of_runs = re.findall(r"<pre>(.*?)</pre>", html, re.DOTALL)
    assert command == "semisup compare runs"
    assert of_runs.replace("&#39;", "'").splitlines() == list(commands.values())
    assert "3 of the runs have no command on record." in html


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(html):
    regions = [attributes for _, attributes in Page(html).elements if attributes.get("role") == "region"]
    assert len(regions) == 5
    assert all(attributes["tabindex"] == "0" and attributes["aria-label"] for attributes in regions)


def test_a_chart_takes_the_text_color_of_the_page(tmp_path):
    figures, _ = plots.draw(compared(write(tmp_path, "a")))
    drawn = svg(figures["accuracy"], "accuracy")
    assert INK not in drawn
    assert "currentColor" in drawn
    assert drawn == svg(figures["accuracy"], "accuracy")


def test_a_link_finds_a_folder_whatever_is_in_its_name(tmp_path):
    run = write(tmp_path, "digits-10%-a #1")
    (run / "report.html").touch()
    html = page(compared(run), {}, [], "", tmp_path / "page.html")
    assert '<a href="digits-10%25-a%20%231/report.html">' in html
