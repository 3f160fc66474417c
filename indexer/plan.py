"""What each file of a source needs: nothing, or to be read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from engine.errors import PictureError
from engine.known import KnownFile, given_texts, known_files, known_images
from engine.photos import is_gone
from engine.store import Store
from indexer.garments.find import GarmentStep
from indexer.intake import given_hash, state_of
from indexer.naming import distinct_products
from indexer.sources.base import SourceImage, SourceProblem
from indexer.stored import is_as_it_was

BATCH_ROWS = 128
"""Files a batch. A kill loses what is being extracted and what is being written: two batches at most."""
COARSE_BATCH_ROWS = 512
"""The same of runs that look at coarse pictures alone, which are small and go by at a thousand a second."""

CATEGORY = "category"
"""The attribute that says what a product is."""


@dataclass(frozen=True)
class Planned:
    """A file with what the catalog knows of it. read: whether to read it; False when it is as it was.

    given: names what decides its regions besides its pixels, as `GarmentStep.names` does. category: what the product
    is, by this source or an earlier one: it tells which of several garments in a photo is meant.
    """

    item: SourceImage
    read: bool
    given: str = ""
    known: KnownFile | None = None
    category: str | None = None

    def expected(self, space_ids: frozenset[int]) -> bytes | None:
        """SHA-256 that would show, once the file is read, that nothing more is to do with it."""
        known = self.known
        if known is None or known.state == "failed" or known.given != self.given or not space_ids <= known.spaces:
            return None
        return known.sha256


def chunks(source: Iterable[SourceImage | SourceProblem], rows: int) -> Iterator[list[SourceImage | SourceProblem]]:
    """The source in pieces of `rows`."""
    items = iter(source)
    while chunk := list(islice(items, rows)):
        yield chunk


def plan(
    store: Store,
    items: Sequence[SourceImage],
    space_ids: frozenset[int],
    recheck: bool,
    garments: GarmentStep,
    attributes: Collection[str] = (),
) -> list[Planned]:
    """What each file needs, in order. recheck: trust no file's size and time, read it. attributes: the source's."""
    items = distinct_products(store, items)
    known = known_files(store, ((item.path, item.product) for item in items))
    categories = _categories(store, items, attributes) if garments.finder is not None else {}
    planned = [
        _plan_one(item, known.get((item.path, item.product)), space_ids, recheck, garments, categories)
        for item in items
    ]
    left = _left_alone(store, planned)
    # What they were copies of leaves with this run, so they are as photos that nobody knew.
    return [replace(one, read=True, known=None) if _copied(one) in left else one for one in planned]


def _copied(one: Planned) -> int | None:
    """The image of another file that stands for a file; None of one in an archive that is read anyway.

    To look at one original after the other in an archive that was packed anew would take too long.
    """
    if one.known is None or one.known.own or (one.read and one.item.packed is not None):
        return None
    return one.known.image_id


def _left_alone(store: Store, planned: Sequence[Planned]) -> set[int | None]:
    """Images that stand for copies and not for their own photos any more.

    Such a photo has other content by now; or it is gone, and a copy is of the same product, whose photo just moved.
    """
    copies: dict[int, bool] = {}
    for one in planned:
        if one.known is not None and (number := _copied(one)) is not None:
            copies[number] = copies.get(number, False) or one.known.of_product
    return {
        known.image_id
        for known in known_images(store, copies)
        if is_as_it_was(known) is False or (copies[known.image_id] and is_gone(known.path))
    }


def _categories(store: Store, items: Sequence[SourceImage], attributes: Collection[str]) -> dict[str, str]:
    """What the catalog knows products to be of which this source does not say it: a table of prices, say.

    A table that has the column and leaves a cell empty does say it: that the product has none.
    """
    blank = CATEGORY in attributes
    silent = {item.product for item in items if category_of(item) is None and not (item.named and blank)}
    return given_texts(store, CATEGORY, silent)


def _plan_one(
    item: SourceImage,
    known: KnownFile | None,
    space_ids: frozenset[int],
    recheck: bool,
    garments: GarmentStep,
    categories: Mapping[str, str],
) -> Planned:
    category = category_of(item) or categories.get(item.product)
    given = garments.names(given_hash(item), item.mask is not None, category)
    read = Planned(item, True, given, known, category)
    if known is None or known.image_id is None or known.state == "failed" or known.given != given:
        return read
    try:
        state = state_of(item)
    except PictureError:
        return read  # reading it will say why it cannot be read
    if recheck or state is None or (state.bytes, state.mtime_ns) != (known.size, known.mtime_ns):
        return read
    # A duplicate gains missing spaces with the image that it is a duplicate of.
    return replace(read, read=known.own and not space_ids <= known.spaces)


def category_of(item: SourceImage) -> str | None:
    """What the source says the product is."""
    said = item.attributes.get(CATEGORY)
    return said if isinstance(said, str) else None
