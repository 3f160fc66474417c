"""What a repair strikes from the record, against plain loops over the database and the files that are left."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
from builders import new_image, spec, unit_rows

from engine.batch import Batch, Counts, NewRegion
from engine.checks import check
from engine.removal import remove
from engine.repair import retire_broken
from engine.shards import open_thumbnails, open_vectors
from engine.spaces import use_spaces
from engine.store import Store
from engine.writer import writing

SHARDS, EACH, DIM = 12, 5, 4
SPACES = ("colour", "pattern", "vgg")


def region(spaces: list[str], draw: np.random.Generator) -> NewRegion:
    """With a vector in each of the spaces, or refused by it; never by the last."""
    refused = {name: "too small" for name in spaces[:-1] if draw.random() < 0.2}
    rows = {name: unit_rows(1, DIM, seed=int(draw.integers(1 << 30)))[0] for name in spaces if name not in refused}
    return NewRegion(rows, refused=refused)


def made(root: Path, draw: np.random.Generator) -> Store:
    """Sixty photos of up to three regions; some lack a space, some refused it, some are removed."""
    store = Store.create(root)
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec(name, DIM, name[0] * 16) for name in SPACES])
        run = writer.start_run("index", "test")
        for shard in range(SHARDS):
            batch = Batch()
            for number in range(EACH):
                has = [name for name in SPACES if name == "vgg" or draw.random() < 0.8]
                regions = [region(has, draw) for _ in range(draw.integers(1, 4))]
                image = replace(new_image(f"p{shard * EACH + number}", {}), regions=regions)
                batch.images.append(image)
                batch.products[image.entry.product] = {}
            batch.counts = Counts(seen=EACH, indexed=EACH)
            writer.commit(batch, run, spaces)
        writer.finish_run(run)
    remove(store, [3, 17, 18], "some")
    return store


def told(store: Store) -> dict[int, set[int]]:
    with sqlite3.connect(store.database_path) as connection:
        rows = connection.execute("SELECT id, spaces FROM image WHERE removed IS NULL").fetchall()
    return {number: {int(space) for space in text.split(",") if space} for number, text in rows}


def test_images_lose_the_spaces_whose_vectors_are_gone_and_no_others(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    store = made(tmp_path / "shop.catalog", draw)
    before = told(store)
    with sqlite3.connect(store.database_path) as connection:
        shards = connection.execute("SELECT name, space_id FROM shard").fetchall()
        regions = connection.execute("SELECT id, image_id FROM region WHERE removed IS NULL").fetchall()
        refused = set(connection.execute("SELECT region_id, space_id FROM refusal").fetchall())
    for name, space in draw.permutation(np.array(shards, dtype=object))[:15]:
        ((store.thumbnails if space is None else store.vectors) / name).unlink()
    with writing(store) as writer:
        report = retire_broken(writer, check(store))

    left: dict[int, set[int]] = {}
    pictures: set[int] = set()
    for name, space in shards:
        path = (store.thumbnails if space is None else store.vectors) / name
        if path.exists() and space is None:
            pictures |= set(open_thumbnails(path).ids.tolist())
        elif path.exists():
            left.setdefault(space, set()).update(open_vectors(path).ids.tolist())
    wanted = {image: set(spaces) for image, spaces in before.items()}
    for region, image in regions:
        wanted[image] = {one for one in wanted[image] if region in left.get(one, ()) or (region, one) in refused}
    assert told(store) == wanted and wanted != before
    assert report.retired == 15 and report.reindex == sum(wanted[image] != before[image] for image in before)
    assert report.pictures == tuple(sorted(set(before) - pictures)) and report.pictures
    assert check(store).findings and all(finding.part == "thumbnails" for finding in check(store).findings)
