"""Pixels as they are, or normalized."""

import numpy as np
import pytest
import torch

from semisup.core.errors import SemisupError
from semisup.data import SSLDataModule, Store, scale_pixels


def store(images):
    targets = np.arange(len(images)) % 2
    return Store("", ("a", "b"), images, targets, images, targets, len(images), (0.5,), (0.25,), "")


def test_pixels_that_are_not_normalized_are_between_0_and_1():
    """255 becomes 1 and 0 stays 0; normalized with mean .5 and deviation .25 they are 2 and -2."""
    images = np.zeros((4, 2, 2, 1), np.uint8)
    images[:, 0] = 255
    for normalize, expected in ((False, {0.0, 1.0}), (True, {-2.0, 2.0})):
        views = SSLDataModule(scale_pixels(store(images), normalize), padding=0, validation=0).views
        plain = views.apply("plain", torch.from_numpy(images), {})
        assert set(plain.unique().tolist()) == expected


def test_tables_are_always_normalized():
    with pytest.raises(SemisupError, match=r"^data\.normalize=false leaves pixels as they are"):
        scale_pixels(store(np.zeros((4, 3), np.float32)), normalize=False)
