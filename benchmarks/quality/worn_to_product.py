"""Find this product: a photo of a garment worn, asked of the shop's photos of some 400 garments.

    python benchmarks/quality/worn_to_product.py --data DATA
    python benchmarks/quality/worn_to_product.py --data DATA --masks automatic --format json

The photos of `worn-to-product/product` are indexed into a catalog; each of `worn-to-product/worn` is one query, and one
product is right. Pairs that are a copy of another, byte by byte, are left out. recall@k: the share of queries whose
product is among the first k hits. With three kinds of mask:

    none        every photo whole
    true        worn: the upper body's clothes of the label maps in `parse`; product: all but the plain background
    automatic   what `--garments deeplab` finds, on both sides, told nothing about the garment

Each space alone, spaces with equal say, with the weights that they come with, and with the best fixed weights: chosen
by the mean reciprocal rank of the queries of one half of the products (by a hash of the product's id), reported, like
all else, on the queries of the other. All products are searched in either case. Scores are the engine's own: cosines,
each space's on the scale of its random pairs. 95 % intervals are bootstraps over queries. `--queries all` reports on
both halves; chosen weights then flatter.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import numpy as np
from metrics import Interval, bootstrap
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from sqlalchemy import select

from engine import schema
from engine.query import Query
from engine.scale import mean_of, spread_of
from engine.search import cosines, search, search_many
from houndstooth import Catalog
from houndstooth.asking import Photo
from houndstooth.extractors import DEFAULT_SPACES, Extractors
from houndstooth.garments import Garments
from indexer.decode import decode
from indexer.picture import Picture

GARMENTS = {"none": "none", "true": "given", "automatic": "deeplab"}
"""Kind of mask -> how the catalog tells garments."""
UPPER_BODY = (5, 6, 7)
"""Upper clothes, dress and coat in the numbering of LIP (Gong et al., CVPR 2017): what all of these pairs show."""
PLAIN = 4
"""Levels in any channel by which the plain background of a shop's photo may differ from the median of its border."""
AT = (1, 5, 10, 20)
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
"""What is tried for every space; what only scales all of them is tried once."""

Masks = list[NDArray[np.bool_] | None]
Weights = dict[str, float]


@dataclass(frozen=True)
class Pair:
    """A garment worn and its shop's photo. parse: label map of the worn photo. chosen_on: in the half of choosing."""

    product: str
    worn: Path
    shop: Path
    parse: Path

    @property
    def chosen_on(self) -> bool:
        """Whether weights are chosen on it: decided by a hash of the product's id, and by nothing else."""
        return crc32(self.product.encode()) % 2 == 0


def read_pairs(data: Path, limit: int | None = None) -> list[Pair]:
    """The pairs of `data/worn-to-product/pairs.csv`, or the first of them, in its order, copies left out."""
    root = data / "worn-to-product"
    with (root / "pairs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:limit]
    pairs: dict[bytes, Pair] = {}
    for row in rows:
        pair = Pair(row["product_id"], root / row["worn"], root / row["product"], root / row["parse"])
        pairs.setdefault(pair.shop.read_bytes(), pair)
    return list(pairs.values())


def worn_masks(pairs: Sequence[Pair]) -> Masks:
    """The upper body's clothes by the label maps; None where a map has none."""
    masks = [np.isin(np.asarray(Image.open(pair.parse)), UPPER_BODY) for pair in pairs]
    return [mask if mask.any() else None for mask in masks]


def shop_masks(pairs: Sequence[Pair]) -> Masks:
    """All but the plain background of the shop's photos."""
    return [foreground(decode(pair.shop.read_bytes()).rgb) for pair in pairs]


def foreground(rgb: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """What stands before a plain ground: the large parts not connected to the border by its colour, without holes.

    None when nothing does.
    """
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    plain = (np.abs(rgb.astype(np.int16) - np.median(border, axis=0)) <= PLAIN).all(axis=2)
    parts, _ = ndimage.label(plain)
    outside = np.isin(parts, np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))) & plain
    parts, count = ndimage.label(ndimage.binary_opening(~outside))
    if not count:
        return None
    sizes = np.bincount(parts.ravel())[1:]
    kept = np.flatnonzero(sizes > sizes.max() / 10) + 1
    found: NDArray[np.bool_] = ndimage.binary_fill_holes(np.isin(parts, kept))
    return found


def masks_of(kind: str, pairs: Sequence[Pair]) -> tuple[Masks, Masks]:
    """Masks to give with the worn photos and with the shop's."""
    return (worn_masks(pairs), shop_masks(pairs)) if kind == "true" else ([None] * len(pairs), [None] * len(pairs))


def saved(masks: Masks, pairs: Sequence[Pair], folder: Path) -> list[Path | None]:
    """Masks as pictures; None stays None."""
    folder.mkdir()
    files: list[Path | None] = []
    for pair, mask in zip(pairs, masks, strict=True):
        file = folder / f"{pair.product}.png"
        if mask is not None:
            Image.fromarray(mask).save(file)
        files.append(None if mask is None else file)
    return files


