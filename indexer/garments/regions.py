"""From the chances of each place's class to garments: pieces, specks, and one garment where there is no person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.garments.classes import CLASSES, GARMENTS
from indexer.garments.garment import Garment
from indexer.garments.pieces import PART, Chances, components, joined

_PERSON = CLASSES.index("person")
_FIRST = CLASSES.index(GARMENTS[0])  # the garments' channels are the last ones

NO_PERSON = 0.012
"""Below this share of the frame that is skin, hair or face, the photo shows garments alone. Chosen on validation."""
MAJORITY = 0.6
"""Where one class has this share of the cloth, and there is no person, all of it is that class. From validation."""
SPECK = 0.0005
"""Cloth, and pieces of a class, below this share of the frame are dropped: three of 6,912 places, or 13 of 27,648."""
SMALLEST = 0.01
"""A photo of garments alone shows none below this share of the frame."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The garments of a photo at the network's places, or finer ones.

    cloth: chance that a place is any of them minus 0.5: interpolated, it crosses 0 at the edge. scores: kind -> how
    much a place is of it, the largest wins; one a garment. confidences: kind -> in [0, 1]. All maps float32
    (rows, columns).
    """

    cloth: Chances
    scores: dict[str, Chances]
    confidences: dict[str, float]


def shows_person(winners: NDArray[np.int64]) -> bool:
    """Whether enough of a photo is skin, hair or face. winners: channel of the likeliest class of each place."""
    return bool(np.count_nonzero(winners == _PERSON) >= NO_PERSON * winners.size)


def layout(chances: Chances, colours: Chances) -> Layout:
    """The garments seen, at most one a class.

    chances: float32 (classes, rows, columns), summing to 1 over the classes. colours: float32 (rows, columns, 3), mean
    RGB of each place, 0 to 255.
    """
    winners = chances.argmax(0)
    if shows_person(winners):
        return _worn(chances, colours)
    # Of a person without skin in the frame, or of an outfit laid out, several classes are sure of their parts.
    areas = np.bincount(winners.ravel(), minlength=len(CLASSES))[_FIRST:]
    return _alone(chances) if areas.max() >= MAJORITY * areas.sum() else _worn(chances, colours)


def _worn(chances: Chances, colours: Chances) -> Layout:
    """Each class where it is the likeliest garment, once specks and parts of one garment are given one class."""
    cloth = _cloth(chances, SPECK, 0.0)
    inside = cloth > 0
    garments = chances[_FIRST:]
    winners = garments.argmax(0)
    wanted = joined(np.where(inside, winners, -1), garments, colours, SPECK)
    scores = garments.copy()
    rows, columns = np.nonzero(wanted != winners)
    new, old = wanted[rows, columns], winners[rows, columns]
    scores[new, rows, columns], scores[old, rows, columns] = garments[old, rows, columns], garments[new, rows, columns]
    kinds = wanted[inside]
    areas = np.bincount(kinds, minlength=len(GARMENTS))
    sure = np.bincount(kinds, scores.max(0)[inside], minlength=len(GARMENTS))
    seen = np.flatnonzero(areas)
    return Layout(
        cloth,
        {GARMENTS[kind]: scores[kind] for kind in seen},
        {GARMENTS[kind]: float(sure[kind] / areas[kind]) for kind in seen},
    )


def _alone(chances: Chances) -> Layout:
    """Connected cloth is one garment: the network may see a long shirt's hem as a skirt, but no one wears it here.

    Its class is the one with the most chance over the piece; pieces of one class (a pair of shoes) are one garment.
    """
    cloth = _cloth(chances, SMALLEST, PART)
    inside = cloth > 0
    pieces = components(inside)
    scores: dict[str, Chances] = {}
    for piece in np.unique(pieces[inside]):
        here = pieces == piece
        kind = GARMENTS[int(chances[_FIRST:, here].sum(1).argmax())]
        scores.setdefault(kind, np.zeros_like(cloth))[here] = 1
    sure = cloth + np.float32(0.5)
    return Layout(cloth, scores, {kind: float(sure[score > 0].mean()) for kind, score in scores.items()})


def _cloth(chances: Chances, least: float, part: float) -> Chances:
    """Chance of any garment minus 0.5, negative where a piece is too small a share of the frame or of the largest."""
    cloth: Chances = chances[_FIRST:].sum(0) - np.float32(0.5)
    inside = cloth > 0
    pieces = components(inside)
    areas = np.bincount(pieces[inside], minlength=1)
    small = inside & (areas[np.where(inside, pieces, 0)] < max(least * inside.size, part * areas.max()))
    cloth[small] = -0.01
    return cloth


def garments_of(found: Layout, size: tuple[int, int], fine: Chances | None = None) -> list[Garment]:
    """The garments at a picture's own size (height, width), the largest first.

    fine: the chance of cloth of the same view, float32 at any finer places; None, or where no cloth is left in it: as
    `found` has it.
    """
    if not found.scores:
        return []
    frame = _frame(found.cloth > 0, size)
    inside = np.zeros(0, bool) if fine is None else frame.enlarged(fine) > 127
    if not inside.any():
        inside = frame.enlarged(found.cloth + np.float32(0.5)) > 127
    if len(found.scores) == 1:
        masks = {next(iter(found.scores)): inside}
    else:
        planes = [frame.enlarged(score) for score in found.scores.values()]
        best = np.maximum.reduce(planes)
        masks, free = {}, inside
        for kind, plane in zip(found.scores, planes, strict=True):
            masks[kind] = free & (plane == best)
            free = free & ~masks[kind]
    garments = []
    for kind, part in masks.items():
        if part.any():
            mask = np.zeros(size, bool)
            mask[frame.rows, frame.columns] = part
            garments.append((np.count_nonzero(part), Garment(kind, mask, found.confidences[kind])))
    return [garment for _, garment in sorted(garments, key=lambda pair: -pair[0])]


@dataclass(frozen=True)
class _Frame:
    """The part of a picture that holds all garments. size: the picture's height and width."""

    rows: slice
    columns: slice
    size: tuple[int, int]

    def enlarged(self, plane: Chances) -> NDArray[np.uint8]:
        """Values in [0, 1] of the whole picture, at any places, at this part's pixels, 0 to 255, interpolated."""
        levels = Image.fromarray(np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8))
        (height, width), (down, across) = self.size, plane.shape
        left, right = (at * across / width for at in (self.columns.start, self.columns.stop))
        top, bottom = (at * down / height for at in (self.rows.start, self.rows.stop))
        size = (self.columns.stop - self.columns.start, self.rows.stop - self.rows.start)
        return np.asarray(levels.resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom)))


def _frame(inside: NDArray[np.bool_], size: tuple[int, int]) -> _Frame:
    spans = []
    for axis, length in ((0, size[0]), (1, size[1])):
        places = inside.shape[axis]
        at = np.flatnonzero(inside.any(1 - axis))
        start = max(0, int(at[0]) - 1) * length // places  # a place more on each side: the edge lies between two
        stop = -(-min(places, int(at[-1]) + 2) * length // places)
        spans.append(slice(start, stop))
    return _Frame(spans[0], spans[1], size)
