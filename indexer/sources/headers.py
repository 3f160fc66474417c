"""Which column of a table is the photo, the product, the mask, the box; every other one is an attribute."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.errors import SourceError
from indexer.sources.cells import attribute_name, shown

# In the order of preference where a table has several; the others are then attributes. Spaces, dashes, underscores and
# case make no difference.
IMAGE_NAMES = (
    *("image", "image path", "path", "filename", "file name", "file", "file path"),
    *("photo", "picture", "img", "image uri", "image url"),
)
PRODUCT_NAMES = ("product id", "product", "item id", "sku", "article", "item", "id")
MASK_NAMES = ("mask", "mask path")
BOX_NAMES = ("box", "bbox")
BOX_PARTS = (("x", "y", "width", "height"), ("x", "y", "w", "h"))
ROLES = ("image", "product", "mask", "box")
RESERVED = frozenset({"product", "image", "region", "width", "height", "confidence"})
"""Names that a catalog's own columns have; no attribute may."""
MAX_NAME = 100


@dataclass(frozen=True)
class Header:
    """The columns of a table by what they are.

    image, product, mask: column names as the table writes them. box: one column, four (x, y, width, height) or none.
    attributes: name in the catalog -> column. left_out: why a column is none of these, for people.
    """

    image: str
    product: str | None
    mask: str | None
    box: tuple[str, ...]
    attributes: Mapping[str, str]
    left_out: tuple[str, ...]


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - 50} more" if len(columns) > 50 else ""
    return (", ".join(shown(column) for column in columns[:50]) or "no columns") + more


def _plain(column: str) -> str:
    return re.sub(r"[\s_-]+", "", column).lower()


def has_image(columns: Sequence[str]) -> bool:
    """Whether a photo column is recognised among them."""
    return _first(columns, IMAGE_NAMES) is not None


def _first(columns: Sequence[str], names: Sequence[str]) -> str | None:
    by_name = {_plain(column): column for column in reversed(columns)}
    return next((by_name[_plain(name)] for name in names if _plain(name) in by_name), None)


def match_column(wanted: str, columns: Sequence[str]) -> str | None:
    """The column that `wanted` means: written so, or the same but for case, spaces, dashes and underscores."""
    return wanted if wanted in columns else _first(columns, [wanted])


def read_header(columns: Sequence[str], given: Mapping[str, str]) -> Header:
    """Tell the columns apart. given: role or attribute name -> column, from the caller; it comes before recognition.

    Raises SourceError when there is no photo column, or `given` names a column that is not there.
    """
    chosen = {attribute_name(name): _given_column(name, column, columns) for name, column in given.items()}
    free = [column for column in columns if column not in chosen.values()]
    image = chosen.get("image") or _first(free, IMAGE_NAMES)
    if image is None:
        raise SourceError(
            f"no column names the photos. The table has: {_listed(columns)}. Understood are: "
            f"{', '.join(IMAGE_NAMES)}. Name it with columns={{'image': '...'}} (--column image=...)."
            f"{_not_roles(given)}"
        )
    product = chosen.get("product") or _first(free, PRODUCT_NAMES)
    mask = chosen.get("mask") or _first(free, MASK_NAMES)
    box = _box_columns(free, chosen)
    taken = {image, product, mask, *box, *chosen.values()}
    renamed = {name: column for name, column in chosen.items() if name not in ROLES and column not in box}
    if unused := RESERVED.intersection(renamed):
        raise SourceError(f"{', '.join(sorted(unused))} is given, but a box needs x, y, width and height, all four.")
    attributes, left_out = _attributes([column for column in columns if column not in taken], renamed)
    return Header(image, product, mask, box, attributes, left_out)


def _not_roles(given: Mapping[str, str]) -> str:
    """What was given as a role, perhaps, and is none: "picture", say."""
    other = [name for name in given if attribute_name(name) not in ROLES]
    roles = f"The roles are {', '.join(ROLES)}: {other[0]}={given[other[0]]} names an attribute." if other else ""
    return f" {roles}".rstrip()


def _given_column(name: str, column: str, columns: Sequence[str]) -> str:
    found = match_column(column, columns)
    if found is None:
        raise SourceError(f"{name}={column!r} names a column that is not there. The table has: {_listed(columns)}.")
    key = attribute_name(name)
    if not key or (key in RESERVED and key not in ("image", "product", "width", "height")):
        raise SourceError(f"{name!r} cannot be an attribute's name: the catalog keeps {', '.join(sorted(RESERVED))}.")
    return found


def _box_columns(free: Sequence[str], chosen: Mapping[str, str]) -> tuple[str, ...]:
    if one := chosen.get("box") or _first(free, BOX_NAMES):
        return (one,)
    for names in BOX_PARTS:
        found = [chosen.get(part) or _first(free, [name]) for part, name in zip(BOX_PARTS[0], names, strict=True)]
        if all(found):
            return tuple(column for column in found if column)
    return ()


def _attributes(columns: Sequence[str], renamed: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    attributes = dict(renamed)
    left_out = []
    unnamed = 0
    for column in columns:
        name = attribute_name(column)
        if not name:
            unnamed += 1
        elif name in RESERVED:
            left_out.append(
                f"column {shown(column)} is left out: the catalog keeps the name {name} for itself. "
                f"Give it another name with columns={{'own_{name}': '{column}'}} (--column own_{name}={column})"
            )
        elif len(name) > MAX_NAME:
            left_out.append(f"column {shown(column)} is left out: its name has more than {MAX_NAME} characters")
        elif name in attributes:
            other = shown(attributes[name])
            left_out.append(f"column {shown(column)} is left out: column {other} is the attribute {name} already")
        else:
            attributes[name] = column
    if unnamed:
        left_out.append(f"{unnamed} column{'s' if unnamed > 1 else ''} without a name left out")
    return attributes, tuple(left_out)
