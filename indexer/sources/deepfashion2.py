"""DeepFashion2 (Ge et al., CVPR 2019): `train/` and `validation/`, each with `image/` and `annos/`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeGuard

from engine.attributes import AttributeType
from engine.errors import PictureError, SourceError
from indexer.sources.base import SourceProblem
from indexer.sources.cells import Misfit, shown
from indexer.sources.lists import corners_box
from indexer.sources.records import Place, Reading, Record, RecordSource

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.decode.limits import DecodeLimits

PARTS: Final = ("train", "validation", "test")
CATEGORIES: Final = (
    "short sleeve top", "long sleeve top", "short sleeve outwear", "long sleeve outwear", "vest", "sling", "shorts",
    "trousers", "skirt", "short sleeve dress", "long sleeve dress", "vest dress", "sling dress",
)  # fmt: skip
"""In the order of their ids, from 1."""
_FARTHEST = 1e6
"""Beyond it a number is no coordinate of a photo; NaN is beyond it too."""
TYPES: Final[dict[str, AttributeType]] = {
    "category": "text",
    "pair": "number",
    "split": "text",
    "taken_by": "text",
    "is_query": "boolean",
    "is_gallery": "boolean",
    "visible_landmarks": "number",
}


def detect(place: Path) -> bool:
    """Whether a folder holds a part with photos and annotations."""
    return any((place / part / "annos").is_dir() and (place / part / "image").is_dir() for part in PARTS)


def read(place: Path, how: Reading) -> RecordSource:
    """Every garment of every photo. What a shop sells and what users wear of one pair and style is one product.

    Users' photos are the queries and shops' the gallery; a garment of style 0 has no partner and is a product alone.
    """
    parts = [part for part in PARTS if (place / part / "annos").is_dir()]
    if not parts:
        raise SourceError(f"{place}: no train/annos or validation/annos")
    return RecordSource(place, TYPES, partial(_records, place, parts), how.known)


def _records(place: Path, parts: list[str]) -> Iterator[Record | SourceProblem]:
    for part in parts:
        for path in sorted((place / part / "annos").glob("*.json")):
            told = _load(path, part)
            if isinstance(told, SourceProblem):
                yield told
                continue
            items = sorted(key for key in told if key.startswith("item") and key[4:].isdecimal())
            if not items:
                yield Place(path, "items", part).lost("the photo has no garments")
            for key in items:
                yield _garment(place / part, part, path, told, key)


def _load(path: Path, part: str) -> dict[str, object] | SourceProblem:
    try:
        told = json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        return Place(path, f"line {error.lineno}", part).lost(f"not JSON: {error.msg}")
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        return Place(path, "line 1", part).lost(f"cannot be read: {error}")
    if not isinstance(told, dict) or told.get("source") not in ("shop", "user") or not _is_whole(told.get("pair_id")):
        return Place(path, "line 1", part).lost(
            "must be an object with a source, 'shop' or 'user', and a whole pair_id"
        )
    return told


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _garment(home: Path, part: str, path: Path, told: Mapping[str, object], key: str) -> Record | SourceProblem:
    where = Place(path, key, part)
    item = told[key]
    category = item.get("category_id") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not _is_whole(category) or not 1 <= category <= len(CATEGORIES):
        return where.lost(f"must be an object with a category_id of 1 to {len(CATEGORIES)}, not {shown(category)}")
    style, pair, worn = item.get("style", 0), told["pair_id"], told["source"] == "user"
    if not _is_whole(style):
        return where.lost(f"style must be a whole number, not {shown(style)}")
    product = f"pair{pair}-style{style}" if style > 0 else f"{part}-{path.stem}-{key}"
    photo = home / "image" / f"{path.stem}.jpg"
    faults: list[str] = []
    box = _box(item.get("bounding_box"), faults)
    own = {
        "pair": pair,
        "split": part,
        "taken_by": told["source"],
        "is_query": worn and style > 0,
        "is_gallery": not worn and style > 0,
        "visible_landmarks": _visible(item.get("landmarks"), faults),
    }
    mask = _polygons(item.get("segmentation"), photo, faults)
    shared = {"category": CATEGORIES[category - 1]}
    return Record(where, photo.as_posix(), product, shared, own, mask, box, tuple(faults))


def _numbers(value: object) -> list[float] | None:
    if not isinstance(value, list) or not all(isinstance(one, int | float) and abs(one) < _FARTHEST for one in value):
        return None
    return [float(one) for one in value]


def _box(value: object, faults: list[str]) -> tuple[int, int, int, int] | None:
    corners = _numbers(value)
    box = corners_box(corners) if corners and len(corners) == 4 else Misfit("must be x1, y1, x2, y2")
    if isinstance(box, Misfit):
        faults.append(f"bounding_box: {box.reason}; the whole photo is used")
        return None
    return box


def _visible(value: object, faults: list[str]) -> float | None:
    """How many landmarks are visible: each is x, y and 2 for visible, 1 occluded, 0 not labelled."""
    numbers = _numbers(value)
    if value is None:
        return None
    if numbers is None or len(numbers) % 3 or any(seen not in (0, 1, 2) for seen in numbers[2::3]):
        faults.append("landmarks: must be x, y, visibility (0, 1, 2) in turn")
        return None
    return float(sum(seen == 2 for seen in numbers[2::3]))


def _polygons(value: object, photo: Path, faults: list[str]) -> PhotoPolygons | None:
    rings = [_numbers(ring) for ring in value] if isinstance(value, list) else []
    whole = [tuple(ring) for ring in rings if ring is not None and len(ring) % 2 == 0 and len(ring) >= 6]
    if len(whole) < len(rings) or (value is not None and not isinstance(value, list)):
        faults.append("segmentation: a polygon must be at least three pairs of x, y; those that are none are left out")
    return PhotoPolygons(tuple(whole), photo) if whole else None


@dataclass(frozen=True)
class PhotoPolygons:
    """Polygons, each x, y, x, y, ... in pixels, of a photo whose size the dataset does not tell."""

    rings: tuple[tuple[float, ...], ...]
    photo: Path

    @cached_property
    def key(self) -> str:
        """A hash of the corners."""
        import hashlib

        return hashlib.sha256(repr(self.rings).encode()).hexdigest()

    def mask(self, limits: DecodeLimits) -> NDArray[np.bool_]:
        """bool (h, w) of the photo."""
        import numpy as np
        from PIL import Image

        from indexer.coco.polygons import rasterise
        from indexer.decode.quiet import quiet_pillow

        try:
            with quiet_pillow(), Image.open(self.photo) as image:
                width, height = image.size
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise PictureError(f"the mask: the photo's size cannot be read: {error}") from None
        limits.check_pixels(width, height)
        largest = 2 * max(width, height)  # following an edge that leads far away would fill the memory
        corners = tuple(np.clip(np.array(ring).reshape(-1, 2), -largest, largest) for ring in self.rings)
        return rasterise(corners, width, height)
