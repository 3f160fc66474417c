"""Group a space's vectors with k-means, and keep the groups as a run. docs/clusters.md explains the choices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType
from engine.choose_k import By, choose_k
from engine.cluster_names import NAMING, cluster_names
from engine.cluster_runs import (
    RUNS,
    Agreement,
    Cluster,
    ClusterRun,
    Members,
    NewRun,
    agreement,
    delete_run,
    list_runs,
    members,
    open_run,
    rename_run,
    save_run,
)
from engine.errors import InputError
from engine.kmeans import Pieces, assign, distinct_rows, fit, means, piece_rows
from engine.matching import some_rows
from engine.named_runs import check_seed
from engine.snapshot import Reader
from engine.store import Store
from engine.validity import silhouette

__all__ = [
    "Agreement", "Cluster", "ClusterRun", "Members", "Progress", "agreement", "cluster", "delete_run", "list_runs",
    "members", "open_run", "outliers", "rename_run",
]  # fmt: skip

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, what is done of it and how much there is."""

FIT_ROWS = 50_000
FIT_ROWS_PER_CLUSTER = 256
JUDGED_ROWS = 4_000
"""Rows of the sample that silhouettes and the choice of k are made on."""
FULL_PASSES = 2
"""Lloyd iterations over all rows, after the fit on a sample of them."""
MAX_STARTS = 10
START_CELLS = 5_000_000_000
"""Starts are as many as fit into this many rows x clusters x dimensions, at most MAX_STARTS and at least one."""
OUTLIER_SCORE = 3.5


@dataclass(frozen=True, eq=False)
class _Grouping:
    """labels: int32 (n,), 0 for the largest cluster. distances: float64 (n,). medoids: row numbers (k,)."""

    labels: NDArray[np.int32]
    distances: NDArray[np.float64]
    centroids: NDArray[np.float32]
    medoids: NDArray[np.intp]
    inertia: float


