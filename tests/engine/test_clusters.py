"""Runs of k-means: members, order, names, outliers, and what is refused."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from builders import add_products, make_store, unit_rows
from numpy.typing import NDArray

from engine.clusters import agreement, cluster, delete_run, list_runs, members, open_run, outliers, rename_run
from engine.errors import CatalogBusyError, FilterError, InputError, SpaceError
from engine.snapshot import Reader
from engine.store import Store


def blobs(sizes: list[int], dim: int = 8, spread: float = 0.05, seed: int = 0) -> NDArray[np.float32]:
    """Groups of unit rows around orthogonal axes, one after the other."""
    noise = np.random.default_rng(seed).normal(scale=spread, size=(sum(sizes), dim))
    rows = np.repeat(np.eye(dim)[: len(sizes)], sizes, axis=0) + noise
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Products p0..p9 near the first axis (navy dresses), p10..p29 near the second, p30..p34 near the third."""
    colours = ["navy"] * 10 + ["black", "grey"] * 9 + ["red", "tan"] + ["red", "green", "blue", "pink", "white"]
    categories = ["dress"] * 10 + ["skirt"] * 20 + ["hat"] * 5
    given = [
        {"dominant_colour": colour, "category": category, "price": float(row)}
        for row, (colour, category) in enumerate(zip(colours, categories, strict=True))
    ]
    types = {"dominant_colour": "text", "category": "text", "price": "number"}
    return make_store(tmp_path / "a.catalog", {"vgg": blobs([10, 20, 5])}, given, types)  # type: ignore[arg-type]


def test_groups_are_found_and_ordered_by_size_with_names(store: Store) -> None:
    run = cluster(store, "vgg", 3)
    assert [one.size for one in run.clusters] == [20, 10, 5]
    assert [one.number for one in run.clusters] == [1, 2, 3]
    assert [one.name for one in run.clusters] == ["black / grey skirt", "navy dress", "hat in mixed colours"]
    assert (run.name, run.space, run.k, run.rows, run.where) == ("vgg-k3", "vgg", 3, 35, "")
    found = members(store, run)
    assert found.region_ids.tolist() == list(range(1, 36))
    assert found.numbers.tolist() == [2] * 10 + [1] * 20 + [3] * 5


def test_distances_medoids_and_inertia_are_those_of_the_rows_by_plain_loops(store: Store) -> None:
    run = cluster(store, "vgg", 3)
    found = members(store, run)
    rows = Reader(store).snapshot().vectors("vgg").gather(found.region_ids).astype(np.float64)
    inertia = 0.0
    for one in run.clusters:
        here = [row for row in range(35) if found.numbers[row] == one.number]
        mean = sum(rows[row] for row in here) / len(here)
        np.testing.assert_allclose(one.centroid, mean, atol=1e-5)
        distances = {row: float(np.sqrt(((rows[row] - mean) ** 2).sum())) for row in here}
        np.testing.assert_allclose([found.distances[row] for row in here], list(distances.values()), atol=1e-4)
        nearest = min(distances, key=lambda row: distances[row])
        assert one.medoid_region == found.region_ids[nearest]
        assert one.medoid_product == f"p{nearest}"
        assert one.medoid_image == f"/photos/p{nearest}.jpg"
        assert one.medoid_image_id == nearest + 1
        inertia += sum(distance**2 for distance in distances.values())
    assert run.inertia == pytest.approx(inertia, rel=1e-4)


def test_the_same_seed_gives_the_same_run_and_is_kept(store: Store) -> None:
    first, second = cluster(store, "vgg", 4, seed=7), cluster(store, "vgg", 4, seed=7)
    assert (first.name, second.name) == ("vgg-k4", "vgg-k4-2")
    a, b = members(store, first), members(store, second)
    assert a.numbers.tolist() == b.numbers.tolist()
    assert a.distances.tolist() == b.distances.tolist()
    assert [one.centroid.tobytes() for one in first.clusters] == [one.centroid.tobytes() for one in second.clusters]
    assert (first.seed, first.inertia) == (7, second.inertia)


def test_a_filter_leaves_the_rest_out(store: Store) -> None:
    run = cluster(store, "vgg", 2, where="category != 'hat' and price < 25")
    assert (run.rows, run.where) == (25, "category != 'hat' and price < 25")
    assert members(store, run).region_ids.tolist() == list(range(1, 26))


