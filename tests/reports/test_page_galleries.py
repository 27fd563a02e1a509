"""Which images a run's page shows."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from semisup.reports.run_page.galleries import data_uri, most_confident

NAMES = ("cat", "dog")
PREDICTED = np.array([0, 1, 0, 1, 0])
TRUE = np.array([0, 0, 1, 1, -1])
CONFIDENCE = np.array([0.7, 0.6, 0.9, 0.8, 1.0])
IMAGES = np.zeros((10, 8, 8, 3), np.uint8)
INDEX = np.array([2, 4, 6, 8, 9])


def opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


@pytest.mark.parametrize(("correct", "index", "confidence"), [(True, [8, 2], [0.8, 0.7]), (False, [6, 4], [0.9, 0.6])])
def test_the_most_confident_come_first_and_those_that_nobody_knows_not_at_all(correct, index, confidence):
    shown = most_confident(IMAGES, INDEX, PREDICTED, TRUE, CONFIDENCE, NAMES, correct=correct)
    assert [one.index for one in shown] == index
    assert [one.confidence for one in shown] == confidence
    assert all(one.correct == correct for one in shown)
    assert "predicted as" in shown[0].alt


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "L"), (3, "RGB"), (4, "RGB")])
def test_small_images_keep_every_pixel(channels, mode):
    pixels = np.random.default_rng(0).integers(0, 255, (8, 6, channels)).astype(np.uint8)
    image = opened(data_uri(pixels))
    assert (image.format, image.mode, image.size) == ("PNG", mode, (6, 8))
    assert (np.asarray(image) == (pixels[..., :3] if channels >= 3 else pixels[..., 0])).all()


def test_large_images_become_small_ones():
    assert opened(data_uri(np.zeros((300, 200, 3), np.uint8))).size == (64, 96)
