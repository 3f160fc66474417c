"""How long a map takes, against openTSNE and umap-learn called directly: ratios within one run.

    python benchmarks/speed/maps.py --sizes 5000 50000 --methods tsne umap grid
    python benchmarks/speed/maps.py --sizes 500000 --share 0.1 --rounds 1

Rows are unit vectors of 512 dimensions in groups of groups, as spaces have them. The two of a pair take turns with as
many threads, and each keeps its best turn; seconds are of the processor, all threads together, so that other work on
the machine counts little. Near: of these, what finding t-SNE's neighbours took. `--share` runs that share of all
iterations on either side, for sizes that would take hours. `--methods near` compares finding t-SNE's neighbours alone,
which is what the two do differently: ours of all rows, openTSNE's Annoy by building its index and asking for 500 rows,
reckoned up to all; and how many of the true neighbours of 100 rows either finds. `--place` times putting 1,000 new rows
onto the map.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.layouts.grid import grid_layout
from engine.layouts.grid_size import grid_size
from engine.layouts.pca import pca_plane
from engine.layouts.tsne import TsneChoice, tsne, tsne_choice, tsne_place, tsne_threads
from engine.layouts.umap import umap_layout
from engine.map_quality import map_quality
from engine.nearest import cross_nearest, nearest_neighbours

Rows = NDArray[np.float32]
UMAP_EPOCHS = {True: 500, False: 200}
"""umap-learn's own, for at most 10,000 rows and for more."""


@dataclass(frozen=True)
class Turn:
    """Processor seconds of one turn, those of it that went to finding neighbours, and what was made."""

    seconds: float
    near: float
    made: Rows


Way = Callable[[Rows, float], tuple[Rows, float]]
"""From rows and a share of the iterations to positions and the seconds that finding neighbours took."""


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


def shared_choice(count: int, share: float) -> TsneChoice:
    """The choice for so many rows, with this share of its iterations."""
    choice = tsne_choice(count)
    return replace(
        choice, early_iterations=round(choice.early_iterations * share), iterations=round(choice.iterations * share)
    )


def tsne_ours(rows: Rows, share: float) -> tuple[Rows, float]:
    """As a map is laid out."""
    choice = shared_choice(len(rows), share)
    begun = time.process_time()
    near = nearest_neighbours(rows, min(len(rows) - 1, int(3 * choice.perplexity)))
    found = time.process_time() - begun
    return tsne(rows, 0, choice, near), found


def tsne_direct(rows: Rows, share: float) -> tuple[Rows, float]:
    """openTSNE's stages by its own defaults for cosines, with the options that our choice has for the size."""
    from openTSNE import TSNE
    from openTSNE.affinity import PerplexityBasedNN, get_knn_index
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    choice, threads = shared_choice(len(rows), share), tsne_threads(len(rows))
    begun = time.process_time()
    k = min(len(rows) - 1, int(3 * choice.perplexity))
    near = get_knn_index(rows, "auto", k, "cosine", n_jobs=threads, random_state=0).build()
    found = time.process_time() - begun
    affinities = PerplexityBasedNN(knn_index=PrecomputedNeighbors(*near), perplexity=choice.perplexity, n_jobs=threads)
    made = TSNE(
        exaggeration=choice.exaggeration,
        early_exaggeration_iter=choice.early_iterations,
        n_iter=choice.iterations,
        random_state=0,
        n_jobs=threads,
    ).fit(rows, affinities=affinities)
    return np.asarray(made, dtype=np.float32), found


def umap_epochs(count: int, share: float) -> int:
    """This share of umap-learn's own epochs for so many rows."""
    return max(1, round(UMAP_EPOCHS[count <= 10_000] * share))


def umap_ours(rows: Rows, share: float) -> tuple[Rows, float]:
    """As a map is laid out."""
    return umap_layout(rows, epochs=umap_epochs(len(rows), share)), float("nan")


def umap_direct(rows: Rows, share: float) -> tuple[Rows, float]:
    """umap-learn by its own defaults for cosines."""
    from umap import UMAP

    epochs = umap_epochs(len(rows), share)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = UMAP(metric="cosine", random_state=0, n_jobs=1, n_epochs=epochs).fit_transform(rows)
    return np.asarray(made, dtype=np.float32), float("nan")