def cluster(
    source: Store | Reader,
    space: str,
    k: int | Literal["auto"],
    where: str = "",
    seed: int = 0,
    n_init: int | None = None,
    name: str | None = None,
    replace: bool = False,
    by: By = "silhouette",
    progress: Progress | None = None,
) -> ClusterRun:
    """Group the vectors of a space into k clusters, and store the run.

    where: a filter; "" for all. n_init: starts, None for as many as are cheap, at most 10. name: of the run, by default
    made from space and k. replace: take the place of the run of that name, given or made. by: how "auto" chooses k.
    Raises InputError (nothing to cluster, fewer different rows than k, a name that is taken), SpaceError, FilterError
    and CatalogBusyError.
    """
    _check(k, seed, n_init, by)
    reader = source if isinstance(source, Reader) else Reader(source)
    RUNS.check(reader.store, name, replace)
    tell = progress or (lambda stage, done, total: None)
    snapshot, rows = some_rows(reader, space, where, "cluster", _naming)
    ids = snapshot.region_ids[rows]
    vectors = snapshot.vectors(space)
    parameters: dict[str, Any] = {"asked": k}
    if k == "auto":
        judged = vectors.gather(_sample(ids, JUDGED_ROWS, seed))
        k, scores = choose_k(judged, by, seed, lambda done, total: tell("choosing k", done, total))
        parameters |= {"by": by, "scores": [asdict(one) for one in scores], "judged_rows": len(judged)}

    def take(numbers: NDArray[np.intp]) -> NDArray[np.float32]:
        return vectors.gather(ids[numbers])

    def pieces() -> Iterable[NDArray[np.float32]]:
        done = 0
        for part, found in vectors.chunks(ids, piece_rows(k)):
            yield found
            done += len(part)
            tell("assigning", done, len(ids))

    fitted = vectors.gather(_sample(ids, min(len(ids), max(FIT_ROWS, FIT_ROWS_PER_CLUSTER * k)), seed))
    _require_rows(fitted, k, where)
    starts = n_init or int(np.clip(START_CELLS // (fitted.size * k), 1, MAX_STARTS))
    parameters |= {"n_init": starts, "fit_rows": len(fitted), "full_passes": FULL_PASSES * (len(fitted) < len(ids))}
    centroids = _fit(fitted, k, seed, starts, tell)
    del fitted
    grouping = _group(pieces, take, centroids, parameters["full_passes"])
    score = _silhouette(take, grouping.labels, seed, parameters)
    names = cluster_names(snapshot.columns(_naming(snapshot.attributes)), rows, grouping.labels, len(grouping.medoids))
    new = NewRun(
        name=name,
        space=space,
        space_id=snapshot.space(space).id,
        where=where.strip(),
        seed=seed,
        inertia=grouping.inertia,
        silhouette=score,
        parameters=parameters,
        generation=snapshot.generation,
        clusters=list(zip(names, ids[grouping.medoids].tolist(), grouping.centroids, strict=True)),
        members=Members(
            region_ids=ids,
            numbers=grouping.labels + np.int32(1),
            distances=np.round(grouping.distances, 6),
            outliers=_outliers_of_all(grouping),
        ),
    )
    return save_run(reader.store, new, replace)


def _check(k: object, seed: object, n_init: object, by: object) -> None:
    if k != "auto" and (not isinstance(k, int) or isinstance(k, bool) or k < 1):
        raise InputError(f"k must be a whole number of at least 1, or 'auto', not {k!r}")
    check_seed(seed)
    if n_init is not None and (not isinstance(n_init, int) or isinstance(n_init, bool) or n_init < 1):
        raise InputError(f"the number of starts must be a whole number of at least 1, not {n_init!r}")
    if by not in {"silhouette", "stability"}:
        raise InputError(f"k is chosen by 'silhouette' or by 'stability', not by {by!r}")


def _naming(known: Mapping[str, AttributeType]) -> list[str]:
    return [name for name in NAMING if known.get(name) == "text"]


def _sample(ids: NDArray[np.int64], size: int, seed: int) -> NDArray[np.int64]:
    if size >= len(ids):
        return ids
    return np.asarray(ids[np.sort(np.random.default_rng(seed).choice(len(ids), size, replace=False))])


def _require_rows(rows: NDArray[np.float32], k: int, where: str) -> None:
    different = distinct_rows(rows, k)
    if different < k:
        which = f"that match {where.strip()}" if where.strip() else "in this space"
        raise InputError(
            f"{k} clusters need {k} different vectors, but the {len(rows)} {which} have {different}: "
            f"ask for k = {different} or fewer"
        )


def _fit(rows: NDArray[np.float32], k: int, seed: int, starts: int, tell: Progress) -> NDArray[np.float32]:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        tell("fitting", done, starts)

    return fit(rows, k, seed, starts, tick).centroids


def _group(
    pieces: Pieces,
    take: Callable[[NDArray[np.intp]], NDArray[np.float32]],
    centroids: NDArray[np.float32],
    passes: int,
) -> _Grouping:
    """Assign all rows, largest cluster first; clusters that no row is nearest to are dropped."""
    found = assign(pieces, centroids)
    for _ in range(passes):
        centroids = means(found, centroids, take)
        found = assign(pieces, centroids)
    nearest_first = np.lexsort((found.squared, found.labels))
    present, first = np.unique(found.labels[nearest_first], return_index=True)
    medoids = nearest_first[first]
    order = np.lexsort((medoids, -found.counts[present]))
    number = np.empty(len(centroids), np.int32)
    number[present[order]] = np.arange(len(present), dtype=np.int32)
    return _Grouping(
        labels=number[found.labels],
        distances=np.sqrt(found.squared.astype(np.float64)),
        centroids=centroids[present[order]],
        medoids=medoids[order],
        inertia=found.inertia,
    )


def _silhouette(
    take: Callable[[NDArray[np.intp]], NDArray[np.float32]],
    labels: NDArray[np.int32],
    seed: int,
    parameters: dict[str, Any],
) -> float | None:
    sample = _sample(np.arange(len(labels)), JUDGED_ROWS, seed)
    parameters["silhouette_rows"] = len(sample)
    return silhouette(take(sample), labels[sample])


def _outliers_of_all(grouping: _Grouping) -> NDArray[np.bool_]:
    flagged = np.zeros(len(grouping.labels), np.bool_)
    for number in range(len(grouping.medoids)):
        here = np.flatnonzero(grouping.labels == number)
        flagged[here] = outliers(grouping.distances[here])
    return flagged


def outliers(distances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which members (n,) are unusually far from their centroid: a modified z-score above 3.5, on the far side only.

    The score is the distance above the median in units of 1.4826 times the median absolute deviation; where that is 0,
    of 1.2533 times the mean absolute deviation. Source: Iglewicz and Hoaglin 1993, "How to detect and handle outliers".
    """
    above = distances - np.median(distances)
    spread = 1.4826 * np.median(np.abs(above)) or 1.2533 * np.mean(np.abs(above))
    return np.asarray(above > OUTLIER_SCORE * spread) if spread > 0 else np.zeros(len(distances), np.bool_)