@pytest.mark.parametrize("by", ["silhouette", "stability"])
def test_k_is_chosen_and_the_scores_are_kept(tmp_path: Path, by: str) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": blobs([20, 20, 20, 20])})
    run = cluster(store, "vgg", "auto", by=by)  # type: ignore[arg-type]
    assert run.k == 4
    assert run.parameters["asked"] == "auto"
    scores = {one["k"]: one["score"] for one in run.parameters["scores"]}
    assert set(scores) >= {2, 3, 4, 5, 6}
    assert scores[4] == pytest.approx(max(scores.values()))


def test_one_row_and_equal_rows(tmp_path: Path) -> None:
    one = make_store(tmp_path / "one.catalog", {"vgg": unit_rows(1, 4)})
    run = cluster(one, "vgg", "auto")
    assert (run.k, run.rows, run.silhouette, run.inertia) == (1, 1, None, 0.0)
    same = make_store(tmp_path / "same.catalog", {"vgg": np.repeat(unit_rows(2, 4), 10, axis=0)})
    assert [cluster.size for cluster in cluster(same, "vgg", "auto").clusters] == [10, 10]
    with pytest.raises(InputError, match="3 clusters need 3 different vectors, but the 20 in this space have 2"):
        cluster(same, "vgg", 3)


def test_nothing_to_cluster(tmp_path: Path, store: Store) -> None:
    with pytest.raises(SpaceError, match="no space 'vgg'"):
        cluster(Store.create(tmp_path / "empty.catalog"), "vgg", 2)
    with pytest.raises(InputError, match="no photo matches price > 1000"):
        cluster(store, "vgg", 2, where="price > 1000")
    with pytest.raises(FilterError, match="prise"):
        cluster(store, "vgg", 2, where="prise > 1000")
    assert list_runs(store) == []


