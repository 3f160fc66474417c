"""The page of a map: one self-contained HTML file, or above a size the file and a folder of its pictures."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError
from engine.export.place import new_file, new_folder
from engine.pages.map_payload import PACK_ROWS, header_text, pack, payload
from engine.pages.map_view import MapView

TEMPLATE = Path(__file__).parent / "built" / "map.html"
"""Made from web/ by hatch_build.py."""
SINGLE_LIMIT = 80_000_000
"""Bytes up to which a page is one file; a browser opens that in a second or two."""
_SAMPLE = 512
_PLACE = re.compile(r"\{\{([A-Z_]+)\}\}")
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class MapPage:
    """What was written. folder: of the pictures, None where they are in the page."""

    page: Path
    folder: Path | None
    points: int
    bytes: int


def map_page(view: MapView, to: Path, limit: int = SINGLE_LIMIT, tell: Tell = lambda done, total: None) -> MapPage:
    """Write the page of a map to `to`, an .html file.

    limit: bytes above which the pictures go into `<name>_files/` beside it, as scripts that a page may load from disk
    too. tell: called with pictures written and their number. Raises InputError.
    """
    if to.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"a map page is an .html file, not '{to.name}'")
    header, data = payload(view)
    folder = to.with_name(f"{to.stem}_files") if _expected_bytes(view, len(data)) > limit else None
    header["files"] = None if folder is None else folder.name
    values = {
        "TITLE": html.escape(view.title),
        "ROWS": f"{len(view):,}",
        "HEADER": header_text(header),
        "DATA": base64.b64encode(data).decode("ascii"),
        # A page opened from disk may take scripts from disk; one that is served, from where it is.
        "SCRIPT_SOURCES": "" if folder is None else " 'self' file:",
    }
    blocks = _blocks(view, tell)
    if folder is not None:
        with new_folder(folder) as place:
            for name, block in blocks:
                text = f'houndstooth_take("{name}","{base64.b64encode(block).decode("ascii")}");\n'
                (place / f"{name}.js").write_text(text, encoding="ascii")
        blocks = iter(())
    with new_file(to) as path:
        _fill(path, values, blocks)
    size = to.stat().st_size + (sum(path.stat().st_size for path in folder.iterdir()) if folder else 0)
    return MapPage(to, folder, len(view), size)


def _blocks(view: MapView, tell: Tell) -> Iterator[tuple[str, bytes]]:
    """The sprite sheets, then the packs of thumbnails: ("sheet-0", JPEG), ..., ("pack-0", pack), ..."""
    count, capacity = len(view), view.pictures.size.capacity
    for number, start in enumerate(range(0, count, capacity)):
        stop = min(start + capacity, count)
        yield f"sheet-{number}", view.pictures.sheet(start, stop)
        tell(stop, count)
    for number, start in enumerate(range(0, count, PACK_ROWS)):
        yield f"pack-{number}", pack(view.pictures.thumbnails(start, min(start + PACK_ROWS, count)))


def _fill(path: Path, values: dict[str, str], blocks: Iterator[tuple[str, bytes]]) -> None:
    """The template with its places filled, the pictures written one after the other."""
    pieces = _PLACE.split(_template())
    kinds = {"SHEETS": "sheet-", "PICTURES": "pack-"}
    block = next(blocks, None)
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, piece in enumerate(pieces):
            if number % 2 == 0:
                file.write(piece)
            elif piece in values:
                file.write(values[piece])
            else:
                while block is not None and block[0].startswith(kinds[piece]):
                    text = base64.b64encode(block[1]).decode("ascii")
                    file.write(f'<script type="application/octet-stream" id="{block[0]}">{text}</script>\n')
                    block = next(blocks, None)


def _expected_bytes(view: MapView, data: int) -> float:
    """From a sample of the pictures, which are most of a page."""
    sample = view.pictures.thumbnails(0, min(_SAMPLE, len(view)))
    each = sum(len(picture or b"") for picture in sample) / max(1, len(sample))
    sprite = view.pictures.size.width * view.pictures.size.height * 0.4
    return (data + len(view) * (each + sprite)) * 4 / 3


def _template() -> str:
    try:
        return TEMPLATE.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"the map page's template {TEMPLATE} is missing: install Houndstooth anew (pip install -e .), or run "
            "`python hatch_build.py` in its sources"
        ) from None