def catalog_of(
    pairs: Sequence[Pair], kind: str, masks: Sequence[Path | None], spaces: Sequence[str], folder: Path
) -> Catalog:
    """The shop's photos indexed, with masks of this kind; `masks` are those to give."""
    table = folder / "products.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "product", "mask"])
        writer.writerows([pair.shop, pair.product, mask or ""] for pair, mask in zip(pairs, masks, strict=True))
    catalog = Catalog(folder / "shop.catalog", create=True)
    report = catalog.index(table, spaces=spaces, garments=GARMENTS[kind])
    if report.counts.indexed != len(pairs):
        raise SystemExit(f"of {len(pairs)} photos {report.counts.indexed} were indexed: {report.counts}")
    return catalog


def pictures_of(catalog: Catalog, pairs: Sequence[Pair], masks: Sequence[Path | None]) -> list[Picture]:
    """The worn photos as the catalog looks at a photo asked with, or with the mask given."""
    garments, nowhere = Garments(catalog.store), np.empty(0, np.int64)
    return [
        Photo(str(pair.worn), pair.worn.read_bytes(), nowhere, mask.read_bytes() if mask else None, garments).picture
        for pair, mask in zip(pairs, masks, strict=True)
    ]


def queries_of(catalog: Catalog, pictures: Sequence[Picture]) -> list[Query]:
    """Pictures as queries, with a vector in every space of the catalog that takes them."""
    vectors: list[dict[str, NDArray[np.float32]]] = [{} for _ in pictures]
    for name, space in catalog.reader.snapshot().spaces.items():
        extractor = Extractors(catalog.store).of(space)
        taken = [place for place, why in enumerate(extractor.refuse(pictures)) if why is None]
        if taken:
            for place, row in zip(taken, extractor.extract([pictures[place] for place in taken]), strict=True):
                vectors[place][name] = row
    return [Query(each) for each in vectors]


def recall(catalog: Catalog, pairs: Sequence[Pair], queries: Sequence[Query], weights: Weights) -> NDArray[np.bool_]:
    """Whether the engine has the right product among its first AT hits: (queries, len(AT))."""
    asked: dict[int, Query] = {}
    for place, query in enumerate(queries):
        say = {name: weight for name, weight in weights.items() if weight > 0 and name in query.vectors}
        if say:
            vectors = {name: query.vectors[name] for name in say}
            asked[place] = replace(query, vectors=vectors, weights=say, k=max(AT))
    found = np.zeros((len(pairs), len(AT)), np.bool_)
    for place, results in zip(asked, search_many(catalog.reader, list(asked.values())), strict=True):
        hits = [hit.product for hit in results.hits]
        found[place] = [pairs[place].product in hits[:k] for k in AT]
    return found


def on_one_scale(catalog: Catalog, queries: Sequence[Query]) -> dict[str, NDArray[np.float64]]:
    """By space, cosines of queries and products over the spread of random pairs, (queries, products) by region id.

    A pair of which one has no vector counts as a random pair, as in the engine.
    """
    snapshot = catalog.reader.snapshot()
    scores = {}
    for name in snapshot.spaces:
        ids = snapshot.region_ids
        has = snapshot.vectors(name).has(ids)
        scores[name] = np.full((len(queries), len(ids)), mean_of(snapshot, name))
        for row, query in zip(scores[name], queries, strict=True):
            if name in query.vectors:
                row[has] = cosines(snapshot, name, ids[has], query.vectors[name])
        scores[name] /= spread_of(snapshot, name)
    return scores


def choose_weights(catalog: Catalog, pairs: Sequence[Pair], queries: Sequence[Query]) -> Weights:
    """The weights with the best mean reciprocal rank on the pairs to choose on, the largest weight 1."""
    chosen = [(pair, query) for pair, query in zip(pairs, queries, strict=True) if pair.chosen_on]
    scores = on_one_scale(catalog, [query for _, query in chosen])
    place = _places(catalog, pairs)
    right = np.array([place[pair.product] for pair, _ in chosen])
    names = sorted(scores)
    best, best_mean = dict.fromkeys(names, 1.0), -1.0
    for weights in itertools.product(WEIGHTS, repeat=len(names)):
        if max(weights) != 1:
            continue
        total = np.sum([weight * scores[name] for name, weight in zip(names, weights, strict=True) if weight], axis=0)
        own = total[np.arange(len(right)), right][:, None]
        # Half of those that tie come before: a space that knows nothing of a photo puts all products on one place.
        before = (total > own).sum(axis=1) + ((total == own).sum(axis=1) - 1) / 2
        mean = float((1 / (1 + before)).mean())
        if mean > best_mean:
            best, best_mean = dict(zip(names, weights, strict=True)), mean
    return best


