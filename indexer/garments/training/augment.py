"""What may happen to a photo before the network sees it: other framing, light, blur, compression and background."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from indexer.garments.classes import CLASSES, GARMENTS
from indexer.garments.second_look import HALF, MARGIN
from indexer.garments.training.cache import IGNORE, Photos

View = Literal["photo", "close", "look"]
FIRST_GARMENT = CLASSES.index(GARMENTS[0])


@dataclass(frozen=True)
class Framing:
    """Chances and ranges of one source's augmentation.

    zoom: factors of size, below 1 shows more than the photo. turn: degrees either way. shift: of the frame.
    other_ground: chance of another background.
    """

    zoom: tuple[float, float]
    turn: float
    shift: float
    other_ground: float


ACROSS = 1.125
"""Share of a photo's width to share of its height, of a window as the network sees it: 3 to 4, of photos 2 to 3."""
CLOSE = (1.6, 3.2)
"""Zoom of a close-up: a torso fills the frame, as in many photos of shops."""

FRAMINGS = {
    "street": Framing((0.85, 2.0), 8.0, 0.5, 0.15),
    "flat": Framing((0.6, 1.35), 18.0, 0.12, 0.4),
    "rendered": Framing((0.75, 1.3), 12.0, 0.1, 0.4),
    "figures": Framing((0.8, 1.25), 6.0, 0.08, 0.15),
}
VIEWS: Final = {"upper": 0.35, "lower": 0.35, "figure": 0.15, "photo": 0.15}
"""What a street photo framed about a person shows: a half, as closer looks do, or more. With its chance."""


