"""Catalogs of photos that are elsewhere: tables and lists of addresses, buckets, and what later steps read again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import Shop, draw
from sqlalchemy import select
from web_shop import WebShop, open_web_shop

from engine import schema
from engine.batch import Counts
from engine.errors import SourceError
from engine.writer import writing
from indexer.decode.limits import DecodeLimits
from indexer.remote import Remote, connect
from indexer.rethumb import rebuild_thumbnails
from indexer.sources.base import SourceImage, SourceProblem
from indexer.sources.open import find_source_format, open_source
from indexer.sources.path_list import read_paths
from indexer.stored import read_stored

HERE = Remote(private=True)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebShop]:
    pytest.importorskip("aiohttp", reason="aiohttp is optional: pip install 'houndstooth[remote]'")
    with open_web_shop() as shop:
        for number in range(3):
            shop.photos[f"/dress/{number}.png"] = draw(tmp_path / "draw.png", number).read_bytes()
        yield shop
    connect._web.cache_clear()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.delenv("HOUNDSTOOTH_ALLOW_REMOTE", raising=False)
    return Shop(tmp_path)


def paths(shop: Shop) -> list[str]:
    with shop.store.database.read() as connection:
        return sorted(connection.execute(select(schema.image.c.path).where(schema.image.c.removed.is_(None))).scalars())


def table(shop: Shop, *rows: str) -> Path:
    place = shop.photos / "products.csv"
    place.write_text("\n".join(["image,product,price", *rows, ""]))
    return place


def test_a_table_of_addresses_is_refused_unless_asked_for(shop: Shop) -> None:
    place = table(shop, "https://shop.example/1.jpg?token=hunter2,p1,3", "https://me:hunter2@shop.example/2.jpg,p2,4")
    found = list(open_source(place))
    assert [item.fatal for item in found if isinstance(item, SourceProblem)] == [True, True]
    assert "--allow-remote" in found[0].reason and "HOUNDSTOOTH_ALLOW_REMOTE=1" in found[0].reason
    assert "hunter2" not in "".join(item.reason for item in found if isinstance(item, SourceProblem))
    with pytest.raises(SourceError, match="--allow-remote"):
        open_source("s3://bucket/photos")


def test_a_table_of_addresses(shop: Shop, web: WebShop) -> None:
    rows = [f"{web.address(f'/dress/{number}.png?X-Amz-Signature=hunter2')},p{number},3" for number in range(3)]
    gone, refused = web.address("/gone.png?sig=hunter2&se=1"), web.address("/status/403")
    others = [f"{gone},p9,3", f"{refused},p8,3", f"{rows[0].split(',')[0]},p0,3"]
    place = table(shop, *rows, *others, "https://me:hunter2@shop.example/2.jpg,p2,4")
    report = shop.index(open_source(place, remote=HERE))
    assert report.counts == Counts(seen=7, indexed=3, failed=4)
    kept = [web.address(f"/dress/{number}.png") for number in range(3)]
    assert paths(shop) == kept
    assert shop.ledger()[web.address("/gone.png")] == ("failed", "not found there")
    assert shop.ledger()[web.address("/status/403")] == ("failed", "the server says 403 Forbidden")
    held = b"".join(path.read_bytes() for path in shop.store.root.rglob("*") if path.is_file())
    assert b"hunter2" not in held and kept[0].encode() in held
    web.asked.clear()
    again = shop.index(open_source(place, remote=HERE))
    assert again.counts == Counts(seen=7, unchanged=3, failed=4) and shop.colour.seen == 0
    assert len(web.asked) == 5, "what nothing tells is asked for again, and known by its content"
    web.photos["/dress/1.png"] = web.photos["/dress/2.png"]
    changed = shop.index(open_source(place, remote=HERE))
    assert changed.counts.unchanged == 2 and changed.counts.duplicate == 1, "its content is another product's now"


def test_photos_elsewhere_are_read_again_where_the_environment_permits(
    shop: Shop, web: WebShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.index(open_source(table(shop, f"{web.address('/dress/0.png')},p0,3"), remote=HERE))
    address = web.address("/dress/0.png")
    ids = shop.lose_thumbnails()
    with writing(shop.store) as writer:
        made, failed = rebuild_thumbnails(writer, ids, DecodeLimits())
        assert made == 0 and "HOUNDSTOOTH_ALLOW_REMOTE=1" in failed[0].reason
        monkeypatch.setenv("HOUNDSTOOTH_ALLOW_REMOTE", "1")
        made, failed = rebuild_thumbnails(writer, ids, DecodeLimits())
        assert made == 0 and "--allow-private" in failed[0].reason
        monkeypatch.setenv("HOUNDSTOOTH_ALLOW_PRIVATE", "1")
        assert rebuild_thumbnails(writer, ids, DecodeLimits()) == (1, [])
    assert read_stored(address) == web.photos["/dress/0.png"]


def test_a_further_space_reads_the_addresses_again(shop: Shop, web: WebShop) -> None:
    place = table(shop, *(f"{web.address(f'/dress/{number}.png')},p{number},3" for number in range(3)))
    palette = shop.extractors.pop("palette")
    shop.index(open_source(place, remote=HERE))
    shop.extractors["palette"] = palette
    assert shop.index(open_source(place, remote=HERE)).counts == Counts(seen=3, indexed=3)
    assert palette.seen == 3 and shop.colour.seen == 0


def test_addresses_on_standard_input_and_one_as_the_source(shop: Shop, web: WebShop) -> None:
    listed = f"{web.address('/dress/0.png')}\n{web.address('/dress/1.png?w=3')}\nftp://h/1.jpg\nreadme.txt\n".encode()
    items = list(read_paths(io.BytesIO(listed), shop.photos, HERE))
    assert [one.product for one in items if isinstance(one, SourceImage)] == [
        f"127.0.0.1:{web.port}/dress/0", f"127.0.0.1:{web.port}/dress/1",
    ]  # fmt: skip
    assert sum(isinstance(one, SourceProblem) for one in items) == 2
    assert shop.index(open_source(web.address("/dress/2.png"), remote=HERE)).counts == Counts(seen=1, indexed=1)
    with pytest.raises(SourceError, match="cannot be listed"):
        open_source(web.address("/dress/"), remote=HERE)


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[dict[str, bytes]]:
    """Photos in a bucket of fsspec's own, which is in memory."""
    fsspec = pytest.importorskip("fsspec", reason="fsspec is optional: pip install 'houndstooth[remote]'")
    system = fsspec.filesystem("memory")
    system.store.clear()
    keys = ["photos/cover.png", "photos/dress/a.png", "photos/dress/b.PNG", "photos/train/skirt/c.png"]
    for number, key in enumerate(keys):
        system.pipe(f"/shop/{key}", draw(tmp_path / "draw.png", number).read_bytes())
    for key in ("photos/.thumbs/a.png", "photos/readme.txt", "photos/dress/empty.png", "other/z.png"):
        system.pipe(f"/shop/{key}", b"" if "empty" in key else b"x")
    yield {key: system.cat(f"/shop/{key}") for key in keys}
    system.store.clear()
    connect._store.cache_clear()


