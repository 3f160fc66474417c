"""Tell kinds of files apart by their first bytes; names and extensions are not trusted."""

from __future__ import annotations

import re

from engine.errors import PictureError

# How the libraries say that a file ends too early.
_CUT = re.compile(r"(?i)truncated|requires a buffer|not enough image data|index out of range|chunk b''|no more images")
READ = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC"

_KNOWN = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

# Files that people do put among photos, so that the reason says what was found.
_REFUSED = (
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "a PostScript (EPS) drawing"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript (EPS) drawing"),
    (b"8BPS", "a Photoshop document"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"version https://git-lfs", "a Git LFS pointer: fetch the file itself"),
)


def kind_of(data: bytes) -> str:
    """The kind: "JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF" or "HEIC"; PictureError for anything else."""
    head = data[:512]
    for start, kind in _KNOWN:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp" and len(head) >= 12:
        return _of_container(head)
    raise PictureError(f"not a picture: {_refused(head)}")


def damage(kind: str, error: Exception) -> PictureError:
    """What a library raised over a file, as a reason for people."""
    if isinstance(error, PictureError):
        return error
    if isinstance(error, MemoryError):
        return PictureError("not enough memory to decode it")
    text = " ".join(str(error).split())[:100]
    if _CUT.search(text):
        return PictureError(f"truncated {kind}")
    return PictureError(f"damaged {kind}: {text}" if text else f"damaged {kind}")


def _of_container(head: bytes) -> str:
    """AVIF and HEIC share one container with video: the major brand first, then the compatible ones."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    for brand in [head[8:12]] + [head[i : i + 4] for i in range(16, size, 4)]:
        if brand in _AVIF_BRANDS:
            return "AVIF"
        if brand in _HEIC_BRANDS - {b"mif1", b"msf1"}:
            return "HEIC"
    if head[8:12] in _HEIC_BRANDS:
        return "HEIC"
    raise PictureError("not a picture: a video or audio file")


def _refused(head: bytes) -> str:
    for start, name in _REFUSED:
        if head.startswith(start):
            return name
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return "an SVG drawing; save it as PNG"
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return f"not {READ}"
