"""In-Shop's photos and colour masks made ready to train a segmentation network on: pairs of flat files, label ids.

photos/WOMEN-Dresses-id_00000002-02_1_front.jpg
masks/WOMEN-Dresses-id_00000002-02_1_front.png     label ids, one channel, with a palette to look at
masks-readme/...                                    the same by the names of the dataset's readme, when asked for
labels.csv    id and name of each label, its colour in the files and in the readme
pairs.csv     every pair: photo, mask, item, category, split, pixels of unknown colours
unknown.csv   every unknown colour, with its pixels and masks
done.jsonl    the ledger: what was made from which files, so that a run goes on where it was stopped
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from engine.errors import InputError, PictureError, SourceError
from indexer.decode.limits import DEFAULT_LIMITS, read_file
from indexer.garments.colour_masks import COLOURS, NAMES, ColourMask, Mapped, read_colour_mask, segment_file
from indexer.sources import in_shop
from indexer.sources.base import SourceImage
from indexer.sources.records import Reading

Mapping_ = Literal["actual", "readme", "both"]
AHEAD = 32
"""Pairs that are being made at a time."""


@dataclass(frozen=True)
class Prepared:
    """How a run ended. pairs: in all; made: in this run. unpaired: photos without a mask. failed: pair and reason.

    unknown: colour -> pixels, of all pairs.
    """

    pairs: int
    made: int
    unpaired: int
    failed: tuple[tuple[str, str], ...]
    unknown: Mapping[tuple[int, int, int], int]
    interrupted: bool = False


@dataclass(frozen=True)
class Pair:
    """A photo with its colour mask. name: the flat name, without suffix."""

    name: str
    photo: Path
    mask: Path
    item: str
    category: str
    split: str


@dataclass(frozen=True)
class _Done:
    """A line of the ledger. state: size and time of photo and mask. unknown: "r,g,b" -> pixels."""

    name: str
    state: tuple[int, int, int, int]
    unknown: dict[str, int]


def find_pairs(place: Path) -> Iterator[Pair | None]:
    """Every photo that has a colour mask beside it, and None for each that has none.

    By the dataset's partition where it is, else every .jpg below the folder. Raises SourceError where there is none.
    """
    if not place.is_dir():
        raise SourceError(f"{place}: there is no such folder")
    if in_shop.detect(place):
        for found in in_shop.read(place, Reading()):
            if isinstance(found, SourceImage):
                told = {**found.attributes, **found.own}
                yield _pair(found.file, found.product, str(told.get("category", "")), str(told.get("split", "")))
        return
    none = True
    for photo in sorted(place.rglob("*.jpg")):
        none = False
        item = photo.parent.name if photo.parent.name.startswith("id_") else ""
        yield _pair(photo, item, photo.parent.parent.name if item else photo.parent.name, "")
    if none:
        raise SourceError(f"{place}: neither In-Shop's Eval/list_eval_partition.txt nor any .jpg below this folder")


def _pair(photo: Path, item: str, category: str, split: str) -> Pair | None:
    mask = segment_file(photo)
    return None if mask is None else Pair(flat_name(photo), photo, mask, item, category, split)


def flat_name(photo: Path) -> str:
    """A photo's path from `MEN` or `WOMEN` on (else its last three folders) as one name."""
    parts = photo.with_suffix("").parts
    start = max((place for place, part in enumerate(parts) if part in ("MEN", "WOMEN")), default=max(1, len(parts) - 4))
    return re.sub(r"[^\w.+=,-]", "_", "-".join(parts[start:]))


