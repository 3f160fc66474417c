"""Adding, changing, removing, compacting, repairing and opening again, in any order, against a plain dictionary."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from builders import new_image, spec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from engine.batch import Batch, Counts
from engine.checks import check
from engine.compaction import compact
from engine.lookup import read_cards
from engine.removal import remove
from engine.repair import retire_broken
from engine.snapshot import Reader
from engine.spaces import use_spaces
from engine.store import Store
from engine.writer import writing

PRODUCTS = st.integers(0, 11)
CONTENTS = st.integers(0, 10_000)


def vector(content: int, dim: int) -> NDArray[np.float32]:
    made = np.random.default_rng([content, dim]).normal(size=dim).astype(np.float32)
    return made / np.linalg.norm(made)


class CatalogMachine(RuleBasedStateMachine):
    """The model: photo number -> (content, price)."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.model: dict[int, tuple[int, float]] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize()
    def make(self) -> None:
        self.store = Store.create(self.folder / "a.catalog")
        self.reader = Reader(self.store)

    @rule(photos=st.dictionaries(PRODUCTS, CONTENTS, min_size=1, max_size=5), price=st.integers(1, 9))
    def add_or_change(self, photos: dict[int, int], price: int) -> None:
        """One batch; a photo that is there is replaced."""
        with writing(self.store) as writer:
            spaces = use_spaces(writer, [spec("vgg", 4), spec("colour", 6)])
            run = writer.start_run("index", "test")
            batch = Batch(counts=Counts(seen=len(photos), indexed=len(photos)), attribute_types={"price": "number"})
            for number, content in photos.items():
                vectors = {"vgg": vector(content, 4), "colour": vector(content, 6)}
                batch.images.append(new_image(f"p{number}", vectors, content=str(content)))
                batch.products[f"p{number}"] = {"price": float(price)}
                self.model[number] = (content, float(price))
            writer.commit(batch, run, spaces)

    @rule(photos=st.sets(PRODUCTS, max_size=6))
    def remove_some(self, photos: set[int]) -> None:
        images = [image for number, image in self.images().items() if number in photos]
        products = remove(self.store, images, "some")
        assert products == len(photos & self.model.keys())
        for number in photos:
            self.model.pop(number, None)

    @rule(everything=st.booleans(), grace=st.sampled_from([0.0, 3600.0]))
    def compact(self, everything: bool, grace: float) -> None:
        with writing(self.store) as writer:
            compact(writer, everything, grace)

    @rule()
    def open_again(self) -> None:
        self.store = Store.open(self.store.root)
        self.reader = Reader(self.store)

    @rule()
    def repair_what_is_whole(self) -> None:
        with writing(self.store) as writer:
            done = retire_broken(writer, check(self.store))
        assert (done.retired, done.reindex, done.indexes, done.pictures) == (0, 0, 0, ())

    def images(self) -> dict[int, int]:
        """Photo number -> image id."""
        snapshot = self.reader.snapshot()
        with self.store.database.read() as connection:
            cards = read_cards(connection, snapshot.region_ids.tolist())
        by_region = dict(zip(snapshot.region_ids.tolist(), snapshot.image_ids.tolist(), strict=True))
        return {int(card.product[1:]): by_region[region] for region, card in cards.items()}

    @invariant()
    def the_catalog_is_the_model(self) -> None:
        snapshot = self.reader.snapshot(lambda known: [name for name in ("product", "price") if name in known])
        columns = snapshot.columns([name for name in ("product", "price") if name in snapshot.attributes])
        assert len(snapshot.region_ids) == len(self.model)
        if not self.model:
            return
        words = columns["product"].words
        numbers = [int(words[code][1:]) for code in columns["product"].values]
        assert sorted(numbers) == sorted(self.model)
        for row, number in enumerate(numbers):
            content, price = self.model[number]
            region = snapshot.region_ids[row : row + 1]
            for name, dim in (("vgg", 4), ("colour", 6)):
                np.testing.assert_allclose(snapshot.vectors(name).gather(region)[0], vector(content, dim), atol=1e-3)
            assert columns["price"].values[row] == price

    @invariant()
    def nothing_is_found_wrong(self) -> None:
        assert check(self.store).findings == ()


TestCatalogMachine = CatalogMachine.TestCase
TestCatalogMachine.settings = settings(
    max_examples=12,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
