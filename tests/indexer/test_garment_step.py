"""The garment step in the bulk loop: what a finder sees becomes regions; what a space refuses is recorded, not lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import Counting, Shop
from finders import BLUE, GREEN, RED, Box, ByColour, Colour, draw_garments
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select

from engine import ledger, schema
from engine.batch import Counts
from engine.checks import check
from engine.compaction import compact
from engine.known import region_counts
from engine.query import Query
from engine.repair import retire_broken
from engine.search import search
from engine.snapshot import Reader
from engine.writer import writing
from indexer.bulk import IndexOptions
from indexer.garments.find import NOT_FOUND, GarmentStep
from indexer.garments.garment import Garment, GarmentFinder
from indexer.picture import Picture
from indexer.sources.open import open_source
from indexer.spaces.colour import Colour as ColourSpace


class Refusing(Counting):
    """Takes no picture whose garment is blue."""

    def refuse(self, pictures: Sequence[Picture]) -> list[str | None]:
        return ["blue" if (picture.pixels() == BLUE).all() else None for picture in pictures]


def photo(shop: Shop, name: str, *garments: tuple[Colour, Box]) -> Path:
    return draw_garments(shop.photos / name, *garments)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def finding(finder: GarmentFinder) -> IndexOptions:
    return IndexOptions(garments=GarmentStep(finder))


def regions(shop: Shop) -> list[tuple[str, str, tuple[int | None, ...], bool]]:
    """(photo, kind, box, masked) of the live regions, in their order."""
    region, image = schema.region, schema.image
    with shop.store.database.read() as connection:
        rows = connection.execute(
            select(image.c.path, region)
            .join(image, image.c.id == region.c.image_id)
            .where(region.c.removed.is_(None))
            .order_by(region.c.id)
        )
        return [(Path(r.path).name, r.kind, (r.x, r.y, r.width, r.height), r.masked) for r in rows]


def colours_of(colour: Colour) -> NDArray[np.float32]:
    return ColourSpace().extract([Picture(np.full((4, 4, 3), colour, np.uint8))])[0]


def test_only_the_garments_pixels_are_seen_and_its_box_is_kept(shop: Shop) -> None:
    photo(shop, "a.png", (RED, (20, 10, 21, 31)))
    report = shop.index(options=finding(ByColour()))
    assert report.unmasked == 0
    assert regions(shop) == [("a.png", "garment", (20, 10, 21, 31), True)]
    np.testing.assert_allclose(shop.vector("a.png"), colours_of(RED), atol=1e-3)
    assert shop.attribute("a.png", "garment") == "top"


def test_a_box_in_a_reduced_photo_is_told_in_pixels_of_the_photo(shop: Shop) -> None:
    path = photo(shop, "a.png", (RED, (20, 10, 20, 30)))
    Image.open(path).resize((1800, 2400), Image.Resampling.NEAREST).save(path)
    shop.index(options=finding(ByColour()))
    ((_, kind, box, _),) = regions(shop)
    assert kind == "garment"
    for told, true in zip(box, (600, 300, 600, 900), strict=True):
        assert told is not None
        assert abs(told - true) <= 2 * 2400 / 600  # a pixel of the working copy on each side


def test_a_photo_without_a_garment_is_compared_whole_and_the_ledger_says_so(shop: Shop) -> None:
    photo(shop, "a.png")
    photo(shop, "b.png", (RED, (20, 10, 20, 30)))
    report = shop.index(options=finding(ByColour()))
    assert (report.unmasked, shop.ledger()["a.png"]) == (1, ("indexed", NOT_FOUND))
    assert [(Path(line.path).name, line.reason) for line in ledger.unmasked(shop.store)] == [("a.png", NOT_FOUND)]
    assert shop.attribute("a.png", "garment") is None
    assert shop.index(options=finding(ByColour())).counts == Counts(seen=2, unchanged=2)


def test_the_category_says_which_garment_is_the_product(shop: Shop) -> None:
    both = (RED, (20, 5, 20, 20)), (BLUE, (20, 30, 25, 45))
    photo(shop, "tops/a.png", *both)
    photo(shop, "trousers/b.png", *both)
    shop.index(options=finding(ByColour()))
    assert (shop.attribute("tops/a.png", "garment"), shop.attribute("trousers/b.png", "garment")) == ("top", "trousers")


def test_a_folder_inside_one_that_is_indexed_knows_its_photos_and_what_they_are(shop: Shop) -> None:
    """Read alone, the folder trousers/ says no category, and the photo's name in it is another."""
    both = (RED, (20, 5, 20, 20)), (BLUE, (20, 30, 25, 45))
    for name in ("trousers/a.png", "new/trousers/b.png"):
        photo(shop, name, *both)
    finder = ByColour()
    for source, counts in (
        (shop.photos / "new/trousers/b.png", Counts(seen=1, indexed=1)),  # alone it is no trousers, ...
        (shop.photos, Counts(seen=2, indexed=2)),  # ... in its folder it is
        (shop.photos / "trousers", Counts(seen=1, unchanged=1)),
        (shop.photos / "new", Counts(seen=1, unchanged=1)),
        (shop.photos / "new/trousers/b.png", Counts(seen=1, unchanged=1)),
        (shop.photos, Counts(seen=2, unchanged=2)),
    ):
        finder.seen = 0
        assert shop.index(open_source(source), finding(finder)).counts == counts
        assert finder.seen == counts.indexed
    assert sorted(shop.live()) == [("b", "new/trousers/b.png"), ("trousers/a", "trousers/a.png")]
    assert [shop.attribute(name, "garment") for _, name in shop.live()] == ["trousers", "trousers"]