def prepare(
    place: Path,
    to: Path,
    mapping: Mapping_ = "actual",
    links: bool = False,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Prepared:
    """Make the pairs of a folder. Kill it at any moment: the next run makes what is missing or has changed.

    workers: threads, by default one a processor. mapping: which names the ids of masks follow. links: hard links in the
    place of copies of photos, where they can be.
    Raises SourceError for a folder without photos or without any mask, InputError where `to` lies in it.
    """
    if to.resolve().is_relative_to(place.resolve()):
        raise InputError(f"{to}: lies inside {place}, and would be read as part of it the next time")
    found = list(find_pairs(place))
    pairs = [pair for pair in found if pair is not None]
    if not pairs:
        raise SourceError(f"{place}: no photo has a mask beside it, 01_1_front_segment.png or 01_1_front.png")
    if len({pair.name for pair in pairs}) < len(pairs):
        raise SourceError(f"{place}: two photos would have one name: prepare MEN and WOMEN of one size only")
    folders = {one: to / ("masks" if one == "actual" else "masks-readme") for one in _mappings(mapping)}
    for folder in (to / "photos", *folders.values()):
        folder.mkdir(parents=True, exist_ok=True)
    known = _ledger(to / "done.jsonl")
    failed, made, lines = [], 0, dict[str, _Done]()
    with (
        (to / "done.jsonl").open("a", encoding="utf-8") as ledger,
        ThreadPoolExecutor(workers or os.cpu_count()) as pool,
    ):
        for number, (pair, outcome) in enumerate(_each(pairs, to, folders, known, links, pool, stopped), 1):
            if isinstance(outcome, str):
                failed.append((pair.name, outcome))
            else:
                lines[pair.name] = outcome
                if outcome is not known.get(pair.name):  # it was made, not found as it should be
                    ledger.write(json.dumps(asdict(outcome)) + "\n")
                    made += 1
            progress(number, len(pairs))
    unknown = Counter[tuple[int, int, int]]()
    for line in lines.values():
        unknown.update({_colour(text): count for text, count in line.unknown.items()})
    _write_tables(to, pairs, lines, mapping)
    stop = len(lines) + len(failed) < len(pairs)
    return Prepared(len(lines), made, len(found) - len(pairs), tuple(failed), dict(unknown), stop)


def _mappings(mapping: Mapping_) -> tuple[Mapped, ...]:
    return ("actual", "readme") if mapping == "both" else (mapping,)


def _each(
    pairs: Sequence[Pair],
    to: Path,
    folders: Mapping[Mapped, Path],
    known: Mapping[str, _Done],
    links: bool,
    pool: ThreadPoolExecutor,
    stopped: Callable[[], bool],
) -> Iterator[tuple[Pair, _Done | str]]:
    """What became of each pair, in order, some made at once."""
    waiting: deque[tuple[Pair, Future[_Done | str]]] = deque()
    for pair in pairs:
        if stopped():
            break
        waiting.append((pair, pool.submit(_make, pair, to, folders, known.get(pair.name), links)))
        if len(waiting) > AHEAD:
            first, outcome = waiting.popleft()
            yield first, outcome.result()
    for pair, outcome in waiting:
        yield pair, outcome.result()


def _make(pair: Pair, to: Path, folders: Mapping[Mapped, Path], known: _Done | None, links: bool) -> _Done | str:
    """One pair, unless it is there as it should be; or why it cannot be made."""
    try:
        photo, mask = pair.photo.stat(), pair.mask.stat()
        state = (photo.st_size, photo.st_mtime_ns, mask.st_size, mask.st_mtime_ns)
        target = to / "photos" / f"{pair.name}{pair.photo.suffix}"
        masks = {one: folder / f"{pair.name}.png" for one, folder in folders.items()}
        if known is not None and known.state == state and all(map(_is_whole, (target, *masks.values()))):
            return known
        data = read_file(pair.mask, DEFAULT_LIMITS)
        unknown: Mapping[tuple[int, int, int], int] = {}
        for one, path in masks.items():
            read = read_colour_mask(data, one)
            unknown = read.unknown
            _publish(path, mask_png(read))
        _put_photo(pair.photo, target, links)
    except PictureError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename or pair.photo}: {error.strerror}"
    return _Done(pair.name, state, {",".join(map(str, colour)): count for colour, count in sorted(unknown.items())})


def mask_png(mask: ColourMask) -> bytes:
    """A mask as a PNG of label ids, with the colours of the dataset as its palette."""
    from PIL import Image

    by_name = {actual: colour for colour, (actual, _) in COLOURS.items()}
    image = Image.fromarray(mask.labels)
    image.putpalette([part for name in NAMES for part in by_name[name]])
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=3)
    return out.getvalue()


def _is_whole(path: Path) -> bool:
    """Whether a file is there; one that a power cut left empty is not."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _publish(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f"{path.name}.tmp")
    partial.write_bytes(data)
    partial.replace(path)


def _put_photo(photo: Path, target: Path, links: bool) -> None:
    partial = target.with_name(f"{target.name}.tmp")
    partial.unlink(missing_ok=True)
    if links:
        with suppress(OSError):  # another disk: a copy then
            os.link(photo, partial)
            partial.replace(target)
            partial.unlink(missing_ok=True)  # replacing a link by a link to the same file leaves both
            return
    shutil.copyfile(photo, partial)
    partial.replace(target)


def _ledger(path: Path) -> dict[str, _Done]:
    """What earlier runs made; a line that a kill cut is no line."""
    found = {}
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        with suppress(ValueError, TypeError, KeyError):
            told = json.loads(text)
            found[told["name"]] = _Done(told["name"], tuple(told["state"]), dict(told["unknown"]))
    return found


def _colour(text: str) -> tuple[int, int, int]:
    red, green, blue = map(int, text.split(","))
    return red, green, blue


def _write_tables(to: Path, pairs: Sequence[Pair], lines: Mapping[str, _Done], mapping: Mapping_) -> None:
    by_actual = {actual: colour for colour, (actual, _) in COLOURS.items()}
    by_readme = {readme: colour for colour, (_, readme) in COLOURS.items()}
    labels = [
        (number, name, *("#{:02x}{:02x}{:02x}".format(*table[name]) for table in (by_actual, by_readme)))
        for number, name in enumerate(NAMES)
    ]
    _table(to / "labels.csv", ("id", "name", "colour", "colour_by_readme"), labels)
    folder = "masks-readme" if mapping == "readme" else "masks"
    rows = [
        (f"photos/{pair.name}{pair.photo.suffix}", f"{folder}/{pair.name}.png", pair.item, pair.category, pair.split,
         sum(lines[pair.name].unknown.values()))
        for pair in pairs if pair.name in lines
    ]  # fmt: skip
    _table(to / "pairs.csv", ("photo", "mask", "item", "category", "split", "unknown_pixels"), rows)
    pixels, masks = Counter[str](), Counter[str]()
    for line in lines.values():
        pixels.update(line.unknown)
        masks.update(line.unknown.keys())
    _table(to / "unknown.csv", ("colour", "pixels", "masks"), [
        ("#{:02x}{:02x}{:02x}".format(*_colour(text)), count, masks[text]) for text, count in pixels.most_common()
    ])  # fmt: skip


def _table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    _publish(path, out.getvalue().encode())