@pytest.mark.parametrize(
    "wrong",
    [{"k": 0}, {"k": True}, {"k": "many"}, {"seed": -1}, {"n_init": 0}, {"by": "guess"}, {"name": "12"}, {"name": " "}],
)
def test_what_cannot_be_asked(store: Store, wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        cluster(store, "vgg", **{"k": 2, **wrong})  # type: ignore[arg-type]
    assert list_runs(store) == []


def test_runs_are_listed_opened_renamed_replaced_and_deleted(store: Store) -> None:
    first = cluster(store, "vgg", 2)
    second = cluster(store, "vgg", 3, name="best")
    assert [run.name for run in list_runs(store)] == ["vgg-k2", "best"]
    assert open_run(store, "vgg-k2").id == first.id
    assert open_run(store, str(first.id)).id == open_run(store, first.id).id == first.id
    assert open_run(store, "vgg").id == second.id
    with pytest.raises(InputError, match="there are best, vgg-k2"):
        open_run(store, "nothing")
    with pytest.raises(InputError, match="'best' is there already"):
        cluster(store, "vgg", 2, name="best")
    again = cluster(store, "vgg", 2, name="best", replace=True)
    assert (open_run(store, "best").id, open_run(store, "best").k) == (again.id, 2)
    with pytest.raises(InputError, match="'best' is there already: name another"):  # renaming replaces nothing
        rename_run(store, "vgg-k2", "best")
    assert rename_run(store, "vgg-k2", "old one").name == "old one"
    assert delete_run(store, "best").id == again.id
    assert [run.name for run in list_runs(store, "vgg")] == ["old one"]
    assert len(members(store, again)) == 0
    assert list_runs(store, "colour") == []


def test_a_stored_run_reads_back_as_it_was_returned(store: Store) -> None:
    run = cluster(store, "vgg", 3)
    back = open_run(Store.open(store.root), run.name)
    assert json.dumps(dict(back.parameters)) == json.dumps(dict(run.parameters))
    for name in ("id", "name", "space", "k", "where", "seed", "rows", "inertia", "silhouette", "created", "generation"):
        assert getattr(back, name) == getattr(run, name)


def test_agreement_of_runs_counts_what_they_share(store: Store) -> None:
    whole, part = cluster(store, "vgg", 3), cluster(store, "vgg", 2, where="category != 'hat'")
    found = agreement(store, whole, part)
    assert found.adjusted_mutual_information == pytest.approx(1.0)
    assert (found.shared, found.only_first, found.only_second) == (30, 5, 0)
    hats = cluster(store, "vgg", 2, where="category = 'hat'")
    with pytest.raises(InputError, match="share no region"):
        agreement(store, part, hats)


def test_rows_added_later_do_not_change_a_run(store: Store) -> None:
    run = cluster(store, "vgg", 3)
    add_products(store, {"vgg": unit_rows(5, 8, seed=3)}, first=100)
    assert len(members(store, open_run(store, run.id))) == 35
    assert cluster(store, "vgg", 3).rows == 40


def test_a_finished_run_waits_for_another_writer_and_then_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.named_runs.PATIENCE_SECONDS", 0.3)
    with store.lock(), pytest.raises(CatalogBusyError, match="another process is writing"):
        cluster(store, "vgg", 2)
    assert list_runs(store) == []


def test_outliers_are_beyond_three_and_a_half_robust_deviations() -> None:
    # median 3, absolute deviations 2 1 0 1 7: MAD 1, so the cut is at 3 + 3.5 * 1.4826 = 8.19.
    assert outliers(np.array([1.0, 2.0, 3.0, 4.0, 10.0])).tolist() == [False] * 4 + [True]
    assert outliers(np.array([1.0, 2.0, 3.0, 4.0, 8.18])).tolist() == [False] * 5
    assert not outliers(np.array([2.0, 2.0, 2.0])).any()
    # MAD 0: the mean deviation is 8/9, so the cut is at 3.5 * 1.2533 * 8/9 = 3.9.
    assert outliers(np.array([0.0] * 8 + [8.0])).tolist() == [False] * 8 + [True]
    assert not outliers(np.array([-9.0, 1.0, 2.0, 3.0, 4.0])).any(), "near is never an outlier"


def test_names_are_unique_and_say_nothing_when_nothing_is_known(tmp_path: Path) -> None:
    bare = make_store(tmp_path / "bare.catalog", {"vgg": blobs([6, 5, 4])})
    assert [one.name for one in cluster(bare, "vgg", 3).clusters] == ["cluster 1", "cluster 2", "cluster 3"]
    names = ("red", "tan", "navy", "pink", "grey")
    various = [{"dominant_colour": names[row % 5], "category": names[row % 5]} for row in range(15)]
    types = {"dominant_colour": "text", "category": "text"}
    for number, (wanted, said) in enumerate(
        [
            (("dominant_colour", "category"), "mixed colours, mixed categories"),
            (("dominant_colour",), "mixed colours"),
            (("category",), "mixed categories"),
        ]
    ):
        part = [{name: row[name] for name in wanted} for row in various]
        mixed = make_store(
            tmp_path / f"mixed{number}.catalog", {"vgg": blobs([5, 5, 5])}, part, {name: types[name] for name in wanted}
        )
        assert [one.name for one in cluster(mixed, "vgg", 3).clusters] == [said, f"{said} 2", f"{said} 3"]
    given = [{"dominant_colour": "navy"} for _ in range(15)]
    alike = make_store(tmp_path / "alike.catalog", {"vgg": blobs([6, 5, 4])}, given, {"dominant_colour": "text"})
    assert [one.name for one in cluster(alike, "vgg", 3).clusters] == ["navy", "navy 2", "navy 3"]


def test_a_pattern_is_said_beside_colour_and_category_and_plain_only_alone(tmp_path: Path) -> None:
    patterns = ["stripes"] * 4 + ["plain"] * 2 + ["plain"] * 5 + ["dots", "floral", "checks", "lace"]
    given = [{"dominant_colour": "navy", "pattern": pattern} for pattern in patterns]
    types = {"dominant_colour": "text", "pattern": "text"}
    rows = {"vgg": blobs([6, 5, 4])}
    coloured = make_store(tmp_path / "a.catalog", rows, given, types)
    assert [one.name for one in cluster(coloured, "vgg", 3).clusters] == ["navy, stripes", "navy", "navy 2"]
    bare = make_store(tmp_path / "b.catalog", rows, [{"pattern": one} for one in patterns], {"pattern": "text"})
    assert [one.name for one in cluster(bare, "vgg", 3).clusters] == ["stripes", "plain", "cluster 3"]


def test_progress_reaches_its_end(store: Store) -> None:
    seen: list[tuple[str, int, int]] = []
    cluster(store, "vgg", 3, progress=lambda *step: seen.append(step))
    last = {stage: list(steps)[-1][1:] for stage, steps in itertools.groupby(seen, key=lambda step: step[0])}
    assert last == {"fitting": (10, 10), "assigning": (35, 35)}


def test_a_catalog_larger_than_the_sample_is_grouped_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cluster(store, "vgg", 3)
    monkeypatch.setattr("engine.clusters.FIT_ROWS", 20)
    monkeypatch.setattr("engine.clusters.FIT_ROWS_PER_CLUSTER", 2)
    sampled = cluster(store, "vgg", 3)
    assert (sampled.parameters["fit_rows"], sampled.parameters["full_passes"]) == (20, 2)
    assert members(store, sampled).numbers.tolist() == members(store, whole).numbers.tolist()
    assert sampled.inertia == pytest.approx(whole.inertia, rel=1e-5)
