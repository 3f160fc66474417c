"""One file of every kind, with its golden pixels or its refusal."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from engine.errors import PictureError
from indexer.decode import decode

RED, GREEN, BLUE, GREY = (200, 30, 20), (20, 180, 40), (30, 40, 210), (128, 128, 128)
# Two rows of two blocks of 16x16 pixels: whole JPEG blocks, so that lossy kinds keep their centres.
BLOCKS = np.array([[RED, GREEN], [BLUE, GREY]], dtype=np.uint8)
PIXELS = np.kron(BLOCKS, np.ones((16, 16, 1), dtype=np.uint8))
IMAGE = Image.fromarray(PIXELS)
TALL = np.concatenate([PIXELS, PIXELS[:, :16]], axis=1)  # 48 wide, 32 high: tells turns apart
ALPHA = np.full((32, 32), 255, np.uint8)
ALPHA[:, :16] = 0  # the left blocks are transparent
LEFT_OUT = ALPHA > 0


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.copy().save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def with_alpha(alpha: np.ndarray = ALPHA) -> Image.Image:
    return Image.fromarray(np.dstack([PIXELS, alpha]))


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_by_hand(rows: np.ndarray, depth: int, colour: int, extra: bytes = b"") -> bytes:
    """A PNG of 16-bit samples, which Pillow cannot write in colour. rows: (h, w, channels) uint16."""
    height, width = rows.shape[:2]
    packed = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    end = chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(packed)) + end


# Adam7: first row, first column, row step, column step of each pass (PNG specification, section 8.2).
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def interlaced_png() -> bytes:
    """An interlaced PNG, which Pillow cannot write."""
    packed = b"".join(
        b"".join(b"\0" + row.tobytes() for row in PIXELS[y::down, x::across]) for y, x, down, across in ADAM7
    )
    head = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 1)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(packed)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def palette() -> Image.Image:
    image = Image.new("P", (32, 32))
    image.putpalette([value for colour in (RED, GREEN, BLUE, GREY) for value in colour])
    index = np.kron(np.array([[0, 1], [2, 3]], np.uint8), np.ones((16, 16), np.uint8))
    image.putdata(index.ravel().tolist())
    return image


def wide(channels: int) -> np.ndarray:
    """PIXELS as 16-bit samples whose low byte is noise."""
    low = np.random.default_rng(0).integers(0, 256, (32, 32, channels))
    samples = PIXELS if channels == 3 else np.dstack([PIXELS, ALPHA])
    return (samples.astype(np.uint16) << 8 | low).astype(np.uint16)


SPIN = IMAGE.transpose(Image.Transpose.ROTATE_90)
L_GOLD = np.repeat(np.asarray(IMAGE.convert("L"))[..., None], 3, axis=2)
ONE_BIT = np.kron(np.array([[0, 255], [255, 0]], np.uint8), np.ones((16, 16), np.uint8))
ONE_GOLD = np.repeat(ONE_BIT[..., None], 3, axis=2)
GREY_16 = (np.asarray(IMAGE.convert("L")).astype(np.uint16) << 8) | 77
CMYK_INK = np.kron(
    np.array([[[0, 255, 255, 0], [255, 0, 255, 0]], [[255, 255, 0, 0], [0, 0, 0, 128]]], np.uint8),
    np.ones((16, 16, 1), np.uint8),
)
CMYK = Image.frombytes("CMYK", (32, 32), CMYK_INK.tobytes())
CMYK_GOLD = np.kron(
    np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [127, 127, 127]]], np.uint8), np.ones((16, 16, 1), np.uint8)
)

# name -> (bytes, golden pixels, golden mask, largest difference allowed at block centres)
GOLDEN: dict[str, tuple[Callable[[], bytes], np.ndarray, np.ndarray | None, int]] = {
    "JPEG baseline": (lambda: saved(IMAGE, "JPEG", quality=95), PIXELS, None, 3),
    "JPEG 4:4:4": (lambda: saved(IMAGE, "JPEG", quality=95, subsampling=0), PIXELS, None, 3),
    "JPEG 4:1:1": (lambda: saved(IMAGE, "JPEG", quality=95, subsampling="4:1:1"), PIXELS, None, 60),
    "JPEG progressive": (lambda: saved(IMAGE, "JPEG", quality=95, progressive=True), PIXELS, None, 3),
    "JPEG grey": (lambda: saved(IMAGE.convert("L"), "JPEG", quality=95), L_GOLD, None, 2),
    "JPEG CMYK (Adobe, inverted)": (lambda: saved(CMYK, "JPEG", quality=98), CMYK_GOLD, None, 4),
    "JPEG RGB (Adobe, not YCbCr)": (lambda: saved(IMAGE, "JPEG", quality=95, keep_rgb=True), PIXELS, None, 3),
    "MPO": (lambda: saved(IMAGE, "MPO", quality=95, save_all=True, append_images=[SPIN.copy()]), PIXELS, None, 3),
    "PNG RGB": (lambda: saved(IMAGE, "PNG"), PIXELS, None, 0),
    "PNG grey": (lambda: saved(IMAGE.convert("L"), "PNG"), L_GOLD, None, 0),
    "PNG grey, clear grey": (
        lambda: saved(IMAGE.convert("L"), "PNG", transparency=int(L_GOLD[0, 0, 0])),
        L_GOLD,
        L_GOLD[..., 0] != L_GOLD[0, 0, 0],
        0,
    ),
    "PNG 1 bit": (lambda: saved(Image.fromarray(ONE_BIT).convert("1"), "PNG"), ONE_GOLD, None, 0),
    "PNG RGBA": (lambda: saved(with_alpha(), "PNG"), PIXELS, LEFT_OUT, 0),
    "PNG RGBA opaque": (lambda: saved(with_alpha(np.full_like(ALPHA, 255)), "PNG"), PIXELS, None, 0),
    "PNG RGBA 127 and 128": (
        lambda: saved(with_alpha(np.where(LEFT_OUT, 128, 127).astype(np.uint8)), "PNG"),
        PIXELS,
        LEFT_OUT,
        0,
    ),
    "PNG grey and alpha": (lambda: saved(with_alpha().convert("LA"), "PNG"), L_GOLD, LEFT_OUT, 0),
    "PNG palette": (lambda: saved(palette(), "PNG"), PIXELS, None, 0),
    "PNG palette, 2 clear": (
        lambda: saved(palette(), "PNG", transparency=bytes([0, 255, 0, 255])),
        PIXELS,
        LEFT_OUT,
        0,
    ),
    "PNG RGB, clear colour": (
        lambda: saved(IMAGE, "PNG", transparency=GREEN),
        PIXELS,
        ~np.all(PIXELS == GREEN, axis=2),
        0,
    ),
    "PNG grey 16 bit": (lambda: saved(Image.fromarray(GREY_16), "PNG"), L_GOLD, None, 0),
    "PNG grey 16 bit, clear grey": (
        lambda: png_by_hand(GREY_16[..., None], 16, 0, chunk(b"tRNS", struct.pack(">H", int(GREY_16[0, 0])))),
        L_GOLD,
        GREY_16[0, 0] != GREY_16,
        0,
    ),
    "PNG RGB 16 bit": (lambda: png_by_hand(wide(3), 16, 2), PIXELS, None, 0),
    "PNG RGBA 16 bit": (lambda: png_by_hand(wide(4), 16, 6), PIXELS, LEFT_OUT, 0),
    "PNG interlaced": (interlaced_png, PIXELS, None, 0),
    "APNG": (lambda: saved(IMAGE, "PNG", save_all=True, append_images=[SPIN.copy()]), PIXELS, None, 0),
    "WebP lossy": (lambda: saved(IMAGE, "WEBP", quality=95), PIXELS, None, 6),
    "WebP lossless": (lambda: saved(IMAGE, "WEBP", lossless=True), PIXELS, None, 0),
    "WebP alpha": (lambda: saved(with_alpha(), "WEBP", lossless=True, exact=True), PIXELS, LEFT_OUT, 0),
    "WebP animated": (
        lambda: saved(IMAGE, "WEBP", lossless=True, save_all=True, append_images=[SPIN.copy()]),
        PIXELS,
        None,
        0,
    ),
    "GIF": (lambda: saved(palette(), "GIF"), PIXELS, None, 0),
    "GIF animated": (lambda: saved(palette(), "GIF", save_all=True, append_images=[SPIN.copy()]), PIXELS, None, 0),
    "GIF transparent": (lambda: saved(palette(), "GIF", transparency=2), PIXELS, ~np.all(PIXELS == BLUE, axis=2), 0),
    "BMP": (lambda: saved(IMAGE, "BMP"), PIXELS, None, 0),
    "BMP palette": (lambda: saved(palette(), "BMP"), PIXELS, None, 0),
    "TIFF": (lambda: saved(IMAGE, "TIFF"), PIXELS, None, 0),
    "TIFF LZW": (lambda: saved(IMAGE, "TIFF", compression="tiff_lzw"), PIXELS, None, 0),
    "TIFF deflate, alpha": (
        lambda: saved(with_alpha(), "TIFF", compression="tiff_adobe_deflate"),
        PIXELS,
        LEFT_OUT,
        0,
    ),
    "TIFF grey 16 bit": (lambda: saved(Image.fromarray(GREY_16), "TIFF"), L_GOLD, None, 0),
    "TIFF CMYK": (lambda: saved(CMYK, "TIFF"), CMYK_GOLD, None, 0),
    "TIFF of two pages": (lambda: saved(IMAGE, "TIFF", save_all=True, append_images=[SPIN.copy()]), PIXELS, None, 0),
    "AVIF": (lambda: saved(IMAGE, "AVIF", quality=95, subsampling="4:4:4"), PIXELS, None, 6),
    "AVIF alpha": (lambda: saved(with_alpha(), "AVIF", quality=100), PIXELS, LEFT_OUT, 12),
}


@pytest.mark.parametrize("kind", GOLDEN)
def test_every_kind_gives_its_golden_pixels(kind: str) -> None:
    make, pixels, mask, tolerance = GOLDEN[kind]
    picture = decode(make())
    assert picture.rgb.dtype == np.uint8
    assert picture.rgb.shape == pixels.shape
    assert picture.rgb.flags.c_contiguous
    assert picture.source_size == (32, 32)
    if mask is None:
        assert picture.mask is None
    else:
        assert picture.mask is not None
        np.testing.assert_array_equal(picture.mask, mask)
    where = np.ones((32, 32), bool)
    if tolerance:  # lossy: block centres, and under alpha only what shows
        where = np.kron(np.ones((2, 2), bool), np.pad(np.ones((8, 8), bool), 4))
        where &= mask if mask is not None else True
    difference = np.abs(picture.rgb.astype(int) - pixels)[where]
    assert difference.max() <= tolerance


def twelve_bit_jpeg() -> bytes:
    data = bytearray(saved(IMAGE, "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    return bytes(data)


def many_scans() -> bytes:
    data = saved(IMAGE, "JPEG", progressive=True)
    first = data.index(b"\xff\xda")
    return data[:first] + data[first:-2] * 60 + data[-2:]


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty file"),
    "text": (lambda: b"hello, this is a list of products", "not a picture: not JPEG, PNG"),
    "SVG": (lambda: b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture: an SVG"),
    "PDF": (lambda: saved(IMAGE, "PDF"), "not a picture: a PDF"),
    "EPS": (lambda: saved(IMAGE, "EPS"), "not a picture: a PostScript"),
    "JPEG 2000": (lambda: saved(IMAGE, "JPEG2000"), "not a picture: JPEG 2000"),
    "icon": (lambda: saved(IMAGE, "ICO"), "not a picture: an icon"),
    "PPM": (lambda: saved(IMAGE, "PPM"), "not a picture: not JPEG"),
    "web page": (lambda: b"<!DOCTYPE html><html><title>404", "not a picture: a web page"),
    "video": (lambda: b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "not a picture: a video"),
    "Git LFS": (lambda: b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    "12-bit JPEG": (twelve_bit_jpeg, "12-bit JPEG"),
    "JPEG of hundreds of scans": (many_scans, "scans"),
    "JPEG of no picture": (lambda: b"\xff\xd8\xff\xd9", "truncated JPEG"),
    "float TIFF": (lambda: saved(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF"), "pixels of kind F"),
    "fully transparent PNG": (lambda: saved(with_alpha(np.zeros_like(ALPHA)), "PNG"), "fully transparent"),
    "faint PNG": (
        lambda: saved(with_alpha(np.full_like(ALPHA, 100)), "PNG"),
        "no opaque pixel (alpha is below 128 everywhere)",
    ),
    "PNG with a wrong checksum": (
        lambda: saved(IMAGE, "PNG").replace(b"IDATx", b"IDATy"),
        "damaged PNG: wrong checksum in IDAT",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refusals_say_what_the_file_is(kind: str) -> None:
    make, reason = REFUSED[kind]
    with pytest.raises(PictureError) as caught:
        decode(make())
    assert reason in str(caught.value)


def heic() -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif", reason="pillow-heif is optional and not installed here")
    file = io.BytesIO()
    pillow_heif.from_pillow(IMAGE).save(file, quality=95, chroma=444)
    return file.getvalue()


def test_heic_with_its_library() -> None:
    picture = decode(heic())
    assert picture.rgb.shape == (32, 32, 3)
    assert np.abs(picture.rgb[8::16, 8::16].astype(int) - BLOCKS).max() <= 8


def test_heic_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match="pip install pillow-heif"):
        decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64))


# The stored pixels that show TALL upright, by EXIF orientation: flips and turns spelled out with NumPy.
STORED = {
    1: TALL,
    2: np.fliplr(TALL),
    3: np.rot90(TALL, 2),
    4: np.flipud(TALL),
    5: TALL.transpose(1, 0, 2),
    6: np.rot90(TALL, 1),
    7: np.rot90(TALL, 2).transpose(1, 0, 2),
    8: np.rot90(TALL, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_orientation_is_applied_to_pixels_and_boxes(kind: str, orientation: int) -> None:
    image = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}, "AVIF": {"quality": 95}}
    data = saved(image, kind, exif=exif.tobytes() if kind != "TIFF" else exif, **options.get(kind, {}))
    tolerance = 0 if kind in ("PNG", "WEBP", "TIFF") else 8
    picture = decode(data)
    assert picture.source_size == (48, 32)
    assert picture.rgb.shape == TALL.shape
    centres = slice(8, None, 16)
    assert np.abs(picture.rgb[centres, centres].astype(int) - TALL[centres, centres]).max() <= tolerance
    part = decode(data, box=(16, 0, 20, 12))
    assert part.rgb.shape == (12, 20, 3)
    assert part.source_size == (48, 32)
    assert np.abs(part.rgb[4:8, 4:12].astype(int) - TALL[4:8, 20:28]).max() <= tolerance


def test_exif_orientation_turns_the_mask_too() -> None:
    alpha = np.zeros((32, 48), np.uint8)
    alpha[:16, 16:32] = 255
    rgba = np.dstack([TALL, alpha])
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = decode(saved(Image.fromarray(np.ascontiguousarray(np.rot90(rgba, 1))), "PNG", exif=exif.tobytes()))
    assert picture.mask is not None
    np.testing.assert_array_equal(picture.mask, alpha > 0)


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\0\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0"]
)
def test_damaged_exif_is_ignored(exif: bytes) -> None:
    np.testing.assert_array_equal(decode(saved(IMAGE, "PNG", exif=exif)).rgb, PIXELS)


def matrix_profile(gamma: float, primaries: np.ndarray) -> bytes:
    """A minimal ICC version 2 RGB profile: columns of `primaries` (3, 3) are red, green, blue in D50 XYZ."""

    def xyz(values: np.ndarray) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Wide\0" + bytes(78)
    text += bytes(-len(text) % 4)
    tags = [(b"desc", text), (b"wtpt", xyz(np.array([0.9642, 1.0, 0.8249])))]
    tags += [(name, xyz(primaries[:, i])) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))]
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags:
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


# Adobe RGB (1998) and sRGB primaries under D50 (B. Lindbloom, "RGB/XYZ matrices", Bradford-adapted).
ADOBE = np.array(
    [[0.6097559, 0.2052401, 0.1492240], [0.3111242, 0.6256560, 0.0632197], [0.0194811, 0.0608902, 0.7448387]]
)
SRGB = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)


def adobe_to_srgb(rgb: np.ndarray) -> np.ndarray:
    linear = np.linalg.solve(SRGB, ADOBE @ ((rgb / 255) ** 2.2).T).T.clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(("kind", "tolerance"), [("PNG", 2), ("JPEG", 5), ("TIFF", 2), ("WEBP", 2)])
def test_a_wide_gamut_profile_is_converted_to_srgb(kind: str, tolerance: int) -> None:
    profile = matrix_profile(2.2, ADOBE)
    options = {"quality": 98, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    rgb = decode(saved(IMAGE, kind, icc_profile=profile, **options)).rgb[8::16, 8::16]
    wanted = adobe_to_srgb(BLOCKS.reshape(-1, 3).astype(float)).reshape(2, 2, 3)
    assert np.abs(rgb - wanted).max() <= tolerance
    assert np.abs(wanted - BLOCKS).max() > 15  # leaving the profile out would have failed


@pytest.mark.parametrize("profile", [b"", b"junk", bytes(16) + b"RGB " + bytes(200), matrix_profile(2.2, ADOBE)[:200]])
def test_an_unusable_profile_is_ignored(profile: bytes) -> None:
    np.testing.assert_array_equal(decode(saved(IMAGE, "PNG", icc_profile=profile)).rgb, PIXELS)


def test_an_srgb_profile_changes_nothing() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(decode(saved(IMAGE, "PNG", icc_profile=profile)).rgb, PIXELS)