def test_a_table_that_says_no_category_leaves_it_and_what_was_extracted(shop: Shop) -> None:
    path, table = photo(shop, "a.png", (RED, (20, 5, 20, 20)), (BLUE, (20, 30, 25, 45))), shop.photos / "t.csv"
    for text, counts, garment in (
        (f"image,product,category\n{path},p1,top\n", Counts(seen=1, indexed=1), "top"),
        (f"image,product,price\n{path},p1,10\n", Counts(seen=1, unchanged=1), "top"),
        (f"image,product,category\n{path},p1,\n{path},p2,top\n", Counts(seen=2, indexed=1, duplicate=1), "trousers"),
    ):
        table.write_text(text)
        assert shop.index(open_source(table), finding(ByColour())).counts == counts
        assert shop.attribute("a.png", "garment", "p1") == garment


def test_one_photo_sold_as_two_garments_is_two_images(shop: Shop) -> None:
    path = photo(shop, "a.png", (RED, (20, 5, 20, 20)), (BLUE, (20, 30, 25, 45)))
    table = shop.photos / "t.csv"
    table.write_text(f"image,product,category\n{path},p1,top\n{path},p2,trousers\n")
    report = shop.index(open_source(table), finding(ByColour()))
    assert report.counts == Counts(seen=2, indexed=2)
    assert [shop.attribute("a.png", "garment", product) for product in ("p1", "p2")] == ["top", "trousers"]


def test_a_mask_that_comes_with_the_photo_is_used_as_it_is(shop: Shop) -> None:
    path = photo(shop, "a.png", (RED, (20, 10, 20, 30)))
    with Image.open(path) as image:
        alpha = np.zeros((80, 60), np.uint8)
        alpha[50:70, 5:15] = 255
        image.putalpha(Image.fromarray(alpha))
        image.save(path)
    finder = ByColour()
    shop.index(options=finding(finder))
    assert (finder.seen, regions(shop)) == (0, [("a.png", "given", (None,) * 4, True)])
    shop.index(options=IndexOptions(garments=GarmentStep(given=False)))
    assert regions(shop) == [("a.png", "photo", (None,) * 4, False)]


def test_another_finder_extracts_everything_again_and_the_same_one_nothing(shop: Shop) -> None:
    photo(shop, "a.png", (RED, (20, 10, 20, 30)))
    shop.index()
    assert regions(shop)[0][1] == "photo"
    again = finding(ByColour())
    assert shop.index(options=again).counts == Counts(seen=1, indexed=1)
    assert [kind for _, kind, _, _ in regions(shop)] == ["garment"]
    assert shop.index(options=again).counts == Counts(seen=1, unchanged=1)
    other = ByColour()
    other.fingerprint = "2" * 16
    assert shop.index(options=finding(other)).counts == Counts(seen=1, indexed=1)


