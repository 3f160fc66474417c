"""The working size: one rule for every source size, so that descriptors of one picture stay comparable."""

from __future__ import annotations

import io
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.errors import PictureError
from indexer.decode import LARGEST_SIDE, SMALLEST_SIDE, decode, read_picture, working_size

SIZES = (533, 711, 800, 1000, 1200, 1600, 2000, 3000)


@given(width=st.integers(1, 20_000), height=st.integers(1, 20_000))
def test_the_rule(width: int, height: int) -> None:
    factor, (w, h) = working_size(width, height)
    long = max(width, height)
    assert factor in (1, 2, 4, 8)
    assert 1 <= w <= width
    assert 1 <= h <= height
    assert max(w, h) == long if long <= LARGEST_SIDE else SMALLEST_SIDE <= max(w, h) <= LARGEST_SIDE
    assert abs(w / h - width / height) * min(w, h) <= 2 * max(1, width / height)  # the shape stays, but for rounding
    assert working_size(height, width) == (factor, (h, w))


@pytest.mark.parametrize(
    ("long", "expected"),
    [
        *[(100, 100), (533, 533), (720, 720), (721, 600), (959, 600), (960, 480), (1000, 500), (1440, 720)],
        *[(1441, 600), (2000, 500), (3000, 600), (4000, 500), (5760, 720), (6000, 600)],
    ],
)
def test_the_rule_by_hand(long: int, expected: int) -> None:
    assert max(working_size(long, long // 2)[1]) == expected


def jpeg(pixels: np.ndarray, quality: int = 92, sampling: int = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return cv2.imencode(".jpg", pixels, options)[1].tobytes()


def resized(pixels: np.ndarray, long: int) -> np.ndarray:
    scale = long / max(pixels.shape)
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)


def histogram(rgb: np.ndarray) -> np.ndarray:
    """Square roots of the shares of 8x8x8 cells: the inner product of two is their Hellinger (Bhattacharyya) cosine."""
    counts = cv2.calcHist([rgb], [0, 1, 2], None, [8, 8, 8], [0, 256] * 3).ravel()
    return np.sqrt(counts / counts.sum())


def compare(versions: list[bytes]) -> tuple[float, float]:
    """Least cosine of histograms, and largest mean difference at a quarter of the size, over all pairs."""
    pictures = [decode(data).rgb for data in versions]
    histograms = np.array([histogram(rgb) for rgb in pictures])
    small = [cv2.resize(rgb, (96, 128), interpolation=cv2.INTER_AREA).astype(float) for rgb in pictures]
    apart = max(np.abs(a - b).mean() for a in small for b in small)
    return float((histograms @ histograms.T).min()), float(apart)


def test_photos_at_any_size_have_one_descriptor(shared_data: Path) -> None:
    photos = sorted((shared_data / "clothing" / "validation").rglob("*.jpg"))[::60]
    assert len(photos) >= 5
    for photo in photos:
        pixels = cv2.imread(str(photo))
        cosine, apart = compare([jpeg(resized(pixels, long)) for long in SIZES])
        assert cosine >= 0.99, photo
        assert apart <= 4.0, photo


def texture(long: int, period: float, seed: int) -> np.ndarray:
    """A soft checked weave of two colours, drawn exactly at each size.

    period: in pixels of a 600-pixel picture,
    not a whole number, or each size would sample other phases of the weave, and few of them.
    """
    one, two = np.random.default_rng(seed).integers(30, 226, (2, 3))
    y, x = (np.mgrid[0:long, 0 : long * 3 // 4] + 0.5) * (2 * math.pi * 600 / long / period)
    share = (0.5 + 0.5 * np.sin(x) * np.sin(y))[..., None]
    return np.rint(one * share + two * (1 - share)).astype(np.uint8)


@pytest.mark.parametrize("period", [8.3, 12.7, 24.1])
def test_fine_textures_at_any_size_have_one_descriptor(period: int) -> None:
    # Colour at full resolution: halved, as is usual, the small file itself has lost the colours of a fine weave.
    full = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    cosine, apart = compare([jpeg(texture(long, period, int(period)), 92, full) for long in SIZES[::2] + SIZES[-1:]])
    assert cosine >= 0.97
    assert apart <= 3.0


def test_a_scaled_jpeg_is_like_the_same_pixels_in_a_png(shared_data: Path) -> None:
    pixels = cv2.imread(str(sorted((shared_data / "clothing" / "train").rglob("*.jpg"))[5]))
    for long in (700, 1000, 1500, 2600):
        data = jpeg(resized(pixels, long), 95)
        file = io.BytesIO()
        Image.open(io.BytesIO(data)).save(file, "PNG", compress_level=1)
        ours, through_png = decode(data).rgb, decode(file.getvalue()).rgb
        assert ours.shape == through_png.shape
        assert np.abs(ours.astype(float) - through_png).mean() < 1.5


def test_real_photos_are_what_opencv_reads(shared_data: Path) -> None:
    photos = sorted((shared_data / "clothing" / "train").rglob("*.jpg"))[::150]
    for photo in photos:
        reference = cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB)
        picture = read_picture(photo)
        assert picture.mask is None
        assert picture.source_size == (reference.shape[1], reference.shape[0])
        if max(reference.shape) <= LARGEST_SIDE:
            assert np.abs(picture.rgb.astype(int) - reference).mean() < 0.5, photo


def ramp(width: int, height: int) -> np.ndarray:
    """Red grows with x and green with y, so that a pixel tells where it came from."""
    y, x = np.mgrid[0:height, 0:width]
    return np.dstack([x * 255 // width, y * 255 // height, np.zeros_like(x)]).astype(np.uint8)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("box", [(100, 300, 400, 200), (1001, 203, 1799, 1501), (7, 9, 1500, 1003), (-50, -9, 90, 49)])
def test_a_box_is_cut_before_reducing(kind: str, box: tuple[int, int, int, int]) -> None:
    pixels = ramp(3000, 2000)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **({"quality": 95} if kind == "JPEG" else {"compress_level": 1}))
    picture = decode(file.getvalue(), box=box)
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(3000, box[0] + box[2]), min(2000, box[1] + box[3])
    assert picture.source_size == (3000, 2000)
    assert picture.rgb.shape[1::-1] == working_size(x1 - x0, y1 - y0)[1]
    wanted = cv2.resize(pixels[y0:y1, x0:x1], picture.rgb.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(picture.rgb.astype(int) - wanted).max() <= 3


def test_a_small_box_is_as_sharp_as_its_photo() -> None:
    row = (((np.arange(2000) // 2) % 2) * 255).astype(np.uint8)
    stripes = np.tile(row[None, :, None], (1500, 1, 3))
    data = jpeg(stripes, 95)
    assert decode(data, box=(400, 400, 200, 160)).rgb.std() > 110  # black and white
    assert decode(data).rgb.std() < 80  # reduced four times, the stripes of two pixels are grey


@pytest.mark.parametrize("box", [(40, 0, 5, 5), (0, 30, 5, 5), (-9, 0, 9, 9), (0, 0, 0, 5), (3, 3, -2, 5)])
def test_a_box_without_pixels_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(PictureError, match="no pixel of the photo, which is 40 x 30"):
        decode(jpeg(np.zeros((30, 40, 3), np.uint8)), box=box)


def test_what_lies_under_transparent_pixels_does_not_bleed_into_the_edge() -> None:
    rgba = np.zeros((1500, 1200, 4), np.uint8)
    rgba[..., 1] = 255  # green beneath
    y, x = np.mgrid[0:1500, 0:1200]
    inside = (x - 600) ** 2 + (y - 700) ** 2 < 333**2
    rgba[inside] = (200, 40, 30, 255)
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG", compress_level=1)
    picture = decode(file.getvalue())
    assert picture.mask is not None
    assert abs(picture.mask.mean() - inside.mean()) < 0.003
    assert np.abs(picture.pixels().astype(int) - (200, 40, 30)).max() <= 3
    np.testing.assert_array_equal(np.unique(picture.rgb[:50].reshape(-1, 3), axis=0), [[0, 255, 0]])


def test_one_pixel_and_extreme_shapes() -> None:
    for width, height in [(1, 1), (1, 5000), (9000, 2), (721, 1)]:
        picture = decode(jpeg(np.full((height, width, 3), 90, np.uint8)))
        assert max(picture.rgb.shape[:2]) <= LARGEST_SIDE
        assert picture.source_size == (width, height)
        assert np.abs(picture.rgb.astype(int) - 90).max() <= 2
