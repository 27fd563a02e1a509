"""The images of a run's page: which are shown, and how they are put into it."""

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST = 24  # images of a gallery
_SIDE = 96  # pixels of an image at most
_LOSSLESS = 40  # pixels of a side up to which every pixel is kept


@dataclass(frozen=True)
class GalleryImage:
    """An image of a gallery.

    Args:
        uri: The image as a data URI.
        index: Its row in the store.
        predicted: The name of the predicted class.
        true: The name of its class.
        confidence: Of the prediction, from 0 to 1.
    """

    uri: str
    index: int
    predicted: str
    true: str
    confidence: float

    @property
    def correct(self) -> bool:
        """Whether the prediction is correct."""
        return self.predicted == self.true

    @property
    def alt(self) -> str:
        """What a screen reader says."""
        predicted = "correctly predicted as" if self.correct else "predicted as"
        return f"Image {self.index}, {self.true}, {predicted} {self.predicted} with confidence {self.confidence:.1%}"


def most_confident(
    images: NDArray[Any],
    index: NDArray[np.int64],
    predicted: NDArray[np.int64],
    true: NDArray[np.int64],
    confidence: NDArray[np.floating],
    names: tuple[str, ...],
    correct: bool,
) -> list[GalleryImage]:
    """The 24 most confident of the correct or of the wrong predictions.

    Args:
        images: (M, H, W, C) uint8.
        index: The rows of the N images, (N,).
        predicted: Their predicted classes, (N,).
        true: Their true classes, (N,); -1 = unknown, and the image is left out.
        confidence: Of the predictions, (N,).
        names: The names of the classes.
        correct: Whether correct predictions are shown, or wrong ones.

    Returns:
        The images, the most confident first.
    """
    rows = np.flatnonzero((true >= 0) & ((predicted == true) == correct))
    return [
        GalleryImage(
            uri=data_uri(images[index[row]]),
            index=int(index[row]),
            predicted=names[predicted[row]],
            true=names[true[row]],
            confidence=float(confidence[row]),
        )
        for row in rows[np.argsort(-confidence[rows], kind="stable")[:_MOST]]
    ]


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """An image for an HTML page. Small images are PNG; others become WebP of at most 96 pixels.

    Args:
        pixels: (H, W, C).

    Returns:
        A data URI.
    """
    from PIL import Image

    shown = pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., 0]  # other numbers of channels are no colors
    image = Image.fromarray(np.ascontiguousarray(shown))
    buffer, kind = io.BytesIO(), "png"
    if max(image.size) <= _LOSSLESS:
        image.save(buffer, kind, optimize=True)
    else:
        kind = "webp"
        image.thumbnail((_SIDE, _SIDE))
        image.save(buffer, kind, quality=80)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
