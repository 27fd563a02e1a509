"""The page on which labels are corrected: it holds the images, and the download has the chosen labels."""

import base64
import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from semisup.core.errors import SemisupError
from semisup.predicting.prediction_file import Prediction
from semisup.predicting.review import write_review_page

CLASSES = ['"quoted", cat', "</script>dog"]


def content(page: Path) -> dict[str, Any]:
    (found,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page.read_text(), re.DOTALL)
    values: dict[str, Any] = json.loads(found)
    return values


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Four predictions. One has no image any more, and the limit leaves out the most confident one."""
    Image.new("RGB", (300, 200), "red").save(tmp_path / "red, large.png")
    Image.new("LA", (20, 10), (0, 0)).save(tmp_path / "white.png")
    Image.new("L", (9, 9), 7).save(tmp_path / "confident.png")
    confidences = {"confident.png": 0.99, "white.png": 0.6, "red, large.png": 0.5, "gone.png": 0.55}
    rows = [Prediction(name, CLASSES[n % 2], value) for n, (name, value) in enumerate(confidences.items())]
    assert write_review_page(tmp_path / "page.html", rows, tmp_path, CLASSES, 3, "my run", "labels") == 2
    return tmp_path / "page.html"


def test_the_least_confident_predictions_come_first(page):
    values = content(page)
    assert [item["path"] for item in values["items"]] == ["red, large.png", "white.png"]
    assert (values["classes"], values["run"], values["download"]) == (CLASSES, "my run", "labels.reviewed.csv")
    seen = [Image.open(io.BytesIO(base64.b64decode(item["image"].partition(",")[2]))) for item in values["items"]]
    assert [image.size for image in seen] == [(192, 128), (20, 10)]
    assert seen[0].getpixel((5, 5))[0] > 250
    assert seen[1].convert("L").getpixel((5, 5)) == 255
    assert [item["small"] for item in values["items"]] == [False, True]


@pytest.mark.parametrize("limit", [0, -1, 1.5, True])
def test_a_limit_that_is_no_number_of_predictions_is_refused(tmp_path, limit):
    with pytest.raises(SemisupError, match=rf"^write_review_page: limit={limit} is not valid: it is a whole number"):
        write_review_page(tmp_path / "page.html", [], tmp_path, CLASSES, limit, "my run", "labels")


def test_the_page_asks_for_nothing_from_elsewhere(page):
    text = page.read_text()
    assert not re.findall(r"https?:|//[a-z]|@import|url\(", text)
    assert "default-src 'none'" in text
    assert text.count("<script") == text.count("</script>") == 2, "no name of a class ends the script"


@pytest.mark.skipif(not shutil.which("node"), reason="runs the page's own code in node")
def test_the_downloaded_table_is_what_was_chosen(page):
    """The page's labels() and save() as they are, with what they read of the document."""
    script = page.read_text().rpartition("<script>")[2].partition("</script>")[0]
    functions = re.findall(r"^function (?:labels|save)\(.*?^}", script, re.DOTALL | re.MULTILINE)
    assert len(functions) == 2
    program = f"""
        const data = {json.dumps(content(page))};
        const chosen = new Map([["white.png", data.classes[0]], ["red, large.png", data.classes[1]]]);
        const document = {{ getElementById: () => ({{ checked: false }}) }};
        let saved, text;
        const element = () => ({{ click() {{}} }});
        const Blob = function (parts) {{ text = parts.join(""); }};
        const URL = {{ createObjectURL() {{}}, revokeObjectURL() {{}} }};
        const setTimeout = () => 0;
        {"".join(functions)}
        save(); process.stdout.write(text);
    """
    ended = subprocess.run(["node", "-e", program], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    rows = list(csv.reader(io.StringIO(ended.stdout)))
    assert rows == [["path", "label"], ["red, large.png", "</script>dog"], ["white.png", '"quoted", cat']]


def test_review_from_the_command_line(labels, tmp_path):
    labels(tmp_path / "a.csv", review=str(tmp_path / "r.html"), limit=7)
    items = content(tmp_path / "r.html")["items"]
    with (tmp_path / "a.csv").open() as lines:
        least = sorted((float(row["confidence"]), row["path"], row["label"]) for row in csv.DictReader(lines))[:7]
    assert [(item["confidence"], item["path"], item["label"]) for item in items] == least
