"""Search in a catalog of a million products: build, memory, queries a second, and every filter, against plain FAISS.

    python benchmarks/speed/million.py                              # draws, writes and indexes the catalog first
    python benchmarks/speed/million.py --catalog DIR                # keeps it there, and uses it again
    python benchmarks/speed/million.py --rows 20000 --dim 64

Rows are a mixture of 1,000 Gaussians in a real catalog (benchmarks/speed/big_catalog.py); queries are other rows of the
same mixture. "random" filters let through a random share of the rows; "near" and "far" the clusters nearest to the
query's own place, or farthest from it, until they hold that share. Recall is against all rows compared, of all queries;
"at least" is the lower end of Wilson's 95 % interval of it, each neighbour counted as one trial. Times are of the first
`--timed` queries. "first" is the whole `search`, from the filter's text to the hits, under a filter never seen before;
"again" the same where it was asked before; "rank" the part of it after the matching set is known and made ready, which
is what the others are given ready-made; "read" how many rows it compared. The others are

    gather   `rows[ids] @ query` on float32 rows in memory (NumPy), which is exact
    flat     FAISS IndexFlatIP with a bitmap, exact
    ivf      FAISS IVF of 8-bit codes with a bitmap: the same index as ours, with the smallest nprobe that has
             recall@10 >= 0.95 without a filter

"rank of fastest" is against the fastest of these three whose recall in that cell is at least 0.99. Times are of the
processor, on one thread (set OMP_NUM_THREADS and OPENBLAS_NUM_THREADS to 1), so that other work on the machine counts
little. Memory is warm: the rows were read once. Only ratios within one run mean anything.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.speed.big_catalog import SPACE, Mixture, make_catalog
from engine import search as engine_search
from engine.filters import parse
from engine.indexes import FLAT_ROWS, open_index, refresh_index
from engine.matches import find_matches, snapshot_for
from engine.query import Query
from engine.snapshot import Reader
from engine.store import Store
from engine.writer import writing

TOP, BATCH, LARGE_BATCH = 10, 64, 1_024
SHARES = (0.5, 0.1, 0.01, 0.001, 0.0001)
GATHERED_ROWS = 200_000  # beyond, copying rows takes longer than passing over the others
KINDS = ("random", "near", "far")


@dataclass
class Cell:
    """What one filter cost, a list of seconds each, and what was found."""

    matched: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)
    recall: dict[str, list[float]] = field(default_factory=dict)
    short: int = 0
    exact: int = 0
    queries: int = 0
    read: list[int] = field(default_factory=list)

    def add(self, name: str, seconds: float, recall: float) -> None:
        """One query."""
        self.seconds.setdefault(name, []).append(seconds)
        self.recall.setdefault(name, []).append(recall)


class Bench:
    """The catalog, opened, and the same rows in the competitors."""

    def __init__(self, store: Store, queries: np.ndarray, mixture: Mixture) -> None:
        self.reader, self.queries, self.mixture = Reader(store), queries, mixture
        self.snapshot = self.reader.snapshot(lambda known: ("cluster", "chance"))
        columns = self.snapshot.columns(("cluster", "chance"))
        self.cluster = columns["cluster"].values.astype(np.int64)
        self.sizes = np.bincount(self.cluster, minlength=len(mixture.centres))
        self.vectors = self.snapshot.vectors(SPACE)
        self.index = open_index(store, self.snapshot.space(SPACE).id)
        self.warm()

    def warm(self) -> None:
        """Read every row once."""
        for _ in self.vectors.chunks():
            pass

    def open_others(self) -> None:
        """Two bytes a number become four: FAISS's Flat. The rows are unit rows but for float16's rounding."""
        self.flat = faiss.IndexFlatIP(self.vectors.dim)
        for _, rows in self.vectors.chunks():
            self.flat.add(rows / np.linalg.norm(rows, axis=1, keepdims=True))
        count = self.flat.ntotal * self.flat.d
        self.rows = faiss.rev_swig_ptr(self.flat.get_xb(), count).reshape(-1, self.flat.d)
        self.scores = self.queries @ self.rows.T

    def where(self, kind: str, share: float, query: np.ndarray) -> str:
        """A filter that lets through that share of the rows."""
        if share == 1:
            return ""
        if kind == "random":
            return f"chance < {share}"
        order = np.argsort(-(self.mixture.centres @ query), kind="stable")
        order = order if kind == "near" else order[::-1]
        held = np.cumsum(self.sizes[order])
        wanted = share * len(self.rows)
        last = int(np.searchsorted(held, wanted))
        listed = ", ".join(map(str, sorted(order[: last + 1].tolist())))
        return f"cluster in ({listed}) and chance < {wanted / held[last]:.9f}"

    def search(self, number: int, where: str) -> tuple[list[float], Any]:
        """Seconds of the whole search, the first time and again, and of ranking alone; and the results."""
        query = Query({SPACE: self.queries[number]}, where=where, k=TOP)
        self.forget()
        first = timed(lambda: engine_search.search(self.reader, query))
        started = time.process_time()
        results = engine_search.search(self.reader, query)
        again = time.process_time() - started
        snapshot, condition = snapshot_for(self.reader, where)
        matches = find_matches(snapshot, query, condition)
        rank = timed(lambda: engine_search.rank(self.reader.store, snapshot, [matches], [query]))
        return [first, again, rank], results

    def forget(self) -> None:
        """All that is kept of filters, as if they had never been asked; columns stay."""
        parse._parsed.cache_clear()
        self.snapshot.matches.clear()

    def best(self, number: int, places: np.ndarray) -> np.ndarray:
        """Row numbers of the true best among places."""
        scores = self.scores[number, places]
        top = np.argpartition(-scores, TOP)[:TOP] if len(places) > TOP else np.arange(len(places))
        return places[top]

    def smallest_nprobe(self, wanted: float) -> int:
        """Of the plain IVF, without a filter; a power of two."""
        probes = 1
        while probes < self.index._index.nlist:
            found = [self.ivf(number, None, probes)[0] for number in range(len(self.queries))]
            everything = np.arange(len(self.rows))
            hits = [len(np.intersect1d(ids, self.best(number, everything))) / TOP for number, ids in enumerate(found)]
            if np.mean(hits) >= wanted:
                return probes
            probes *= 2
        return probes

    def ivf(self, number: int, selector: Any, probes: int) -> tuple[np.ndarray, float]:
        """Row numbers and seconds of the plain IVF."""
        parameters = faiss.SearchParametersIVF(nprobe=probes, sel=selector)
        started = time.process_time()
        _, ids = self.index._index.search(self.queries[number][None], TOP, params=parameters)
        return np.searchsorted(self.vectors.ids, ids[0][ids[0] >= 0]), time.process_time() - started

    def run(self, kind: str, share: float, probes: int, timed_queries: int) -> Cell:
        """One cell."""
        cell = Cell()
        for number in range(len(self.queries)):
            where = self.where(kind, share, self.queries[number])
            seconds, results = self.search(number, where)
            snapshot, condition = snapshot_for(self.reader, where)
            ids = find_matches(snapshot, Query({SPACE: self.queries[number]}), condition).ids
            places = np.searchsorted(self.vectors.ids, ids)
            truth = self.best(number, places)
            cell.queries += 1
            cell.matched += len(ids)
            cell.exact += results.exact
            cell.short += len(results.hits) != min(TOP, len(ids))
            found = np.searchsorted(self.vectors.ids, [hit.region_id for hit in results.hits])
            cell.read.append(results.searched)
            for name, took in zip(("first", "ours", "rank"), seconds, strict=True):
                cell.add(name, took, _recall(found, truth))
            if number < timed_queries:
                self._others(cell, number, ids, places, truth, probes)
        return cell

    def _others(
        self, cell: Cell, number: int, ids: np.ndarray, places: np.ndarray, truth: np.ndarray, probes: int
    ) -> None:
        query = self.queries[number]
        everything = len(places) == len(self.rows)
        if everything or len(places) <= GATHERED_ROWS:
            started = time.process_time()
            scores = (self.rows if everything else self.rows[places]) @ query
            top = np.argpartition(-scores, min(TOP, len(scores) - 1))[:TOP]
            cell.add("gather", time.process_time() - started, _recall(places[top], truth))
        member = np.zeros(len(self.rows), bool)
        member[places] = True
        bits = np.packbits(member, bitorder="little")
        by_place = None if everything else faiss.IDSelectorBitmap(bits)
        started = time.process_time()
        _, found = self.flat.search(query[None], TOP, params=faiss.SearchParameters(sel=by_place))
        cell.add("flat", time.process_time() - started, _recall(found[0], truth))
        member = np.zeros(int(self.vectors.ids[-1]) + 1, bool)
        member[ids] = True
        id_bits = np.packbits(member, bitorder="little")
        found, seconds = self.ivf(number, None if everything else faiss.IDSelectorBitmap(id_bits), probes)
        cell.add("ivf", seconds, _recall(found, truth))


def _recall(found: np.ndarray, truth: np.ndarray) -> float:
    return len(np.intersect1d(found, truth)) / len(truth) if len(truth) else 1.0


def lowest(recall: float, trials: int) -> float:
    """The lower end of Wilson's 95 % interval of a share."""
    z = 1.96
    middle, half = (
        recall + z * z / (2 * trials),
        z * math.sqrt(recall * (1 - recall) / trials + (z / (2 * trials)) ** 2),
    )
    return (middle - half) / (1 + z * z / trials)


