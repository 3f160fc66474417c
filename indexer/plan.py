"""What each file of a source needs: nothing, or to be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from engine.errors import PictureError
from engine.known import KnownFile, known_files
from engine.store import Store
from indexer.garments.find import GarmentStep
from indexer.intake import given_hash, state_of
from indexer.naming import distinct_products
from indexer.sources.base import SourceImage, SourceProblem

BATCH_ROWS = 128
"""Files a batch. A kill loses what is being extracted and what is being written: two batches at most."""
COARSE_BATCH_ROWS = 512
"""The same of runs that look at coarse pictures alone, which are small and go by at a thousand a second."""


@dataclass(frozen=True)
class Planned:
    """A file with what the catalog knows of it. read: whether to read it; False when it is as it was.

    given: names what decides its regions besides its pixels, as `GarmentStep.names` does.
    """

    item: SourceImage
    read: bool
    given: str = ""
    known: KnownFile | None = None

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
    store: Store, items: Sequence[SourceImage], space_ids: frozenset[int], recheck: bool, garments: GarmentStep
) -> list[Planned]:
    """What each file needs, in order. recheck: trust no file's size and time, read it."""
    items = distinct_products(store, items)
    known = known_files(store, ((item.path, item.product) for item in items))
    return [_plan_one(item, known.get((item.path, item.product)), space_ids, recheck, garments) for item in items]


def _plan_one(
    item: SourceImage, known: KnownFile | None, space_ids: frozenset[int], recheck: bool, garments: GarmentStep
) -> Planned:
    given = garments.names(given_hash(item), item.mask is not None, category_of(item))
    if known is None or known.image_id is None or known.state == "failed" or known.given != given:
        return Planned(item, True, given, known)
    try:
        state = state_of(item)
    except PictureError:
        return Planned(item, True, given, known)  # reading it will say why it cannot be read
    if recheck or state is None or (state.bytes, state.mtime_ns) != (known.size, known.mtime_ns):
        return Planned(item, True, given, known)
    # A duplicate gains missing spaces with the image that it is a duplicate of.
    return Planned(item, known.own and not space_ids <= known.spaces, given, known)


def category_of(item: SourceImage) -> str | None:
    """What the source says the product is: it tells which of several garments in a photo is meant."""
    said = item.attributes.get("category")
    return said if isinstance(said, str) else None
