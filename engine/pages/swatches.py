"""What a colour's name looks like on a page."""

from __future__ import annotations

import re

_NAMED = {
    "aqua": "40d0d0", "beige": "e0cda8", "black": "141416", "blue": "2450b8", "brown": "74492e", "burgundy": "6e1428",
    "camel": "c19a6b", "charcoal": "4a4e52", "coral": "ff7256", "cream": "f6ecd2", "crimson": "b80f2e",
    "cyan": "10c8dc", "fuchsia": "e0219a", "gold": "d9ae1e", "gray": "808080", "green": "14913c", "grey": "808080",
    "indigo": "3f2a8c", "ivory": "faf6e6", "khaki": "9a9060", "lavender": "cbb8ea", "light blue": "a9cdec",
    "light green": "9ad79a", "light grey": "c4c4c4", "lilac": "c3a3dc", "lime": "9ad82c", "magenta": "d81c9c",
    "maroon": "701424", "mint": "a8e2c4", "mustard": "cfa21a", "navy": "1c2a4c", "olive": "6b6a2a", "orange": "f9801c",
    "peach": "fcc4a0", "pink": "f7a1bd", "purple": "76309c", "red": "d02630", "rose": "e0708c", "royal blue": "2a4fc8",
    "rust": "a5481c", "salmon": "f58a78", "sand": "d6c098", "silver": "c0c2c5", "sky blue": "86c2ea", "tan": "cfae84",
    "teal": "0c7c80", "turquoise": "38ccc4", "violet": "8436c4", "white": "f6f6f4", "wine": "66142c",
    "yellow": "fbdc14",
}  # fmt: skip
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


def swatch(colour: object) -> str | None:
    """`#rrggbb` for a colour's name or hexadecimal digits; None for any other text, which never reaches a style."""
    text = str(colour).strip()
    digits = _HEX.fullmatch(text)
    named = _NAMED.get(text.lower().replace("_", " ").replace("-", " "))
    return f"#{digits[1].lower()}" if digits else f"#{named}" if named else None
