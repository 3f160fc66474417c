"""Which index for how many rows: build time, size, time a query and recall@10 of every kind, against all rows compared.

    python benchmarks/speed/index_kinds.py                          # synthetic rows, some three minutes on two cores
    python benchmarks/speed/index_kinds.py --rows 50000 --dim 128
    python benchmarks/speed/index_kinds.py --photos DIR             # colour histograms of cut-outs of real photos
    python benchmarks/speed/index_kinds.py --vectors rows.npy       # rows of your own, of `houndstooth export`

Times a query are of the processor, on one thread, and only their ratios mean something. Filters: "half" and "5 %" are
random; "far" lets through the 25 % of rows least like the query, where an index that reads a fixed number of cells
finds next to nothing; "plane" the 20 % least like the query and another one together, which lie beyond a plane that
passes near the query, so that cells are cut by it. "at least" is the lower end of Wilson's 95 % interval of recall;
"read" how many rows the cells had that were read, on the mean.
A query that lists do not settle is answered by comparing all rows; its time here is what the lists cost in vain.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import faiss
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.speed.million import lowest
from engine.index import KINDS, VectorIndex
from engine.query import Query
from engine.search import CHUNK_NUMBERS, best_of_groups
from engine.shards import VectorShard
from engine.shortlist import Ground, fuse, search_shortlist
from engine.vectors import SpaceVectors

TOP = 10
OF_PAIRS = 0.0
"""The cosine of random pairs, which a row that a space lacks has there."""


def synthetic(rows: int, dim: int, seed: int) -> np.ndarray:
    """Clusters of unequal size on a few directions of a wide space, float32 (rows, dim), unit length.

    The same seed gives the same cluster to the same row whatever `dim`; real embeddings are of this kind.
    """
    draw = np.random.default_rng(seed)
    centres, inner = 2_000, 24
    middle = draw.normal(size=(centres, inner)).astype(np.float32)
    member = draw.choice(centres, rows, p=draw.dirichlet(np.full(centres, 0.5)))
    spread = np.random.default_rng(seed + dim)
    base = (spread.normal(size=(inner, dim)) / np.sqrt(inner)).astype(np.float32)
    made = np.empty((rows, dim), np.float32)
    for start in range(0, rows, 10_000):
        part = slice(start, start + 10_000)
        count = len(member[part])
        point = middle[member[part]] + 0.5 * spread.standard_normal((count, inner), dtype=np.float32)
        made[part] = point @ base + 0.15 * spread.standard_normal((count, dim), dtype=np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def cut_outs(folder: Path, rows: int, seed: int) -> np.ndarray:
    """Square roots of 8x8x8 colour histograms of random rectangles of real photos, float32 (rows, 512)."""
    from PIL import Image

    draw = np.random.default_rng(seed)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not paths:
        raise SystemExit(f"no photos in {folder}")
    each = -(-rows // len(paths))
    made = np.empty((each * len(paths), 512), np.float32)
    for number, path in enumerate(paths):
        with Image.open(path) as picture:
            picture.draft("RGB", (160, 160))
            pixels = np.asarray(picture.convert("RGB").resize((120, 160)), dtype=np.int64) // 32
        bins = pixels[..., 0] * 64 + pixels[..., 1] * 8 + pixels[..., 2]
        for cut in range(each):
            height, width = draw.integers(40, 161), draw.integers(30, 121)
            top, left = draw.integers(0, 161 - height), draw.integers(0, 121 - width)
            counts = np.bincount(bins[top : top + height, left : left + width].ravel(), minlength=512)
            made[number * each + cut] = np.sqrt(counts / counts.sum())
    return made[draw.permutation(len(made))[:rows]]


def as_space(rows: np.ndarray, every: int = 1) -> SpaceVectors:
    """Rows as the catalog keeps them, ids from 1; every: only each so manieth has a row."""
    ids = np.arange(1, len(rows) + 1, every, dtype=np.int64)
    return SpaceVectors(rows.shape[1], [VectorShard(ids, rows[::every].astype(np.float16))])


def cosines(space: SpaceVectors, ids: np.ndarray, query: np.ndarray) -> np.ndarray:
    """As engine.search does it; OF_PAIRS where an id has no row."""
    has = space.has(ids)
    found = np.full(len(ids), OF_PAIRS, np.float32)
    if has.any():
        found[has] = np.concatenate(
            [
                np.vecdot(part, query) / np.sqrt(np.vecdot(part, part))
                for _, part in space.chunks(ids if has.all() else ids[has], CHUNK_NUMBERS // space.dim)
            ]
        )
    return found


def filters(space: SpaceVectors, query: np.ndarray, other: np.ndarray, number: int) -> Iterator[tuple[str, np.ndarray]]:
    """Name and allowed ids, ascending."""
    draw = np.random.default_rng(number)
    yield "all", space.ids
    yield "half", space.ids[draw.random(len(space)) < 0.5]
    yield "5 %", space.ids[draw.random(len(space)) < 0.05]
    rough = cosines(space, space.ids, query)
    yield "far", space.ids[rough <= np.quantile(rough, 0.25)]
    both = rough + cosines(space, space.ids, other)
    yield "plane", space.ids[both <= np.quantile(both, 0.2)]


Spaces = dict[str, SpaceVectors]
Indexes = dict[str, VectorIndex]


def run_queries(spaces: Spaces, queries: dict[str, np.ndarray], candidates: dict[str, Indexes]) -> dict[str, list]:
    """filter -> [rows, seconds of all rows compared, {kind: (seconds, recall, queries settled, rows read)}]."""
    gathered: dict[str, list] = {}
    shares = {name: 1 / len(spaces) for name in spaces}
    first = next(iter(spaces))
    count = len(queries[first])
    for number in range(count):
        query = Query({name: rows[number] for name, rows in queries.items()}, k=TOP)
        other = queries[first][(number + 7) % count]
        for label, allowed in filters(spaces[first], query.vectors[first], other, number):
            started = time.process_time()
            scores = fuse({name: cosines(spaces[name], allowed, query.vectors[name]) for name in spaces}, shares)
            truth = allowed[best_of_groups(scores, allowed, TOP)]
            entry = gathered.setdefault(label, [len(allowed), 0.0, {kind: [0.0, 0.0, 0, 0] for kind in candidates}])
            entry[1] += (time.process_time() - started) / count
            for kind, indexes in candidates.items():
                lacking = {name: (~space.has(allowed), OF_PAIRS) for name, space in spaces.items()}
                started = time.process_time()
                found = search_shortlist(
                    Ground.of(allowed, indexes, lacking),
                    query,
                    shares,
                    indexes,
                    lambda name, ids, query=query: cosines(spaces[name], ids, query.vectors[name]),
                    lambda ids, scores, count: best_of_groups(scores, ids, count),
                )
                figures = entry[2][kind]
                figures[0] += (time.process_time() - started) / count
                if found is not None:
                    figures[1] += len(np.intersect1d(found.ids, truth)) / TOP
                    figures[2] += 1
                    figures[3] += found.compared
    return gathered


def print_table(title: str, gathered: dict[str, list], count: int) -> None:
    """One line a filter and kind."""
    print(f"\n{title}\nfilter       rows  kind         ms a query  of exact  recall@10  at least  settled      read")
    for label, (rows, exact, kinds) in gathered.items():
        print(f"{label:8} {rows:8,}  {'all rows':12} {exact * 1e3:10.1f} {1:9.2f} {1:10.3f} {'':>9} {'':>8}")
        for kind, (seconds, recall, settled, read) in kinds.items():
            mean = recall / settled if settled else 0
            told = f"{mean:10.3f} {lowest(mean, TOP * settled):9.3f}" if settled else f"{'-':>10} {'-':>9}"
            print(
                f"{'':8} {'':8}  {kind:12} {seconds * 1e3:10.1f} {seconds / exact:9.2f} {told} {settled / count:8.0%} "
                f"{read / settled if settled else 0:9,.0f}",
                flush=True,
            )


def timed(what: Callable[[], object]) -> float:
    """Seconds."""
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--dim", type=int, default=256)
    options.add_argument("--photos", type=Path)
    options.add_argument("--vectors", type=Path, help="a .npy of unit rows; some of them, drawn by the seed, ask")
    options.add_argument("--queries", type=int, default=40)
    options.add_argument("--kind", choices=KINDS, action="append", help="by default all")
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    faiss.omp_set_num_threads(1)
    names = {"one": asked.dim, "two": asked.dim // 2}
    if asked.vectors:
        rows = np.load(asked.vectors).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        drawn = {"one": rows[np.random.default_rng(asked.seed).permutation(len(rows))]}
    elif asked.photos:
        drawn = {"one": cut_outs(asked.photos, asked.rows + asked.queries, asked.seed)}
    else:
        drawn = {name: synthetic(asked.rows + asked.queries, dim, asked.seed) for name, dim in names.items()}
    spaces = {name: as_space(rows[: -asked.queries]) for name, rows in drawn.items()}
    queries = {name: rows[-asked.queries :] for name, rows in drawn.items()}
    if len(spaces) > 1:
        spaces["half"], queries["half"] = as_space(drawn["two"][: -asked.queries], every=2), queries["two"]
    del drawn
    candidates: dict[str, Indexes] = {}
    print(f"{'kind':12} {'space':6} {'build s':>8} {'bytes a row':>12} {'open ms':>8}")
    for kind in asked.kind or KINDS:
        candidates[kind] = {}
        for name, space in spaces.items():
            started = time.perf_counter()
            candidates[kind][name] = VectorIndex.build(space, kind, asked.seed)
            built, data = time.perf_counter() - started, candidates[kind][name].to_bytes()
            opened = timed(lambda data=data: VectorIndex.read(io.BytesIO(data))) * 1e3
            print(f"{kind:12} {name:6} {built:8.1f} {len(data) / len(space):12.0f} {opened:8.0f}", flush=True)
    for used in (["one"], ["one", "two"], ["one", "half"]) if len(spaces) > 1 else (["one"],):
        some = {kind: {name: indexes[name] for name in used} for kind, indexes in candidates.items()}
        found = run_queries({n: spaces[n] for n in used}, {n: queries[n] for n in used}, some)
        sizes = " + ".join(str(spaces[name].dim) for name in used)
        gaps = ", every second without the latter" if "half" in used else ""
        print_table(f"{len(spaces['one']):,} rows of {sizes} numbers{gaps}", found, asked.queries)


if __name__ == "__main__":
    main()
