"""Whatever the bytes, decoding gives a picture or a PictureError: no other exception, no warning, nothing on stderr."""

from __future__ import annotations

import io
import os
import random
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from engine.errors import InputError, PictureError
from indexer.decode import DecodeLimits, decode, read_file, read_picture, read_with_status
from indexer.masks import read_mask

RNG = np.random.default_rng(3)
COARSE = Image.fromarray(np.kron(RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8), np.ones((9, 9, 1), np.uint8)))
FINE = Image.fromarray(RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.copy().save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def rgba(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def files(image: Image.Image) -> dict[str, bytes]:
    return {
        "JPEG": saved(image, "JPEG"),
        "JPEG progressive": saved(image, "JPEG", progressive=True),
        "JPEG CMYK": saved(image.convert("CMYK"), "JPEG"),
        "JPEG restart markers": saved(image, "JPEG", restart_marker_blocks=4),
        "PNG": saved(image, "PNG"),
        "PNG RGBA": saved(rgba(image), "PNG"),
        "PNG palette": saved(image.convert("P"), "PNG", transparency=3),
        "WebP": saved(image, "WEBP"),
        "WebP lossless": saved(rgba(image), "WEBP", lossless=True),
        "GIF": saved(image.convert("P"), "GIF"),
        "BMP": saved(image, "BMP"),
        "TIFF": saved(image, "TIFF"),
        "TIFF LZW": saved(image, "TIFF", compression="tiff_lzw"),
        "TIFF JPEG": saved(image, "TIFF", compression="jpeg"),
        "AVIF": saved(image, "AVIF"),
    }


COARSE_FILES, FINE_FILES = files(COARSE), files(FINE)


def attempt(data: bytes) -> bool:
    """Decode as a picture and as a mask; True when the picture came through. Other exceptions fail the test."""
    try:
        read_mask(data)
    except PictureError as error:
        assert str(error).startswith("the mask: ")
    try:
        picture = decode(data)
    except PictureError as error:
        assert 0 < len(str(error)) < 200
        assert "\n" not in str(error)
        return False
    assert max(picture.rgb.shape[:2]) <= 720
    return True


@pytest.mark.parametrize("kind", COARSE_FILES)
def test_a_truncated_file_fails_or_had_all_that_is_read(kind: str) -> None:
    data = FINE_FILES[kind] if len(FINE_FILES[kind]) < 5000 else COARSE_FILES[kind]
    whole, accepted = decode(data), []
    for length in range(0, len(data), 1 if len(data) < 1200 else 7):
        try:
            picture = decode(data[:length])
        except PictureError:
            continue
        accepted.append(length)
        np.testing.assert_array_equal(picture.rgb, whole.rgb)
    if kind == "GIF":
        assert len(accepted) <= 2  # the end marks after the only frame
    else:
        assert accepted == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "BMP", "TIFF", "AVIF"])
