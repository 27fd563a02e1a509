"""The images of a run's page: which are shown, and as what."""

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 24  # images of a gallery
SIDE = 96  # pixels of a gallery's image at most
LOSSLESS = 40  # sides up to which every pixel is kept
TILE = 28  # pixels of a scatter's image at most
COLUMNS = 50  # of the sheet of these


@dataclass(frozen=True)
class Shown:
    """An image of a gallery. true: the name of its class; right: whether `predicted` is that."""

    picture: str
    index: int
    predicted: str
    true: str
    confidence: float

    @property
    def right(self) -> bool:
        return self.predicted == self.true

    @property
    def alt(self) -> str:
        taken = "rightly called" if self.right else "called"
        return f"Image {self.index}, {self.true}, {taken} {self.predicted} with confidence {self.confidence:.1%}"


@dataclass(frozen=True)
class Sheet:
    """Small images in rows of `columns`, as one picture. tile: pixels of a side of each."""

    picture: str
    columns: int
    rows: int
    tile: int


def most_confident(
    predicted: NDArray[np.int64], confidence: NDArray[np.floating], wanted: NDArray[np.bool_], most: int = MOST
) -> NDArray[np.int64]:
    """The rows of the wanted predictions, the most confident first. All of shape (N,)."""
    rows = np.flatnonzero(wanted)
    return rows[np.argsort(-confidence[rows], kind="stable")[:most]]


def gallery(
    images: NDArray[Any],
    index: NDArray[np.int64],
    predicted: NDArray[np.int64],
    true: NDArray[np.int64],
    confidence: NDArray[np.floating],
    names: tuple[str, ...],
    right: bool,
) -> list[Shown]:
    """The most confident right or wrong predictions.

    images: (M, H, W, C) uint8. index, predicted, true, confidence: (N,); index: rows of images; true: -1 = not known.
    """
    wanted = (true >= 0) & ((predicted == true) == right)
    return [
        Shown(
            picture=picture(images[index[row]]),
            index=int(index[row]),
            predicted=names[predicted[row]],
            true=names[true[row]],
            confidence=float(confidence[row]),
        )
        for row in most_confident(predicted, confidence, wanted)
    ]


def picture(pixels: NDArray[np.uint8]) -> str:
    """A data URI. pixels: (H, W, C) uint8. Small images are PNG; others are brought to 96 pixels, as WebP."""
    image = _image(pixels)
    if max(image.size) <= LOSSLESS:
        return _uri(image, "png", optimize=True)
    image.thumbnail((SIDE, SIDE))
    return _uri(image, "webp", quality=80)


def sheet(images: NDArray[Any], index: NDArray[np.int64]) -> Sheet:
    """The images of a scatter, small, for its hover. images: (M, H, W, C) uint8."""
    from PIL import Image

    tile = min(TILE, max(images.shape[1:3]))
    rows = -(-len(index) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * tile, rows * tile))
    for place, row in enumerate(index):
        small = _image(images[row]).convert("RGB").resize((tile, tile))
        whole.paste(small, (place % COLUMNS * tile, place // COLUMNS * tile))
    return Sheet(_uri(whole, "webp", quality=60), COLUMNS, rows, tile)


def _image(pixels: NDArray[np.uint8]) -> Any:
    from PIL import Image

    shown = pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., 0]  # other numbers of channels are no colours
    return Image.fromarray(np.ascontiguousarray(shown))


def _uri(image: Any, kind: str, **how: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
