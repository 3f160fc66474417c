"""The hanger that a top or dress hangs from: behind the garment, and no part of its mask."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from indexer.demo.patterns.bands import Floats
from indexer.demo.pose import Pose
from indexer.demo.tailor.curves import Path, Points, mirror, moved, ribbon


def draw_hanger(frame: Floats, hang: tuple[float, float, float], pose: Pose) -> Floats:
    """Draws a wooden hanger with a metal hook on the frame, float32 (h, w, 3).

    hang: x, y, half width in cloth units.
    """
    x, y, half = hang
    hook = Path(0, -0.03).line(0, -0.075).curve(0.003, -0.1, 0.04, -0.1, 0.042, -0.125)
    hook.curve(0.045, -0.165, -0.03, -0.17, -0.032, -0.13)
    arm = ribbon(Path(0, -0.03).curve(half * 0.4, -0.01, half * 0.7, 0.02, half, 0.045).points(), 0.022)
    image = Image.fromarray(np.clip(frame, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for outline in (arm, mirror(arm)):
        pen.polygon(_placed(outline, x, y, pose), fill=(150, 106, 64))
    line = _placed(hook.points(), x, y, pose)
    pen.line(line, fill=(122, 124, 130), width=max(2, round(0.009 * pose.scale)), joint="curve")
    pen.line(line, fill=(186, 188, 194), width=max(1, round(0.003 * pose.scale)), joint="curve")
    return np.asarray(image).astype(np.float32)


def _placed(points: Points, x: float, y: float, pose: Pose) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in pose.to_pixels(moved(points, x, y))]