def test_a_prefix_of_a_bucket(shop: Shop, bucket: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_source("memory://shop/photos/", remote=HERE)
    assert find_source_format("memory://shop/photos").name == "bucket"
    found = [(one.path, one.product, dict(one.attributes)) for one in source if isinstance(one, SourceImage)]
    assert found == [
        ("memory://shop/photos/cover.png", "cover", {}),
        ("memory://shop/photos/dress/a.png", "dress/a", {"category": "dress"}),
        ("memory://shop/photos/dress/b.PNG", "dress/b", {"category": "dress"}),
        ("memory://shop/photos/train/skirt/c.png", "train/skirt/c", {"category": "skirt", "folder": "train/skirt"}),
    ]
    assert shop.index(source).counts == Counts(seen=4, indexed=4)
    monkeypatch.setattr("indexer.remote.photo._read", lambda *told: pytest.fail("what is as it was is not read"))
    assert shop.index(open_source("memory://shop/photos", remote=HERE)).counts == Counts(seen=4, unchanged=4)
    monkeypatch.undo()
    import fsspec

    fsspec.filesystem("memory").pipe("/shop/photos/dress/a.png", draw(shop.photos / "new.png", 9).read_bytes())
    assert shop.index(open_source("memory://shop/photos", remote=HERE)).counts == Counts(seen=4, unchanged=3, indexed=1)
    with pytest.raises(SourceError, match="nothing there"):
        open_source("memory://shop/nowhere", remote=HERE)
    with pytest.raises(SourceError, match="no pictures"):
        open_source("memory://shop/photos/readme.txt", remote=HERE)


def test_a_listing_tells_the_size_before_anything_is_read(shop: Shop, bucket: dict[str, bytes]) -> None:
    from indexer.bulk import IndexOptions

    small = IndexOptions(limits=DecodeLimits(megabytes=1e-6))
    report = shop.index(open_source("memory://shop/photos", remote=HERE), small)
    assert report.counts == Counts(seen=4, failed=4)
    assert all("over the limit" in reason for _, reason in shop.ledger().values())


def test_the_same_names_in_two_buckets_are_two_products(shop: Shop, bucket: dict[str, bytes]) -> None:
    import fsspec

    system = fsspec.filesystem("memory")
    system.pipe("/second/photos/dress/a.png", draw(shop.photos / "new.png", 9).read_bytes())
    for prefix in ("memory://shop/photos", "memory://second/photos"):
        shop.index(open_source(prefix, remote=HERE))
    assert [product for product, path in shop.live() if path.endswith("a.png")] == ["dress/a", "photos/dress/a"]


def test_googles_list_reads_the_bucket_where_there_is_no_photo_here(shop: Shop) -> None:
    place = shop.photos / "images.csv"
    head = "image-uri,image-id,product-set-id,product-id,product-category,product-display-name,labels,bounding-poly"
    place.write_text(f"{head}\ngs://bucket/a.jpg,1,s,p1,apparel,,,\ngs://bucket/b.jpg,2,s,p2,apparel,,,\n")
    (shop.photos / "a.jpg").write_bytes(b"x")
    told = [one for one in open_source(place, remote=HERE) if isinstance(one, SourceImage)]
    assert [(one.path, one.packed is None) for one in told] == [
        ((shop.photos / "a.jpg").as_posix(), True), ("gs://bucket/b.jpg", False),
    ]  # fmt: skip
