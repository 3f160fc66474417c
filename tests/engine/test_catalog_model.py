"""Everything that changes a catalog, in any order, against plain dictionaries.

    HOUNDSTOOTH_EXAMPLES=300 python -m pytest tests/engine/test_catalog_model.py

is the longer run.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from builders import new_image, spec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from numpy.typing import NDArray

from engine import schema, shortlist
from engine.batch import Batch, Counts, Entry
from engine.checks import check
from engine.cluster_runs import delete_run, list_runs, members
from engine.clusters import cluster
from engine.compaction import compact
from engine.errors import CatalogOutdatedError, SpaceError
from engine.indexes import FLAT_ROWS, refresh_indexes
from engine.lookup import read_cards
from engine.map_placing import place_missing
from engine.maps import make_map
from engine.migrate import migrate
from engine.promotion import promote_spaces
from engine.query import Query
from engine.removal import drop_space, remove
from engine.repair import retire_broken
from engine.search import search
from engine.snapshot import Reader
from engine.spaces import use_spaces
from engine.store import Store
from engine.stored_maps import delete_map, list_maps, map_points, open_map
from engine.writer import Writer, writing
from houndstooth.labels import forget
from indexer.labels.apply import apply_label
from indexer.labels.heads import Head, Layer
from indexer.labels.kept import keep_label, kept_labels
from indexer.labels.model_file import LabelModel, SpaceUsed

PRODUCTS = st.integers(0, 11)
CONTENTS = st.integers(0, 10_000)
DIMS = {"vgg": 4, "colour": 6}
SMALL = {"DEPTH": 2, "SIZE": 2, "LARGEST": 1, "FURTHER": 1_000_000}  # of engine.shortlist: few rows, all cells
HITS = 3


def vector(content: int, space: str, turn: int) -> NDArray[np.float32]:
    """What the extractor of a space, in its `turn`-th version, says of a content."""
    made = np.random.default_rng([content, DIMS[space], turn]).normal(size=DIMS[space]).astype(np.float32)
    return made / np.linalg.norm(made)


def stored(content: int, space: str, turn: int) -> NDArray[np.float64]:
    """The same as the catalog has it: rounded to 16 bits, and of unit length."""
    row = vector(content, space, turn).astype(np.float16).astype(np.float64)
    return row / np.linalg.norm(row)


class CatalogMachine(RuleBasedStateMachine):
    """The model. photos: number -> (content, price). turns: space that answers -> version of its extractor."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.photos: dict[int, tuple[int, float]] = {}
        self.turns: dict[str, int] = {}
        self.runs: dict[str, set[int]] = {}
        self.maps: dict[str, set[int]] = {}
        self.told: dict[int, bool] = {}  # region -> what the label said of it
        self.counts = Counts()
        self.flat_rows = 1

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize()
    def make(self) -> None:
        self.store = Store.create(self.folder / "a.catalog")
        self.reader = Reader(self.store)

    def publish(self, writer: Writer, photos: dict[int, tuple[int, float]], turns: dict[str, int]) -> None:
        """One batch: each photo is new, or takes the place of what is there."""
        specs = [spec(name, DIMS[name], fingerprint=f"{turn:016}") for name, turn in turns.items()]
        spaces = use_spaces(writer, specs)
        run = writer.start_run("index", "test")
        counts = Counts(seen=len(photos) + 1, indexed=len(photos), failed=1)
        batch = Batch(counts=counts, attribute_types={"price": "number"})
        batch.entries.append(Entry("/photos/broken.jpg", "broken", "failed", "no picture"))
        for number, (content, price) in photos.items():
            vectors = {name: vector(content, name, turn) for name, turn in turns.items()}
            batch.images.append(new_image(f"p{number}", vectors, content=str(content)))
            batch.products[f"p{number}"] = {"price": price}
        writer.commit(batch, run, spaces)
        promote_spaces(writer)
        refresh_indexes(writer, self.flat_rows)
        writer.finish_run(run)
        self.counts = self.counts + counts

    @rule(photos=st.dictionaries(PRODUCTS, CONTENTS, min_size=1, max_size=5), price=st.integers(1, 9))
    def add_or_change(self, photos: dict[int, int], price: int) -> None:
        if not self.turns:
            self.turns = dict.fromkeys(DIMS, 0)
        told = {number: (content, float(price)) for number, content in photos.items()}
        with writing(self.store) as writer:
            self.publish(writer, told, self.turns)
        self.photos |= told

    @rule(photos=st.sets(PRODUCTS, max_size=6))
    def remove_some(self, photos: set[int]) -> None:
        images = [image for number, image in self.images().items() if number in photos]
        products = remove(self.store, images, "some")
        assert products == len(photos & self.photos.keys())
        self.counts = self.counts + Counts(seen=len(images), indexed=len(images))
        for number in photos:
            self.photos.pop(number, None)

    @rule(everything=st.booleans(), grace=st.sampled_from([0.0, 3600.0]))
    def compact(self, everything: bool, grace: float) -> None:
        with writing(self.store) as writer:
            compact(writer, everything, grace)

    @rule()
    def have_indexes_or_none(self) -> None:
        """Of spaces of any size, from now on; at first a space has none before it has many rows."""
        self.flat_rows = FLAT_ROWS if self.flat_rows == 1 else 1
        with writing(self.store) as writer:
            refresh_indexes(writer, self.flat_rows)

    @precondition(lambda self: self.photos and len(self.turns) == 2)
    @rule(space=st.sampled_from(sorted(DIMS)))
    def change_an_extractor(self, space: str) -> None:
        """Every photo is extracted again in one batch, and the new space takes the name."""
        turns = {**self.turns, space: self.turns[space] + 1}
        with writing(self.store) as writer:
            self.publish(writer, self.photos, turns)
        self.turns = turns

    @precondition(lambda self: self.turns)
    @rule(space=st.sampled_from(sorted(DIMS)))
    def drop_a_space(self, space: str) -> None:
        if set(self.turns) == {space} or space not in self.turns:
            with pytest.raises(SpaceError):
                drop_space(self.store, space)
            return
        drop_space(self.store, space)
        del self.turns[space]
        self.reader.snapshot()

    @precondition(lambda self: len(set(self.photos.values())) > 3)
    @rule(name=st.sampled_from(["a", "b"]))
    def group(self, name: str) -> None:
        space = sorted(self.turns)[0]
        run = cluster(self.reader, space, 2, name=name, replace=True)
        self.runs[name] = set(self.regions().values())
        assert run.rows == len(self.photos)

    @precondition(lambda self: self.runs)
    @rule()
    def forget_a_run(self) -> None:
        name = sorted(self.runs)[0]
        delete_run(self.store, name)
        del self.runs[name]

    @precondition(lambda self: len(self.photos) > 1)
    @rule(name=st.sampled_from(["m", "n"]))
    def draw_a_map(self, name: str) -> None:
        make_map(self.reader, sorted(self.turns)[0], "pca", name=name, replace=True)
        self.maps[name] = set(self.regions().values())

    @precondition(lambda self: self.maps)
    @rule(forget_it=st.booleans())
    def place_or_forget(self, forget_it: bool) -> None:
        name = sorted(self.maps)[0]
        found = open_map(self.store, name)
        if forget_it:
            delete_map(self.store, name)
            del self.maps[name]
        elif self.photos and any(found.space_id == space.id for space in self.reader.snapshot().spaces.values()):
            place_missing(self.reader, found)
            self.maps[name] |= set(self.regions().values())

    @precondition(lambda self: self.photos)
    @rule(seed=st.integers(0, 3), rows=st.sampled_from([2, 100]))
    def label(self, seed: int, rows: int) -> None:
        name = sorted(self.turns)[0]
        used = SpaceUsed(name, DIMS[name], self.reader.snapshot().space(name).fingerprint)
        weight = np.random.default_rng(seed).normal(size=(DIMS[name], 2)).astype(np.float32)
        head = Head("linear", False, np.zeros(DIMS[name], np.float32), np.ones(DIMS[name], np.float32),
                    (Layer(weight, np.zeros(2, np.float32)),))  # fmt: skip
        model = LabelModel("maxi", ("false", "true"), False, (used,), head, {"seed": seed})
        with writing(self.store) as writer:
            keep_label(writer, model, 0.0, shipped=False)
            apply_label(writer, kept_labels(self.store)["maxi"], rows=rows)
        self.told = {}
        for number, region in self.regions().items():
            scores = vector(self.photos[number][0], name, self.turns[name]).astype(np.float16).astype(float) @ weight
            self.told[region] = bool(scores[1] > scores[0])

    @precondition(lambda self: "maxi" in kept_labels(self.store))
    @rule()
    def forget_label(self) -> None:
        forget(self.store, "maxi")
        self.told = {}

    @rule(old=st.booleans())
    def open_again(self, old: bool) -> None:
        """As it is, or as a program left it that knew no maps."""
        if old:
            with closing(sqlite3.connect(self.store.database_path)) as connection, connection:
                connection.execute("DROP TABLE map_point")
                connection.execute("DROP TABLE map")
                connection.execute("UPDATE alembic_version SET version_num = '0002'")
            with pytest.raises(CatalogOutdatedError):
                Store.open(self.store.root)
            done = migrate(self.store.root)
            assert (done.before, done.after) == ("0002", schema.HEAD) and done.backup is not None
            self.maps = {}
        self.store = Store.open(self.store.root)
        self.reader = Reader(self.store)

    @rule()
    def repair_what_is_whole(self) -> None:
        with writing(self.store) as writer:
            done = retire_broken(writer, check(self.store))
        assert (done.retired, done.reindex, done.indexes, done.pictures) == (0, 0, 0, ())

    def _cards(self) -> dict[int, int]:
        snapshot = self.reader.snapshot()
        with self.store.database.read() as connection:
            cards = read_cards(connection, snapshot.region_ids.tolist())
        return {region: int(card.product[1:]) for region, card in cards.items()}

    def regions(self) -> dict[int, int]:
        """Photo number -> region id."""
        return {number: region for region, number in self._cards().items()}

    def images(self) -> dict[int, int]:
        """Photo number -> image id."""
        snapshot = self.reader.snapshot()
        by_region = dict(zip(snapshot.region_ids.tolist(), snapshot.image_ids.tolist(), strict=True))
        return {number: by_region[region] for region, number in self._cards().items()}

    @invariant()
    def attributes_are_the_model(self) -> None:
        wanted = ("product", "price", "maxi")
        snapshot = self.reader.snapshot(lambda known: [name for name in wanted if name in known])
        columns = snapshot.columns([name for name in wanted if name in snapshot.attributes])
        assert len(snapshot.region_ids) == len(self.photos)
        assert {name: int(space.fingerprint) for name, space in snapshot.spaces.items()} == self.turns
        if not self.photos:
            return
        words = columns["product"].words
        numbers = [int(words[code][1:]) for code in columns["product"].values]
        assert sorted(numbers) == sorted(self.photos)
        for row, number in enumerate(numbers):
            assert columns["price"].values[row] == self.photos[number][1]
            if "maxi" in columns:
                said = self.told.get(int(snapshot.region_ids[row]))
                assert columns["maxi"].values[row] == (-1 if said is None else int(said))

    @invariant()
    def neighbours_are_those_of_brute_force(self) -> None:
        if not self.photos:
            return
        asked = next(iter(self.photos.values()))[0]
        for name, turn in self.turns.items():
            query = Query({name: vector(asked, name, turn)}, k=HITS, where="price > 0")
            rows = {number: stored(content, name, turn) for number, (content, _) in self.photos.items()}
            unit = query.vectors[name].astype(np.float64)
            best = sorted((sum(a * b for a, b in zip(row, unit, strict=True)) for row in rows.values()), reverse=True)
            for exact_rows in (1_000, 0):
                with patch.multiple(shortlist, **SMALL):
                    found = search(self.reader, query, exact_rows)
                assert found.matched == len(self.photos)
                np.testing.assert_allclose([hit.score for hit in found.hits], best[:HITS], atol=1e-5)
                for hit in found.hits:
                    assert abs(float(rows[int(hit.product[1:])] @ unit) - hit.score) < 1e-5

    @invariant()
    def runs_and_maps_are_as_they_were_made(self) -> None:
        runs = {run.name: run for run in list_runs(self.store)}
        assert {name: set(members(self.store, run).region_ids.tolist()) for name, run in runs.items()} == self.runs
        maps = {found.name: found for found in list_maps(self.store)}
        assert {n: set(map_points(self.store, found).region_ids.tolist()) for n, found in maps.items()} == self.maps

    @invariant()
    def the_ledger_adds_up(self) -> None:
        with closing(sqlite3.connect(self.store.database_path)) as connection:
            totals = connection.execute(
                "SELECT coalesce(sum(seen), 0), coalesce(sum(indexed), 0), coalesce(sum(failed), 0) FROM run"
            ).fetchone()
            lines = connection.execute("SELECT count(*) FROM ledger WHERE state = 'indexed'").fetchone()[0]
        assert totals == (self.counts.seen, self.counts.indexed, self.counts.failed)
        assert lines == len(self.photos)

    @invariant()
    def nothing_is_found_wrong(self) -> None:
        assert check(self.store).findings == ()


TestCatalogMachine = CatalogMachine.TestCase
TestCatalogMachine.settings = settings(
    max_examples=int(os.environ.get("HOUNDSTOOTH_EXAMPLES", "10")),
    stateful_step_count=14,
    deadline=None,
    derandomize="HOUNDSTOOTH_EXAMPLES" not in os.environ,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
