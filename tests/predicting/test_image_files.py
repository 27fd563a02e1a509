"""Every kind of file in a folder of photos: predicted as its import would be, or listed as unreadable."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from semisup.cli.predict import predict
from semisup.data.sources.images import decode
from semisup.runs.trained_run import open_run

SIZE = (12, 10)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder, rng = tmp_path / "photos", np.random.default_rng(1)
    (folder / "deep" / "down").mkdir(parents=True)
    pixels = rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    image, other = Image.fromarray(pixels), Image.fromarray(255 - pixels)
    exif = Image.Exif()
    exif[0x0112] = 6  # is to be rotated
    image.save(folder / "turned.jpg", exif=exif)
    image.convert("L").save(folder / "grey.png")
    image.convert("P").save(folder / "palette.gif")
    Image.fromarray(rng.integers(0, 256, (*SIZE, 4), dtype=np.uint8), "RGBA").save(folder / "transparent.png")
    Image.fromarray(rng.integers(0, 65536, SIZE, dtype=np.uint16)).save(folder / "16 bits.png")
    Image.fromarray(rng.integers(0, 65536, SIZE, dtype=np.uint16)).save(folder / "deep" / "down" / "16 bits.tif")
    image.save(folder / "moves.gif", save_all=True, append_images=[other])
    image.save(folder / "moves.png", save_all=True, append_images=[other])
    image.save(folder / 'comma, "quote" and é.webp', lossless=True)
    image.save(folder / "cut.jpg", quality=95)
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:400])
    (folder / "empty.png").touch()
    (folder / "words.png").write_text("no image")
    Image.fromarray(rng.random(SIZE, dtype=np.float32)).save(folder / "float.tif")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "line\nbreak.png").write_bytes((folder / "grey.png").read_bytes())
    (folder / "line break last.png\n").write_bytes((folder / "grey.png").read_bytes())
    (folder / "not-utf-8-\udcff.png").write_bytes((folder / "grey.png").read_bytes())
    (folder / ".DS_Store").write_bytes(b"x")
    return folder


READABLE = [
    *("16 bits.png", 'comma, "quote" and é.webp', "grey.png", "moves.gif", "moves.png", "palette.gif"),
    *("transparent.png", "turned.jpg", "deep/down/16 bits.tif"),
]
UNREADABLE = {
    "cut.jpg": "Truncated File Read",
    "empty.png": "empty file",
    "float.tif": "floating-point values",
    "gone.png": "No such file or directory",
    "line\nbreak.png": "a line break",
    "line break last.png\n": "a line break",
    "not-utf-8-\\udcff.png": "not UTF-8",
    "words.png": "not an image",
}


def test_every_file_is_predicted_as_it_would_be_imported_or_is_listed(finished, photos, tmp_path, capsys):
    out = tmp_path / "labels.csv"
    predict(run=str(finished), images=str(photos), out=str(out), probabilities=True, batch_size=4)
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [row["path"] for row in rows] == READABLE
    run = open_run(finished)
    with torch.inference_mode():
        for row in rows:
            own = run.classifier(torch.tensor(decode(photos / row["path"], (8, 8)))[None])[0]
            assert float(row["p(dog)"]) == pytest.approx(float(own[1]), abs=2e-6), row["path"]
    listed = (tmp_path / "labels.csv.unreadable.txt").read_text(encoding="utf-8")
    for name, why in UNREADABLE.items():
        (line,) = (line for line in listed.split("\n") if line.startswith(name.replace("\n", "\\n") + "\t"))
        assert why in line
    assert listed.count("\n") == len(UNREADABLE)
    assert "8 could not be read" in capsys.readouterr().err


def test_a_file_that_was_repaired_is_predicted_by_the_next_call(finished, photos, tmp_path):
    out = tmp_path / "labels.jsonl"
    for _ in range(2):
        predict(run=str(finished), images=str(photos), out=str(out), batch_size=4)
        (photos / "words.png").write_bytes((photos / "grey.png").read_bytes())
    assert out.read_text(encoding="utf-8").splitlines()[-1].startswith('{"path": "words.png"')
    assert "words.png" not in (tmp_path / "labels.jsonl.unreadable.txt").read_text(encoding="utf-8")
