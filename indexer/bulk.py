"""The bulk loop: a source's photos into the catalog, one pass each.

Three things overlap: threads read and decode the next chunk, this thread runs the extractors on the present one, and
another thread publishes the last. Chunks are bounded, so memory is too, whatever the catalog's size.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

from engine.attributes import AttributeType
from engine.batch import Batch, Counts, NewImage, NewRegion
from engine.compaction import compact
from engine.errors import InputError, PictureError
from engine.indexes import refresh_indexes
from engine.known import KnownImage, stored_regions
from engine.promotion import promote_spaces
from engine.scale import update_scales
from engine.snapshot import Reader, Space
from engine.spaces import use_spaces
from engine.store import Store
from engine.values import SQL_LIMIT
from engine.writer import Writer, writing
from indexer.assemble import Assembly
from indexer.decode import DecodeLimits
from indexer.extraction import space_spec
from indexer.garments.find import GarmentStep
from indexer.intake import Intake, take_in
from indexer.labels.apply import tell_images
from indexer.labels.kept import KeptLabel
from indexer.plan import BATCH_ROWS, COARSE_BATCH_ROWS, Planned, chunks, plan
from indexer.sources.base import Source, SourceImage, SourceProblem
from indexer.spaces.base import Extractor

COMPACT_EVERY = 64
"""Changes between two looks at whether small shards are due to be merged."""

REMOTE_WORKERS = 16
LOCAL_WORKERS = min(max(2, os.cpu_count() or 1), REMOTE_WORKERS)
"""Threads that read and decode: one a core from disks, and more over networks, where they mostly wait."""

AT_A_TIME = 8
"""Files that a thread is given at once."""

Progress = Callable[[Counts], None]


@dataclass(frozen=True)
class IndexOptions:
    """How to index. batch_rows: files a batch; None: as is best for the extractors. workers: decoding threads.

    recheck: read even files whose size and time are as they were. garments: how they are told from the background.
    labels: of the catalog, trained on vectors of the extractors that the run has; photos are told them as they come.
    """

    limits: DecodeLimits = field(default_factory=DecodeLimits)
    batch_rows: int | None = None
    workers: int = LOCAL_WORKERS
    recheck: bool = False
    garments: GarmentStep = field(default_factory=GarmentStep)
    labels: Sequence[KeptLabel] = ()

    def __post_init__(self) -> None:
        rows = BATCH_ROWS if self.batch_rows is None else self.batch_rows
        if not (1 <= rows <= SQL_LIMIT and self.workers >= 1):
            raise InputError(f"batch_rows must be 1 to {SQL_LIMIT} and workers at least 1, got {rows}, {self.workers}")


@dataclass(frozen=True)
class IndexReport:
    """How a run ended. counts: of files. changed_products: those whose given attributes changed.

    waiting: space -> photos it still lacks, for spaces that do not answer before they have all of them.
    unmasked: photos indexed in this run without any mask, whose colours include the background; 0 when no space of the
    run reads colours. refused: space -> photos indexed in this run with a region that it could not take.
    """

    run_id: int
    counts: Counts
    changed_products: int
    seconds: float
    interrupted: bool = False
    waiting: Mapping[str, int] = field(default_factory=dict)
    unmasked: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)


class StopRequest:
    """Set from a signal handler or another thread: the run ends after the batches it has begun."""

    def __init__(self) -> None:
        self.stopped = False

    def stop(self) -> None:
        """Ask for the end."""
        self.stopped = True


def index(
    store: Store,
    source: Source,
    extractors: Mapping[str, Extractor],
    options: IndexOptions | None = None,
    progress: Progress = lambda counts: None,
    stop: StopRequest | None = None,
) -> IndexReport:
    """Bring the catalog up to date with a source. Kill it at any moment: the next run goes on from there.

    Raises CatalogBusyError when another process writes, CatalogError when the disk refuses; whatever batches were
    published before stay.
    """
    started, options, stop = time.monotonic(), options or IndexOptions(), stop or StopRequest()
    with writing(store) as writer:
        spaces = use_spaces(writer, [space_spec(extractor) for extractor in extractors.values()])
        run_id = writer.start_run("index", source.name)
        loop = _Loop(writer, {name: spaces[name] for name in extractors}, extractors, options, run_id)
        with ThreadPoolExecutor(options.workers, "decode") as decoders, ThreadPoolExecutor(1, "publish") as publisher:
            ahead: deque[_Chunk] = deque()
            for items in chunks(source, loop.batch_rows):
                ahead.append(loop.begin(items, source.attribute_types, decoders))
                if len(ahead) > 1:
                    loop.finish(ahead.popleft(), source.attribute_types, publisher)
                    progress(loop.counts)
                if stop.stopped:
                    break
            while ahead:
                loop.finish(ahead.popleft(), source.attribute_types, publisher)
                progress(loop.counts)
            loop.wait()
        waiting = promote_spaces(writer)
        for kept in options.labels:
            tell_images(writer, kept, loop.completed)
        compact(writer)
        update_scales(writer)
        if not stop.stopped:
            refresh_indexes(writer)
            loop.changed += writer.finish_run(run_id)
    seconds = time.monotonic() - started
    return IndexReport(
        run_id, loop.counts, loop.changed, seconds, stop.stopped, waiting, loop.unmasked, dict(loop.refused)
    )


@dataclass(frozen=True, eq=False)
class _Chunk:
    """A piece of the source on its way: what each file needs, and those that are to be read, being read in order."""

    planned: Sequence[Planned]
    reading: Sequence[Future[list[Intake | PictureError]]]
    problems: Sequence[SourceProblem]

    def taken(self) -> list[tuple[Planned, Intake | PictureError | None]]:
        """Every file with what came of it; None: there was no need to read it. Waits for the readers."""
        read = chain.from_iterable(part.result() for part in self.reading)
        return [(one, next(read) if one.read else None) for one in self.planned]


def _take_in(
    files: Sequence[Planned], limits: DecodeLimits, wanted: frozenset[int], coarse_only: bool
) -> list[Intake | PictureError]:
    return [take_in(one.item, limits, one.expected(wanted), coarse_only=coarse_only) for one in files]


@dataclass(eq=False)
class _Loop:
    """The state of one run."""

    writer: Writer
    spaces: Mapping[str, Space]
    extractors: Mapping[str, Extractor]
    options: IndexOptions
    run_id: int
    counts: Counts = field(default_factory=Counts)
    changed: int = 0
    unmasked: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    publishing: Future[int] | None = None
    compacted: int = 0
    unpublished: list[NewImage] = field(default_factory=list)
    completed: list[int] = field(default_factory=list)  # images that got vectors in further spaces
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.writer.store)
        self.compacted = self.writer.generation

    @property
    def batch_rows(self) -> int:
        """Files a batch."""
        return self.options.batch_rows or (COARSE_BATCH_ROWS if self.coarse_only else BATCH_ROWS)

    @property
    def coarse_only(self) -> bool:
        """Whether nothing in the run looks at more than coarse pictures: then nothing else is decoded."""
        return self.options.garments.finder is None and all(one.sees == "coarse" for one in self.extractors.values())

    def begin(
        self,
        items: Sequence[SourceImage | SourceProblem],
        types: Mapping[str, AttributeType],
        decoders: ThreadPoolExecutor,
    ) -> _Chunk:
        """Find out what a chunk needs, and start to read it."""
        wanted = frozenset(space.id for space in self.spaces.values())
        images = [item for item in items if isinstance(item, SourceImage)]
        planned = plan(self.writer.store, images, wanted, self.options.recheck, self.options.garments, types)
        files = [one for one in planned if one.read]
        # Several at a time: handing over one costs a tenth of decoding it. Few enough that all threads end together.
        count = max(1, min(AT_A_TIME, len(files) // (4 * self.options.workers)))
        reading = [
            decoders.submit(
                _take_in, files[start : start + count], self.options.limits, wanted, coarse_only=self.coarse_only
            )
            for start in range(0, len(files), count)
        ]
        return _Chunk(planned, reading, [item for item in items if isinstance(item, SourceProblem)])

    def finish(self, chunk: _Chunk, types: Mapping[str, AttributeType], publisher: ThreadPoolExecutor) -> None:
        """Extract a chunk; it is published while the next one is extracted."""
        taken = chunk.taken()
        assembly = Assembly(
            self.writer.store,
            self.spaces,
            self.extractors,
            types,
            self.unpublished,
            self._stored_regions,
            self.options.garments,
            self.options.labels,
            self.completed,
        )
        batch = assembly.build(taken, chunk.problems)
        self.wait()
        self.unpublished = batch.images
        self.counts += batch.counts
        regions = _extracted(batch)
        self.unmasked += self._unmasked(regions)
        self.refused.update(name for one in regions for name in {name for region in one for name in region.refused})
        self.publishing = publisher.submit(self._publish, batch)

    def wait(self) -> None:
        """Until the batch being published is."""
        if self.publishing is not None:
            self.changed += self.publishing.result()
            self.publishing = None

    def _publish(self, batch: Batch) -> int:
        changed = self.writer.commit(batch, self.run_id, self.spaces)
        if self.writer.generation - self.compacted >= COMPACT_EVERY:
            compact(self.writer)
            self.compacted = self.writer.generation
        return changed

    def _unmasked(self, images: Sequence[Sequence[NewRegion]]) -> int:
        """Photos that were extracted in spaces of colour without a mask."""
        colours = {name for name, extractor in self.extractors.items() if extractor.reads == "colour"}
        return sum(
            any(not region.masked and colours & region.vectors.keys() for region in regions) for regions in images
        )

    def _stored_regions(self, known: KnownImage) -> list[NewRegion]:
        return stored_regions(self.reader, known, self.spaces)


def _extracted(batch: Batch) -> list[Sequence[NewRegion]]:
    """The regions of each image of a batch that extractors saw."""
    images = [image.regions for image in batch.images if image.entry.state == "indexed"]
    return [*images, *(added.regions for added in batch.vectors)]
