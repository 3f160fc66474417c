"""Real cloth to learn from: the patches of photographed garments, with the pattern that was seen in them, if any.

Three sources: photos of single garments with masks or without (CC0), street photos with label masks (Apache-2.0), and
any folder of patches, whose sub-folders are patterns or which has none.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError, PictureError
from indexer.decode import decode, read_picture
from indexer.garments.classes import CLOTHING_PARSING
from indexer.patches.patches import find_patches
from indexer.patterns.outline import Outline, outline_of

WORN = ("top", "outer", "dress", "trousers", "skirt")
"""Classes of garment whose cloth is looked at."""
LARGEST = 256
"""Pixels of the longer side of a patch that is kept."""
_CLOSE = 0.22
"""Without a mask: the share of the photo's width and height to each side of its middle that is taken for cloth."""
_UNTOLD = ("unsure", "other", "")


@dataclass(frozen=True, eq=False)
class Cloth:
    """One garment's cloth.

    patches: one or more, uint8 (h, w, 3). pattern: what it was called; None where it was not, or not surely. source:
    names where it is from. group: photos of one group (a sender, a photo) never fall on both sides of a split. outline:
    all of the garment; None where only patches are known.
    """

    patches: tuple[NDArray[np.uint8], ...]
    pattern: str | None
    source: str
    group: str
    outline: Outline | None = None


Progress = Callable[[int, int], None]


def read_clothing(
    data: Path, labels: Path | None, parts: Sequence[str], progress: Progress | None = None, outlines: bool = False
) -> list[Cloth]:
    """Cloth of the photos of `data/clothing/<part>/<kind>/`, no shoes, no hats; labels: a CSV of photo, pattern.

    outlines: whether those are wanted too: by the mask of `clothing-masks`, else by the largest garment that the
    shipped finder sees.
    """
    from indexer.garments.deeplab import DeepLab

    told = _labels(labels, ("photo",)) if labels else {}
    masks = {row["photo"]: data / "clothing-masks" / row["mask"] for row in _rows(data / "clothing-masks/masks.csv")}
    senders = {row["path"]: row["sender_id"] for row in _rows(data / "clothing/senders.csv")}
    files = [f for part in parts for f in sorted((data / "clothing" / part).rglob("*.jpg"))]
    files = [f for f in files if f.parent.name not in ("shoes", "hat")]
    found, finder = [], DeepLab(device="cpu") if outlines else None
    for done, file in enumerate(files):
        name = file.relative_to(data).as_posix()
        rgb = decode(file.read_bytes()).rgb
        mask = _read_mask(masks[name], rgb.shape[:2]) if name in masks else None
        patches = _cut(rgb, _middle(rgb.shape[:2]) if mask is None else mask)
        if patches:
            if mask is None and finder:
                garments = finder.find([rgb])[0]
                mask = garments[0].mask if garments else None
            outline = None if mask is None or not outlines else _outline(rgb, mask)
            sender = senders[name.removeprefix("clothing/")]
            found.append(Cloth(patches, told.get((name,)), name, f"sender {sender}", outline))
        if progress:
            progress(done + 1, len(files))
    return found


def read_street(data: Path, labels: Path | None, progress: Progress | None = None) -> list[Cloth]:
    """Cloth of every garment of `data/garment-masks`, by its true mask; labels: a CSV of photo, kind, pattern."""
    told = _labels(labels, ("photo", "kind")) if labels else {}
    ids = {row["name"]: int(row["id"]) for row in _rows(data / "garment-masks/labels.csv")}
    files = sorted((data / "garment-masks/photos").glob("*.jpg"))
    found = []
    for done, file in enumerate(files):
        rgb = decode(file.read_bytes()).rgb
        parsed = np.array(Image.open(data / "garment-masks/masks" / f"{file.stem}.png"))
        for kind in WORN:
            mask = np.isin(parsed, [ids[name] for name in CLOTHING_PARSING[kind]])
            if mask.shape != rgb.shape[:2]:
                mask = np.array(Image.fromarray(mask).resize(rgb.shape[1::-1], Image.Resampling.NEAREST))
            patches = _cut(rgb, mask) if mask.mean() > 0.01 else ()
            if patches:
                name = file.relative_to(data).as_posix()
                outline = _outline(rgb, mask)
                found.append(Cloth(patches, told.get((name, kind)), f"{name} {kind}", f"photo {file.stem}", outline))
        if progress:
            progress(done + 1, len(files))
    return found


def read_folder(folder: Path, progress: Progress | None = None) -> list[Cloth]:
    """Patches of a folder: each picture in a sub-folder is of the pattern the sub-folder is named after; pictures that
    lie in the folder itself have none.

    Raises InputError when there is no such folder or no picture in it can be read.
    """
    if not folder.is_dir():
        raise InputError(f"no folder at {folder}")
    found = []
    files = list(_pictures(folder))
    for done, (file, pattern) in enumerate(files):
        try:
            rgb = read_picture(file).rgb
        except PictureError:
            continue
        if min(rgb.shape[:2]) >= 32:
            name = file.relative_to(folder).as_posix()
            found.append(Cloth((_small(rgb),), pattern, name, name))
        if progress:
            progress(done + 1, len(files))
    if not found:
        raise InputError(
            f"no picture of 32 pixels or more a side in {folder}: put patches of cloth there, a sub-folder a pattern"
        )
    return found


def _pictures(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """Files and the pattern that the first folder on their way names."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.name.startswith("."):
            way = file.relative_to(folder).parts
            yield file, way[0] if len(way) > 1 else None


def _cut(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], ...]:
    return tuple(_small(patch.cut(rgb)) for patch in find_patches(rgb, mask, most=3))


def _outline(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Outline | None:
    """None where there is hardly any cloth."""
    return outline_of(rgb, mask, LARGEST) if mask.mean() > 0.01 else None


def _small(patch: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy with its longer side at most LARGEST pixels."""
    image = Image.fromarray(patch)
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    return np.array(image)


def _middle(shape: tuple[int, int]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.bool_)
    (top, left), (bottom, right) = ([int(side * share) for side in shape] for share in (0.5 - _CLOSE, 0.5 + _CLOSE))
    mask[top:bottom, left:right] = True
    return mask


def _read_mask(file: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    image = Image.open(file).convert("L")
    return np.array(image.resize(shape[::-1], Image.Resampling.NEAREST)) > 127


def _labels(file: Path, keys: Sequence[str]) -> dict[tuple[str, ...], str]:
    """Patterns by the values of these columns; what nobody was sure of is left out."""
    return {tuple(row[key] for key in keys): row["pattern"] for row in _rows(file) if row["pattern"] not in _UNTOLD}


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))
