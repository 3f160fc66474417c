"""Memory while indexing depends on the batch, not on how many photos there are."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

from builders import Shop

from indexer.bulk import IndexOptions, index
from indexer.decode import DecodeLimits
from indexer.sources.open import open_source

SIDE = 160
PICTURE = SIDE * SIDE * 3


def peak(root: Path, photos: int) -> int:
    """Most bytes held at once while indexing, above what was held before."""
    root.mkdir()
    shop = Shop(root)
    for number in range(photos):
        shop.draw(f"{number:03}.png", number, (SIDE, SIDE))
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    # A file is read into a buffer of the size limit: a small one leaves the pictures to be seen.
    options = IndexOptions(limits=DecodeLimits(megabytes=0.1), batch_rows=8)
    peaks: list[int] = []  # after each batch; the figures on a sample of pairs at the end are not of the loop
    index(
        shop.store,
        open_source(shop.photos),
        shop.extractors,
        options,
        progress=lambda counts: peaks.append(tracemalloc.get_traced_memory()[1]),
    )
    tracemalloc.stop()
    assert len(peaks) == photos // 8
    return peaks[-1] - before


def test_four_times_the_photos_take_the_same_memory(tmp_path: Path) -> None:
    peak(tmp_path / "first", 8)  # loads and caches what is loaded once
    few, many = peak(tmp_path / "few", 32), peak(tmp_path / "many", 128)
    # Held photos would add 96 pictures, 7 MB; the chunks in flight are at most three, 24 pictures.
    assert many - few < 24 * PICTURE, (few, many)
    assert many < 80 * PICTURE, (few, many)
