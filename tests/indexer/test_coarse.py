"""The coarse picture: its rule, how it is made of any kind of file, and what does not depend on it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import houndstooth
from engine.errors import PictureError
from indexer.coarse import COARSE_SIDE, coarse_rgb, coarse_scale, coarse_view
from indexer.decode import DecodeLimits, decode
from indexer.intake import Intake, take_in
from indexer.picture import Picture
from indexer.sources.base import SourceImage
from indexer.spaces.colour import Colour
from indexer.spaces.palette import Palette
from indexer.thumbnail import THUMBNAIL_SIDE


def ramp(width: int, height: int) -> np.ndarray:
    """Red grows with x and green with y, so that a pixel tells where it came from."""
    y, x = np.mgrid[0:height, 0:width]
    return np.dstack([x * 255 // width, y * 255 // height, np.full_like(x, 60)]).astype(np.uint8)


def saved(pixels: np.ndarray, kind: str = "JPEG", quality: int = 92, **more: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **({"quality": quality} if kind == "JPEG" else {}), **more)
    return file.getvalue()


@given(width=st.integers(1, 20_000), height=st.integers(1, 20_000))
def test_the_rule(width: int, height: int) -> None:
    eighths, factor = coarse_scale(width, height)
    assert eighths in (1, 2, 3, 4, 8)
    assert factor == 1 or eighths == 1 or max(width, height) * eighths > 8 * (2 * COARSE_SIDE - 1)
    long = max(width, height)
    coarse = long * eighths / 8 / factor
    assert coarse == long if long < 2 * COARSE_SIDE - 1 else COARSE_SIDE - 1 < coarse <= 2 * COARSE_SIDE
    assert coarse_scale(height, width) == (eighths, factor)


@pytest.mark.parametrize(
    ("long", "rule"),
    [
        *[(50, (8, 1)), (358, (8, 1)), (360, (4, 1)), (477, (4, 1)), (480, (3, 1)), (533, (3, 1)), (716, (3, 1))],
        *[(720, (2, 1)), (1200, (2, 1)), (1440, (1, 1)), (2000, (1, 1)), (4000, (1, 2)), (6000, (1, 4))],
    ],
)
def test_the_rule_by_hand(long: int, rule: tuple[int, int]) -> None:
    assert coarse_scale(long, long // 2) == rule


@pytest.mark.parametrize("long", [200, 400, 533, 800, 2000, 4000])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_it_is_the_photo_reduced_by_area(kind: str, long: int) -> None:
    pixels = ramp(long, long * 3 // 4)
    coarse = coarse_rgb(decode(saved(pixels, kind)))
    wanted = cv2.resize(pixels, coarse.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(coarse.astype(int) - wanted).max() <= 4
    assert COARSE_SIDE <= max(coarse.shape) <= 2 * COARSE_SIDE


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright_and_cut_as_the_picture_is(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(saved(ramp(600, 800), exif=exif), box=(100, 150, 400, 430))
    assert picture.coarse is not None
    wanted = cv2.resize(picture.rgb, picture.coarse.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(picture.coarse.astype(int) - wanted).max() <= 6


def test_grey_and_cmyk_have_one() -> None:
    grey = Image.fromarray(ramp(500, 400)).convert("L")
    cmyk = Image.fromarray(ramp(500, 400)).convert("CMYK")
    for image in (grey, cmyk):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=95)
        picture = decode(file.getvalue())
        assert picture.coarse is not None
        assert picture.coarse.shape == (150, 188, 3)
        wanted = cv2.resize(picture.rgb, (188, 150), interpolation=cv2.INTER_AREA)
        assert np.abs(picture.coarse.astype(int) - wanted).mean() < 2


def test_alone_it_is_the_same_and_nothing_else_is_decoded() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (533, 400, 3), dtype=np.uint8)
    data = saved(noise)
    both, alone = decode(data), decode(data, coarse_only=True)
    assert both.coarse is not None
    np.testing.assert_array_equal(both.coarse, alone.coarse)
    assert both.rgb.shape == (533, 400, 3)
    assert alone.rgb is alone.coarse
    assert both.source_size == alone.source_size == (400, 533)
    small = decode(saved(noise[:300, :200]))
    assert small.coarse is small.rgb  # it was not decoded twice


def test_damaged_files_are_refused_alike() -> None:
    data = saved(np.random.default_rng(1).integers(0, 256, (533, 400, 3), dtype=np.uint8))
    limits = DecodeLimits(megapixels=0.1)
    scan = data.index(b"\xff\xda") + 400
    for broken in (data[:-5000], data[: len(data) // 2], data[:scan] + b"\xff\xd3\x00\x00" * 20 + data[scan + 80 :]):
        told = []
        for coarse_only in (False, True):
            with pytest.raises(PictureError) as error:
                decode(broken, coarse_only=coarse_only)
            told.append(str(error.value))
        assert told[0] == told[1]
    with pytest.raises(PictureError, match="megapixels"):
        decode(data, limits, coarse_only=True)


def test_pixels_outside_a_mask_do_not_bleed_into_those_inside() -> None:
    rgb = np.full((500, 500, 3), (0, 255, 0), np.uint8)
    mask = np.zeros((500, 500), bool)
    mask[101:397, 53:301] = True
    rgb[mask] = (200, 30, 30)
    coarse, inside = coarse_view(Picture(rgb, mask))
    assert inside is not None
    assert (coarse[inside] == (200, 30, 30)).all()
    assert inside.mean() == pytest.approx(mask.mean(), rel=0.05)


def test_a_thin_mask_keeps_pixels() -> None:
    picture = decode(saved(ramp(400, 533)))
    for rows in (slice(100, 101), slice(532, 533)):
        mask = np.zeros((533, 400), bool)
        mask[rows, 50:350] = True
        for one in (Picture(picture.rgb, mask), Picture(picture.rgb, mask, coarse=picture.coarse)):
            _, inside = coarse_view(one)
            assert inside is not None
            assert 80 <= np.count_nonzero(inside) <= 300
    _, nothing = coarse_view(Picture(picture.rgb, np.zeros((533, 400), bool), coarse=picture.coarse))
    assert nothing is None  # as `Picture.pixels`


def test_real_photos_as_png_and_smaller_have_nearly_the_same_colours(shared_data: Path) -> None:
    photos = sorted((shared_data / "clothing" / "validation").rglob("*.jpg"))[::35]
    assert len(photos) >= 9
    for photo in photos:
        whole = np.asarray(Image.open(photo).convert("RGB"))
        smaller = cv2.resize(whole, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
        files = [photo.read_bytes(), saved(whole, "PNG", compress_level=1), saved(smaller, quality=95)]
        rows = {space: space.extract([decode(data) for data in files]) for space in (Colour(), Palette())}
        for space, vectors in rows.items():
            assert (vectors @ vectors.T).min() >= 0.97, (photo, space.name)


def photo_of(path: Path, mask: Path | None = None) -> SourceImage:
    return SourceImage(path, str(path), path.stem, {}, mask=mask)


def test_a_given_mask_is_laid_on_the_whole_picture(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(saved(ramp(400, 533)))
    half = np.zeros((533, 400), np.uint8)
    half[:, :200] = 255
    (tmp_path / "mask.png").write_bytes(saved(half, "PNG"))
    bare = take_in(photo_of(tmp_path / "photo.jpg"), DecodeLimits(), coarse_only=True)
    masked = take_in(photo_of(tmp_path / "photo.jpg", tmp_path / "mask.png"), DecodeLimits(), coarse_only=True)
    whole = take_in(photo_of(tmp_path / "photo.jpg", tmp_path / "mask.png"), DecodeLimits())
    for taken in (bare, masked):
        assert isinstance(taken, Intake)
        assert taken.picture is not None
        assert taken.picture.rgb.shape == (200, 150, 3)
    assert isinstance(masked, Intake)
    assert isinstance(whole, Intake)
    assert masked.picture is not None
    assert whole.picture is not None
    np.testing.assert_array_equal(whole.picture.mask, half > 0)
    np.testing.assert_array_equal(masked.picture.mask, coarse_view(whole.picture)[1])
    np.testing.assert_array_equal(Colour().extract([masked.picture]), Colour().extract([whole.picture]))
    assert (masked.phash, masked.thumbnail) == (whole.phash, whole.thumbnail)


def test_colours_do_not_depend_on_the_other_spaces(tmp_path: Path) -> None:
    """Indexed alone, where only coarse pictures are decoded, or beside a space that looks at the outline."""
    rng = np.random.default_rng(2)
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(4):
        blocks = rng.integers(0, 256, (41, 31, 3), dtype=np.uint8)
        pixels = np.repeat(np.repeat(blocks, 13, 0), 13, 1)
        (photos / f"{number}.jpg").write_bytes(saved(pixels))
    rows = []
    for spaces in (("colour", "palette"), ("colour", "palette", "outline")):
        catalog = houndstooth.open(tmp_path / f"{len(spaces)}.catalog", create=True)
        assert catalog.index(photos, spaces=spaces, garments="none").counts.indexed == 4
        there = catalog.reader.snapshot()
        rows.append([there.vectors_of(there.space(name)).gather(there.region_ids) for name in spaces[:2]])
    for alone, beside in zip(*rows, strict=True):
        np.testing.assert_array_equal(alone, beside)


def test_the_map_page_has_room_for_a_thumbnail() -> None:
    source = (Path(__file__).parents[2] / "web" / "src" / "draw" / "textures.ts").read_text(encoding="utf-8")
    assert re.search(rf"^const SIDE = {THUMBNAIL_SIDE};$", source, re.MULTILINE)
