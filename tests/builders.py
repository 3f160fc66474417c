"""Small catalogs made by hand, for tests of what reads them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select

from engine import schema
from engine.attributes import AttributeType, AttributeValue
from engine.batch import Batch, Counts, Entry, NewImage, NewRegion, Predicted
from engine.checks import check
from engine.repair import retire_broken
from engine.snapshot import Reader, Snapshot
from engine.spaces import SpaceSpec, use_spaces
from engine.store import Store
from engine.writer import writing
from indexer.bulk import IndexOptions, IndexReport, StopRequest, index
from indexer.picture import Picture
from indexer.sources.base import Source
from indexer.sources.open import open_source
from indexer.spaces.base import Extractor
from indexer.spaces.colour import Colour
from indexer.spaces.palette import Palette


def unit_rows(rows: int, dim: int, seed: int = 0) -> NDArray[np.float32]:
    """Random directions, float32 (rows, dim), unit length."""
    made = np.random.default_rng(seed).normal(size=(rows, dim)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def thumbnail(shade: int) -> bytes:
    """A small grey JPEG."""
    out = io.BytesIO()
    Image.new("RGB", (24, 32), (shade % 256, shade % 256, shade % 256)).save(out, "JPEG")
    return out.getvalue()


def new_image(
    product: str,
    vectors: Mapping[str, NDArray[np.float32]],
    path: str | None = None,
    content: str | None = None,
    predicted: Mapping[str, Predicted] | None = None,
) -> NewImage:
    """An image of one region; path and content default to ones that the product's name decides."""
    path = path or f"/photos/{product}.jpg"
    digest = hashlib.sha256((content or path).encode()).digest()
    return NewImage(
        entry=Entry(path, product, "indexed", bytes=1000, mtime_ns=1),
        sha256=digest,
        given="",
        width=480,
        height=640,
        phash=int.from_bytes(digest[:8], "big"),
        thumbnail=thumbnail(digest[0]),
        regions=[NewRegion(vectors, predicted=predicted or {})],
    )


def spec(name: str, dim: int, fingerprint: str = "f" * 16, reads: str = "shape", weight: float = 1.0) -> SpaceSpec:
    """A space as an extractor would declare it."""
    return SpaceSpec(
        name, dim, fingerprint, {}, weight, reads, {"dominant_colour": "text"} if reads == "colour" else {}
    )


def add_products(
    store: Store,
    rows: Mapping[str, NDArray[np.float32]],
    attributes: Sequence[Mapping[str, AttributeValue]] | None = None,
    types: Mapping[str, AttributeType] | None = None,
    first: int = 0,
    batch_rows: int = 100,
) -> None:
    """Products p0, p1, ... (from `first`) of one image each; rows: space name -> vectors (n, dim)."""
    count = len(next(iter(rows.values())))
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec(name, values.shape[1]) for name, values in rows.items()])
        run = writer.start_run("index", "test")
        for start in range(0, count, batch_rows):
            batch = Batch(attribute_types=dict(types or {}))
            for row in range(start, min(start + batch_rows, count)):
                product = f"p{first + row}"
                batch.images.append(new_image(product, {name: values[row] for name, values in rows.items()}))
                batch.products[product] = (attributes or [{}] * count)[row]
            batch.counts = Counts(seen=len(batch.images), indexed=len(batch.images))
            writer.commit(batch, run, spaces)
        writer.finish_run(run)


def make_store(
    root: Path,
    rows: Mapping[str, NDArray[np.float32]],
    attributes: Sequence[Mapping[str, AttributeValue]] | None = None,
    types: Mapping[str, AttributeType] | None = None,
) -> Store:
    """A new catalog with one product a row."""
    store = Store.create(root)
    add_products(store, rows, attributes, types)
    return store


def draw(path: Path, seed: int, size: tuple[int, int] = (12, 16)) -> Path:
    """A photo of blocks of colour that the seed decides; its kind by the suffix. Two seeds give two contents."""
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 3, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST).save(path)
    return path


class Counting(Extractor):
    """A real extractor that counts the pictures it is given and refuses some; `turn` makes another version of it."""

    def __init__(self, inner: Extractor, turn: int = 0) -> None:
        self.inner, self.turn = inner, turn
        self.name, self.dim, self.reads, self.describes = inner.name, inner.dim, inner.reads, inner.describes  # type: ignore[misc]
        self.seen = 0
        self.rejects: Callable[[Picture], bool] = lambda picture: False

    def parameters(self) -> Mapping[str, object]:
        return {**self.inner.parameters(), "turn": self.turn}

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        if any(self.rejects(picture) for picture in pictures):
            raise ValueError("no garment")
        self.seen += len(pictures)
        return np.roll(self.inner.extract(pictures), self.turn, axis=1)

    def describe(self, vectors: NDArray[np.float32]) -> list[dict[str, tuple[AttributeValue, float]]]:
        return self.inner.describe(np.roll(vectors, -self.turn, axis=1))


