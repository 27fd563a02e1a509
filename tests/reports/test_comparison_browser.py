"""A comparison's page in a real browser: silent, readable in light and dark, on a phone, and of use by keyboard."""

from itertools import product

import pytest

from semisup.reports.comparison import plots
from semisup.reports.comparison.page import page
from tests.reports.browsing import asked, contrast, luminance, press, show, tabbed
from tests.reports.finished_runs import PSEUDO_LABEL, compared, write

CURVE = ["step,validation/accuracy\n10,0.5\n20,0.6\n"]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    for labels in (60, 600):
        write(folder / "runs", f"a{labels}", 0, 0.5, hits=[True, False], curves=CURVE, labels=labels)
        write(folder / "runs", f"b{labels}", 0, 0.6, PSEUDO_LABEL, hits=[False, True], curves=CURVE, labels=labels)
    comparison = compared(folder / "runs")
    file = folder / "page.html"
    file.write_text(page(comparison, *plots.draw(comparison), "semisup compare runs", file), encoding="utf-8")
    return file.as_uri()


def test_no_complaint_and_no_request(browser, address):
    browser.get_log("performance")
    browser.get_log("browser")
    show(browser, address)
    assert browser.get_log("browser") == []
    assert [url for url in asked(browser) if not url.startswith("data:")] == [address]


@pytest.mark.parametrize(("width", "scheme"), [*product((390, 1400), ("light", "dark"))])
def test_it_fits_and_is_readable(browser, address, width, scheme):
    """Nothing is wider than the screen, and ink and paper differ by 4.5 to 1, in the text of the charts too."""
    show(browser, address, width, scheme)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (luminance(paper) < 0.5) == (scheme == "dark")
    script = "return [...document.querySelectorAll(arguments[0])].map(e => getComputedStyle(e)[arguments[1]])"
    inks = browser.execute_script(script, "p:not(.warn), td, th, a, h2, summary, figcaption, pre", "color")
    drawn = browser.execute_script(script, "svg text", "fill")
    assert drawn
    for ink in {*inks, *drawn}:
        assert contrast(ink, paper) >= 4.5, (ink, paper)
    warning = browser.execute_script("return getComputedStyle(document.querySelector('.warn')).backgroundColor")
    (ink,) = set(browser.execute_script(script, ".warn", "color"))
    assert contrast(ink, warning) >= 4.5


def test_charts_are_drawn_at_a_readable_size(browser, address):
    show(browser, address, 390)
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('svg')].map(s => [s.getBoundingClientRect().width, s.getBBox().width])"
    )
    assert len(sizes) == 3
    assert all(width >= 480 and inside > 0 for width, inside in sizes)


def test_every_part_can_be_reached_by_keyboard(browser, address):
    from selenium.webdriver.common.keys import Keys

    show(browser, address)

    def open_it() -> None:
        if browser.execute_script("return document.activeElement.matches('summary')"):
            press(browser, Keys.ENTER)
            press(browser, Keys.ENTER)

    assert tabbed(browser, "a, summary, [tabindex='0']", open_it)
    assert browser.execute_script("return [...document.querySelectorAll('details')].every(e => e.open)")
