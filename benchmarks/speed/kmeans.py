"""k-means against faiss.Kmeans and scikit-learn: seconds an iteration, seconds in all, inertia, memory.

    python benchmarks/speed/kmeans.py                               # 500,000 x 512, k = 100: some ten minutes
    python benchmarks/speed/kmeans.py --rows 20000 --dim 64 --k 20
    python benchmarks/speed/kmeans.py --catalog DIR                 # the whole of a catalog: time and memory

Set OMP_NUM_THREADS and OPENBLAS_NUM_THREADS to 1 to compare the work of one thread.

Rows are the mixture of Gaussians of benchmarks/speed/big_catalog.py. First all three make the same Lloyd iterations
over all rows from the same centroids. Then each does what it does by itself: ours as `houndstooth cluster` (a fit on a
sample, then two iterations over all rows), FAISS with its own sample of 256 rows a centroid and without, scikit-learn
over all rows; inertia is that of all rows on their nearest centroids, computed alike. With --catalog, a clustering of
the catalog's space `shape` and the memory it took over what was mapped before.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.speed.big_catalog import SPACE, Mixture
from engine import kmeans
from engine.clusters import FIT_ROWS, FIT_ROWS_PER_CLUSTER, FULL_PASSES, cluster
from engine.store import Store

FEW, MANY = 2, 8
"""Iterations of the two runs whose difference is the time of an iteration."""


def spent(what: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds by the clock, seconds of processors, and what came of it."""
    clock, processor = time.perf_counter(), time.process_time()
    found = what()
    return time.perf_counter() - clock, time.process_time() - processor, found


def ours(rows: np.ndarray, start: np.ndarray, iterations: int) -> np.ndarray:
    """Centroids after so many Lloyd iterations."""
    return kmeans.lloyd(rows, start, iterations, 0.0).centroids


def by_faiss(rows: np.ndarray, start: np.ndarray, iterations: int) -> np.ndarray:
    """Centroids after so many Lloyd iterations over all rows."""
    import faiss

    made = faiss.Kmeans(
        rows.shape[1], len(start), niter=iterations, max_points_per_centroid=len(rows), min_points_per_centroid=1
    )
    made.train(rows, init_centroids=start)
    return made.centroids


def by_sklearn(rows: np.ndarray, start: np.ndarray, iterations: int) -> np.ndarray:
    """Centroids after so many of its own Lloyd iterations.

    Not through `fit`, whose copying and centring take longer than some iterations, and not always equally long.
    """
    from sklearn.cluster._k_means_lloyd import lloyd_iter_chunked_dense
    from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

    weights, labels = np.ones(len(rows), rows.dtype), np.full(len(rows), -1, np.int32)
    held, shifts = np.zeros(len(start), rows.dtype), np.zeros(len(start), rows.dtype)
    now, then = start.copy(), np.zeros_like(start)
    for _ in range(iterations):
        lloyd_iter_chunked_dense(rows, weights, now, then, held, labels, shifts, _openmp_effective_n_threads())
        now, then = then, now
    return now


def whole(rows: np.ndarray, k: int) -> dict[str, Callable[[], np.ndarray]]:
    """Each as it is used."""
    import faiss
    from sklearn.cluster import KMeans

    def cluster_as_we_do() -> np.ndarray:
        size = min(len(rows), max(FIT_ROWS, FIT_ROWS_PER_CLUSTER * k))
        sample = rows[np.sort(np.random.default_rng(0).choice(len(rows), size, replace=False))]
        centroids, pieces = kmeans.fit(sample, k, 0, 1).centroids, kmeans.in_pieces(rows, k)
        found = kmeans.assign(pieces, centroids)
        for _ in range(FULL_PASSES):
            centroids = kmeans.means(found, centroids, lambda numbers: rows[numbers])
            found = kmeans.assign(pieces, centroids, found)
        return centroids

    def faiss_kmeans(points: int) -> np.ndarray:
        made = faiss.Kmeans(rows.shape[1], k, max_points_per_centroid=points, min_points_per_centroid=1, seed=1)
        made.train(rows)
        return made.centroids

    def sklearn_kmeans() -> np.ndarray:
        return KMeans(k, n_init=1, random_state=0).fit(rows).cluster_centers_

    return {
        "ours (a sample, then two iterations over all)": cluster_as_we_do,
        "faiss.Kmeans (256 rows a centroid, 25 iterations)": lambda: faiss_kmeans(256),
        "faiss.Kmeans (all rows, 25 iterations)": lambda: faiss_kmeans(len(rows)),
        "scikit-learn KMeans (all rows, n_init 1)": sklearn_kmeans,
    }


