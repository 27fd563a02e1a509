"""What tests of pages do with a browser: look, press keys, listen."""

import json
from collections.abc import Callable


def show(browser, address, width=1400, scheme="light"):
    """Opens a page. Emulates the width and the colour scheme of a device."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    wish = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wish)
    browser.get(address)


def press(browser, key):
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).send_keys(key).perform()


def tabbed(browser, selector: str, at_each: Callable[[], None]) -> bool:
    """Whether Tab reaches all that fits the selector, in the page's order. at_each: called at each of them."""
    from selenium.webdriver.common.keys import Keys

    number = "const all = [...document.querySelectorAll(arguments[0])]; all.forEach((e, i) => e.dataset.at = i);"
    wanted = browser.execute_script(f"{number} return all.length", selector)
    reached = []
    for _ in range(wanted):
        press(browser, Keys.TAB)
        reached.append(int(browser.execute_script("return document.activeElement.dataset.at ?? -1")))
        at_each()
    return reached == list(range(wanted))


def asked(browser) -> list[str]:
    """The addresses that have been asked for since the last time."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    """Relative luminance of an rgb() colour (WCAG 2.2)."""
    parts = [float(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
