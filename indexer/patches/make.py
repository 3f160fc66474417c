"""Photos to a folder of patches: read, told from the background, cut at full resolution, written; again at any time."""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import PictureError
from engine.export.place import new_file
from indexer.decode import DecodeLimits, decode
from indexer.decode.geometry import clip_box
from indexer.decode.whole import decode_whole
from indexer.extraction import find_regions
from indexer.file_state import FileState
from indexer.garments.find import FoundRegion, GarmentStep
from indexer.intake import given_hash, masked, photo_bytes, state_of
from indexer.patches.book import Line, PatchBook, open_book
from indexer.patches.enhance import Enhancer
from indexer.patches.patches import LEAST_SIDE, find_patches, refusal, sharpness_of
from indexer.picture import Picture
from indexer.plan import category_of
from indexer.sources.base import Source, SourceImage, SourceProblem
from indexer.sources.places import is_written_there

ENHANCE_BELOW = 64
"""Pixels of the shorter side under which a patch is enlarged, when that is asked for."""
BATCH = 16
"""Photos in memory at a time."""
_VERSION = "patches-1"


@dataclass(frozen=True)
class PatchOptions:
    """How patches are made.

    garments: how cloth is told from the background. most: patches a garment. least_side, largest_side: pixels of the
    photo, as `find_patches` has them. enhancer: enlarges patches whose shorter side is under enhance_below pixels.
    """

    garments: GarmentStep = field(default_factory=GarmentStep)
    most: int = 3
    least_side: int = LEAST_SIDE
    largest_side: int | None = None
    enhancer: Enhancer | None = None
    enhance_below: int = ENHANCE_BELOW
    limits: DecodeLimits = field(default_factory=DecodeLimits)
    workers: int = 2

    def settings(self, item: SourceImage) -> str:
        """A hash of all that decides a photo's patches besides its pixels."""
        enhanced = f"{self.enhancer.fingerprint}|{self.enhance_below}" if self.enhancer else ""
        cloth = self.garments.names(given_hash(item), item.mask is not None, category_of(item))
        told = f"{_VERSION}|{cloth}|{self.most}|{self.least_side}|{self.largest_side}|{enhanced}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class PatchReport:
    """What became of the photos: each is cut, refused, failed or unchanged. patches, enhanced: written in this run.

    refused, failed: (photo, reason) of each. problems: cells of a table that could not be used.
    """

    photos: int
    cut: int
    unchanged: int
    patches: int
    enhanced: int
    refused: Sequence[tuple[str, str]]
    failed: Sequence[tuple[str, str]]
    problems: int
    seconds: float

    @property
    def reconciled(self) -> bool:
        """Whether every photo is one of the four."""
        return self.photos == self.cut + self.unchanged + len(self.refused) + len(self.failed)


Progress = Callable[[int], None]
"""Called with how many photos are done."""


def make_patches(
    sources: Sequence[Source], to: Path, options: PatchOptions | None = None, progress: Progress = lambda done: None
) -> PatchReport:
    """Cut the patches of all photos into the folder `to`, which keeps a record of them, patches.csv.

    Photos that are recorded there, and whose size, time and options are as they were, are left alone; what failed is
    tried again. Kill it at any moment: pictures come before their lines, each whole or not there. A photo that two
    sources have is done once. Raises InputError when the folder cannot be written or another run is at it.
    """
    options, started = options or PatchOptions(), time.monotonic()
    counts: Counter[str] = Counter()
    refused: list[tuple[str, str]] = []
    failed: list[tuple[str, str]] = []
    with open_book(to) as book, ThreadPoolExecutor(options.workers, "patches") as workers:
        for batch in _batches(_once(sources, counts, to), BATCH):
            for lines in _batch(batch, to, book, options, workers):
                state = lines[0].state if lines else "unchanged"
                counts["photos"] += 1
                counts[state] += 1
                if state == "cut":
                    counts["patches"] += len(lines)
                    counts["enhanced"] += sum(bool(line.enhanced) for line in lines)
                elif state in ("refused", "failed"):
                    (refused if state == "refused" else failed).append((lines[0].photo, lines[0].reason))
                progress(counts["photos"])
    return PatchReport(
        counts["photos"], counts["cut"], counts["unchanged"], counts["patches"], counts["enhanced"],
        refused, failed, counts["problems"], time.monotonic() - started,
    )  # fmt: skip


def _once(sources: Sequence[Source], counts: Counter[str], to: Path) -> Iterator[SourceImage | SourceProblem]:
    """Every photo and fatal problem of the sources once, but for what lies in the folder that is written to."""
    seen: set[tuple[str, str]] = set()
    for source in sources:
        for item in source:
            if isinstance(item, SourceProblem) and not item.fatal:
                counts["problems"] += 1
            elif (item.path, item.product) not in seen and not is_written_there(item.path, to, source.name):
                seen.add((item.path, item.product))
                yield item


