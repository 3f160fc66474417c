"""How long a map takes, against openTSNE and umap-learn called directly: ratios within one run.

    python benchmarks/speed/maps.py --sizes 5000 50000 --methods tsne umap grid

Rows are unit vectors of 512 dimensions in groups of groups, as spaces have them. The two of a pair take turns with as
many threads, and each keeps its best turn; seconds are of the processor, all threads together, so that other work on
the machine counts little. `--place` times putting 1,000 new rows onto the map.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.layouts.grid import grid_layout
from engine.layouts.grid_size import grid_size
from engine.layouts.pca import pca_plane
from engine.layouts.tsne import tsne, tsne_choice, tsne_place, tsne_threads
from engine.layouts.umap import umap_layout
from engine.map_quality import map_quality

Rows = NDArray[np.float32]


def grouped_rows(count: int, dim: int, seed: int = 0) -> Rows:
    """Unit rows around 200 centres that lie around 20, float32 (count, dim)."""
    draw = np.random.default_rng(seed)
    far = draw.normal(size=(20, dim))
    near = far[draw.integers(0, 20, 200)] + 0.7 * draw.normal(size=(200, dim))
    rows = np.empty((count, dim), np.float32)
    for start in range(0, count, 10_000):
        here = slice(start, min(start + 10_000, count))
        size = here.stop - here.start
        rows[here] = near[draw.integers(0, 200, size)] + 0.9 * draw.normal(size=(size, dim))
        rows[here] /= np.linalg.norm(rows[here], axis=1, keepdims=True)
    return rows


def tsne_direct(rows: Rows) -> Rows:
    """openTSNE by its own defaults for cosines, with the options that our choice has for the size."""
    from openTSNE import TSNE

    choice = tsne_choice(len(rows))
    made = TSNE(
        perplexity=choice.perplexity,
        exaggeration=choice.exaggeration,
        metric="cosine",
        random_state=0,
        n_jobs=tsne_threads(len(rows)),
    )
    return np.asarray(made.fit(rows), dtype=np.float32)


def umap_direct(rows: Rows) -> Rows:
    """umap-learn by its own defaults for cosines."""
    from umap import UMAP

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(UMAP(metric="cosine", random_state=0, n_jobs=1).fit_transform(rows), dtype=np.float32)


def best(actions: dict[str, Callable[[], Rows]], rounds: int) -> dict[str, tuple[float, Rows]]:
    """Processor seconds of the best of several turns of each action, and what it made."""
    found: dict[str, tuple[float, Rows]] = {}
    for _ in range(rounds):
        for name, action in actions.items():
            begun = time.process_time()
            made = action()
            took = time.process_time() - begun
            if name not in found or took < found[name][0]:
                found[name] = (took, made)
    return found


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[5_000, 50_000, 500_000])
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument(
        "--methods", nargs="+", choices=["pca", "tsne", "umap", "grid"], default=["tsne", "umap", "grid"]
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--place", action="store_true")
    asked = parser.parse_args()
    pairs: dict[str, tuple[Callable[[Rows], Rows], Callable[[Rows], Rows]]] = {
        "tsne": (tsne, tsne_direct),
        "umap": (umap_layout, umap_direct),
    }
    print(f"{'rows':>8}  {'method':6}  {'ours s':>8}  {'direct s':>8}  {'ratio':>6}  trustworthiness ours, direct")
    if "umap" in asked.methods:
        umap_direct(grouped_rows(4_500, 8))  # numba compiles once, what it needs for many rows too
    for count in asked.sizes:
        rows = grouped_rows(count, asked.dim)
        for method in [name for name in asked.methods if name in pairs]:
            ours, direct = pairs[method]
            done = best({"ours": partial(ours, rows), "direct": partial(direct, rows)}, asked.rounds)
            trust = [_trust(rows, done[name][1]) for name in ("ours", "direct")]
            took, against = done["ours"][0], done["direct"][0]
            line = f"{count:8}  {method:6}  {took:8.1f}  {against:8.1f}  {took / against:6.2f}"
            print(f"{line}  {trust[0]:.3f}, {trust[1]:.3f}", flush=True)
            if asked.place and method == "tsne":
                begun = time.process_time()
                tsne_place(done["ours"][1], rows, grouped_rows(1_000, asked.dim, seed=1))
                print(f"{count:8}  place   {time.process_time() - begun:8.1f}  1,000 new rows", flush=True)
        if "pca" in asked.methods or "grid" in asked.methods:
            begun = time.process_time()
            plane = pca_plane(rows).project(rows)
            print(f"{count:8}  pca     {time.process_time() - begun:8.1f}", flush=True)
        if "grid" in asked.methods:
            begun = time.process_time()
            grid_layout(plane, grid_size(count))
            print(f"{count:8}  grid    {time.process_time() - begun:8.1f}  from a plane", flush=True)


def _trust(rows: Rows, xy: Rows) -> float:
    found = map_quality(rows, xy)
    return found.trustworthiness if found is not None else float("nan")


if __name__ == "__main__":
    main()
