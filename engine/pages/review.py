"""The page on which a person answers: photos one after the other, large, with a key for every class.

It works offline, fetches nothing, and runs one script of its own, which the content security policy names by its hash.
Answers stay in the browser's local storage until they are downloaded as a table for `houndstooth review --answers`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.pages.render import data_uri, render

_TEMPLATES = Path(__file__).parent / "templates"
KEYS = "123456789abcdefghijklmnopqrstuvwxyz"
"""Keys of the classes, in their order; a boolean's are y and n as well."""


@dataclass(frozen=True)
class ReviewPhoto:
    """A photo to be answered.

    image: its path. product: its product's id. picture: JPEG bytes, large enough to judge, None where there is none.
    box: what is meant in the photo, (x, y, width, height) in shares of it; None for all of it. predicted, confidence:
    what the model says, None where it says nothing or is not to be shown. said: the label it was given, of a suspect.
    why: in a few words, why it is asked.
    """

    image: str
    product: str
    picture: bytes | None
    why: str
    box: tuple[float, float, float, float] | None = None
    predicted: str | None = None
    confidence: float | None = None
    said: str | None = None


def review_page(attribute: str, classes: Sequence[str], photos: Sequence[ReviewPhoto], command: str = "") -> str:
    """A self-contained page, HTML. classes: at most 35, as they are to be written. command: what takes answers back.

    Raises InputError for more classes than there are keys.
    """
    from markupsafe import Markup

    if len(classes) > len(KEYS):
        raise InputError(f"{len(classes)} classes: a page has keys for {len(KEYS)} at most; group them first")
    told = {
        "attribute": attribute,
        "classes": list(classes),
        "keys": [_keys(classes, number) for number in range(len(classes))],
        "photos": [_told(photo) for photo in photos],
        "store": f"houndstooth review {attribute} {_fingerprint(attribute, classes, photos)}",
    }
    code = (_TEMPLATES / "review.js").read_text(encoding="utf-8")
    values: dict[str, Any] = {
        "attribute": attribute,
        "photos": len(photos),
        "data": Markup(_embedded(told)),
        "script": Markup(code),  # the package's own files, as the stylesheet is
        "look": Markup((_TEMPLATES / "review.css").read_text(encoding="utf-8")),
        "script_hash": "sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode(),
        "command": command,
    }
    return render("review.html.j2", values)


def _keys(classes: Sequence[str], number: int) -> str:
    """The keys of a class: "3", or "1y" for the yes of a boolean."""
    letter = {"yes": "y", "no": "n"}.get(classes[number], "") if sorted(classes) == ["no", "yes"] else ""
    return KEYS[number] + letter


def _told(photo: ReviewPhoto) -> dict[str, Any]:
    return {
        "image": photo.image,
        "product": photo.product,
        "picture": data_uri(photo.picture),
        "why": photo.why,
        "box": photo.box,
        "predicted": photo.predicted,
        "confidence": photo.confidence,
        "said": photo.said,
    }


def _fingerprint(attribute: str, classes: Sequence[str], photos: Sequence[ReviewPhoto]) -> str:
    """What answers are kept under in a browser: another page has another."""
    told = json.dumps([attribute, list(classes), [(photo.product, photo.image) for photo in photos]])
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _embedded(value: Any) -> str:
    """JSON that cannot end the script element that it stands in."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