def _batches(items: Iterable[SourceImage | SourceProblem], size: int) -> Iterator[list[SourceImage | SourceProblem]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


@dataclass(frozen=True, eq=False)
class _Read:
    """A photo that was read. whole: its line without a patch yet."""

    item: SourceImage
    whole: Line
    data: bytes
    picture: Picture


def _batch(
    batch: Sequence[SourceImage | SourceProblem],
    to: Path,
    book: PatchBook,
    options: PatchOptions,
    workers: ThreadPoolExecutor,
) -> Iterator[list[Line]]:
    """The lines of each photo once its pictures and they are written; none of one that is as it was."""
    lines: list[Line] = []
    read: list[_Read] = []
    for found in workers.map(lambda item: _read(item, to, book, options), batch):
        if isinstance(found, _Read):
            read.append(found)
        elif found is None:
            yield []
        else:
            lines.append(found)
    categories = [category_of(one.item) for one in read]
    boxes = [one.item.box for one in read]
    regions = find_regions(options.garments, [one.picture for one in read], categories, boxes) if read else []
    for made in workers.map(lambda one, found: _cut(one, found, options), read, regions):
        for line, picture in made:
            if picture is not None:
                _write(to / line.patch, picture)
        written = [line for line, _ in made]
        book.add(written)
        yield written
    for line in lines:
        book.add([line])
        yield [line]


def _read(item: SourceImage | SourceProblem, to: Path, book: PatchBook, options: PatchOptions) -> _Read | Line | None:
    """The photo; or the line that says why there is none; or None when it is as it was."""
    if isinstance(item, SourceProblem):
        return Line(item.path, item.product, state="failed", reason=item.reason)
    whole = Line(item.path, item.product, settings=options.settings(item))
    try:
        state = state_of(item) or FileState(0, 0)  # of an address that only reading tells: read each time
        whole = replace(whole, bytes=state.bytes, modified_ns=state.mtime_ns)
        if _as_it_was(book.known(item.path, item.product), whole, to):
            return None
        data = photo_bytes(item, options.limits)
        picture = masked(decode(data, options.limits, item.box), item, options.limits)
    except PictureError as error:
        return replace(whole, state="failed", reason=str(error))
    return _Read(item, whole, data, picture)


def _as_it_was(known: Sequence[Line], now: Line, to: Path) -> bool:
    if not known or known[0].state == "failed":
        return False
    was = known[0]
    if (was.bytes, was.modified_ns, was.settings) != (now.bytes, now.modified_ns, now.settings):
        return False
    return all((to / line.patch).is_file() for line in known if line.patch)


def _cut(
    read: _Read, regions: Sequence[FoundRegion] | PictureError, options: PatchOptions
) -> list[tuple[Line, NDArray[np.uint8] | None]]:
    """The lines of a photo, each with its picture."""
    if isinstance(regions, PictureError):
        return [(replace(read.whole, state="failed", reason=str(regions)), None)]
    if options.garments.missed(regions):
        return [(replace(read.whole, state="refused", reason="no garment was found"), None)]
    across, down, width, height = clip_box(read.item.box, read.picture.source_size)
    seen = read.picture.rgb.shape
    scale_x, scale_y = width / seen[1], height / seen[0]
    scale = max(1.0, min(scale_x, scale_y))
    try:
        photo = decode_whole(read.data, options.limits) if scale > 1 or read.item.box else read.picture.rgb
    except PictureError as error:
        return [(replace(read.whole, state="failed", reason=str(error)), None)]
    made: list[tuple[Line, NDArray[np.uint8] | None]] = []
    for region in regions:
        rgb, mask = region.picture.rgb, region.picture.mask
        for patch in find_patches(rgb, mask, options.most, options.least_side, options.largest_side, scale):
            x, w = _inwards(patch.x, patch.width, scale_x, across)
            y, h = _inwards(patch.y, patch.height, scale_y, down)
            cloth = photo[y : y + h, x : x + w]
            name = _name(read.item, len(made) + 1)
            line = replace(
                read.whole, patch=name, garment=region.kind, x=x, y=y, width=w, height=h,
                inside=round(patch.inside, 4), sharpness=round(sharpness_of(cloth), 1),
            )  # fmt: skip
            if options.enhancer is not None and min(w, h) < options.enhance_below:
                cloth, line = options.enhancer.enlarge(cloth), replace(line, enhanced=options.enhancer.name)
            made.append((line, cloth))
    if made:
        return [(replace(line, of=len(made)), cloth) for line, cloth in made]
    why = refusal(regions[0].picture.rgb, regions[0].picture.mask, options.least_side, scale)
    return [(replace(read.whole, garment=regions[0].kind, state="refused", reason=why), None)]


def _inwards(start: int, length: int, scale: float, offset: int) -> tuple[int, int]:
    """Where a side of a patch lies in the photo, (start, length): no pixel that the patch holds only in part."""
    # Ratios such as 1000 / 600 are rounded: without the slack a border that falls on a pixel's might miss it.
    first, last = int(np.ceil(start * scale - 1e-6)), int(np.floor((start + length) * scale + 1e-6))
    return offset + first, last - first


def _name(item: SourceImage, number: int) -> str:
    """The patch's path in the folder: its category, its photo's name and what tells photos of one name apart."""
    told = hashlib.sha256(f"{item.path}\0{item.product}".encode()).hexdigest()[:10]
    name = f"{_plain(item.file.stem)}-{told}-{number}.png"
    category = _plain(category_of(item) or "")
    return f"{category}/{name}" if category else name


def _plain(text: str) -> str:
    """Text as part of a path on any system; "" for nothing."""
    return re.sub(r"[^\w -]+", "_", text).strip()[:60]


def _write(path: Path, rgb: NDArray[np.uint8]) -> None:
    png = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(png, "PNG")
    path.parent.mkdir(exist_ok=True)
    with new_file(path) as file:
        file.write_bytes(png.getvalue())
