"""Product ids made from file names: the same name under two folders is two products."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from engine.known import product_photos, products_at
from engine.photos import is_gone
from engine.store import Store
from indexer.sources.base import SourceImage


def distinct_products(store: Store, items: Sequence[SourceImage]) -> list[SourceImage]:
    """The items, those renamed whose derived id another folder's photos have taken.

    `dress/1` under /b/summer becomes `summer/dress/1` when the catalog has /a/dress/1.jpg as `dress/1`. Photos that are
    gone take no id: their folder was moved or renamed. A photo that the catalog has already under an id made of its
    path keeps that, from whichever folder on the way to it it is read: `dress/1` of /a is not `1` of /a/dress. Ids that
    the source itself names are left alone.
    """
    derived = [item for item in items if not item.named]
    taken = product_photos(store, {item.product for item in derived})
    renamed = _as_they_were(store, [item for item in derived if item.path not in taken.get(item.product, ())])
    clashing = [
        item for item in derived if _key(item) not in renamed and not _is_free(item.product, _root(item), taken)
    ]
    taken |= product_photos(store, {name for item in clashing for name in _names(item)})
    renamed |= {_key(item): _free_name(item, taken) for item in clashing}
    return [replace(item, product=renamed[_key(item)]) if _key(item) in renamed else item for item in items]


def _key(item: SourceImage) -> tuple[str, str]:
    return item.path, item.product


def _as_they_were(store: Store, items: Sequence[SourceImage]) -> dict[tuple[str, str], str]:
    """Of items that the catalog does not have under their ids, those it has under another one made of their path."""
    there = products_at(store, {item.path for item in items})
    ids = {_key(item): _id_at(item.path, there.get(item.path, ())) for item in items}
    return {key: id for key, id in ids.items() if id}


def _id_at(path: str, there: Sequence[str]) -> str:
    """The shortest of these ids that ends the path without its suffix; "" for none."""
    way = f"/{posixpath.splitext(path)[0]}"
    return min((name for name in there if way.endswith(f"/{name}")), key=len, default="")


def _free_name(item: SourceImage, taken: Mapping[str, Sequence[str]]) -> str:
    root, names = _root(item), _names(item)
    return next((name for name in names if _is_free(name, root, taken)), names[-1])


def _is_free(name: str, root: str, taken: Mapping[str, Sequence[str]]) -> bool:
    return all(is_gone(path) for path in taken.get(name, ()) if not path.startswith(root))


def _names(item: SourceImage) -> list[str]:
    """The derived id, then with one more folder before it each time."""
    names = [item.product]
    for folder in reversed(PurePosixPath(_root(item)).parts[1:]):
        names.append(f"{folder}/{names[-1]}")
    return names


def _root(item: SourceImage) -> str:
    """The folder that the id is relative to, ending in a slash; the photo's own when the id does not end its path."""
    stem = posixpath.splitext(item.path)[0]  # as text: pathlib would take longer than all else that is planned
    return stem.removesuffix(item.product) if stem.endswith(f"/{item.product}") else f"{posixpath.dirname(item.path)}/"
