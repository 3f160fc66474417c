"""A disk that is really full: a file system of two MiB in memory, mounted for the test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from builders import add_products, make_store, unit_rows

from engine.checks import check
from engine.clusters import cluster
from engine.errors import CatalogError
from engine.models import save_model
from engine.snapshot import Reader
from engine.store import Store
from engine.writer import writing

DIM = 64


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs Linux and root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system could not be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def seen(store: Store) -> tuple[list[int], bytes]:
    snapshot = Reader(store).snapshot()
    return snapshot.region_ids.tolist(), snapshot.vectors("vgg").gather(snapshot.region_ids).tobytes()


def test_a_full_disk_refuses_and_the_catalog_goes_on_when_there_is_room(small_disk: Path) -> None:
    store = make_store(small_disk / "a.catalog", {"vgg": unit_rows(100, DIM)})
    ballast = small_disk / "ballast"
    left, refused = 0, 0
    for free in (0, 4, 16, 40, 80, 160):  # KiB that are left: refused by the lock, SQLite, a shard, thumbnails, ...
        for path in (ballast, *store.root.rglob("*.tmp")):
            path.unlink(missing_ok=True)
        room = os.statvfs(small_disk)
        ballast.write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - free * 1024)))
        before = seen(store)
        try:
            add_products(store, {"vgg": unit_rows(200, DIM, seed=free)}, first=1000 * (free + 1), batch_rows=200)
            left += 200
        except CatalogError as error:
            refused += 1
            assert "free some space" in str(error)
            assert seen(store) == before
        with pytest.raises(CatalogError, match="free some space"), writing(store) as writer:
            save_model(writer, "vgg", "projection", np.random.default_rng(0).bytes(1 << 21))
        try:
            cluster(store, "vgg", 3, replace=True)
        except CatalogError as error:
            assert "free some space" in str(error)
        assert check(store).clean
        assert not list(store.root.rglob("*.tmp"))
    assert refused >= 3
    ballast.unlink()
    add_products(store, {"vgg": unit_rows(200, DIM, seed=9)}, first=500_000)
    assert len(seen(store)[0]) == 300 + left
    assert check(store).clean


def test_a_full_disk_while_a_catalog_is_made_leaves_none(small_disk: Path) -> None:
    room = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(bytes(room.f_bavail * room.f_frsize - 40 * 1024))
    with pytest.raises(CatalogError, match="free some space"):
        Store.create(small_disk / "a.catalog")
    (small_disk / "ballast").unlink()
    assert check(Store.create(small_disk / "a.catalog")).clean
