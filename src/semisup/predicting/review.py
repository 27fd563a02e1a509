"""A page with the least confident predictions, where a person corrects the labels: one file that needs no network."""

import base64
import heapq
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from semisup.core.atomic_files import atomic_write_text
from semisup.core.ranges import PositiveInt, enforce_ranges
from semisup.data.sources.images import eight_bit
from semisup.predicting.prediction_file import Prediction

SIDE = 192  # pixels of a thumbnail


@enforce_ranges
def write_review_page(
    page: Path,
    predictions: Iterable[Prediction],
    base: Path,
    classes: Sequence[str],
    limit: PositiveInt,
    run: str,
    name: str,
) -> int:
    """Writes the page with the least confident predictions, the least confident first.

    An image that has been removed since is left out, and so is one that is called unknown: no class is its label.

    Args:
        page: The HTML file; it is overwritten.
        predictions: All predictions for images.
        base: The folder that their paths are relative to.
        classes: The classes to choose from.
        limit: How many predictions are shown at most.
        run: The run's name.
        name: The prediction file's name without its suffix; corrected labels are downloaded as NAME.reviewed.csv.

    Returns:
        How many predictions are shown.
    """
    items = []
    of_class = (prediction for prediction in predictions if prediction.label in classes)
    for prediction in heapq.nsmallest(limit, of_class, key=lambda prediction: prediction.confidence):
        try:
            thumbnail = _thumbnail(base / prediction.path)
        except (OSError, ValueError):
            continue
        path, label, confidence, _ = prediction
        items.append({"path": path, "label": label, "confidence": confidence, **thumbnail})
    values = {"run": run, "classes": list(classes), "items": items, "download": f"{name}.reviewed.csv"}
    text = json.dumps(values).replace("<", "\\u003c")  # so that no name can end the script element
    page.parent.mkdir(parents=True, exist_ok=True)
    template = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    atomic_write_text(page, template.replace("{{data}}", text))
    return len(items)


def _thumbnail(path: Path) -> dict[str, Any]:
    """The image upright, at most 192 pixels wide and high, as a data URI; and whether it is smaller than that."""
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        image.draft(None, (2 * SIDE, 2 * SIDE))
        ImageOps.exif_transpose(image, in_place=True)
        shown = eight_bit(image)
        small = max(shown.size) < SIDE
        shown.thumbnail((SIDE, SIDE))
    kind = "png" if small else "jpeg"
    out = io.BytesIO()
    shown.save(out, kind)
    return {"image": f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode()}", "small": small}