def test_every_garment_of_a_photo_can_be_a_region(shop: Shop) -> None:
    photo(shop, "a.png", (RED, (20, 5, 20, 20)), (BLUE, (20, 30, 25, 45)))
    photo(shop, "b.png", (GREEN, (10, 10, 30, 30)))
    shop.index(options=finding(ByColour(several=True)))
    assert [(name, masked) for name, _, _, masked in regions(shop)] == [("a.png", True)] * 2 + [("b.png", True)]
    reader = Reader(shop.store)
    for colour, image, garment in [(RED, "a.png", "top"), (BLUE, "a.png", "trousers"), (GREEN, "b.png", "skirt")]:
        results = search(reader, Query({"colour": colours_of(colour)}, k=5))
        first = results.hits[0]
        assert (Path(first.image).name, first.attributes["garment"]) == (image, garment)
        assert first.score == pytest.approx(1, abs=1e-3)
        assert [hit.product for hit in results.hits] == list(dict.fromkeys(hit.product for hit in results.hits))


def test_a_copy_of_a_photo_of_several_garments_has_them_all(shop: Shop) -> None:
    path = photo(shop, "a.png", (RED, (20, 5, 20, 20)), (BLUE, (20, 30, 25, 45)))
    options = finding(ByColour(several=True))
    table = shop.photos / "t.csv"
    table.write_text(f"image,product\n{path},p1\n")
    shop.index(open_source(table), options)
    copy = shop.photos / "b.png"
    copy.write_bytes(path.read_bytes())
    table.write_text(f"image,product\n{path},p1\n{copy},p2\n")
    assert shop.index(open_source(table), options).counts == Counts(seen=2, duplicate=1, unchanged=1)
    assert [row[1:] for row in regions(shop)[:2]] == [row[1:] for row in regions(shop)[2:]]
    assert len(regions(shop)) == 4


def test_a_space_may_refuse_a_region_which_stays_searchable_in_the_others(shop: Shop) -> None:
    shop.extractors["palette"] = Refusing(shop.palette.inner)
    photo(shop, "a.png", (RED, (20, 10, 20, 30)))
    photo(shop, "b.png", (BLUE, (20, 10, 20, 30)))
    photo(shop, "c.png", (GREEN, (20, 10, 20, 30)))
    options = finding(ByColour())
    report = shop.index(options=options)
    assert (report.counts, report.refused) == (Counts(seen=3, indexed=3), {"palette": 1})
    assert shop.index(options=options).counts == Counts(seen=3, unchanged=3)
    assert [(Path(line.path).name, line.reason) for line in ledger.refusals(shop.store)] == [("b.png", "palette: blue")]
    red = {"colour": colours_of(RED), "palette": shop.vector("a.png", "palette")}
    reader = Reader(shop.store)
    fused = search(reader, Query(red, k=5))
    assert Path(fused.hits[0].image).name == "a.png"
    assert (fused.matched, {Path(hit.image).name for hit in fused.hits}) == (3, {"a.png", "b.png", "c.png"})
    assert {Path(hit.image).name: sorted(hit.scores) for hit in fused.hits}["b.png"] == ["colour"]
    alone = search(reader, Query({"palette": red["palette"]}, k=5))
    assert {Path(hit.image).name for hit in alone.hits} == {"a.png", "c.png"}


def test_a_photo_that_every_space_refuses_fails_with_the_reason(shop: Shop) -> None:
    shop.extractors = {"palette": Refusing(shop.palette.inner)}
    photo(shop, "a.png", (BLUE, (20, 10, 20, 30)))
    assert shop.index(options=finding(ByColour())).counts == Counts(seen=1, failed=1)
    assert shop.ledger()["a.png"] == ("failed", "no vectors: blue")