class Shop:
    """A folder of photos with the catalog it is indexed into; `index` checks what must hold after every run."""

    def __init__(self, root: Path) -> None:
        self.photos = root / "photos"
        self.photos.mkdir()
        self.store = Store.create(root / "shop.catalog")
        self.colour, self.palette = Counting(Colour()), Counting(Palette())
        self.extractors: dict[str, Counting] = {"colour": self.colour, "palette": self.palette}

    def draw(self, name: str, seed: int, size: tuple[int, int] = (12, 16)) -> Path:
        """A photo in the shop's folder."""
        return draw(self.photos / name, seed, size)

    def index(
        self,
        source: Source | None = None,
        options: IndexOptions | None = None,
        progress: Callable[[Counts], None] = lambda counts: None,
        stop: StopRequest | None = None,
    ) -> IndexReport:
        """A run over the source, by default the folder; the totals reconcile and the catalog is whole."""
        for extractor in self.extractors.values():
            extractor.seen = 0
        source = source or open_source(self.photos)
        report = index(self.store, source, self.extractors, options, progress, stop)
        assert report.counts.reconciled, report.counts
        if not report.interrupted:
            assert report.counts.seen == len(source)
        assert self.findings() == []
        with self.store.database.read() as connection:
            run = connection.execute(select(schema.run).where(schema.run.c.id == report.run_id)).one()
        assert Counts(run.seen, run.indexed, run.unchanged, run.duplicate, run.failed, run.problems) == report.counts
        assert (run.finished is None) == report.interrupted
        return report

    def findings(self) -> list[str]:
        """What `check` finds wrong."""
        return [f"{found.subject}: {found.message}" for found in check(self.store).findings]

    def lose_thumbnails(self) -> list[int]:
        """Delete every shard of them; ids of the images that have none any more."""
        for path in self.store.thumbnails.iterdir():
            path.unlink()
        with writing(self.store) as writer:
            return list(retire_broken(writer, check(self.store)).pictures)

    def ledger(self) -> dict[str, tuple[str, str]]:
        """File name -> (state, reason)."""
        with self.store.database.read() as connection:
            rows = connection.execute(select(schema.ledger)).all()
        return {self._short(row.path): (row.state, self._short(row.reason)) for row in rows}

    def live(self) -> list[tuple[str, str]]:
        """(product, file name) of the images in the catalog, sorted."""
        with self.store.database.read() as connection:
            rows = connection.execute(
                select(schema.product.c.key, schema.image.c.path)
                .join(schema.image, schema.image.c.product_id == schema.product.c.id)
                .where(schema.image.c.removed.is_(None))
            )
            return sorted((row.key, self._short(row.path)) for row in rows)

    def vector(self, name: str, space: str = "colour", product: str | None = None) -> NDArray[np.float32]:
        """The stored vector of a photo."""
        return self.region(
            name, product, lambda snapshot, number: snapshot.vectors(space).gather(np.array([number]))[0]
        )

    def attribute(self, name: str, attribute: str, product: str | None = None) -> object:
        """What a filter sees of a photo's attribute; None for nothing."""

        def look(snapshot: Snapshot, number: int) -> object:
            column = snapshot.columns([attribute])[attribute]
            value = column.values[np.flatnonzero(snapshot.region_ids == number)[0]]
            if column.type == "text":
                return column.words[value] if value >= 0 else None
            return None if np.isnan(value) else float(value)

        return self.region(name, product, look)

    def region(self, name: str, product: str | None, look: Callable[[Snapshot, int], Any]) -> Any:
        """What `look` sees of the one live region of a photo."""
        snapshot = Reader(self.store).snapshot(lambda known: known)
        region, image, owner = schema.region, schema.image, schema.product
        with self.store.database.read() as connection:
            rows = connection.execute(
                select(region.c.id, owner.c.key)
                .join(image, image.c.id == region.c.image_id)
                .join(owner, owner.c.id == image.c.product_id)
                .where(region.c.removed.is_(None), image.c.path == (self.photos / name).as_posix())
            ).all()
        found = [row.id for row in rows if product in (None, row.key)]
        assert len(found) == 1, rows
        return look(snapshot, found[0])

    def _short(self, path: str) -> str:
        return path.removeprefix(f"{self.photos.as_posix()}/")
