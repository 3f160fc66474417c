"""What something else altered in a catalog: every file by its hash, and in catalog.db what its rules can see."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from builders import make_store, new_image, unit_rows

from engine.batch import Batch, Counts
from engine.checks import check
from engine.clusters import cluster
from engine.errors import HoundstoothError
from engine.maps import make_map
from engine.migrate import migrate
from engine.models import save_model
from engine.repair import retire_broken
from engine.snapshot import Reader
from engine.store import Store
from engine.writer import writing

ROWS = 30


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two spaces, attributes, clusters, a map, a model, and a backup of catalog.db."""
    given = [{"price": float(row), "maxi": row % 2 == 0, "brand": f"b{row}"} for row in range(ROWS)]
    types = {"price": "number", "maxi": "boolean", "brand": "text"}
    rows = {"vgg": unit_rows(ROWS, 4), "colour": unit_rows(ROWS, 8, seed=1)}
    made = make_store(tmp_path / "a.catalog", rows, given, types)  # type: ignore[arg-type]
    with closing(sqlite3.connect(made.database_path)) as connection, connection:
        connection.execute("DROP TABLE map_point")
        connection.execute("DROP TABLE map")
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
    assert migrate(made.root).backup
    cluster(made, "vgg", 3)
    make_map(made, "vgg", "pca")
    with writing(made) as writer:
        save_model(writer, "vgg", "projection", b"weights" * 300)
    assert check(made).clean
    return made


def test_a_flipped_bit_in_a_model_or_a_backup_is_found(store: Store) -> None:
    draw = np.random.default_rng(2)
    for folder, subject in ((store.models, "space vgg"), (store.backups, None)):
        (path,) = folder.iterdir()
        before = path.read_bytes()
        for bit in draw.integers(0, len(before) * 8, 12).tolist():
            data = bytearray(before)
            data[bit // 8] ^= 1 << (bit % 8)
            path.write_bytes(data)
            (found,) = check(store).findings
            assert found.subject == (subject or path.name) and "was altered" in found.message
            path.write_bytes(before)
    assert check(store).clean


@pytest.mark.parametrize("folder", ["vectors", "thumbnails"])
def test_files_that_changed_places_are_found(store: Store, folder: str) -> None:
    """Same kind, whole, each of the catalog: but not what its name says."""
    with writing(store) as writer:
        run = writer.start_run("index", "more")
        rows = unit_rows(ROWS, 12, seed=7)
        lengths = {"vgg": slice(0, 4), "colour": slice(4, 12)}
        batch = Batch(counts=Counts(seen=ROWS, indexed=ROWS))
        for number, row in enumerate(rows):
            vectors = {name: row[part] / np.linalg.norm(row[part]) for name, part in lengths.items()}
            batch.images.append(new_image(f"q{number}", vectors))
        writer.commit(batch, run, Reader(store).snapshot().spaces)
    paths = sorted((store.root / folder).iterdir(), key=lambda path: (path.stat().st_size, path.name))
    first, second = paths[0], paths[1]
    assert check(store).clean
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    assert {found.subject for found in check(store).findings if found.shard_id} == {first.name, second.name}


ALTERATIONS = {
    "a boolean of 2": "UPDATE product_value SET number = 2 WHERE attribute_id = "
    "(SELECT id FROM attribute WHERE name = 'maxi') AND product_id = 3",
    "a text where a number is": "UPDATE product_value SET number = NULL, text = 'x' WHERE number = 7.0",
    "a confidence above 1": "UPDATE product_value SET confidence = 1.5 WHERE product_id = 4",
    "an image of no width": "UPDATE image SET width = 0 WHERE id = 5",
    "half a hash": "UPDATE image SET sha256 = X'00' WHERE id = 5",
    "no list of spaces": "UPDATE image SET spaces = '1,\"' WHERE id = 5",
    "half a box": "UPDATE region SET x = 3 WHERE id = 6",
    "a kind of region that there is not": "UPDATE region SET kind = 'phoTo' WHERE id = 6",
    "a member of another cluster": "UPDATE cluster_member SET number = number % 3 + 1 WHERE region_id = 7",
    "a cluster too few": "UPDATE cluster_run SET k = 2",
    "a short centroid": "UPDATE cluster SET centroid = X'00000000' WHERE number = 1",
    "a point too few": "DELETE FROM map_point WHERE region_id = 8",
    "broken JSON of a space": "UPDATE space SET parameters = '{' WHERE name = 'vgg'",
    "broken JSON of a run": "UPDATE cluster_run SET parameters = '}'",
    "broken JSON of a map": "UPDATE map SET quality = 'x'",
    "an image of a product that is gone": "UPDATE product SET removed = 1 WHERE id = 9",
    "an image twice in a run's totals": "UPDATE run SET indexed = indexed + 1",
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_an_altered_row_that_breaks_a_rule_is_found(store: Store, what: str) -> None:
    with closing(sqlite3.connect(store.database_path)) as connection, connection:
        assert connection.execute(ALTERATIONS[what]).rowcount >= 1
    report = check(store)
    assert {found.part for found in report.findings} & {"database", "clusters", "maps", "ledger"}
    try:  # whatever else is done with it, errors are ours
        Reader(store).snapshot(lambda known: known)
        with writing(store) as writer:
            retire_broken(writer, report)
    except HoundstoothError as error:
        assert str(error)


def test_settings_that_are_no_json_are_told(store: Store) -> None:
    for value in ("{", "[]", json.dumps({"maxi": {}}), json.dumps({"maxi": 3})):
        with closing(sqlite3.connect(store.database_path)) as connection, connection:
            connection.execute("INSERT OR REPLACE INTO setting VALUES ('labels', ?)", (value,))
        assert any(found.part == "database" for found in check(store).findings), value


def test_a_catalog_without_its_generation_is_found(store: Store) -> None:
    with closing(sqlite3.connect(store.database_path)) as connection, connection:
        connection.execute("DELETE FROM catalog")
    assert [found.message for found in check(store).findings] == ["table catalog must have one row"]
