"""Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017), and other sets of its shape: idx files of pictures and labels."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.attributes import AttributeType
from engine.errors import PictureError, SourceError
from indexer.sources.base import SourceProblem
from indexer.sources.records import Place, Reading, Record, RecordSource, first_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.decode.limits import DecodeLimits

PARTS: Final = ("train", "t10k")
CLASSES: Final = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
TYPES: Final[dict[str, AttributeType]] = {"category": "text", "split": "text"}
_IMAGES, _LABELS = 0x00000803, 0x00000801
_MOST = 2**31


def _file(place: Path, part: str, what: str) -> Path | None:
    name = f"{part}-{what}"
    return first_file(place, f"{name}-ubyte.gz", f"{name}-ubyte", f"{name.replace('-idx', '.idx')}-ubyte")


def detect(place: Path) -> bool:
    """Whether a folder holds pictures as an idx file."""
    return place.is_dir() and any(_file(place, part, "images-idx3") for part in PARTS)


def read(place: Path, how: Reading) -> RecordSource:
    """One product a picture, `train/00000` and on. Pictures are light on black: what is not black is the garment.

    Raises SourceError for files that are cut, or whose counts differ.
    """
    parts = [part for part in PARTS if _file(place, part, "images-idx3")]
    if not parts:
        raise SourceError(f"{place}: no train-images-idx3-ubyte.gz or t10k-images-idx3-ubyte.gz")
    counts = [_shape(place, part)[0] for part in parts]
    return RecordSource(place, TYPES, partial(_records, place, parts), how.known, sum(counts))


def _shape(place: Path, part: str) -> tuple[int, int, int]:
    """Pictures, height and width, as the headers of a part say."""
    images, labels = _file(place, part, "images-idx3"), _file(place, part, "labels-idx1")
    if images is None or labels is None:
        raise SourceError(f"{place}: {part}-labels-idx1-ubyte.gz is missing: there are pictures for it")
    count, height, width = _image_shape(images)
    magic, count_labels = struct.unpack(">2I", _read(labels, 0, 8))
    _require_magic(labels, magic, _LABELS)
    if count != count_labels:
        raise SourceError(f"{labels} byte 4: {count_labels:,} labels for {count:,} pictures")
    return count, height, width


def _image_shape(images: Path) -> tuple[int, int, int]:
    magic, count, height, width = struct.unpack(">4I", _read(images, 0, 16))
    _require_magic(images, magic, _IMAGES)
    if not (1 <= height <= 4_096 and 1 <= width <= 4_096 and count * height * width <= _MOST):
        raise SourceError(f"{images} byte 4: {count:,} pictures of {width} x {height} are more than is read")
    return count, height, width


def _require_magic(path: Path, told: int, wanted: int) -> None:
    if told != wanted:
        raise SourceError(f"{path} byte 0: not an idx file of bytes (its number is {told:#010x})")


def _read(path: Path, start: int, size: int, last: bool = False) -> bytes:
    """Bytes of a file, unpacked. Raises SourceError where it is cut or damaged, or goes on after the last of them."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            stream.read(start)
            found: bytes = stream.read(size)
            more = last and bool(stream.read(1))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{path}: damaged or cut: {error}") from error
    if more:
        raise SourceError(f"{path} byte {start + size}: more bytes than its header says")
    if len(found) < size:
        raise SourceError(f"{path} byte {start + len(found)}: the file is cut: {size - len(found):,} bytes are missing")
    return found


@dataclass(frozen=True, eq=False)
class _Pixels:
    """One picture, uint8 (h, w): what to decode, and its mask. It keeps all of its file's pictures in memory."""

    values: NDArray[np.uint8]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pixels) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def key(self) -> str:
        """A hash of the pixels."""
        import hashlib

        return hashlib.sha256(self.values.tobytes()).hexdigest()

    def read(self, limits: DecodeLimits) -> bytes:
        """A grey PNG."""
        from PIL import Image

        out = io.BytesIO()
        Image.fromarray(self.values).save(out, "PNG")
        return out.getvalue()

    def mask(self, limits: DecodeLimits) -> NDArray[np.bool_]:
        """What is not black."""
        found: NDArray[np.bool_] = self.values > 0
        return found


def reopen(images: Path, inside: str) -> _Pixels:
    """The picture of a path `train-images-idx3-ubyte.gz/00012.png`. Raises PictureError where there is none."""
    number = inside.removesuffix(".png")
    try:
        pictures = _opened(images, images.stat().st_mtime_ns)
        if number.isdecimal() and int(number) < len(pictures):
            return _Pixels(pictures[int(number)])
    except (OSError, SourceError) as error:
        raise PictureError(f"cannot be read: {error}") from None
    raise PictureError(f"{images.name} has {len(pictures):,} pictures, and none named {inside}")


@lru_cache(2)
def _opened(images: Path, mtime_ns: int) -> NDArray[np.uint8]:
    return _pictures(images, *_image_shape(images))


def _pictures(images: Path, count: int, height: int, width: int) -> NDArray[np.uint8]:
    """uint8 (n, h, w)."""
    import numpy as np

    return np.frombuffer(_read(images, 16, count * height * width, last=True), np.uint8).reshape(count, height, width)


def _records(place: Path, parts: list[str]) -> Iterator[Record | SourceProblem]:
    for part in parts:
        count, height, width = _shape(place, part)
        images, labels = _file(place, part, "images-idx3"), _file(place, part, "labels-idx1")
        if images is None or labels is None:
            raise AssertionError("both were there a moment ago")
        pictures = _pictures(images, count, height, width)
        digits = max(5, len(str(count - 1)))
        for number, label in enumerate(_read(labels, 8, count, last=True)):
            where = Place(images, f"picture {number}")
            if label >= len(CLASSES):
                yield Place(labels, f"byte {8 + number}").lost(f"label {label} is none of the {len(CLASSES)} classes")
                continue
            pixels = _Pixels(pictures[number])
            told = {"category": CLASSES[label], "split": "train" if part == "train" else "test"}
            name = f"{number:0{digits}d}"
            path = f"{images.as_posix()}/{name}.png"
            mask = pixels if pixels.values.any() else None
            yield Record(where, path, f"{part}/{name}", told, mask=mask, packed=pixels, holder=images)
