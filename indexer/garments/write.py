"""Writing what the garment step sees in photos: mask, overlay and cut-out of each garment, a photo at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from engine.errors import PictureError
from engine.export.place import new_file
from indexer.decode import decode, read_file
from indexer.decode.whole import decode_whole
from indexer.garments.cutout import cut_out, enlarge, mask_picture, overlay
from indexer.garments.find import FoundRegion, GarmentStep

PICTURES = ("overlay", "cutout", "mask")
"""The pictures of a garment; the mask is the last, so that it tells that the others are there."""


@dataclass(frozen=True)
class Written:
    """What became of a photo. state: written, unchanged (its pictures were there), none (no garment), failed.

    reason: why it failed. garments: (kind, confidence, box in pixels of the photo, the mask's file).
    """

    photo: str
    state: str
    reason: str = ""
    garments: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON types."""
        return asdict(self)


def write_garments(
    photos: Sequence[tuple[Path, str]], to: Path, step: GarmentStep, category: str | None = None
) -> Iterator[Written]:
    """Write the garments of each photo (path, name without suffix) to the folder `to`, one photo at a time.

    A photo whose pictures are there and not older is left as it is. Photos of one name are told apart by their suffix
    (a.jpg-mask.png and a.png-mask.png); where that is one too, the first is written and the others fail. Kill it at any
    moment: no picture is ever half written, and the next call goes on. Raises what the finder raises, and OSError when
    the disk refuses.
    """
    shared = Counter(name for _, name in dict.fromkeys(photos))
    whose: dict[str, Path] = {}
    for path, name in photos:
        own = name + path.suffix if shared[name] > 1 else name
        first = whose.setdefault(own, path)
        if first != path:
            reason = f"its pictures would be called as those of {first}: write them to another folder"
            yield Written(str(path), "failed", reason)
            continue
        try:
            yield _write_photo(path, to / own, step, category)
        except PictureError as error:
            yield Written(str(path), "failed", str(error))


def _write_photo(path: Path, stem: Path, step: GarmentStep, category: str | None) -> Written:
    done = stem.with_name(f"{stem.name}-mask.png")
    if done.is_file() and done.stat().st_mtime_ns >= path.stat().st_mtime_ns:
        return Written(str(path), "unchanged")
    data = read_file(path)
    regions = step.regions([decode(data)], [category], [None])[0]
    if regions[0].picture.mask is None:
        return Written(str(path), "none")
    rgb = decode_whole(data)
    told = []
    for number, region in reversed(list(enumerate(regions, 1))):  # the first garment's mask comes last of all
        own = stem if number == 1 else stem.with_name(f"{stem.name}-{number}")
        told.append(_write_region(rgb, region, own))
    return Written(str(path), "written", garments=told[::-1])


def _write_region(rgb: Any, region: FoundRegion, stem: Path) -> dict[str, Any]:
    height, width = rgb.shape[:2]
    if region.picture.mask is None:
        raise AssertionError("a region that is written has a mask")
    mask = enlarge(region.picture.mask, width, height)
    pictures: dict[str, Image.Image] = {
        "overlay": overlay(rgb, mask), "cutout": cut_out(rgb, mask), "mask": mask_picture(mask),
    }  # fmt: skip
    stem.parent.mkdir(parents=True, exist_ok=True)
    for kind in PICTURES:
        with new_file(stem.with_name(f"{stem.name}-{kind}.png")) as file:
            pictures[kind].save(file, "PNG")
    return {
        "kind": region.kind,
        "confidence": round(region.confidence, 4),
        "box": region.box,
        "mask": f"{stem.name}-mask.png",
    }
