"""A second, closer look at a person who stands small in a photo: the upper and the lower half, each enlarged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.garments.classes import CLASSES
from indexer.garments.pieces import Chances
from indexer.garments.regions import shows_person

HALF = 0.58
"""Share of a person's height that one look takes in: the two overlap."""
MARGIN = 0.06
"""Of a person's height, shown around a person."""
CLOSER = 1.25
"""A look that enlarges by less shows nothing new."""
FINER = 2
"""What closer looks see is kept at so many times the places, either way."""
FIRST = 0.25
"""Weight of the first look where there is a second. Chosen on validation, as all numbers here."""
FIRST_NAMES = 3.0
"""The same where the looks tell garments of the body apart: half a dress is much like a skirt or a top."""

_BACKGROUND = CLASSES.index("background")
_BODY = [CLASSES.index(name) for name in ("top", "outer", "dress", "trousers", "skirt")]


@dataclass(frozen=True)
class Window:
    """A part of a picture, in pixels."""

    top: int
    bottom: int
    left: int
    right: int

    def of(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The part of a picture."""
        return np.ascontiguousarray(picture[self.top : self.bottom, self.left : self.right])


def windows(chances: Chances, size: tuple[int, int], aspect: float) -> list[Window]:
    """Where to look closer: two windows about a person, or none.

    chances: float32 (classes, rows, columns) of the whole picture. size: its height and width. aspect: height by width
    that the network wants. None where there is no person, or a window would be nearly the whole picture.
    """
    winners = chances.argmax(0)
    shown = winners != _BACKGROUND
    if not shows_person(winners):
        return []
    height, width = size
    (y1, y2), (x1, x2) = (
        (float(at[0]) / n * side, (at[-1] + 1.0) / n * side)
        for n, side, at in ((shown.shape[axis], size[axis], np.flatnonzero(shown.any(1 - axis))) for axis in (0, 1))
    )
    around = MARGIN * (y2 - y1)
    y1, y2, x1, x2 = max(0.0, y1 - around), min(height, y2 + around), max(0.0, x1 - around), min(width, x2 + around)
    part = HALF * (y2 - y1)
    looks = [_grown((y1, y1 + part), (x1, x2), size, aspect), _grown((y2 - part, y2), (x1, x2), size, aspect)]
    small = all((w.bottom - w.top) * CLOSER <= height and (w.right - w.left) * CLOSER <= width for w in looks)
    return looks if small else []


def _grown(down: tuple[float, float], across: tuple[float, float], size: tuple[int, int], aspect: float) -> Window:
    """A window of this aspect about a part, moved and cut so that it lies inside the picture."""
    wanted = max(down[1] - down[0], (across[1] - across[0]) * aspect)
    spans = []
    for (start, end), length, side in ((down, wanted, size[0]), (across, wanted / aspect, size[1])):
        long = min(side, max(1, round(length)))
        first = min(max(0, round((start + end - long) / 2)), side - long)
        spans += [first, first + long]
    return Window(*spans)


def joined(chances: Chances, size: tuple[int, int], looks: list[tuple[Window, Chances]]) -> Chances:
    """The chances of the whole picture with those of closer looks, averaged where they overlap, at finer places.

    Which garment of the body a place shows, if any, is mostly told by the whole picture; all else by closer looks.
    chances: float32 (classes, rows, columns). size: height and width of the picture. Returns float32 (classes,
    FINER * rows, FINER * columns).
    """
    rows, columns = (FINER * places for places in chances.shape[1:])
    first = np.stack([_resized(plane, (columns, rows)) for plane in chances])
    closer, count = np.zeros_like(first), np.zeros((rows, columns), np.float32)
    for window, seen in looks:
        top, bottom = (round(at / size[0] * rows) for at in (window.top, window.bottom))
        left, right = (round(at / size[1] * columns) for at in (window.left, window.right))
        here = (slice(top, bottom), slice(left, right))
        # The part of the look that exactly these places show, averaged over each place.
        scale = (seen.shape[1] / (window.bottom - window.top), seen.shape[2] / (window.right - window.left))
        ends = [
            (edge / places * side - start) * by
            for edge, places, side, start, by in (
                (left, columns, size[1], window.left, scale[1]),
                (top, rows, size[0], window.top, scale[0]),
                (right, columns, size[1], window.left, scale[1]),
                (bottom, rows, size[0], window.top, scale[0]),
            )
        ]
        box = (max(0.0, ends[0]), max(0.0, ends[1]), min(seen.shape[2], ends[2]), min(seen.shape[1], ends[3]))
        for channel, plane in enumerate(seen):
            closer[channel][here] += _resized(plane, (right - left, bottom - top), box)
        count[here] += 1
    total = _mean(first, closer, count, FIRST)
    names = _mean(first[_BODY], closer[_BODY], count, FIRST_NAMES)
    names /= np.maximum(names.sum(0), np.finfo(np.float32).tiny)
    total[_BODY] = names * total[_BODY].sum(0)
    return total


def _mean(first: Chances, closer: Chances, count: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    """Of a first look of some weight and the sum of so many closer ones."""
    return np.asarray((first * np.float32(weight) + closer) / (count + np.float32(weight)))


def _resized(
    plane: Chances, size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> NDArray[np.float32]:
    """A plane, or the part of it in a box (left, top, right, bottom), at this size (columns, rows), interpolated."""
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR, box=box))