def table_row(kind: str, share: float, cell: Cell) -> list[str]:
    """A line of the table of filters."""
    few = len(cell.seconds["flat"])
    middle = {name: statistics.median(seconds[:few]) for name, seconds in cell.seconds.items()}
    recall = {name: statistics.fmean(values) for name, values in cell.recall.items()}
    rivals = {name: middle[name] for name in ("gather", "flat", "ivf") if recall.get(name, 0) >= 0.99}
    fastest = min(rivals, key=lambda name: rivals[name])
    return [
        f"{share:.2%}", kind, f"{cell.matched / cell.queries:,.0f}", f"{recall['ours']:.3f}",
        f"{lowest(recall['ours'], TOP * cell.queries):.3f}", str(cell.short), f"{cell.exact}/{cell.queries}",
        f"{statistics.fmean(cell.read):,.0f}",
        *(f"{middle[name] * 1e3:.1f}" for name in ("first", "ours", "rank")),
        f"{middle['gather'] * 1e3:.1f}" if "gather" in middle else "-", f"{middle['flat'] * 1e3:.1f}",
        f"{middle['ivf'] * 1e3:.1f} ({recall['ivf']:.2f})", fastest, f"{middle['rank'] / rivals[fastest]:.2f}",
    ]  # fmt: skip


