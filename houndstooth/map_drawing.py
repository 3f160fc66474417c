"""A map as a file to look at: a page, or a static picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError
from engine.snapshot import Reader
from engine.stored_maps import StoredMap
from houndstooth.map_colours import check_colour_by
from houndstooth.map_new_photos import PlacedPhotos

DRAWN = (".html", ".png", ".svg")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class DrawnMap:
    """What was drawn. paths: files and folders. photos: of the catalog, those that show.

    dots: points without room for their picture, of which a page has none, since zooming makes room. dropped: points
    whose region left the catalog, which do not show.
    """

    paths: tuple[Path, ...]
    photos: int
    dots: int
    dropped: int


def check_drawn(to: Path, new: bool = False) -> None:
    """Raise InputError unless the file's suffix says what to draw, and it has a folder to lie in.

    new: with photos that are not in the catalog, which pages cannot show.
    """
    if to.suffix.lower() not in DRAWN or to.is_dir():
        raise InputError(f"cannot draw a map as '{to.name}': end the name in {', '.join(DRAWN)}")
    if not to.absolute().parent.is_dir():
        raise InputError(f"cannot write {to}: there is no folder {to.parent}")
    if new and to.suffix.lower() == ".html":
        raise InputError(
            "the page shows photos of the catalog only: draw new ones as .png or .svg, "
            "or index them and use --place-new"
        )


def draw_map(
    reader: Reader,
    stored: StoredMap,
    to: Path,
    colour_by: str | None = None,
    dark: bool = False,
    new: PlacedPhotos | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> DrawnMap:
    """Write the map to an .html page, a .png or an .svg.

    colour_by: an attribute, or "cluster:RUN". dark: the ground of a picture; a page has both. new: photos beside the
    catalog's, which pictures show and pages do not. Raises InputError.
    """
    check_drawn(to, new is not None)
    if colour_by:
        check_colour_by(reader, colour_by)
    if to.suffix.lower() != ".html":
        from houndstooth.map_picture import map_picture
        from houndstooth.map_picture_files import write_picture

        progress("drawing", 0, 1)
        photos, cell = (new.photos, new.cell) if new is not None else ((), None)
        picture = map_picture(reader, stored, colour_by, dark, photos, cell)
        write_picture(picture, to)
        return DrawnMap((to,), picture.photos, len(picture.dots), picture.dropped)
    from engine.pages.map import map_page
    from houndstooth.map_view import map_view

    view = map_view(reader, stored, colour_by, tell=progress)
    made = map_page(view, to, tell=lambda done, total: progress("pictures", done, total))
    paths = (made.page,) if made.folder is None else (made.page, made.folder)
    return DrawnMap(paths, len(view), 0, view.dropped)
