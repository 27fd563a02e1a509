"""Decodes one image file of any kind to an array of bytes."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

_ORIENTATION = 0x0112  # the EXIF tag; from 5 on, height and width are exchanged


MAX_MEGAPIXELS = 179.0  # of an image that is decoded, as in Pillow: a small file may hold a very large image
_HEIF = {".heic", ".heif", ".hif"}


def decode(
    path: Path, size: tuple[int, int], gray: bool = False, max_megapixels: float = MAX_MEGAPIXELS
) -> NDArray[np.uint8]:
    """Decodes an image, resizes its short side, and crops its center.

    EXIF orientation is applied if it can be read, transparency is laid over white, and the first frame of an animation
    is used. HEIC takes the package pillow-heif.

    Args:
        path: The file.
        size: (H, W), in pixels.
        gray: Whether the result has one channel.
        max_megapixels: The largest image that is decoded.

    Returns:
        (H, W, 3) uint8, or (H, W, 1).

    Raises:
        ValueError: If the file cannot be read; the message says why.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    if path.stat().st_size == 0:
        raise ValueError("empty file")
    if path.suffix.lower() in _HEIF:
        _register_heif()
    height, width = size
    try:
        with _opened(path) as image:
            if (pixels := image.width * image.height / 1e6) > max_megapixels:
                memory = f"up to {8 * pixels / 1000:.1f} GB of memory"
                raise ValueError(f"{pixels:,.0f} megapixels, which take {memory}; allow them with max_megapixels=...")
            image.draft(None, (2 * width, 2 * height))  # decodes a JPEG at 1/2, 1/4 or 1/8 where that is enough
            with suppress(Exception):  # metadata may be damaged in any way; the pixels need none
                ImageOps.exif_transpose(image, in_place=True)
            fitted = ImageOps.fit(eight_bit(image), (width, height), Image.Resampling.BILINEAR)
    except UnidentifiedImageError as error:
        raise ValueError("not an image") from error
    except Exception as error:  # decoders raise nearly anything on a damaged file
        raise ValueError(str(error) or type(error).__name__) from error
    return np.asarray(fitted.convert("L" if gray else "RGB"), dtype=np.uint8).reshape(height, width, -1)


@contextmanager
def _opened(path: Path) -> Iterator["Image"]:
    """An image of any size: Pillow's own limit would be one for the process, and a warning from half of it on."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path) as image:
        yield image


def _register_heif() -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise ValueError("HEIC needs the package pillow-heif: pip install pillow-heif") from error
    register_heif_opener()


def eight_bit(image: "Image") -> "Image":
    """Converts an image of any mode to mode L or RGB.

    Args:
        image: The image.

    Returns:
        The image with 8 bits per channel.

    Raises:
        ValueError: If no value of the image is defined to be white.
    """
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits; PIL's own conversion would clip instead of scale
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("32-bit values without a defined range")
        values[values == image.info.get("transparency")] = 65535
        return Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("floating-point values without a defined range")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def survey(paths: Iterable[Path]) -> tuple[set[tuple[int, int]], set[str]]:
    """Finds the sizes and modes of images from the heads of their files. Unreadable files are ignored.

    Args:
        paths: The files.

    Returns:
        The upright sizes (H, W) and the PIL modes that occur.
    """
    with ThreadPoolExecutor() as threads:
        heads = {head for head in threads.map(_head, paths) if head}
    return {size for size, _ in heads}, {mode for _, mode in heads}


def _head(path: Path) -> tuple[tuple[int, int], str] | None:
    try:
        if path.suffix.lower() in _HEIF:
            _register_heif()
        with _opened(path) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION, 1) >= 5
            return ((width, height) if turned else (height, width)), image.mode
    except Exception:  # decoders raise nearly anything on a damaged file
        return None  # decode() will say what is wrong with it