def _places(catalog: Catalog, pairs: Sequence[Pair]) -> dict[str, int]:
    """Of each product the place of its one region in the snapshot's ids."""
    snapshot = catalog.reader.snapshot()
    name = next(iter(snapshot.spaces))
    row = np.zeros(snapshot.space(name).dim, np.float32)
    row[0] = 1
    hits = search(catalog.reader, Query({name: row}, k=len(pairs))).hits
    return {hit.product: int(np.searchsorted(snapshot.region_ids, hit.region_id)) for hit in hits}


@dataclass(frozen=True)
class Row:
    """One line of the table. masked: shares of products and of queries that have a mask. recall: at each of AT."""

    masks: str
    way: str
    weights: Weights
    masked: tuple[float, float]
    recall: tuple[Interval, ...]


def measure(
    pairs: Sequence[Pair], kind: str, spaces: Sequence[str], everything: bool, tell: Callable[[str], None]
) -> list[Row]:
    """Every way of asking with one kind of mask."""
    begun = time.monotonic()
    worn, shop = masks_of(kind, pairs)
    with TemporaryDirectory() as name:
        folder = Path(name)
        catalog = catalog_of(pairs, kind, saved(shop, pairs, folder / "shop"), spaces, folder)
        pictures = pictures_of(catalog, pairs, saved(worn, pairs, folder / "worn"))
        queries = queries_of(catalog, pictures)
        shares = (masked_share(catalog), float(np.mean([picture.mask is not None for picture in pictures])))
        tell(f"masks {kind}: {shares[0]:.3f} of the products and {shares[1]:.3f} of the queries have one")
        ways = ways_to_ask(catalog, pairs, queries)
        rows = []
        told = [(pair, query) for pair, query in zip(pairs, queries, strict=True) if everything or not pair.chosen_on]
        for way, weights in ways.items():
            found = recall(catalog, [pair for pair, _ in told], [query for _, query in told], weights)
            intervals = tuple(bootstrap(column.astype(float), np.arange(len(told))) for column in found.T)
            rows.append(Row(kind, way, weights, shares, intervals))
        tell(f"masks {kind}: {time.monotonic() - begun:.0f} s")
    return rows


def masked_share(catalog: Catalog) -> float:
    """The share of the catalog's regions that are a garment's mask."""
    with catalog.store.database.read() as connection:
        return float(np.mean(connection.execute(select(schema.region.c.masked)).scalars().all()))


def ways_to_ask(catalog: Catalog, pairs: Sequence[Pair], queries: Sequence[Query]) -> dict[str, Weights]:
    """Each space alone, all with equal say, with the weights that they come with, and with those chosen."""
    spaces = catalog.reader.snapshot().spaces
    ways: dict[str, Weights] = {name: {name: 1.0} for name in spaces}
    ways["equal"] = dict.fromkeys(spaces, 1.0)
    ways["as shipped"] = {name: space.weight for name, space in spaces.items() if space.weight > 0}
    ways["chosen"] = choose_weights(catalog, pairs, queries)
    return ways


def as_table(rows: Sequence[Row]) -> str:
    """One line a way of asking."""
    lines = [f"{'masks':10s} {'way':12s}" + "".join(f"{f'recall@{k}':>23s}" for k in AT) + "  weights"]
    for row in rows:
        cells = "".join(f"{each.mean:8.3f} ({each.low:.3f}-{each.high:.3f})" for each in row.recall)
        lines.append(f"{row.masks:10s} {row.way:12s}{cells}  {_as_text(row.weights)}")
    return "\n".join(lines)


def _as_text(weights: Mapping[str, float]) -> str:
    return " ".join(f"{name}={weight:g}" for name, weight in weights.items() if weight)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    home = os.environ.get("HOUNDSTOOTH_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(home) if home else None,
        required=not home,
        help="folder with worn-to-product/ (docs/data.md); default: $HOUNDSTOOTH_DATA",
    )
    parser.add_argument("--masks", default=",".join(GARMENTS), help=f"some of {', '.join(GARMENTS)}")
    parser.add_argument("--spaces", default=",".join(DEFAULT_SPACES), help="names of spaces")
    parser.add_argument("--queries", choices=("held-out", "all"), default="held-out")
    parser.add_argument("--pairs", type=int, default=None, help="only the first so many pairs")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    kinds = asked.masks.split(",")
    if unknown := [kind for kind in kinds if kind not in GARMENTS]:
        parser.error(f"--masks takes {', '.join(GARMENTS)}, not {', '.join(unknown)}")
    pairs = read_pairs(asked.data.resolve(), asked.pairs)
    everything = asked.queries == "all"
    tell = print if asked.format == "table" else (lambda line: None)
    rows = [row for kind in kinds for row in measure(pairs, kind, asked.spaces.split(","), everything, tell)]
    asking = sum(everything or not pair.chosen_on for pair in pairs)
    if asked.format == "json":
        print(json.dumps({"products": len(pairs), "queries": asking, "rows": [asdict(row) for row in rows]}))
        return
    print(as_table(rows))
    print(f"{len(pairs)} products, {asking} queries ({asked.queries}); weights chosen on the other half's queries")


if __name__ == "__main__":
    main()
