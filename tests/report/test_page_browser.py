"""A run's page in a real browser: whole, silent, of use by keyboard, on a phone and a wide screen, light and dark."""

import json
import shutil
from itertools import product

import numpy as np
import pytest

from semisup.data import write_store
from tests.report.paged import small_run

selenium = pytest.importorskip("selenium", reason="pip install 'semisup[dev]'")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (BROWSER and DRIVER), reason="there is no Chromium with its chromedriver")
QUIET = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-sync"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages of a run with rounds and colour images, and of one with more classes than a table has room for."""
    folder = tmp_path_factory.mktemp("pages")
    rng = np.random.default_rng(0)
    targets = np.arange(300) % 24
    images = rng.integers(0, 255, (300, 16, 16, 3)).astype(np.uint8)
    names = [f"class <{c}>" for c in range(24)]
    write_store(
        folder / "data" / "stores" / "many", "many", names, (images[:200], targets[:200]), (images[200:], targets[200:])
    )
    return {
        "rounds": small_run(folder, "method=self_training", "labeler.threshold=0.12"),
        "many": small_run(folder, "data=stored", "data.name=many", "data.labels=96", "method=fixmatch"),
    }


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for word in (*QUIET.split(), "disable-component-update", f"user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(f"--{word}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def show(browser, run, width=1400, scheme="light"):
    """Opens a page. Emulates the width and the colour scheme of a device."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    wish = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wish)
    browser.get((run / "report.html").as_uri())


def press(browser, key):
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).send_keys(key).perform()


@pytest.mark.parametrize("name", ["rounds", "many"])
def test_no_complaint_no_request_and_every_image_is_shown(browser, pages, name):
    browser.get_log("performance")
    browser.get_log("browser")
    show(browser, pages[name])
    shown = browser.execute_script("return [...document.images].map(image => image.naturalWidth)")
    assert shown
    assert min(shown) > 0
    assert browser.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert (pages[name] / "report.html").as_uri() in asked
    assert [url for url in asked if not url.startswith(("data:", "file:"))] == []
    assert sum(url.startswith("file:") for url in asked) == 1


@pytest.mark.parametrize(("name", "width", "scheme"), [*product(("rounds", "many"), (390, 1400), ("light", "dark"))])
def test_it_fits_a_phone_and_is_readable_in_light_and_dark(browser, pages, name, width, scheme):
    """Nothing is wider than the screen, and ink and paper differ by 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    show(browser, pages[name], width, scheme)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    script = "return [...document.querySelectorAll(arguments[0])].map(e => getComputedStyle(e).color)"
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    for colour in {*browser.execute_script(script, "p, td, th, dd, dt, a, h2, .gallery b, figcaption")}:
        if colour != paper:  # on the filled cells of the confusions
            assert contrast(colour, paper) >= 4.5, (colour, paper)
    assert (luminance(paper) < 0.5) == (scheme == "dark")


def test_every_part_can_be_reached_and_read_by_keyboard(browser, pages):
    from selenium.webdriver.common.keys import Keys

    show(browser, pages["rounds"])
    wanted = browser.execute_script(
        "const all = [...document.querySelectorAll('a, [tabindex=\"0\"]')]; all.forEach((e, i) => e.dataset.at = i);"
        "return all.length"
    )
    reached = []
    said = []
    for _ in range(wanted):
        press(browser, Keys.TAB)
        reached.append(int(browser.execute_script("return document.activeElement.dataset.at ?? -1")))
        if browser.execute_script("return document.activeElement.matches('svg.hover')"):
            press(browser, Keys.ARROW_RIGHT)
            press(browser, Keys.ARROW_RIGHT)
            said.append(browser.execute_script("return document.getElementById('tip').textContent"))
    assert reached == list(range(wanted))
    assert len(said) == 6, "loss, validation, rounds, two reliability diagrams, one map"
    assert said[0].startswith("step 4: loss")
    assert said[3].startswith("confidence 7% to 13%: ")
    assert said[5].startswith("Test image 1: ")
    press(browser, Keys.ESCAPE)
    assert browser.execute_script("return document.getElementById('tip').textContent") == ""


def test_a_dot_says_under_the_pointer_which_image_it_is(browser, pages):
    from selenium.webdriver.common.action_chains import ActionChains

    show(browser, pages["many"])
    dot = browser.find_element("css selector", "[data-dot='7']")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", dot)
    ActionChains(browser).move_to_element(dot).perform()
    assert browser.execute_script("return document.getElementById('tip').textContent").startswith(
        "Test image 7: class <15>, "
    )
    assert browser.execute_script("return getComputedStyle(document.querySelector('#tip .thumb')).width") == "84px"


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    """Relative luminance of an rgb() colour (WCAG 2.2)."""
    parts = [float(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
