"""A page with the least certain pictures, where a person corrects their labels: one file that needs no network."""

import base64
import heapq
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from semisup.core.atomic_files import atomic_write_text
from semisup.data.sources.pictures import eight_bit
from semisup.predicting.outputs import Row

SIDE = 192  # pixels of a thumbnail


def write_page(
    page: Path, rows: Iterable[Row], place: Path, classes: Sequence[str], limit: int, run: str, name: str
) -> int:
    """Writes the page with the `limit` rows of the least confidence, the least first; returns how many there are.

    place: what the paths of the rows are relative to. run, name: of the run, and of the labels. A picture
    that has gone since is left out.
    """
    items = []
    for row in heapq.nsmallest(limit, rows, key=lambda row: row.confidence):
        try:
            picture = thumbnail(place / row.path)
        except (OSError, ValueError):
            continue
        items.append({"path": row.path, "label": row.label, "confidence": row.confidence, **picture})
    values = {"run": run, "classes": list(classes), "items": items, "download": f"{name}.reviewed.csv"}
    text = json.dumps(values).replace("<", "\\u003c")  # so that no name can end the script element
    page.parent.mkdir(parents=True, exist_ok=True)
    template = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    atomic_write_text(page, template.replace("{{data}}", text))
    return len(items)


def thumbnail(path: Path) -> dict[str, Any]:
    """The whole picture, upright and at most 192 pixels wide and high, as a data URI. small: it had fewer."""
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
