"""A folder that changes in any way between runs: afterwards every picture on disk can be found, as it is now."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from builders import Shop
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import select

from engine import schema
from engine.batch import Counts
from engine.compaction import compact
from engine.removal import remove, select_images
from engine.snapshot import Reader
from engine.writer import writing
from indexer.bulk import IndexOptions
from indexer.decode import read_picture
from indexer.spaces.colour import Colour

NAMES = st.sampled_from(["a.png", "b.png", "c.png", "d/a.png", "d/e.png"])
CONTENTS = st.integers(0, 3)
ROWS = st.integers(1, 4)


class FolderMachine(RuleBasedStateMachine):
    """The model is the folder itself; the catalog is compared with it after each run."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.shop = Shop(self.folder)
        self.broken: set[str] = set()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def files(self) -> dict[str, Path]:
        return {str(path.relative_to(self.shop.photos)): path for path in self.shop.photos.rglob("*.png")}

    @rule(name=NAMES, content=CONTENTS)
    def write(self, name: str, content: int) -> None:
        self.shop.draw(name, content)
        self.broken.discard(name)

    @rule(name=NAMES)
    def break_one(self, name: str) -> None:
        if name in self.files():
            self.files()[name].write_bytes(b"\x89PNG\r\n\x1a\n broken")
            self.broken.add(name)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if name in self.files():
            self.files()[name].unlink()
            self.broken.discard(name)

    @rule(one=NAMES, other=NAMES)
    def swap(self, one: str, other: str) -> None:
        files = self.files()
        if one != other and {one, other} <= files.keys():
            first, second = files[one].read_bytes(), files[other].read_bytes()
            files[one].write_bytes(second)
            files[other].write_bytes(first)
            moved = {{one: other, other: one}.get(name, name) for name in self.broken}
            self.broken = moved

    @rule()
    def remove_missing(self) -> None:
        images = select_images(Reader(self.shop.store), missing=True)
        remove(self.shop.store, images, "missing")

    @rule(place=st.integers(0, 3))
    def remove_one(self, place: int) -> None:
        images = np.unique(Reader(self.shop.store).snapshot().image_ids).tolist()
        remove(self.shop.store, images[place : place + 1], "one")

    @rule()
    def compact_now(self) -> None:
        with writing(self.shop.store) as writer:
            compact(writer, everything=True, grace=0)

    @rule(rows=ROWS)
    def index_once(self, rows: int) -> None:
        if self.files():
            self.shop.index(options=IndexOptions(batch_rows=rows))
            self.every_content_is_there()

    @rule(rows=ROWS)
    def index_until_nothing_is_new(self, rows: int) -> None:
        files = self.files()
        if not files:
            return
        for _ in range(2):
            self.shop.index(options=IndexOptions(batch_rows=rows))
        again = self.shop.index(options=IndexOptions(batch_rows=rows)).counts
        failed = len(self.broken)
        assert again == Counts(seen=len(files), unchanged=len(files) - failed, failed=failed)
        self.every_content_is_there()

    def live(self) -> dict[str, tuple[bytes, np.ndarray]]:
        """File name -> content hash and vector."""
        snapshot, image, region = Reader(self.shop.store).snapshot(), schema.image, schema.region
        with self.shop.store.database.read() as connection:
            rows = connection.execute(
                select(image.c.path, image.c.sha256, region.c.id)
                .join(region, region.c.image_id == image.c.id)
                .where(region.c.removed.is_(None))
            ).all()
        prefix = f"{self.shop.photos.as_posix()}/"
        return {
            row.path.removeprefix(prefix): (row.sha256, snapshot.vectors("colour").gather(np.array([row.id]))[0])
            for row in rows
        }

    def every_photo_is_as_it_was_or_is(self) -> None:
        live = self.live()
        for name, path in self.files().items():
            if name in self.broken or name not in live:
                continue
            sha256, vector = live[name]
            assert sha256 == hashlib.sha256(path.read_bytes()).digest()
            np.testing.assert_allclose(vector, Colour().extract([read_picture(path)])[0], atol=1e-3)

    def every_content_is_there(self) -> None:
        self.every_photo_is_as_it_was_or_is()
        there = {sha256 for sha256, _ in self.live().values()}
        for name, path in self.files().items():
            assert name in self.broken or hashlib.sha256(path.read_bytes()).digest() in there


TestFolderMachine = FolderMachine.TestCase
TestFolderMachine.settings = settings(
    max_examples=int(os.environ.get("HOUNDSTOOTH_EXAMPLES", "15")),
    stateful_step_count=14,
    deadline=None,
    derandomize="HOUNDSTOOTH_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