def augmented(
    framing: Framing,
    rgb: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    ground: NDArray[np.uint8],
    size: tuple[int, int],
    rng: np.random.Generator,
    view: View = "photo",
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A photo of `size` (rows, columns) and its labels at half that size.

    ground: a picture that may be put behind it. view: all of it, a close-up of some garment, or a look at the person.
    """
    if rng.random() < framing.other_ground:
        rgb = _over(rgb, labels, ground)
    window = (
        _close_up(labels, framing.turn, rng)
        if view == "close"
        else _look(labels, framing, rng)
        if view == "look"
        else _window(framing, rng)
    )
    photo, marks = _framed(Image.fromarray(rgb), Image.fromarray(labels), window, size, rng)
    return np.asarray(_lit(photo, rng)), np.asarray(marks)


def recoloured(rgb: NDArray[np.uint8], labels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Each class of garment in other colours by chance: what tells a top with a skirt from a dress is not their hue."""
    out = np.array(rgb)
    for channel in np.unique(labels):
        if FIRST_GARMENT <= channel != IGNORE and rng.random() < 0.4:
            here = labels == channel
            mixed = np.eye(3)[rng.permutation(3)] * rng.uniform(0.6, 1.3, 3)
            share = rng.uniform(0.3, 1.0)
            values = out[here].astype(np.float32) @ ((1 - share) * np.eye(3) + share * mixed).astype(np.float32)
            out[here] = np.clip(values + rng.normal(0, 25, 3).astype(np.float32), 0, 255).astype(np.uint8)
    return out


def _over(rgb: NDArray[np.uint8], labels: NDArray[np.uint8], ground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is not background, laid on another ground with an edge a pixel or two soft."""
    kept = Image.fromarray(((labels != 0) & (labels != IGNORE)).astype(np.uint8) * 255)
    share = kept.filter(ImageFilter.BoxBlur(1))
    return np.asarray(Image.composite(Image.fromarray(rgb), Image.fromarray(ground), share))


@dataclass(frozen=True)
class _Window:
    """What is seen of a photo: shares of its width and height, and the middle, in shares from the left and the top.

    turn: radians. flip: -1 shows it mirrored, else 1.
    """

    across: float
    down: float
    x: float
    y: float
    turn: float
    flip: float


def _window(framing: Framing, rng: np.random.Generator) -> _Window:
    zoom = np.exp(rng.uniform(*np.log(framing.zoom)))
    aspect = np.exp(rng.uniform(-0.18, 0.18))
    turn, flip = _turned(framing.turn, rng)
    across, down = 1 / (zoom * aspect), aspect / zoom
    room_x, room_y = abs(1 - across) / 2, abs(1 - down) / 2
    x = np.clip(rng.uniform(-1, 1) * room_x, -framing.shift, framing.shift) + 0.5
    y = np.clip(rng.uniform(-1, 1) * room_y, -framing.shift, framing.shift) + 0.5
    return _Window(across, down, float(x), float(y), turn, flip)


def _turned(most: float, rng: np.random.Generator) -> tuple[float, float]:
    turn = float(np.radians(rng.uniform(-most, most)))
    return turn, -1.0 if rng.random() < 0.5 else 1.0


def _close_up(labels: NDArray[np.uint8], turn: float, rng: np.random.Generator) -> _Window:
    """About a place of some garment, inside the photo."""
    zoom, aspect = np.exp(rng.uniform(*np.log(CLOSE))), np.exp(rng.uniform(-0.18, 0.18))
    across, down = min(1.0, 1 / (zoom * aspect)), min(1.0, aspect / zoom)
    places = np.argwhere((labels >= FIRST_GARMENT) & (labels != IGNORE))
    row, column = places[rng.integers(len(places))] if len(places) else np.array(labels.shape) // 2
    middle = (column / labels.shape[1], row / labels.shape[0])
    x, y = (np.clip(at, share / 2, 1 - share / 2) for at, share in zip(middle, (across, down), strict=True))
    return _Window(across, down, float(x), float(y), *_turned(turn, rng))


def _look(labels: NDArray[np.uint8], framing: Framing, rng: np.random.Generator) -> _Window:
    """About the person or a half of them, a little off; the whole photo by chance."""
    view = str(rng.choice(list(VIEWS), p=list(VIEWS.values())))
    middle, down = _person(labels, view) if view != "photo" else ((0.5, 0.5), 1.0)
    zoom, aspect = np.exp(rng.uniform(*np.log(framing.zoom))), np.exp(rng.uniform(-0.12, 0.12))
    across, down = min(1.0, down * ACROSS / (zoom * aspect)), min(1.0, down * aspect / zoom)
    off = rng.uniform(-framing.shift, framing.shift, 2) * (across, down)
    return _inside(middle[0] + off[0], middle[1] + off[1], across, down, *_turned(framing.turn, rng))


def _person(labels: NDArray[np.uint8], view: str) -> tuple[tuple[float, float], float]:
    """Middle and height, in shares of the photo, of where `second_look.windows` looks: "upper", "lower" or "figure"."""
    shown = (labels != 0) & (labels != IGNORE)
    if not shown.any():
        return (0.5, 0.5), 1.0
    (y1, y2), (x1, x2) = (
        (float(at[0]) / len(line), (at[-1] + 1.0) / len(line))
        for line, at in ((line, np.flatnonzero(line)) for line in (shown.any(1), shown.any(0)))
    )
    around = MARGIN * (y2 - y1)
    y1, y2, x1, x2 = max(0.0, y1 - around), min(1.0, y2 + around), max(0.0, x1 - around), min(1.0, x2 + around)
    part = (y2 - y1) * (1.0 if view == "figure" else HALF)
    middle = ((x1 + x2) / 2, y2 - part / 2 if view == "lower" else y1 + part / 2)
    return middle, max(part, (x2 - x1) / ACROSS)


def _inside(x: float, y: float, across: float, down: float, turn: float = 0.0, flip: float = 1.0) -> _Window:
    """A window moved so that it lies inside the photo."""
    x, y = (float(np.clip(at, share / 2, 1 - share / 2)) for at, share in ((x, across), (y, down)))
    return _Window(across, down, x, y, turn, flip)


def looked_at(photos: Photos, size: tuple[int, int]) -> Photos:
    """Street photos as closer looks show them: the upper and the lower half of every person, enlarged to `size`."""
    rng, rgb, labels = np.random.default_rng(0), [], []
    for number in range(len(photos)):
        marks = np.asarray(photos.labels[number])
        for view in ("upper", "lower"):
            (x, y), down = _person(marks, view)
            window = _inside(x, y, min(1.0, down * ACROSS), min(1.0, down))
            pair = _framed(Image.fromarray(photos.rgb[number]), Image.fromarray(marks), window, size, rng)
            rgb.append(np.asarray(pair[0]))
            labels.append(resized(np.asarray(pair[1]), size, Image.Resampling.NEAREST))
    return Photos(np.stack(rgb), np.stack(labels))


def _framed(
    photo: Image.Image,
    labels: Image.Image,
    window: _Window,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[Image.Image, Image.Image]:
    rows, columns = size
    across, down, flip = window.across, window.down, window.flip
    width, height = photo.size
    c, s = np.cos(window.turn), np.sin(window.turn)
    # From centred output coordinates in [-0.5, 0.5] to pixels of the photo; the turn is made in square pixels.
    a = np.array([[across * c * flip, -down * s * height / width], [across * s * flip * width / height, down * c]])
    a = a * np.array([[width], [height]])
    centre = np.array([window.x * width, window.y * height])

    def coefficients(out_columns: int, out_rows: int) -> tuple[float, ...]:
        m = a / np.array([out_columns, out_rows])
        x0, y0 = centre - m @ (np.array([out_columns, out_rows]) / 2)
        return m[0, 0], m[0, 1], x0, m[1, 0], m[1, 1], y0

    fill = tuple(int(v) for v in rng.integers(0, 256, 3))
    affine = Image.Transform.AFFINE
    taken = photo.transform(
        (columns, rows), affine, coefficients(columns, rows), Image.Resampling.BILINEAR, fillcolor=fill
    )
    small = (columns // 2, rows // 2)
    marks = labels.transform(small, affine, coefficients(*small), Image.Resampling.NEAREST, fillcolor=IGNORE)
    return taken, marks


def _lit(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Exposure, contrast, cast, saturation, blur and JPEG, each by chance."""
    if rng.random() < 0.8:
        values = np.arange(256) / 255
        gamma, gain, lift = np.exp(rng.uniform(-0.35, 0.35)), rng.uniform(0.75, 1.25), rng.uniform(-0.08, 0.08)
        cast = rng.uniform(0.9, 1.1, 3)
        curves = [np.clip((values**gamma - 0.5) * gain * c + 0.5 + lift, 0, 1) * 255 for c in cast]
        photo = photo.point([int(v) for curve in curves for v in curve])
    if rng.random() < 0.3:
        grey = photo.convert("L").convert("RGB")
        photo = Image.blend(grey, photo, float(rng.uniform(0.0, 1.6)))
    if rng.random() < 0.15:
        photo = photo.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 1.6))))
    if rng.random() < 0.2:
        out = io.BytesIO()
        photo.save(out, "JPEG", quality=int(rng.integers(25, 80)))
        photo = Image.open(out).convert("RGB")
    if rng.random() < 0.1:
        noise = rng.normal(0, rng.uniform(3, 12), (photo.height, photo.width, 3))
        photo = Image.fromarray(np.clip(np.asarray(photo) + noise, 0, 255).astype(np.uint8))
    return photo


