"""A run's page in a browser: complete, silent, usable by keyboard, on a phone and a wide screen, light and dark."""

from itertools import product

import numpy as np
import pytest

from semisup.data import write_store
from tests.reports.browsing import asked, contrast, luminance, show, tabbed
from tests.reports.paged import small_run


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages of a run with rounds and color images, and of one with more classes than a table has room for."""
    folder = tmp_path_factory.mktemp("pages")
    rng = np.random.default_rng(0)
    targets = np.arange(300) % 24
    images = rng.integers(0, 255, (300, 16, 16, 3)).astype(np.uint8)
    names = [f"class <{c}>" for c in range(24)]
    write_store(
        folder / "data" / "stores" / "many", "many", names, (images[:200], targets[:200]), (images[200:], targets[200:])
    )
    return {
        "rounds": address(small_run(folder, "method=self_training", "labeler.threshold=0.12")),
        "many": address(small_run(folder, "data=stored", "data.name=many", "data.labels=96", "method=fixmatch")),
    }


def address(run):
    return (run / "report.html").as_uri()


@pytest.mark.parametrize("name", ["rounds", "many"])
def test_no_complaint_no_request_and_every_image_is_shown(browser, pages, name):
    browser.get_log("performance")
    browser.get_log("browser")
    show(browser, pages[name])
    shown = browser.execute_script("return [...document.images].map(image => image.naturalWidth)")
    assert shown
    assert min(shown) > 0
    assert browser.get_log("browser") == []
    assert [url for url in asked(browser) if not url.startswith("data:")] == [pages[name]]


@pytest.mark.parametrize(("name", "width", "scheme"), [*product(("rounds", "many"), (390, 1400), ("light", "dark"))])
def test_it_fits_a_phone_and_is_readable_in_light_and_dark(browser, pages, name, width, scheme):
    """Nothing is wider than the screen, and ink and paper differ by 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    show(browser, pages[name], width, scheme)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    script = "return [...document.querySelectorAll(arguments[0])].map(e => getComputedStyle(e).color)"
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    for color in {*browser.execute_script(script, "p, td, th, dd, dt, a, h2, .gallery b, figcaption")}:
        if color != paper:  # on the filled cells of the confusions
            assert contrast(color, paper) >= 4.5, (color, paper)
    assert (luminance(paper) < 0.5) == (scheme == "dark")


def test_every_part_can_be_reached_by_keyboard(browser, pages):
    show(browser, pages["rounds"])
    assert tabbed(browser, "a, [tabindex='0']", lambda: None)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_text_of_the_charts_is_readable_in_light_and_dark(browser, pages, scheme):
    show(browser, pages["rounds"], scheme=scheme)
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    script = "return [...document.querySelectorAll('svg text')].map(e => getComputedStyle(e).fill)"
    inks = {*browser.execute_script(script)}
    assert inks
    assert all(contrast(ink, paper) >= 4.5 for ink in inks)
