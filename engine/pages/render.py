"""From templates to one HTML text."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.pages.swatches import swatch

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
_PICTURES = ((b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"))


def render(template: str, values: dict[str, Any]) -> str:
    """A template of this package filled in. Every value is escaped."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "count": count, "percent": percent, "swatch": swatch}
    # The package's own files: the only text that goes into a page unescaped.
    made.globals["style"] = Markup(
        "".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("tokens.css", "style.css"))
    )
    return made


def data_uri(picture: bytes | None) -> str | None:
    """A JPEG or PNG as a data URI; None for anything else."""
    for magic, kind in _PICTURES:
        if picture is not None and picture.startswith(magic):
            return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"
    return None


def number(value: float) -> str:
    """Two decimals, or none: 42, 19.90, 1,234.50."""
    return f"{value:,.2f}".removesuffix(".00")


def count(value: int, noun: str) -> str:
    """`1 picture`, `2,048 pictures`."""
    return f"{value:,} {noun}{'' if value == 1 else 's'}"


def percent(value: float) -> str:
    """A share in [0, 1] as whole percents; `<1 %` rather than nothing."""
    return "<1 %" if 0 < value < 0.005 else f"{value * 100:.0f} %"