def resized(
    picture: NDArray[np.uint8], shape: tuple[int, int], how: Image.Resampling = Image.Resampling.BILINEAR
) -> NDArray[np.uint8]:
    """A picture at another size (rows, columns)."""
    if picture.shape[:2] == shape:
        return picture
    return np.asarray(Image.fromarray(picture).resize(shape[::-1], how))


def grounds(photos: Photos, count: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Backgrounds without a garment or a person: the largest of many random windows of each photo, enlarged.

    uint8 (count, 400, 300, 3). A photo without a window of a sixth of its sides gives none.
    """
    rows, columns = photos.rgb.shape[1:3]
    found: list[NDArray[np.uint8]] = []
    for number in rng.permutation(len(photos)):
        busy = np.pad((photos.labels[number] != 0).astype(np.int32).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        share = rng.uniform(1 / 6, 1, 400)
        y, x = (rng.uniform(0, 1, (2, 400)) * (1 - share) * [[rows], [columns]]).astype(int)
        y2, x2 = y + (share * rows).astype(int), x + (share * columns).astype(int)
        free = busy[y2, x2] - busy[y, x2] - busy[y2, x] + busy[y, x] == 0
        if free.any():
            best = np.flatnonzero(free)[share[free].argmax()]
            window = Image.fromarray(photos.rgb[number][y[best] : y2[best], x[best] : x2[best]])
            found.append(np.asarray(window.resize((columns, rows), Image.Resampling.BICUBIC)))
        if len(found) == count:
            break
    return np.stack(found)


def plain_ground(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A studio's wall: near white most often, else a colour, brighter to one side. uint8 (rows, columns, 3)."""
    rows, columns = size
    colour = np.full(3, rng.uniform(225, 255)) if rng.random() < 0.6 else rng.uniform(0, 255, 3)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    slope = (y / rows - 0.5) * rng.normal(0, 12) + (x / columns - 0.5) * rng.normal(0, 8)
    wall: NDArray[np.uint8] = np.clip(colour + slope[..., None], 0, 255).astype(np.uint8)
    return wall
