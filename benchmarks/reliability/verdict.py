"""What must hold after a kill: the catalog compared with what was there and what the child wrote down."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from neighbours import wrong_neighbours
from numpy.typing import NDArray
from shop_of_numbers import BATCH, Shop, Versions, content_of, numbers_of, pixels
from sqlalchemy import select

from engine import schema
from engine.checks import check
from engine.snapshot import Reader
from engine.store import Store
from indexer.picture import Picture
from indexer.spaces.colour import Colour


def live_images(store: Store) -> tuple[Versions, list[str]]:
    """Contents in the catalog, and what is wrong: an image that is there twice, a vector that is not its photo's."""
    image, region = schema.image, schema.region
    snapshot = Reader(store).snapshot()
    with store.database.read() as connection:
        rows = connection.execute(
            select(image.c.path, image.c.sha256, region.c.id)
            .join(region, region.c.image_id == image.c.id)
            .where(image.c.removed.is_(None), region.c.removed.is_(None))
        ).all()
    wrong = [f"{path} is there {n} times" for path, n in collections.Counter(r.path for r in rows).items() if n > 1]
    found: Versions = {}
    stored = snapshot.vectors("colour")
    for row in rows:
        number = numbers_of([row.path])[0]
        version = content_of(number, row.sha256)
        of_region = np.array([row.id], np.int64)
        if not stored.has(of_region).all():
            wrong.append(f"{row.path} has no vector")
        elif not np.array_equal(stored.gather(of_region)[0].astype(np.float16), vector_of(number, version)):
            wrong.append(f"{row.path} has another vector than its photo")
        found[number] = version
    return found, wrong


@cache
def vector_of(number: int, version: int) -> NDArray[np.float16]:
    """What must be stored of a content."""
    return Colour().extract([Picture(pixels(number, version))])[0].astype(np.float16)


@dataclass(frozen=True)
class Outcome:
    """What one kill left. lost: pictures extracted in vain. unacknowledged: images published but not told."""

    live: Versions
    wrong: list[str]
    lost: int
    unacknowledged: int
    phase: str


@dataclass
class Told:
    """What a child wrote down, made into what the catalog must hold. extracted: by the run it was in, not published."""

    expected: Versions
    extracted: Versions = field(default_factory=dict)
    removing: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    phase: str = "start"

    def hear(self, line: str) -> None:
        """Take in one line."""
        self.phase, *rest = line.split()
        numbers = [int(number) for number in rest]
        match self.phase:
            case "index":
                self.extracted = {}
            case "extracted":
                if self.expected.get(numbers[0]) == numbers[1]:
                    self.wrong.append(f"photo {numbers[0]} was extracted again")
                self.extracted[numbers[0]] = numbers[1]
            case "committed":
                self.expected[numbers[0]] = self.extracted.pop(numbers[0])
            case "removing":
                self.removing = numbers
            case "removed":
                self.removing = []
                for number in numbers:
                    del self.expected[number]


def judge(shop: Shop, base: Versions, lines: Sequence[str]) -> Outcome:
    """Compare the catalog after a kill with what was there before and what the child wrote down."""
    told, disk = Told(dict(base)), shop.on_disk()
    for line in lines:
        told.hear(line)
    expected = told.expected
    live, wrong = live_images(shop.store)
    wrong += [*told.wrong, *(f"check: {found.subject}: {found.message}" for found in check(shop.store).findings)]
    wrong += wrong_neighbours(shop)
    if not set(told.removing) & live.keys():  # the removal was published, but not acknowledged: whole or not at all
        for number in told.removing:
            del expected[number]
    differ = {number for number in expected.keys() | live.keys() if expected.get(number) != live.get(number)}
    for number in differ:
        if live.get(number) != disk[number]:
            wrong.append(f"photo {number}: acknowledged as {expected.get(number)}, is {live.get(number)}")
    if len(differ) > BATCH:
        wrong.append(f"{len(differ)} images are there that were not acknowledged")
    lost = sum(live.get(number) != version for number, version in told.extracted.items())
    if lost > 2 * BATCH:
        wrong.append(f"{lost} extractions were lost, more than two batches")
    return Outcome(live, wrong, lost, len(differ), told.phase)