def test_half_a_file_is_called_truncated_or_damaged(kind: str) -> None:
    data = FINE_FILES[kind]
    with pytest.raises(PictureError, match=f"(truncated|damaged) {kind}"):
        decode(data[: len(data) // 2])


def test_a_truncated_photo_fails_where_opencv_gives_a_picture(shared_data: Path, tmp_path: Path) -> None:
    import cv2

    photo = next(iter(sorted((shared_data / "clothing" / "train").rglob("*.jpg"))))
    data = photo.read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    assert cv2.imread(str(tmp_path / "cut.jpg")) is not None
    with pytest.raises(PictureError, match="truncated JPEG"):
        read_picture(tmp_path / "cut.jpg")


@pytest.mark.parametrize("kind", COARSE_FILES)
def test_flipped_cut_and_repeated_bytes(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(kind)
    for _ in range(150):
        data = bytearray(COARSE_FILES[kind])
        for _ in range(chance.choice([1, 1, 2, 8])):
            at = chance.randrange(min(len(data), chance.choice([64, 300, len(data)])))
            change = chance.randrange(4)
            if change == 0:
                data[at] ^= 1 << chance.randrange(8)
            elif change == 1:
                data[at] = chance.choice([0, 255, chance.randrange(256)])
            elif change == 2:
                del data[at : at + chance.randrange(1, 20)]
            else:
                data[at:at] = chance.randbytes(chance.randrange(1, 9))
            data = data or bytearray(b"\0")
        attempt(bytes(data))
    assert capfd.readouterr() == ("", "")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from([data[:length] for data in COARSE_FILES.values() for length in (0, 4, 12, 30, 80, 200)]),
    rest=st.binary(max_size=400),
)
def test_any_bytes_behind_any_beginning(start: bytes, rest: bytes) -> None:
    attempt(start + rest)


def test_trailing_bytes_are_harmless() -> None:
    for kind in ("JPEG", "JPEG progressive", "PNG", "GIF", "WebP", "BMP", "TIFF"):
        data = COARSE_FILES[kind]
        np.testing.assert_array_equal(decode(data + b"\0\xff\xd8 tail" * 9).rgb, decode(data).rgb)


def stray(data: bytes) -> bytes:
    """Bytes that belong to nothing in front of the quantisation tables."""
    at = data.index(b"\xff\xdb")
    return data[:at] + b"stray" + data[at:]


def odd_version(data: bytes) -> bytes:
    at = data.index(b"JFIF\0") + 5
    return data[:at] + b"\x09\x01" + data[at + 2 :]


def odd_scan(data: bytes) -> bytes:
    """The scan's parameters 0 63 0 of a sequential file as 0 0 0, as some cameras write them."""
    at = data.index(b"\xff\xda")
    end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data[: end - 3] + bytes(3) + data[end:]


@pytest.mark.parametrize("oddity", [stray, odd_version, odd_scan])
def test_a_harmless_oddity_passes_but_hides_no_damage(oddity: object) -> None:
    for kind in ("JPEG", "JPEG restart markers", "JPEG progressive"):
        data = FINE_FILES[kind]
        if oddity is odd_scan and kind == "JPEG progressive":
            continue  # there the parameters mean something
        odd = oddity(data)  # type: ignore[operator]
        assert odd != data
        np.testing.assert_array_equal(decode(odd).rgb, decode(data).rgb)
        for cut in (odd[: len(odd) // 2], odd[: len(odd) // 2] + b"\xff\xd9", odd[:-2]):
            with pytest.raises(PictureError, match="JPEG"):
                decode(cut)


def test_limits_are_checked_before_pixels_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr("simplejpeg.decode_jpeg", never)
    monkeypatch.setattr(ImageFile.ImageFile, "load", never)
    tight = DecodeLimits(megapixels=0.0005)
    for kind, data in COARSE_FILES.items():
        with pytest.raises(PictureError, match=r"megapixels, over the limit of 0\.0005") as caught:
            decode(data, tight)
        assert "--max-megapixels" in str(caught.value), kind
    with pytest.raises(PictureError, match=r"0\.0 MB, over the limit of 0.0001 .--max-megabytes"):
        decode(COARSE_FILES["BMP"], DecodeLimits(megabytes=0.0001))


def test_pillows_own_size_limit_neither_warns_nor_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert decode(FINE_FILES["PNG"], box=(0, 0, 50, 30)).rgb.shape == (30, 50, 3)


@pytest.mark.parametrize("limits", [(0, 1), (1, 0), (-1, 1), (float("nan"), 1)])
def test_limits_must_be_positive(limits: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="above 0"):
        DecodeLimits(*limits)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "large.jpg").write_bytes(bytes(2000))
    (tmp_path / "good.png").write_bytes(COARSE_FILES["PNG"])
    os.mkfifo(tmp_path / "pipe.jpg")
    reasons = {
        "missing.jpg": "no such file",
        "empty.jpg": "empty file",
        "pipe.jpg": "not a regular file",
        "large.jpg": "over the limit of 0.001 .--max-megabytes",
        ".": "a folder",
        "good.png/more.jpg": "cannot be read: Not a directory",
        "null\0byte": "cannot be read",
    }
    for name, reason in reasons.items():
        with pytest.raises(PictureError, match=reason):
            read_file(tmp_path / name, DecodeLimits(megabytes=0.001))
    assert read_picture(tmp_path / "good.png").source_size == COARSE.size


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.png").write_bytes(b"x")
    monkeypatch.setattr(os, "open", refuse)  # the superuser, who may run the tests, can read everything
    with pytest.raises(PictureError, match="no permission"):
        read_file(tmp_path / "a.png")


def test_a_file_that_grows_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read to its end, or to one byte over the limit: never cut where it ended before."""
    path, before, ask = tmp_path / "a.jpg", b"x" * 1000, os.fstat

    def grow(descriptor: int) -> os.stat_result:
        told = ask(descriptor)
        path.write_bytes(before + b"y" * added)
        return told

    monkeypatch.setattr(os, "fstat", grow)
    for added in (0, 1, 500):
        path.write_bytes(before)
        data, status = read_with_status(path, DecodeLimits(megabytes=0.002))
        assert data == before + b"y" * added
        assert status.st_size == len(before)
    path.write_bytes(before)
    added = 5000
    with pytest.raises(PictureError, match=r"over the limit of 0\.002"):
        read_file(path, DecodeLimits(megabytes=0.002))


def test_a_read_that_stops_early_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, whole = tmp_path / "a.jpg", bytes(range(256)) * 40
    path.write_bytes(whole)
    read = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, count: read(descriptor, min(count, 700)))
    assert read_file(path) == whole


def test_threads_leave_the_warning_filters_as_they_were() -> None:
    before = list(warnings.filters)
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(60):
                data = bytearray(COARSE_FILES[chance.choice(["PNG palette", "TIFF LZW", "GIF"])])
                data[chance.randrange(8, len(data))] ^= 255
                attempt(bytes(data))
        except BaseException as error:  # reported in the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert list(warnings.filters) == before