def compare_iterations(rows: np.ndarray, k: int, rounds: int) -> None:
    """The first table."""
    start = rows[np.sort(np.random.default_rng(3).choice(len(rows), k, replace=False))].copy()
    pieces = kmeans.in_pieces(rows, k)
    seconds: dict[str, list[tuple[float, float]]] = {}
    inertia = {}
    methods = {"ours": ours, "faiss.Kmeans": by_faiss, "scikit-learn": by_sklearn}
    for method in methods.values():
        method(rows[: 10 * k], start, 1)  # imports what it needs
    for _ in range(rounds):
        for name, method in methods.items():
            short = spent(lambda method=method: method(rows, start, FEW))
            long = spent(lambda method=method: method(rows, start, MANY))
            each = [(after - before) / (MANY - FEW) for after, before in zip(long[:2], short[:2], strict=True)]
            seconds.setdefault(name, []).append((each[0], each[1]))
            inertia[name] = kmeans.assign(pieces, np.asarray(long[2], np.float32)).inertia
    lines = []
    for name, found in seconds.items():
        clock, processor = (statistics.median(values) for values in zip(*found, strict=True))
        lines.append([name, f"{clock:.2f}", f"{processor:.2f}", f"{inertia[name] / inertia['ours']:.4f}"])
    print(f"{len(rows):,} x {rows.shape[1]}, k = {k}: an iteration over all rows\n")
    print(
        tabulate(lines, ["", "seconds", "of processors", "inertia / ours"], "pipe", disable_numparse=True), flush=True
    )


def compare_whole(rows: np.ndarray, k: int) -> None:
    """The second table."""
    pieces = kmeans.in_pieces(rows, k)
    lines, first = [], None
    for name, method in whole(rows, k).items():
        clock, processor, centroids = spent(method)
        inertia = kmeans.assign(pieces, np.asarray(centroids, np.float32)).inertia
        first = first or inertia
        lines.append([name, f"{clock:.1f}", f"{processor:.1f}", f"{inertia / first:.4f}"])
    print("\nIn all:\n")
    print(
        tabulate(lines, ["", "seconds", "of processors", "inertia / ours"], "pipe", disable_numparse=True), flush=True
    )


def cluster_catalog(root: Path, k: int) -> None:
    """Time and memory of clustering everything in a catalog."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    largest = {"own": 0.0, "mapped": 0.0}

    def look(stage: str, done: int, total: int) -> None:
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        largest["own"] = max(largest["own"], int(status["RssAnon"].split()[0]) / 1024)
        largest["mapped"] = max(largest["mapped"], int(status["RssFile"].split()[0]) / 1024)

    clock, processor, run = spent(
        lambda: cluster(Store.open(root), SPACE, k, name="benchmark", replace=True, progress=look)
    )
    lines = [
        ["regions", f"{run.rows:,}"],
        ["seconds, of processors", f"{clock:.1f}, {processor:.1f}"],
        ["memory before, MiB", f"{before:.0f}"],
        ["largest memory of its own, MiB", f"{largest['own']:.0f}"],
        ["largest mapped files, MiB", f"{largest['mapped']:.0f}"],
        ["largest of both at the end, MiB", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}"],
    ]
    print(tabulate(lines, [f"cluster {SPACE} -k {k}", ""], "pipe", disable_numparse=True))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--k", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--catalog", type=Path)
    asked = parser.parse_args()
    if asked.catalog:
        cluster_catalog(asked.catalog, asked.k)
        return
    rows, _ = Mixture(asked.dim, 0).draw(asked.rows, np.random.default_rng(1))
    compare_iterations(rows, asked.k, asked.rounds)
    compare_whole(rows, asked.k)


if __name__ == "__main__":
    main()
