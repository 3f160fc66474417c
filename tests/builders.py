"""Small catalogs made by hand, for tests of what reads them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.attributes import AttributeType, AttributeValue
from engine.batch import Batch, Counts, Entry, NewImage, NewRegion, Predicted
from engine.store import Store
from engine.writer import SpaceSpec, writing


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
        spaces = writer.use_spaces([spec(name, values.shape[1]) for name, values in rows.items()])
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