def compare_near(rows: Rows, asked_rows: int = 500, judged: int = 100) -> str:
    """A line for finding t-SNE's neighbours: processor seconds, and the share found of the true ones."""
    from openTSNE.dependencies.annoy import AnnoyIndex

    count, threads = len(rows), tsne_threads(len(rows))
    k = min(count - 1, int(3 * tsne_choice(count).perplexity))
    drawn = np.random.default_rng(1).choice(count, asked_rows, replace=False)
    begun = time.process_time()
    ours = nearest_neighbours(rows, k).indices[drawn]
    took = time.process_time() - begun
    begun = time.process_time()
    index = AnnoyIndex(rows.shape[1], "angular")
    index.set_seed(0)
    for row in range(count):
        index.add_item(row, rows[row])
    index.build(50, n_jobs=threads)
    built = time.process_time() - begun
    begun = time.process_time()
    direct = [index.get_nns_by_item(int(row), k + 1, include_distances=True)[0][1:] for row in drawn]
    against = built + (time.process_time() - begun) * count / asked_rows
    true = cross_nearest(rows[drawn[:judged]], rows, k + 1).indices
    wanted = [{*near.tolist()} - {int(row)} for near, row in zip(true, drawn, strict=False)]
    found = [np.mean([len(want & {*got}) / k for want, got in zip(wanted, side, strict=False)])
             for side in (ours.tolist(), direct)]  # fmt: skip
    line = f"{count:8}  {'near':6}  {took:8.1f}  {against:8.1f}  {took / against:6.2f}"
    return f"{line}  true ones found: {found[0]:.3f}, {found[1]:.3f}"


def best(ways: dict[str, Way], rows: Rows, share: float, rounds: int) -> dict[str, Turn]:
    """The best of several turns of each way."""
    found: dict[str, Turn] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            begun = time.process_time()
            made, near = way(rows, share)
            took = time.process_time() - begun
            if name not in found or took < found[name].seconds:
                found[name] = Turn(took, near, made)
    return found


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[5_000, 50_000, 500_000])
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument(
        "--methods", nargs="+", choices=["near", "pca", "tsne", "umap", "grid"], default=["tsne", "umap", "grid"]
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--share", type=float, default=1.0, help="of all iterations, on either side")
    parser.add_argument("--place", action="store_true")
    asked = parser.parse_args()
    pairs: dict[str, dict[str, Way]] = {
        "tsne": {"ours": tsne_ours, "direct": tsne_direct},
        "umap": {"ours": umap_ours, "direct": umap_direct},
    }
    heads = (
        f"{'rows':>8}  {'method':6}  {'ours s':>8}  {'direct s':>8}  {'ratio':>6}  {'near s, ours':>12}  {'direct':>8}"
    )
    print(f"{heads}  trustworthiness ours, direct")
    if "umap" in asked.methods:
        umap_direct(grouped_rows(4_500, 8), 0.1)  # numba compiles once, what it needs for many rows too
    for count in asked.sizes:
        rows = grouped_rows(count, asked.dim)
        for method in [name for name in asked.methods if name in pairs]:
            done = best(pairs[method], rows, asked.share, asked.rounds)
            ours, direct = done["ours"], done["direct"]
            line = f"{count:8}  {method:6}  {ours.seconds:8.1f}  {direct.seconds:8.1f}"
            line += f"  {ours.seconds / direct.seconds:6.2f}  {ours.near:12.1f}  {direct.near:8.1f}"
            print(f"{line}  {_trust(rows, ours.made):.3f}, {_trust(rows, direct.made):.3f}", flush=True)
            if asked.place and method == "tsne":
                begun = time.process_time()
                tsne_place(ours.made, rows, grouped_rows(1_000, asked.dim, seed=1))
                print(f"{count:8}  place   {time.process_time() - begun:8.1f}  1,000 new rows", flush=True)
        if "near" in asked.methods:
            print(compare_near(rows), flush=True)
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
