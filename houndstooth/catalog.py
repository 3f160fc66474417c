"""The public Python API: one class that joins what writes a catalog with what answers from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from engine.attributes import AttributeType
from engine.query import Group, Results
from engine.snapshot import Reader
from engine.store import Store
from houndstooth.extractors import DEFAULT_SPACES, Extractors

if TYPE_CHECKING:
    from houndstooth.asking import Ask
    from indexer.bulk import IndexReport, Progress, StopRequest
    from indexer.sources.base import Source

Example = str | PathLike[str]


class Catalog:
    """A catalog of products on disk, open for asking and for indexing.

    Each call answers from the newest generation when it begins; other processes may index meanwhile. Use one Catalog
    a thread.
    """

    def __init__(self, path: str | PathLike[str], *, create: bool = False) -> None:
        self.store = Store.create(Path(path)) if create else Store.open(Path(path))
        self.reader = Reader(self.store)
        self._extractors = Extractors()

    @property
    def path(self) -> Path:
        """The catalog's folder."""
        return self.store.root

    def __repr__(self) -> str:
        return f"Catalog({str(self.path)!r})"

    def index(
        self,
        source: str | PathLike[str] | Source,
        *,
        root: str | PathLike[str] | None = None,
        columns: Mapping[str, str] | None = None,
        types: Mapping[str, AttributeType] | None = None,
        spaces: Sequence[str] = (),
        max_megapixels: float | None = None,
        max_megabytes: float | None = None,
        recheck: bool = False,
        progress: Progress | None = None,
        stop: StopRequest | None = None,
    ) -> IndexReport:
        """Bring the catalog up to date with a folder of photos, a photo, a table, or a reader of your own.

        root, columns, types: see `indexer.sources.open.open_source`. spaces: names to index in besides those that the
        catalog has; a new catalog gets colour, palette and vgg when none is named. recheck: read even files whose size
        and time are as they were. progress: called with the totals after each batch. stop: ends the run early, whole.
        """
        from indexer.bulk import IndexOptions, index
        from indexer.decode import DecodeLimits

        there = self.reader.snapshot()
        if isinstance(source, str | PathLike):
            from indexer.sources.open import open_source

            source = open_source(source, root, columns=columns, types=types, known=self.own_attributes())
        wanted = dict.fromkeys([*there.spaces, *spaces]) or dict.fromkeys(DEFAULT_SPACES)
        default = DecodeLimits()
        limits = DecodeLimits(max_megapixels or default.megapixels, max_megabytes or default.megabytes)
        extractors = self._extractors.named(list(wanted))
        options = IndexOptions(limits=limits, recheck=recheck)
        return index(self.store, source, extractors, options, progress or (lambda counts: None), stop)

    def similar(
        self,
        *examples: Example,
        unlike: Sequence[Example] = (),
        colours: str = "",
        using: Mapping[str, float] | None = None,
        where: str = "",
        k: int = 10,
        offset: int = 0,
        min_score: float | None = None,
        group: Group = "product",
    ) -> Results:
        """The products most like the examples: paths of photos, or "id:PRODUCT" for products of the catalog.

        unlike: examples of what is not wanted. colours: "#1a1a2e:60,#ffffff:40", in shares, without or beside a photo.
        using: space -> weight. where: a filter such as "category = 'dress' and price < 80". min_score: leave out hits
        below it. group: one hit a product, or one an image. Raises QueryError, FilterError, SpaceError, PictureError.
        """
        from houndstooth.asking import Ask

        return self.ask(
            Ask(examples, unlike, colours, using, where=where, k=k, offset=offset, min_score=min_score, group=group)
        )

    def ask(self, ask: Ask) -> Results:
        """As `similar`, the question in one value."""
        from engine.search import search
        from houndstooth.asking import make_query

        return search(self.reader, make_query(ask, self.reader, self._extractors))

    def own_attributes(self) -> dict[str, AttributeType]:
        """Names and types of the catalog's attributes, built-in names left out."""
        from engine.columns import BUILT_IN

        known = self.reader.snapshot().attributes
        return {name: kind for name, kind in known.items() if name not in BUILT_IN}
