"""Measures of retrieval against plain loops and against pytorch-metric-learning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import make_store, unit_rows
from sqlalchemy import update

from engine import schema
from engine.errors import InputError, QueryError
from engine.pages.retrieval import retrieval_page
from engine.query import Query
from engine.retrieval import Question, evaluate_retrieval
from engine.retrieval.intervals import bootstrap
from engine.retrieval.measures import KS, measure
from engine.search import search
from engine.snapshot import Reader
from engine.writer import writing

TYPES = {"is_query": "boolean", "is_gallery": "boolean", "item": "text", "category": "text"}


def shop(root: Path, photos: int = 120, items: int = 15, dim: int = 24, seed: int = 0) -> tuple[Reader, list[dict]]:
    """A product a photo, photos of an item alike; every third is a query, and items 0 and 1 are in no gallery."""
    draw = np.random.default_rng(seed)
    item = draw.integers(0, items, photos)
    rows = unit_rows(items, dim, seed)[item] + 0.5 * unit_rows(photos, dim, seed + 1)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    told = [
        {
            "is_query": number % 3 == 0,
            "is_gallery": number % 3 != 0 and one > 1,
            "item": f"i{one}",
            "category": "dress" if one % 2 else "skirt",
        }
        for number, one in enumerate(item.tolist())
    ]
    other = unit_rows(photos, 8, seed + 2)
    store = make_store(root / "c.catalog", {"shape": rows.astype(np.float32), "colour": other}, told, TYPES)
    return Reader(store), told


def parts(reader: Reader, told: list[dict], name: str = "shape") -> tuple[np.ndarray, np.ndarray, list[str], list[str]]:
    """Stored vectors and items of queries and gallery."""
    snapshot = reader.snapshot()
    rows = snapshot.vectors(name).gather(snapshot.region_ids).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    asks, answers = ([n for n, one in enumerate(told) if one[key]] for key in ("is_query", "is_gallery"))
    return rows[asks], rows[answers], [told[n]["item"] for n in asks], [told[n]["item"] for n in answers]


def by_plain_loops(queries, gallery, labels, theirs) -> dict[str, float]:
    sums = {f"recall@{k}": 0.0 for k in KS} | {"mAP": 0.0, "mAP@R": 0.0, "R-precision": 0.0}
    count = 0
    for vector, label in zip(queries, labels, strict=True):
        order = sorted(range(len(gallery)), key=lambda n: (-float(gallery[n] @ vector), n))
        right = [theirs[n] == label for n in order]
        total = sum(right)
        if not total:
            continue
        count += 1
        seen, precisions, inside = 0, [], []
        for rank, one in enumerate(right, 1):
            if one:
                seen += 1
                precisions.append(seen / rank)
                inside.append(rank <= total)
        for k in KS:
            sums[f"recall@{k}"] += any(right[:k])
        sums["mAP"] += sum(precisions) / total
        sums["mAP@R"] += sum(p for p, near in zip(precisions, inside, strict=True) if near) / total
        sums["R-precision"] += sum(inside) / total
    return {name: value / count for name, value in sums.items()}


def test_measures_agree_with_plain_loops(tmp_path: Path) -> None:
    reader, told = shop(tmp_path)
    report = evaluate_retrieval(reader, Question({"shape": 1.0}, same="item"))
    wanted = by_plain_loops(*parts(reader, told))
    assert {name: one.mean for name, one in report.whole.measures.items()} == pytest.approx(wanted, abs=1e-9)
    lone = sum(one["is_query"] and one["item"] in ("i0", "i1") for one in told)
    assert report.unanswerable == lone > 0
    assert report.whole.queries + lone == sum(one["is_query"] for one in told)
    assert report.gallery == sum(one["is_gallery"] for one in told)
    assert report.cmc[0] == report.whole.measures["recall@1"].mean
    assert report.cmc[9] == pytest.approx(report.whole.measures["recall@10"].mean)
    assert list(report.cmc) == sorted(report.cmc)


def test_measures_agree_with_pytorch_metric_learning(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the calculator of pytorch-metric-learning needs torch")
    pytest.importorskip("pytorch_metric_learning", reason="the independent calculator is not installed")
    from pytorch_metric_learning.distances import CosineSimilarity
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
    from pytorch_metric_learning.utils.inference import CustomKNN

    reader, told = shop(tmp_path, seed=4)
    queries, gallery, labels, theirs = parts(reader, told)
    numbers = {label: number for number, label in enumerate(sorted({*labels, *theirs}))}
    names = ("precision_at_1", "mean_average_precision", "mean_average_precision_at_r", "r_precision")
    calculator = AccuracyCalculator(
        include=names, k=len(gallery), device=torch.device("cpu"), knn_func=CustomKNN(CosineSimilarity())
    )
    theirs_say = calculator.get_accuracy(
        torch.tensor(queries),
        torch.tensor([numbers[label] for label in labels]),
        torch.tensor(gallery),
        torch.tensor([numbers[label] for label in theirs]),
        ref_includes_query=False,
    )
    report = evaluate_retrieval(reader, Question({"shape": 1.0}, same="item"))
    ours = [report.whole.measures[name].mean for name in ("recall@1", "mAP", "mAP@R", "R-precision")]
    assert ours == pytest.approx([theirs_say[name] for name in names], abs=1e-6)


def test_categories_add_up_and_several_spaces_are_fused(tmp_path: Path) -> None:
    reader, _ = shop(tmp_path)
    report = evaluate_retrieval(reader, Question(same="item"))
    assert set(report.question.weights) == {"shape", "colour"} and set(report.groups) == {"dress", "skirt"}
    for name, one in report.whole.measures.items():
        total = sum(part.measures[name].mean * part.queries for part in report.groups.values())
        assert total / report.whole.queries == pytest.approx(one.mean)
        assert one.low <= one.mean <= one.high
    alone = evaluate_retrieval(reader, Question({"shape": 1.0}, same="item"))
    assert alone.whole.measures["mAP"].mean > report.whole.measures["mAP"].mean  # the other space is noise


def test_spaces_that_have_no_say_in_a_search_have_none_here(tmp_path: Path) -> None:
    reader, _ = shop(tmp_path)
    with writing(reader.store) as writer, writer.change() as connection:
        connection.execute(update(schema.space).where(schema.space.c.name == "colour").values(weight=0))
    assert evaluate_retrieval(Reader(reader.store), Question(same="item")).question.weights == {"shape": 1.0}


def test_a_photo_is_no_answer_to_itself(tmp_path: Path) -> None:
    reader, _ = shop(tmp_path)
    both = evaluate_retrieval(reader, Question({"shape": 1.0}, "is_query", "is_query", same="item", worst=50))
    assert all(hit.image_id != one.image_id for one in both.worst for hit in one.hits)
    with pytest.raises(QueryError, match="of no query"):
        evaluate_retrieval(reader, Question({"shape": 1.0}, "is_query", "is_query"))  # a product is one photo here


def test_the_worst_queries_come_first(tmp_path: Path) -> None:
    reader, _ = shop(tmp_path)
    report = evaluate_retrieval(reader, Question({"colour": 1.0}, same="item", worst=10))
    ranks = [one.first_right for one in report.worst]
    assert ranks == sorted(ranks, reverse=True) and len(ranks) == 10
    for one in report.worst:
        right = [hit.rank for hit in one.hits if hit.right]
        assert right[0] == one.first_right and len(one.hits) == 8
        assert [hit.score for hit in one.hits] == sorted((hit.score for hit in one.hits), reverse=True)
    page = retrieval_page(reader.store, report)
    assert page.count('<article class="worst">') == 10 and "data:image/jpeg;base64" in page
    assert f"first right at rank {ranks[0]};" in page


def test_intervals_draw_whole_products() -> None:
    values = np.repeat(np.random.default_rng(0).random((40, 1)), 25, axis=0)
    products = np.repeat(np.arange(40), 25)
    by_product, by_photo = bootstrap(values, products)[0], bootstrap(values, np.arange(1000))[0]
    assert by_product.mean == by_photo.mean == pytest.approx(float(values.mean()))
    assert by_product.high - by_product.low > 3 * (by_photo.high - by_photo.low)  # sqrt(25) times in the limit
    spread = 1.96 * float(values[::25].std()) / np.sqrt(40)
    assert by_product.high - by_product.mean == pytest.approx(spread, rel=0.2)


def test_a_perfect_order_and_the_worst_one() -> None:
    right = np.array([[True, True, False, False], [False, False, True, True]])
    told = measure(right)
    assert told["mAP"].tolist() == pytest.approx([1.0, (1 / 3 + 2 / 4) / 2])
    assert told["mAP@R"].tolist() == told["R-precision"].tolist() == [1.0, 0.0]
    assert told["recall@1"].tolist() == [1.0, 0.0] and told["recall@10"].tolist() == [1.0, 1.0]


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    reader, _ = shop(tmp_path)
    with pytest.raises(InputError, match="no attribute 'pair'"):
        evaluate_retrieval(reader, Question(same="pair"))
    with pytest.raises(QueryError, match="no photo of the catalog is a query"):
        evaluate_retrieval(reader, Question(query="category = 'hat'"))
    plain = Reader(make_store(tmp_path / "plain.catalog", {"shape": unit_rows(3, 4)}))
    with pytest.raises(QueryError, match="nothing marks queries and gallery"):
        evaluate_retrieval(plain, Question())


def test_the_order_is_that_of_a_search(tmp_path: Path) -> None:
    reader, _ = shop(tmp_path)
    weights = {"shape": 2.0, "colour": 1.0}
    report = evaluate_retrieval(reader, Question(weights, same="item", worst=100))
    snapshot = reader.snapshot()
    for one in report.worst[::7]:
        ids = np.array([one.region_id])
        vectors = {name: snapshot.vectors(name).gather(ids)[0] for name in weights}
        answer = search(reader, Query(vectors, weights, where="is_gallery", k=7, group="image"))
        found = [(hit.image_id, hit.score) for hit in one.hits[:7]]
        assert [hit.image_id for hit in answer.hits] == [image for image, _ in found]
        assert [hit.score for hit in answer.hits] == pytest.approx([score for _, score in found], abs=1e-5)
