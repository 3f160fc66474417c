"""Static pictures of maps as PNG and SVG files."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import InputError
from engine.export.place import new_file
from houndstooth.map_colours import RAMP, Legend
from houndstooth.map_picture import HEADER, MARGIN, Dot, MapPicture, Shown

if TYPE_CHECKING:
    from PIL import ImageDraw

NEW = "#e0218a"
"""Frame of photos that are not in the catalog."""
_LINE = 40
_RAMP_HEIGHT = 240


def write_picture(picture: MapPicture, to: Path) -> None:
    """Write to a .png or .svg file; an SVG has every thumbnail within it. Raises InputError for another suffix."""
    kind = to.suffix.lower()
    if kind not in (".png", ".svg"):
        raise InputError(f"a picture of a map is a .png or .svg file, not '{to.name}'")
    with new_file(to) as path:
        if kind == ".svg":
            path.write_text("\n".join(_svg(picture)) + "\n", encoding="utf-8")
        else:
            draw_picture(picture).save(path, "PNG", optimize=False, compress_level=6)


def _grounds(dark: bool) -> tuple[str, str, str]:
    """Of ground, text and quiet text."""
    return ("#15161a", "#f2f2f2", "#a9adb5") if dark else ("#ffffff", "#1b1c1f", "#63676e")


def draw_picture(picture: MapPicture) -> Any:
    """The picture as a PIL image, RGB."""
    from PIL import Image, ImageDraw

    ground, ink, quiet = _grounds(picture.dark)
    height = max(picture.height, _legend_height(picture.legend))
    image = Image.new("RGB", (picture.width, height), ground)
    draw = ImageDraw.Draw(image)
    for dot in picture.dots:
        _draw_dot(draw, dot, quiet)
    for shown in sorted(picture.shown, key=lambda one: one.new):
        _draw_shown(image, draw, shown)
    draw.text((MARGIN, 20), picture.title, ink, _font(34))
    draw.text((MARGIN, 62), picture.subtitle, quiet, _font(22))
    if picture.legend is not None:
        _draw_legend(draw, picture, ink, quiet)
    return image


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _draw_dot(draw: ImageDraw.ImageDraw, dot: Dot, quiet: str) -> None:
    draw.ellipse((dot.x - 5, dot.y - 5, dot.x + 5, dot.y + 5), dot.colour or quiet)


def _draw_shown(image: Any, draw: ImageDraw.ImageDraw, shown: Shown) -> None:
    from PIL import Image, UnidentifiedImageError

    frame = NEW if shown.new else shown.colour
    width = _frame(shown)
    try:
        with Image.open(io.BytesIO(shown.jpeg)) as opened:
            small = opened.convert("RGB")
    except (OSError, UnidentifiedImageError):  # `houndstooth check` tells of damaged thumbnails
        draw.rectangle((shown.x, shown.y, shown.x + shown.width, shown.y + shown.height), frame or "#808080")
        return
    scale = min((shown.width - 2 * width) / small.width, (shown.height - 2 * width) / small.height)
    size = (max(1, round(small.width * scale)), max(1, round(small.height * scale)))
    left = round(shown.x + (shown.width - size[0]) / 2)
    top = round(shown.y + (shown.height - size[1]) / 2)
    if frame:
        draw.rectangle((left - width, top - width, left + size[0] + width - 1, top + size[1] + width - 1), frame)
    image.paste(small.resize(size, Image.Resampling.LANCZOS), (left, top))


def _frame(shown: Shown) -> int:
    """Pixels of the frame around a thumbnail."""
    if shown.new:
        return max(4, round(max(shown.width, shown.height) * 0.05))
    return max(2, round(max(shown.width, shown.height) * 0.045)) if shown.colour else 0


def _legend_height(legend: Legend | None) -> int:
    if legend is None:
        return 0
    return HEADER + MARGIN + _LINE * (len(legend.entries) + 2) + (_RAMP_HEIGHT + _LINE if legend.ramp else 0)


def _legend_lines(picture: MapPicture) -> Iterator[tuple[float, str, str]]:
    """Top, text and colour of each entry."""
    legend = picture.legend
    if legend is not None:
        top = HEADER + MARGIN + _LINE + (_RAMP_HEIGHT + _LINE if legend.ramp else 0)
        for place, (what, colour, count) in enumerate(legend.entries):
            yield top + place * _LINE, f"{_short(what)}  {count:,}", colour


def _short(text: str, most: int = 26) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _draw_legend(draw: ImageDraw.ImageDraw, picture: MapPicture, ink: str, quiet: str) -> None:
    left, legend = picture.legend_x, picture.legend
    if legend is None:
        return
    draw.text((left, HEADER + MARGIN - 12), _short(legend.title), ink, _font(26))
    if legend.ramp is not None:
        top = HEADER + MARGIN + _LINE
        for number in range(_RAMP_HEIGHT):
            draw.line((left, top + number, left + 34, top + number), _mixed(1 - number / (_RAMP_HEIGHT - 1)))
        draw.text((left + 48, top - 8), f"{legend.ramp[1]:g}", ink, _font(22))
        draw.text((left + 48, top + _RAMP_HEIGHT - 20), f"{legend.ramp[0]:g}", ink, _font(22))
    for line, text, colour in _legend_lines(picture):
        draw.rectangle((left, line, left + 24, line + 24), colour, quiet)
        draw.text((left + 38, line - 2), text, ink, _font(22))


def _mixed(share: float) -> tuple[int, int, int]:
    place = min(int(share * (len(RAMP) - 1)), len(RAMP) - 2)
    part = share * (len(RAMP) - 1) - place
    low, high = (
        [int(colour[start : start + 2], 16) for start in (1, 3, 5)] for colour in (RAMP[place], RAMP[place + 1])
    )
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return red, green, blue


def _svg(picture: MapPicture) -> Iterator[str]:
    ground, ink, quiet = _grounds(picture.dark)
    height = max(picture.height, _legend_height(picture.legend))
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {picture.width} {height}" '
        f'width="{picture.width}" height="{height}" font-family="system-ui, sans-serif" role="img">'
    )
    yield f"<title>{html.escape(picture.title)}</title>"
    yield f'<rect width="100%" height="100%" fill="{ground}"/>'
    for dot in picture.dots:
        yield f'<circle cx="{dot.x:.1f}" cy="{dot.y:.1f}" r="5" fill="{dot.colour or quiet}"/>'
    for shown in sorted(picture.shown, key=lambda one: one.new):
        yield from _svg_shown(shown)
    yield f'<text x="{MARGIN}" y="50" font-size="34" fill="{ink}">{html.escape(picture.title)}</text>'
    yield f'<text x="{MARGIN}" y="80" font-size="22" fill="{quiet}">{html.escape(picture.subtitle)}</text>'
    yield from _svg_legend(picture, ink, quiet)
    yield "</svg>"


def _svg_shown(shown: Shown) -> Iterator[str]:
    frame, width = NEW if shown.new else shown.colour, _frame(shown)
    aspect = _aspect(shown.jpeg)
    scale = min((shown.width - 2 * width) / aspect, shown.height - 2 * width)
    wide, high = scale * aspect, scale
    left, top = shown.x + (shown.width - wide) / 2, shown.y + (shown.height - high) / 2
    if frame:
        box = f'width="{wide + 2 * width:.1f}" height="{high + 2 * width:.1f}"'
        yield f'<rect x="{left - width:.1f}" y="{top - width:.1f}" {box} fill="{frame}"/>'
    if shown.jpeg:
        data = base64.b64encode(shown.jpeg).decode("ascii")
        yield (
            f'<image x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}" '
            f'href="data:image/jpeg;base64,{data}"><title>{html.escape(shown.title)}</title></image>'
        )


def _aspect(jpeg: bytes) -> float:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(jpeg)) as opened:
            return float(opened.width / opened.height)
    except (OSError, UnidentifiedImageError):
        return 1.0


def _svg_legend(picture: MapPicture, ink: str, quiet: str) -> Iterator[str]:
    left, legend = picture.legend_x, picture.legend
    if legend is None:
        return
    yield f'<text x="{left}" y="{HEADER + MARGIN + 12}" font-size="26" fill="{ink}">{html.escape(legend.title)}</text>'
    if legend.ramp is not None:
        top = HEADER + MARGIN + _LINE
        stops = "".join(f'<stop offset="{n / (len(RAMP) - 1)}" stop-color="{c}"/>' for n, c in enumerate(RAMP[::-1]))
        yield f'<defs><linearGradient id="ramp" x2="0" y2="1">{stops}</linearGradient></defs>'
        yield f'<rect x="{left}" y="{top}" width="34" height="{_RAMP_HEIGHT}" fill="url(#ramp)"/>'
        yield f'<text x="{left + 48}" y="{top + 16}" font-size="22" fill="{ink}">{legend.ramp[1]:g}</text>'
        yield f'<text x="{left + 48}" y="{top + _RAMP_HEIGHT}" font-size="22" fill="{ink}">{legend.ramp[0]:g}</text>'
    for line, text, colour in _legend_lines(picture):
        yield f'<rect x="{left}" y="{line:.0f}" width="24" height="24" fill="{colour}" stroke="{quiet}"/>'
        yield f'<text x="{left + 38}" y="{line + 20:.0f}" font-size="22" fill="{ink}">{html.escape(text)}</text>'
