"""Photos that are not in the catalog, on a map of it: where they would be, and what they are most like there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.columns import column_values
from engine.errors import InputError, PictureError
from engine.map_placing import place_rows, require_same_space
from engine.snapshot import Reader
from engine.stored_maps import StoredMap

if TYPE_CHECKING:
    from houndstooth.extractors import Extractors
    from houndstooth.garments import Garments
    from indexer.picture import Picture

Progress = Callable[[str, int, int], None]
_BATCH = 32


@dataclass(frozen=True)
class PlacedPhoto:
    """A photo on a map. x, y: as the map's points. product, image: what is most like it there; score: their cosine.

    thumbnail: JPEG.
    """

    path: str
    x: float
    y: float
    product: str
    image: str
    score: float
    thumbnail: bytes = field(repr=False, default=b"")


@dataclass(frozen=True)
class PlacedPhotos:
    """Photos with their places, by path, and those that have none: (path, reason).

    cell: of a grid, its columns and rows with them on it.
    """

    photos: tuple[PlacedPhoto, ...]
    failed: tuple[tuple[str, str], ...]
    cell: tuple[int, int] | None


def place_photos(
    reader: Reader,
    extractors: Extractors,
    garments: Garments,
    on: StoredMap,
    photos: Path,
    progress: Progress = lambda stage, done, total: None,
) -> PlacedPhotos:
    """Find places on a map for the pictures under a folder, or one picture; neither catalog nor map is changed.

    Raises SourceError where there is none, InputError when none can be read or the map's space was made anew.
    """
    from indexer.sources.base import SourceImage, SourceProblem
    from indexer.sources.folder import FolderSource

    if not photos.exists():
        raise InputError(f"there is no folder or photo {photos}")
    require_same_space(reader.snapshot(), on)
    found = list(FolderSource(photos.absolute()))
    paths = [item.path for item in found if isinstance(item, SourceImage)]
    rows: list[Any] = []
    thumbnails: list[bytes] = []
    kept: list[str] = []
    failed = [(item.path, item.reason) for item in found if isinstance(item, SourceProblem) and item.fatal]
    for done, (path, row, thumbnail, reason) in enumerate(_described(reader, extractors, garments, on.space, paths), 1):
        progress("looking at photos", done, len(paths))
        if row is None:
            failed.append((path, reason))
            continue
        kept.append(path)
        rows.append(row)
        thumbnails.append(thumbnail)
    if not rows:
        path, reason = failed[0] if failed else (str(photos), "no picture")
        raise InputError(f"none of {len(found)} photos can be placed; {path}: {reason}")
    placed = place_rows(reader, on, np.stack(rows), progress)
    snapshot = reader.snapshot(lambda known: ("product", "image"))
    at = snapshot.rows_of(placed.nearest)
    columns = snapshot.columns(["product", "image"])
    told = zip(
        kept,
        placed.xy.tolist(),
        column_values(columns["product"], at),
        column_values(columns["image"], at),
        placed.scores.tolist(),
        thumbnails,
        strict=True,
    )
    described = (
        PlacedPhoto(path, x, y, near, of, round(score, 6), small) for path, (x, y), near, of, score, small in told
    )
    return PlacedPhotos(tuple(described), tuple(failed), placed.cell)


def _described(
    reader: Reader, extractors: Extractors, garments: Garments, space: str, paths: Sequence[str]
) -> Iterator[tuple[str, Any, bytes, str]]:
    """Of each photo its vector and thumbnail, or None and why there is none."""
    from indexer.decode import decode, read_file
    from indexer.thumbnail import thumbnail

    extractor = extractors.of(reader.snapshot().space(space))
    for start in range(0, len(paths), _BATCH):
        part = paths[start : start + _BATCH]
        pictures: dict[str, Picture] = {}
        small: dict[str, bytes] = {}
        wrong: dict[str, str] = {}
        for path in part:
            try:
                picture = decode(read_file(Path(path)))
                small[path] = thumbnail(picture)
                pictures[path] = garments.of_product(picture)
            except PictureError as error:
                wrong[path] = str(error)
        refused = extractor.refuse(list(pictures.values())) if pictures else []
        wrong.update({path: reason for path, reason in zip(pictures, refused, strict=True) if reason})
        fit = [path for path in pictures if path not in wrong]
        vectors = dict(zip(fit, extractor.extract([pictures[path] for path in fit]), strict=True)) if fit else {}
        for path in part:
            yield path, vectors.get(path), small.get(path, b""), wrong.get(path, "")
