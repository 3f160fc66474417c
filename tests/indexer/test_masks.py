"""Masks from files: which pixels count, how they follow boxes and reduction, and what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from engine.errors import PictureError
from indexer.decode import DecodeLimits, decode
from indexer.masks import apply_mask, read_mask

RNG = np.random.default_rng(11)
SHAPE = np.zeros((60, 80), bool)
SHAPE[10:50, 20:60] = True
SHAPE[25:30, 30:40] = False


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def mask_png(mask: np.ndarray) -> bytes:
    return saved(Image.fromarray(mask.astype(np.uint8) * 255))


def photo(width: int = 80, height: int = 60, alpha: np.ndarray | None = None) -> bytes:
    pixels = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return saved(Image.fromarray(pixels if alpha is None else np.dstack([pixels, alpha])), compress_level=1)


def labels(dtype: type, step: int) -> np.ndarray:
    """SHAPE as label ids, several of them."""
    return (SHAPE * (1 + np.arange(80) % 3) * step).astype(dtype)


def palette_labels() -> Image.Image:
    image = Image.new("P", (80, 60))
    image.putpalette([0, 0, 0, 0, 0, 0, 255, 255, 255, 9, 9, 9])  # label 1 is painted black, as label 0 is
    image.putdata(labels(np.uint8, 1).ravel().tolist())
    return image


def colour_with_alpha(alpha: np.ndarray) -> Image.Image:
    colours = np.where(SHAPE[..., None], (0, 0, 1), (0, 0, 0)).astype(np.uint8)
    return Image.fromarray(np.dstack([colours, alpha]))


MASKS = {
    "grey 0 and 255": mask_png(SHAPE),
    "grey label ids": saved(Image.fromarray(labels(np.uint8, 1))),
    "16-bit label ids": saved(Image.fromarray(labels(np.uint16, 256))),
    "1 bit": saved(Image.fromarray(SHAPE)),
    "palette": saved(palette_labels()),
    "palette GIF": saved(palette_labels(), "GIF"),
    "one channel of RGB": saved(colour_with_alpha(np.full((60, 80), 255, np.uint8)).convert("RGB")),
    "alpha": saved(colour_with_alpha(np.where(SHAPE, 200, 90).astype(np.uint8))),
    "alpha without news": saved(colour_with_alpha(np.full((60, 80), 255, np.uint8))),
    "TIFF": saved(Image.fromarray(SHAPE), "TIFF"),
    "WebP": saved(Image.fromarray(np.repeat(SHAPE[..., None], 3, 2).astype(np.uint8) * 255), "WEBP", lossless=True),
}


@pytest.mark.parametrize("kind", MASKS)
def test_every_kind_of_mask(kind: str) -> None:
    np.testing.assert_array_equal(read_mask(MASKS[kind]), SHAPE)


def test_a_jpeg_mask_is_cut_in_the_middle() -> None:
    mask = read_mask(saved(Image.fromarray(SHAPE.astype(np.uint8) * 255), "JPEG", quality=60))
    assert (mask != SHAPE).mean() < 0.01


def test_a_mask_is_turned_upright_by_its_own_orientation() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(SHAPE)).astype(np.uint8) * 255)
    np.testing.assert_array_equal(read_mask(saved(turned, exif=exif.tobytes())), SHAPE)


def test_same_size_is_taken_as_it_is() -> None:
    picture = decode(photo())
    masked = apply_mask(picture, mask_png(SHAPE))
    assert masked.mask is not None
    np.testing.assert_array_equal(masked.mask, SHAPE)
    np.testing.assert_array_equal(masked.rgb, picture.rgb)
    assert masked.source_size == (80, 60)


def test_the_box_cuts_the_mask_as_the_photo() -> None:
    box = (25, -4, 30, 32)
    masked = apply_mask(decode(photo(), box=box), mask_png(SHAPE), box)
    assert masked.mask is not None
    np.testing.assert_array_equal(masked.mask, SHAPE[0:28, 25:55])


@pytest.mark.parametrize("box", [None, (301, 203, 1100, 900)])
def test_reduction_counts_half_of_the_area(box: tuple[int, int, int, int] | None) -> None:
    y, x = np.mgrid[0:1500, 0:2000]
    disc = (x - 900) ** 2 + (y - 700) ** 2 < 401**2
    picture = decode(photo(2000, 1500), box=box)
    masked = apply_mask(picture, mask_png(disc), box)
    assert masked.mask is not None
    left, top, width, height = box or (0, 0, 2000, 1500)
    h, w = masked.mask.shape
    for row, column in RNG.integers(0, (h, w), (400, 2)):  # the area over each of a sample of pixels, by counting
        rows = slice(top + round(row * height / h), top + round((row + 1) * height / h))
        columns = slice(left + round(column * width / w), left + round((column + 1) * width / w))
        share = disc[rows, columns].mean()
        if abs(share - 0.5) > 0.35:  # nearer the edge, rounding the area to whole pixels decides
            assert masked.mask[row, column] == (share > 0.5)


@pytest.mark.parametrize("scale", [0.5, 0.25, 2.0])
def test_a_uniformly_scaled_mask_fits(scale: float) -> None:
    size = (round(80 * scale), round(60 * scale))
    scaled = Image.fromarray(SHAPE.astype(np.uint8) * 255).resize(size, Image.Resampling.NEAREST)
    masked = apply_mask(decode(photo()), saved(scaled))
    assert masked.mask is not None
    assert (masked.mask != SHAPE).mean() < 0.05


def test_the_mask_of_the_working_size_fits_its_photo() -> None:
    picture = decode(photo(1333, 1001))
    half = np.zeros(picture.rgb.shape[:2], bool)
    half[:, : half.shape[1] // 2] = True
    masked = apply_mask(picture, mask_png(half))
    assert masked.mask is not None
    np.testing.assert_array_equal(masked.mask, half)


def test_the_photos_own_alpha_stays_out() -> None:
    alpha = np.full((60, 80), 255, np.uint8)
    alpha[:, :40] = 0
    masked = apply_mask(decode(photo(alpha=alpha)), mask_png(SHAPE))
    assert masked.mask is not None
    np.testing.assert_array_equal(masked.mask, SHAPE & (alpha > 0))


def test_a_mask_of_everything_is_none() -> None:
    assert apply_mask(decode(photo()), mask_png(np.ones((60, 80), bool))).mask is None


def test_refusals() -> None:
    picture = decode(photo())
    clear_left = np.full((60, 80), 255, np.uint8)
    clear_left[:, :70] = 0
    cases = [
        (picture, mask_png(SHAPE.T), None, "the mask is 60 x 80, the photo is 80 x 60"),
        (picture, mask_png(SHAPE[:, :60]), None, "the mask is 60 x 60, the photo is 80 x 60"),
        (picture, mask_png(np.zeros_like(SHAPE)), None, "the mask is empty"),
        (decode(photo(), box=(0, 0, 9, 9)), mask_png(SHAPE), (0, 0, 9, 9), "the mask is empty in its box"),
        (decode(photo(alpha=clear_left)), mask_png(SHAPE), None, "the mask covers only transparent pixels"),
        (picture, mask_png(SHAPE)[:60], None, "the mask: truncated PNG"),
        (picture, b"", None, "the mask: empty file"),
        (picture, b"text", None, "the mask: not a picture"),
        (picture, saved(Image.fromarray(SHAPE.astype(np.float32)), "TIFF"), None, "pixels of kind F"),
    ]
    for given, data, box, reason in cases:
        with pytest.raises(PictureError, match=reason):
            apply_mask(given, data, box)
    with pytest.raises(PictureError, match=r"the mask: 80 x 60 is 0.0 megapixels, over the limit"):
        apply_mask(picture, mask_png(SHAPE), limits=DecodeLimits(megapixels=0.001))