COLUMNS = [
    "rows let through", "which", "matched", "recall@10", "at least", "short", "exact", "read", "first ms", "again ms",
    "rank ms", "gather ms", "flat ms", "ivf ms (recall)", "fastest", "rank of fastest",
]  # fmt: skip


def resident() -> dict[str, float]:
    """MiB of this process: its own, and mapped files."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(status[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile")}


def batch_rates(bench: Bench) -> list[list[str]]:
    """Queries a second of batches: FAISS Flat, tuned (it uses BLAS for batches as large as a threshold), and ours."""
    rows = []
    drawn, _ = bench.mixture.draw(LARGE_BATCH, np.random.default_rng([0, 3]))
    before = faiss.cvar.distance_compute_blas_threshold
    for size, threshold in ((BATCH, before), (BATCH, 20), (LARGE_BATCH, 20)):
        faiss.cvar.distance_compute_blas_threshold = threshold
        many = drawn[:size]
        seconds = statistics.median(timed(lambda many=many: bench.flat.search(many, TOP)) for _ in range(2))
        rows.append([f"FAISS Flat, batches of {size}, BLAS from {threshold} queries", f"{size / seconds:.1f}", "1"])
    faiss.cvar.distance_compute_blas_threshold = before
    for said, exact_rows in (("through the index", None), ("all rows compared", len(bench.rows))):
        for size in (BATCH, LARGE_BATCH):
            queries = [Query({SPACE: row}, k=TOP) for row in drawn[:size]]
            seconds, found = timed_result(
                lambda queries=queries, exact_rows=exact_rows: engine_search.search_many(
                    bench.reader, queries, exact_rows
                )
            )
            truth = bench.flat.search(drawn[:BATCH], TOP)[1]
            recall = statistics.fmean(
                _recall(np.searchsorted(bench.vectors.ids, [hit.region_id for hit in one.hits]), near)
                for one, near in zip(found[:BATCH], truth, strict=True)
            )
            rows.append([f"ours, hits and all, batches of {size}, {said}", f"{size / seconds:.1f}", f"{recall:.3f}"])
    return rows


def timed(what: Callable[[], Any]) -> float:
    """Processor seconds."""
    return timed_result(what)[0]


def timed_result(what: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds, and what came of them."""
    started = time.process_time()
    found = what()
    return time.process_time() - started, found


