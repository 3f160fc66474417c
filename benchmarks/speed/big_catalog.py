"""A catalog of a million drawn products, written through the catalog's own writer, for the benchmarks of its size.

    python benchmarks/speed/big_catalog.py CATALOG [--rows 1000000] [--dim 512]

Vectors are a mixture of Gaussians (`Mixture`); each product has one image with one region. Attributes: `category`,
`price`, `cluster` (which Gaussian) and `chance` (uniform in [0, 1)) are given to products; `maxi` is predicted for
regions, and given for a tenth of the products. Thumbnails are left empty: no search reads them.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[2]))

from engine.batch import Batch, Counts, Entry, NewImage, NewRegion, Predicted
from engine.compaction import compact
from engine.scale import update_scales
from engine.spaces import SpaceSpec, use_spaces
from engine.store import Store
from engine.writer import writing

CLUSTERS, INNER = 1_000, 48
BATCH_ROWS = 8_192
SPACE = "shape"
CATEGORIES = (
    "dress", "t-shirt", "pants", "skirt", "shirt", "shoes", "coat", "hat", "shorts", "jumper", "bag", "swimwear",
)  # fmt: skip


class Mixture:
    """Gaussians of unequal size around centres of a wide space, each long in 48 directions that all share.

    Every row is a centre + 48 numbers of falling variance along shared directions + noise in all dimensions, brought
    to unit length. The same seed gives the same centres, so that queries can be drawn of the rows' own kind.
    """

    def __init__(self, dim: int, seed: int, clusters: int = CLUSTERS) -> None:
        draw = np.random.default_rng([seed, dim])
        self.dim = dim
        self.centres = (draw.normal(size=(clusters, dim)) / np.sqrt(dim)).astype(np.float32)
        long = np.linspace(1.0, 0.2, INNER)[:, None] / np.sqrt(INNER)
        self._inner = (long * draw.normal(size=(INNER, dim)) / np.sqrt(dim)).astype(np.float32)
        self._shares = draw.dirichlet(np.full(clusters, 2.0))

    def draw(self, rows: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Unit rows, float32 (rows, dim), and the cluster of each, int64 (rows,)."""
        member = draw.choice(len(self.centres), rows, p=self._shares)
        made = draw.standard_normal((rows, INNER), dtype=np.float32) @ self._inner
        made += self.centres[member]
        made += np.float32(0.3 / np.sqrt(self.dim)) * draw.standard_normal((rows, self.dim), dtype=np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True), member


def batches(mixture: Mixture, rows: int, seed: int) -> Iterator[Batch]:
    """All products, a batch at a time."""
    draw = np.random.default_rng([seed, 1])
    odds = 1 / np.arange(1, len(CATEGORIES) + 1)
    for first in range(0, rows, BATCH_ROWS):
        count = min(BATCH_ROWS, rows - first)
        vectors, member = mixture.draw(count, draw)
        category = draw.choice(len(CATEGORIES), count, p=odds / odds.sum())
        price, chance = draw.lognormal(3.5, 0.8, count).round(2), draw.random(count)
        maxi, sure = draw.random(count) < 0.3, draw.uniform(0.5, 1, count)
        batch = Batch(
            attribute_types={
                "category": "text", "price": "number", "cluster": "number", "chance": "number", "maxi": "boolean",
            }
        )  # fmt: skip
        for row in range(count):
            name = f"p{first + row:07d}"
            path = f"/photos/{name[:4]}/{name}.jpg"
            predicted = {"maxi": Predicted(bool(maxi[row]), float(sure[row]), "drawn")}
            region = NewRegion({SPACE: vectors[row]}, predicted=predicted)
            digest = hashlib.sha256(path.encode()).digest()
            entry = Entry(path, name, "indexed", bytes=1, mtime_ns=1)
            number = int.from_bytes(digest[:8], "big")
            batch.images.append(NewImage(entry, digest, "", 480, 640, number, b"", [region]))
            batch.products[name] = {
                "category": CATEGORIES[category[row]], "price": float(price[row]), "cluster": float(member[row]),
                "chance": float(chance[row]), **({"maxi": bool(maxi[row])} if row % 10 == 0 else {}),
            }  # fmt: skip
        batch.counts = Counts(seen=count, indexed=count)
        yield batch


def make_catalog(root: Path, rows: int, dim: int, seed: int = 0) -> Store:
    """The catalog at `root`, made unless it is there; without an index. Raises SystemExit when it has other rows."""
    if (root / "catalog.db").is_file():
        return _same(Store.open(root), rows, dim)
    store = Store.create(root)
    spec = SpaceSpec(SPACE, dim, "d" * 16, {}, 1.0, "shape", {})
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec])
        run = writer.start_run("index", "drawn")
        with tqdm(total=rows, desc="drawing products", disable=None) as bar:
            for batch in batches(Mixture(dim, seed), rows, seed):
                writer.commit(batch, run, spaces)
                bar.update(len(batch.images))
        compact(writer, grace=0.0)  # as at the end of every run of `houndstooth index`
        writer.finish_run(run)
        update_scales(writer)
    return store


def _same(store: Store, rows: int, dim: int) -> Store:
    from engine.snapshot import Reader

    vectors = Reader(store).snapshot().vectors(SPACE)
    if (len(vectors), vectors.dim) != (rows, dim):
        raise SystemExit(f"{store.root} has {len(vectors):,} rows of {vectors.dim}: name another folder")
    return store


def main() -> None:
    """Make the catalog."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("catalog", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=512)
    asked = parser.parse_args()
    make_catalog(asked.catalog, asked.rows, asked.dim)


if __name__ == "__main__":
    main()