def test_a_space_that_comes_later_may_refuse_too(shop: Shop) -> None:
    photo(shop, "a.png", (RED, (20, 5, 20, 20)), (BLUE, (20, 30, 25, 45)))
    both = {"colour": shop.colour, "palette": Refusing(shop.palette.inner)}
    options = finding(ByColour(several=True))
    shop.extractors = {"colour": shop.colour}
    shop.index(options=options)
    shop.extractors = dict(both)
    report = shop.index(options=options)
    assert (report.counts, report.refused) == (Counts(seen=1, indexed=1), {"palette": 1})
    snapshot = Reader(shop.store).snapshot()
    assert (len(snapshot.vectors("colour")), len(snapshot.vectors("palette"))) == (2, 1)
    assert shop.index(options=options).counts == Counts(seen=1, unchanged=1)


def test_what_a_space_refused_is_forgotten_with_the_image_or_the_space(shop: Shop) -> None:
    shop.extractors["palette"] = Refusing(shop.palette.inner)
    path = photo(shop, "a.png", (BLUE, (20, 10, 20, 30)))
    shop.index(options=finding(ByColour()))
    assert len(ledger.refusals(shop.store)) == 1
    photo(shop, path.name, (RED, (20, 10, 20, 30)))
    shop.index(options=finding(ByColour()))
    assert ledger.refusals(shop.store) == []
    with writing(shop.store) as writer:
        compact(writer, everything=True)
        with writer.database.read() as connection:
            assert connection.execute(select(schema.refusal)).all() == []


def test_a_finder_that_sees_another_number_of_garments_later_starts_the_photo_anew(shop: Shop) -> None:
    photo(shop, "a.png", (RED, (20, 5, 20, 20)), (BLUE, (20, 30, 25, 45)))
    shop.extractors = {"colour": shop.colour}
    shop.index(options=finding(ByColour(several=True)))
    shop.extractors["palette"] = shop.palette
    one = ByColour()  # the same fingerprint, as on another device
    assert shop.index(options=finding(one)).counts == Counts(seen=1, indexed=1)
    assert len(regions(shop)) == 1


def test_vectors_lost_of_one_garment_of_a_photo_come_back_once(shop: Shop) -> None:
    """The other garment of the photo, whose vectors lie in another shard, keeps its own."""
    photo(shop, "a.png", (RED, (20, 5, 20, 20)), (BLUE, (20, 30, 25, 45)))
    shop.extractors["palette"] = Refusing(shop.palette.inner)
    options = finding(ByColour(several=True))
    shop.index(options=options)
    # Now the second garment gains its vector, in a shard of its own: that one is broken.
    with writing(shop.store) as writer, writer.change() as connection:
        connection.execute(schema.refusal.delete())
        connection.execute(schema.image.update().values(spaces="1"))
    shop.extractors["palette"] = Counting(shop.palette.inner)
    shop.index(options=options)
    with shop.store.database.read() as connection:
        shards = connection.execute(
            select(schema.shard.c.name).where(schema.shard.c.space_id == 2, schema.shard.c.removed.is_(None))
        ).scalars()
        last = list(shards)[-1]
    (shop.store.vectors / last).write_bytes(b"broken")
    with writing(shop.store) as writer:
        assert retire_broken(writer, check(shop.store)).reindex == 1
    assert shop.index(options=options).counts == Counts(seen=1, indexed=1)
    assert len(Reader(shop.store).snapshot().vectors("palette")) == 2


def test_a_picture_that_the_finder_cannot_take_fails_alone(shop: Shop) -> None:
    class Choking(ByColour):
        def find_one(self, picture: NDArray[np.uint8]) -> list[Garment]:
            if (picture == BLUE).all(axis=2).any():
                raise RuntimeError("too blue")
            return super().find_one(picture)

    photo(shop, "a.png", (BLUE, (20, 10, 20, 30)))
    photo(shop, "b.png", (RED, (20, 10, 20, 30)))
    assert shop.index(options=finding(Choking())).counts == Counts(seen=2, indexed=1, failed=1)
    assert shop.ledger()["a.png"] == ("failed", "no garments: too blue")


def test_region_counts_are_of_live_regions(shop: Shop) -> None:
    photo(shop, "a.png", (RED, (20, 5, 20, 20)), (BLUE, (20, 30, 25, 45)))
    options = finding(ByColour(several=True))
    shop.index(options=options)
    shop.index(options=replace(options, garments=GarmentStep()))
    assert region_counts(shop.store, [1, 2, 3]) == {2: 1}
