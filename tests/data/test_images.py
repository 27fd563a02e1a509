"""One image of any kind: the pixels that come out, to be checked by hand."""

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from semisup.data.sources.images import decode

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def save(file: Path, color: tuple[int, ...] | int | float, size: tuple[int, int] = (4, 4), mode: str = "RGB") -> None:
    Image.new(mode, size, color).save(file)


def pixels(file: Path, size: int = 4) -> np.ndarray:
    return decode(file, (size, size))


def test_grey_becomes_three_equal_channels(tmp_path):
    save(tmp_path / "a.png", 77, mode="L")
    assert_array_equal(pixels(tmp_path / "a.png"), np.full((4, 4, 3), 77))


def test_one_bit_becomes_black_and_white(tmp_path):
    save(tmp_path / "a.png", 1, mode="1")
    assert_array_equal(pixels(tmp_path / "a.png"), np.full((4, 4, 3), 255))


def test_16_bits_are_scaled_and_not_clipped(tmp_path):
    """65535 / 257 = 255; 32896 / 257 = 128; 300 / 257 = 1.17 -> 1; clipping would give 255 for all but the last."""
    values = np.array([[65535, 32896], [300, 0]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    Image.fromarray(values).save(tmp_path / "a.tif")
    for name in ("a.png", "a.tif"):
        assert_array_equal(pixels(tmp_path / name, 2)[..., 0], [[255, 128], [1, 0]])


def test_transparency_is_laid_over_white(tmp_path):
    """Red at alpha 0, 255 and 51 = 20 %: 255 · .8 + 0 · .2 = 204 in green and blue."""
    row = np.array([[[255, 0, 0, 0], [255, 0, 0, 255], [255, 0, 0, 51]]] * 3, dtype=np.uint8)
    Image.fromarray(row, "RGBA").save(tmp_path / "a.png")
    assert_array_equal(pixels(tmp_path / "a.png", 3)[0], [WHITE, RED, (255, 204, 204)])


def test_grey_with_alpha_is_laid_over_white(tmp_path):
    save(tmp_path / "a.png", (0, 51), mode="LA")
    assert_array_equal(pixels(tmp_path / "a.png"), np.full((4, 4, 3), 204))


def test_a_palette_is_looked_up_and_its_transparent_color_is_white(tmp_path):
    image = Image.new("P", (2, 2))
    image.putpalette([*GREEN, *BLUE])
    image.putdata([0, 1, 1, 0])
    image.save(tmp_path / "a.png", transparency=1)
    assert_array_equal(pixels(tmp_path / "a.png", 2), [[GREEN, WHITE], [WHITE, GREEN]])


def test_cmyk_becomes_rgb(tmp_path):
    save(tmp_path / "a.jpg", (0, 255, 255, 0), size=(16, 16), mode="CMYK")  # no cyan, all magenta and yellow: red
    assert np.abs(pixels(tmp_path / "a.jpg").astype(int) - RED).max() <= 3


def test_of_an_animation_the_first_frame_is_taken(tmp_path):
    frames = [Image.new("RGB", (4, 4), color) for color in (GREEN, RED, BLUE)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert_array_equal(pixels(tmp_path / "a.gif"), np.broadcast_to(GREEN, (4, 4, 3)))


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (1, 1)), (6, (0, 1)), (8, (1, 0))])
def test_exif_orientation_is_applied(tmp_path, orientation, corner):
    """A red corner, top left as stored: 3 turns the image by 180°, 6 by 90° clockwise, 8 anticlockwise."""
    image = Image.new("RGB", (2, 2), BLUE)
    image.putpixel((0, 0), RED)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "a.png", exif=exif)
    expected = np.broadcast_to(BLUE, (2, 2, 3)).copy()
    expected[corner] = RED
    assert_array_equal(pixels(tmp_path / "a.png", 2), expected)


def test_the_centre_is_cut_out(tmp_path):
    columns = np.broadcast_to(np.array([10, 20, 30, 40, 50, 60], np.uint8), (2, 6))
    Image.fromarray(columns).save(tmp_path / "wide.png")
    Image.fromarray(columns.T).save(tmp_path / "tall.png")
    assert_array_equal(pixels(tmp_path / "wide.png", 2)[..., 0], [[30, 40], [30, 40]])
    assert_array_equal(pixels(tmp_path / "tall.png", 2)[..., 0], [[30, 30], [40, 40]])


def test_the_short_side_is_resized_without_aliasing(tmp_path):
    """Columns 255 255 0 0 to half the width: a triangle of reach 2 around x = 1 weighs their centres .75 .75 .25 0.

    255 · 1.5 / 1.75 = 218.6, and 255 · .25 / 1.75 = 36.4 on the other side. Picking every second would give 255 and 0.
    """
    Image.fromarray(np.broadcast_to(np.array([255, 255, 0, 0], np.uint8), (4, 4))).save(tmp_path / "a.png")
    assert_array_equal(pixels(tmp_path / "a.png", 2)[..., 0], [[219, 36], [219, 36]])


def test_a_large_jpeg_decoded_small_is_close_to_one_decoded_whole(tmp_path):
    ramp = np.linspace(0, 255, 512).astype(np.uint8)
    Image.fromarray(np.broadcast_to(ramp, (512, 512))).save(tmp_path / "a.jpg", quality=95)
    expected = np.broadcast_to(ramp.reshape(8, 64).mean(1)[None, :, None], (8, 8, 3))
    assert np.abs(pixels(tmp_path / "a.jpg", 8) - expected)[:, 1:-1].max() <= 3


def test_floating_point_pixels_are_refused_rather_than_guessed(tmp_path):
    save(tmp_path / "a.tif", 0.5, mode="F")
    with pytest.raises(ValueError, match="without a defined range"):
        pixels(tmp_path / "a.tif")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow's own
def test_damaged_metadata_do_not_hide_the_pixels(tmp_path):
    file = tmp_path / "a.jpg"
    for exif in (b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"):
        Image.new("RGB", (4, 4), (200, 100, 50)).save(file, exif=exif)
        assert abs(decode(file, (4, 4)).astype(int) - [200, 100, 50]).max() < 8


def test_heic_is_read_with_pillow_heif(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    Image.new("RGB", (64, 64), (200, 100, 50)).save(tmp_path / "a.heic")
    assert abs(decode(tmp_path / "a.heic", (8, 8)).astype(int) - [200, 100, 50]).max() < 8


def test_heic_without_pillow_heif_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.HEIC").write_bytes(b"ftypheic")
    with pytest.raises(ValueError, match="HEIC needs the package pillow-heif: pip install pillow-heif"):
        decode(tmp_path / "a.HEIC", (8, 8))


def test_a_very_large_image_takes_an_option_and_says_its_memory(tmp_path):
    Image.new("1", (2000, 1000)).save(tmp_path / "a.png")
    with pytest.raises(
        ValueError, match=r"2 megapixels, which take up to 0\.0 GB of memory; allow them with max_megapixels"
    ):
        decode(tmp_path / "a.png", (2, 2), max_megapixels=1.5)
    Image.new("1", (20_000, 10_000)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="200 megapixels"):
        decode(tmp_path / "a.png", (2, 2))
    assert decode(tmp_path / "a.png", (2, 2), gray=True, max_megapixels=200).shape == (2, 2, 1)