def prepare(root: Path, rows: int, dim: int) -> tuple[Store, list[list[str]]]:
    """The catalog with its index, and what that took (nothing is said of what was there before)."""
    said = []
    fresh = not (root / "catalog.db").is_file()
    started = time.perf_counter()
    store = make_catalog(root, rows, dim)
    if fresh:
        said.append(["writing the catalog", f"{time.perf_counter() - started:.0f} s"])
    with writing(store) as writer:
        cpu, started = time.process_time(), time.perf_counter()
        if not any(store.indexes.iterdir()):
            kind = refresh_index(writer, SPACE, flat_rows=min(rows, FLAT_ROWS))
            wall, cpu = time.perf_counter() - started, time.process_time() - cpu
            said.append([f"building the index ({kind})", f"{wall:.0f} s, {cpu:.0f} s of processors"])
    return store, said


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--timed", type=int, default=20, help="so many of the queries are timed")
    parser.add_argument("--catalog", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        report(asked.catalog or Path(scratch) / "million.catalog", asked.rows, asked.dim, asked.queries, asked.timed)


def report(root: Path, rows: int, dim: int, queries: int, timed_queries: int) -> None:
    """Measure and print."""
    store, said = prepare(root, rows, dim)
    faiss.omp_set_num_threads(1)
    mixture = Mixture(dim, 0)
    asked, _ = mixture.draw(queries, np.random.default_rng([0, 2]))
    before = resident()
    opened = time.perf_counter()
    bench = Bench(store, asked, mixture)
    said.append(["opening the catalog, its index and two columns, reading all rows once",
                 f"{time.perf_counter() - opened:.1f} s"])  # fmt: skip
    after = resident()
    index_bytes = sum(file.stat().st_size for file in store.indexes.iterdir())
    said.append(["index, bytes a vector", f"{index_bytes / rows:.0f}"])
    said.append(
        ["rows on disk, bytes a vector", f"{sum(f.stat().st_size for f in store.vectors.iterdir()) / rows:.0f}"]
    )
    said.append(["memory of its own, MiB", f"{after['RssAnon'] - before['RssAnon']:,.0f}"])
    said.append(["mapped files in memory, MiB", f"{after['RssFile'] - before['RssFile']:,.0f}"])
    print(tabulate(said, ["what", f"{rows:,} x {dim}"], "pipe", disable_numparse=True), flush=True)
    bench.open_others()
    probes = bench.smallest_nprobe(0.95)
    lines, whole = [], None
    for kind, share in [("all", 1.0), *((kind, share) for share in SHARES for kind in KINDS)]:
        cell = bench.run(kind, share, probes, timed_queries)
        whole = whole or cell
        lines.append(table_row(kind, share, cell))
        if sys.stderr.isatty():
            print(*lines[-1], sep="  ", file=sys.stderr)
    assert whole is not None
    names = {
        "ours": "ours, the whole search", "rank": "ours, ranking", "flat": "FAISS Flat", "gather": "NumPy, all rows",
        "ivf": f"FAISS IVF of 8-bit codes, nprobe {probes}",
    }  # fmt: skip
    rates = [
        [said, f"{1 / statistics.median(whole.seconds[name]):.1f}", f"{statistics.fmean(whole.recall[name]):.3f}"]
        for name, said in names.items()
    ]
    print("\nWithout a filter, one thread, one query at a time:\n")
    rates += batch_rates(bench)
    print(tabulate(rates, ["search", "queries a second", "recall@10"], "pipe", disable_numparse=True))
    print(f"\nEvery filter, recall of {queries} queries, medians of the times of {min(timed_queries, queries)}:\n")
    print(tabulate(lines, COLUMNS, "pipe", disable_numparse=True))


if __name__ == "__main__":
    main()
