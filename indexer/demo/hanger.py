"""The hanger that a top or dress hangs from: behind the garment, and no part of its mask."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from indexer.demo.patterns.bands import Floats
from indexer.demo.pose import Pose
from indexer.demo.tailor.curves import Path, Points, mirror, moved, ribbon

_WOOD, _METAL, _GLINT = (150, 106, 64), (118, 120, 126), (196, 198, 204)


def draw_hanger(frame: Floats, hang: tuple[float, float, float], pose: Pose) -> Floats:
    """Draws a wooden hanger with a metal hook on the frame, float32 (h, w, 3).

    hang: x, y, half width in cloth units.
    """
    x, y, half = hang
    hook = Path(0, -0.03).line(0, -0.075).curve(0.003, -0.1, 0.04, -0.1, 0.042, -0.125)
    hook.curve(0.045, -0.165, -0.03, -0.17, -0.032, -0.13)
    arm = ribbon(Path(0, -0.03).curve(half * 0.4, -0.01, half * 0.7, 0.02, half, 0.045).points(), 0.022)
    image = Image.fromarray(np.clip(frame, 0, 255).astype(np.uint8))
    shapes = [(arm, _WOOD), (mirror(arm), _WOOD)]
    shapes += [(ribbon(hook.points(), width), tone) for width, tone in ((0.011, _METAL), (0.004, _GLINT))]
    for outline, tone in shapes:
        _fill(image, pose.to_pixels(moved(outline, x, y)), tone)
    return np.asarray(image).astype(np.float32)


def _fill(image: Image.Image, points: Points, tone: tuple[int, int, int]) -> None:
    """Fills a polygon, anti-aliased."""
    left, top = (int(low) for low in np.floor(points.min(axis=0)) - 1)
    width, height = (int(size) for size in np.ceil(points.max(axis=0)) + 1 - (left, top))
    mask = Image.new("L", (width * 4, height * 4))
    corners = [(float(a), float(b)) for a, b in (points - (left, top)) * 4]
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    image.paste(tone, (left, top), mask.reduce(4))
