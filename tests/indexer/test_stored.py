"""Photos read again by the path that a catalog keeps: files, and what lies in archives and databases."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest
from builders import Shop
from sqlalchemy import select

from engine import schema
from engine.clusters import cluster, open_run
from engine.errors import PictureError
from engine.export import export_clusters
from engine.snapshot import Reader
from engine.writer import writing
from indexer.decode.limits import DecodeLimits
from indexer.rethumb import rebuild_thumbnails
from indexer.sources.archive_members import members
from indexer.sources.base import SourceImage
from indexer.sources.open import open_source
from indexer.stored import read_stored, reopen

LIMITS = DecodeLimits()


@pytest.mark.parametrize("make", [datasets.webdataset, datasets.tar_gz, datasets.zipped, datasets.fashion_mnist])
def test_every_packed_photo_is_read_again_by_its_path(tmp_path: Path, make) -> None:
    told = [one for one in open_source(make(tmp_path)) if isinstance(one, SourceImage) and one.packed]
    assert len(told) >= 2
    for one in [*told, *reversed(told)]:  # forwards, and against the archive's order
        assert read_stored(one.path) == one.packed.read(LIMITS)


@pytest.mark.parametrize("make", [datasets.webdataset, datasets.tar_gz, datasets.zipped, datasets.fashion_mnist])
def test_lost_thumbnails_are_made_again_and_originals_copied(tmp_path: Path, make) -> None:
    shop = Shop(tmp_path)
    shop.index(open_source(make(tmp_path)))
    with shop.store.database.read() as connection:
        rows = dict(connection.execute(select(schema.image.c.id, schema.image.c.path)).all())
    lost = shop.lose_thumbnails()
    with writing(shop.store) as writer:
        assert rebuild_thumbnails(writer, lost, LIMITS) == (len(rows), [])
    run = cluster(Reader(shop.store), "colour", 2, name="c")
    done = export_clusters(shop.store, run, tmp_path / "out", copies=True, originals=read_stored)
    assert (done.copied, done.thumbnails) == (len(rows), 0)
    copied = sorted(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.suffix in (".png", ".jpg"))
    assert copied == sorted(read_stored(path) for path in rows.values())
    assert export_clusters(shop.store, open_run(shop.store, "c"), tmp_path / "links").thumbnails == len(rows)


def test_what_is_not_in_the_archive_any_more_is_told(tmp_path: Path) -> None:
    place = datasets.zipped(tmp_path)
    with pytest.raises(PictureError, match=r"photos.zip has no member skirt/9.png"):
        reopen(place, "skirt/9.png")
    tar = datasets.tar_gz(tmp_path)
    with pytest.raises(PictureError, match="no member"):
        read_stored(f"{tar}/gone.png")
    tar.write_bytes(b"")
    with pytest.raises(PictureError):
        read_stored(f"{tar}/dress/0.png")
    home = datasets.fashion_mnist(tmp_path)
    for name in ("00009.png", "x.png", "-1.png"):
        with pytest.raises(PictureError, match="3 pictures, and none named"):
            read_stored(f"{home}/train-images-idx3-ubyte.gz/{name}")
    assert next(iter(members(tar))).fatal


def test_a_tar_is_passed_over_once_for_members_in_its_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from indexer.sources import archive

    place, passes = datasets.tar_gz(tmp_path), []
    monkeypatch.setattr(archive, "members", lambda path: passes.append(path) or members(path))
    archive._opened.cache_clear()
    for number in (0, 1, 2):
        read_stored(f"{place}/dress/{number}.png")
    assert len(passes) == 1
    read_stored(f"{place}/dress/0.png")
    assert len(passes) == 2


def test_a_photo_of_an_lmdb(tmp_path: Path) -> None:
    lmdb = pytest.importorskip("lmdb", reason="lmdb is optional: pip install 'houndstooth[lmdb]'")
    with lmdb.open(str(tmp_path / "photos.lmdb"), map_size=2**20) as data, data.begin(write=True) as writing_:
        writing_.put(b"10", b"jpeg")
    assert read_stored(f"{tmp_path}/photos.lmdb/data.mdb/10.jpg") == b"jpeg"
    for name, said in (("11.jpg", "no photo 11"), ("x.jpg", "by number")):
        with pytest.raises(PictureError, match=said):
            read_stored(f"{tmp_path}/photos.lmdb/data.mdb/{name}")
