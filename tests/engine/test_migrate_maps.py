"""From a catalog of schema 0002 to one that keeps maps: its data stay, and maps work."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from builders import make_store
from test_clusters import blobs

import migrations
from engine.checks import check
from engine.clusters import cluster, list_runs
from engine.errors import CatalogOutdatedError
from engine.maps import list_maps, make_map
from engine.migrate import migrate
from engine.schema import HEAD
from engine.store import Store


def make_old(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Take back what 0003 and later added, and tell what is left."""
    later = sorted(Path(migrations.__file__).parent.glob("versions/[0-9]*.py"))[2:]
    assert later[0].name == "0003_maps.py" and len(later) == int(HEAD) - 2
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE map_point")
        connection.execute("DROP TABLE map")
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
        connection.commit()
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


@pytest.mark.skipif(HEAD != "0003", reason="only 0003's own tables are taken back here")
def test_a_catalog_of_0002_gets_maps_and_keeps_what_it_has(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": blobs([6, 5, 4])})
    cluster(store, "vgg", 3)
    before = make_old(store.database_path)
    with pytest.raises(CatalogOutdatedError, match="houndstooth migrate"):
        Store.open(store.root)
    done = migrate(store.root)
    assert (done.before, done.after) == ("0002", "0003") and done.backup is not None
    with closing(sqlite3.connect(store.database_path)) as connection:
        for name, rows in before.items():
            if name not in ("alembic_version", "sqlite_sequence"):
                assert sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) == rows
    opened = Store.open(store.root)
    assert check(opened).clean
    assert [run.name for run in list_runs(opened)] == ["vgg-k3"] and list_maps(opened) == []
    assert make_map(opened, "vgg", "pca").rows == 15
    assert check(opened).clean
