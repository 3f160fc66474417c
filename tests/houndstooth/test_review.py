"""The review loop from end to end: a page, answers back, a label learned from them, and what the audit says."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import Shop as Photographed
from builders import make_store
from PIL import Image
from shops import Outcome
from sqlalchemy import func, update

from engine import schema
from engine.settings import setting
from engine.snapshot import Reader
from engine.store import Store
from engine.writer import writing
from houndstooth.labels import keep, list_labels
from houndstooth.review import ReviewOptions, next_photos, take_answers
from houndstooth.review_pictures import pictures
from houndstooth.review_verdict import REVIEW
from indexer.labels.gather import given_examples
from indexer.labels.heads import Head, Layer
from indexer.labels.kept import catalog_uuid, kept_labels
from indexer.labels.model_file import LabelModel, SpaceUsed
from indexer.labels.review.stop import StopRule

KINDS = ("bag", "coat", "dress")
PRODUCTS = 300


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """300 products of three kinds that their vectors tell apart: product pN is of the kind N % 3."""
    generator = np.random.default_rng(0)
    middles = np.eye(3, 24)
    rows = np.stack([middles[number % 3] + generator.normal(0, 0.12, 24) for number in range(PRODUCTS)])
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    made = make_store(tmp_path / "shop.catalog", {"shape": unit})
    with made.database.write() as connection:  # lots are drawn by it
        connection.execute(update(schema.catalog).values(uuid="always the same"))
    return made


def kind_of(product: str) -> str:
    return KINDS[int(product[1:]) % 3]


def answer_file(to: Path, rows: Sequence[tuple[str, str]], name: str = "kind") -> Path:
    with to.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", name])
        writer.writerows(rows)
    return to


def truth(photos: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(photo["image"], kind_of(photo["product"])) for photo in photos]


def embedded(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


def test_the_loop(store: Store, cli: Callable[..., Outcome], tmp_path: Path) -> None:
    page = tmp_path / "review.html"
    base = ("review", "kind", "--catalog", store.root, "--format", "json")
    first = cli(*base, "--classes", "bag,coat,dress", "-n", 40, "--to", page)
    assert first.code == 0, first.err
    asked = first.json["photos"]
    assert len({photo["image"] for photo in asked}) == 40
    assert [photo["why"] for photo in asked].count("audit") == 8
    assert {photo["why"] for photo in asked} == {"audit", "typical"}
    shown = embedded(page)
    assert [photo["image"] for photo in shown["photos"]] == [photo["image"] for photo in asked]
    assert shown["classes"] == ["bag", "coat", "dress"] and shown["keys"] == ["1", "2", "3"]
    assert all(photo["picture"].startswith("data:image/jpeg;base64,") for photo in shown["photos"])

    back = cli(*base, "--classes", "bag,coat,dress", "--answers", answer_file(tmp_path / "a.csv", truth(asked)),
               "--to", page, "-n", 150, "--audit", 0.4)  # fmt: skip
    assert back.code == 0, back.err
    told = back.json
    assert (told["answers"], told["changed"], told["replaced"]) == (40, 40, True)
    assert told["trained"]["photos"]["labelled"] == 32, "the audit is not learned from"
    assert sum(told["told"].values()) == PRODUCTS
    assert (told["stop"]["audited"], told["stop"]["stop"]) == (8, False)
    audit = told["stop"]["audit"]
    assert 40 <= audit <= 80
    following = told["photos"]
    assert {photo["why"] for photo in following} == {"audit", "unsure"}
    assert not {photo["image"] for photo in following} & {photo["image"] for photo in asked}
    for photo in following:
        assert (photo["predicted"] is None) == (photo["why"] == "audit"), "the audit is asked without a hint"
    assert setting(store, REVIEW) is None, "eight answers prove nothing, so nothing was looked at"

    last = cli(*base, "--answers", answer_file(tmp_path / "b.csv", truth(following)), "--target", 0.8)
    assert last.code == 0, last.err
    verdict = last.json["stop"]
    assert verdict["audited"] >= 50 and verdict["right"] / verdict["audited"] > 0.95
    assert verdict["stop"] and verdict["lower"] >= 0.8
    assert len(setting(store, REVIEW)["kind"]["scored"]) == 1
    said = dict(truth([*asked, *following]))
    kept = {one.photo: one.labels[0] for one in given_examples(store, "kind").items}
    assert kept == said
    assert [line.name for line in list_labels(store)] == ["kind"]


def test_what_was_learned_leaves_out_every_photo_of_the_audit(
    store: Store, cli: Callable[..., Outcome], tmp_path: Path
) -> None:
    options = ReviewOptions(classes=KINDS, count=PRODUCTS)
    following = next_photos(store, "kind", options)
    pool = following.pool
    rows = [(pool.paths[row], kind_of(pool.products[row])) for row in range(len(pool))]
    taken = take_answers(store, "kind", answer_file(tmp_path / "all.csv", rows), options)
    assert taken.trained is not None and taken.verdict is not None
    learned = set(taken.trained.training.labelled.items)
    apart = {path for path, out in zip(pool.paths, pool.apart.tolist(), strict=True) if out}
    assert learned == set(pool.paths) - apart
    assert taken.verdict.n == len(apart) == len(pool.audit)
    after = next_photos(store, "kind", options)
    assert after.asked == () and after.left == 0 and after.nothing == "every photo has an answer"
    page = tmp_path / "next.html"
    asked = ("review", "kind", "--answers", tmp_path / "all.csv", "--to", page, "-c", store.root)
    done = cli(*asked)
    assert done.code == 0, done.err  # the answers were taken: that nothing is left is no fault
    assert f"Nothing to ask: every photo has an answer. {page} was not written." in done.out and not page.exists()
    told = cli(*asked, "--format", "json").json
    assert (told["answers"], told["page"], told["photos"]) == (len(rows), None, [])
    assert told["nothing_to_ask"] == "every photo has an answer"


def test_the_same_answers_again_train_nothing_and_spend_no_look(
    store: Store, cli: Callable[..., Outcome], tmp_path: Path
) -> None:
    options = ReviewOptions(classes=KINDS, count=PRODUCTS)
    pool = next_photos(store, "kind", options).pool
    rows = [(pool.paths[row], kind_of(pool.products[row])) for row in range(len(pool))]
    file, rule = answer_file(tmp_path / "all.csv", rows), StopRule(target=0.8)
    first = take_answers(store, "kind", file, options, rule)
    assert first.trained is not None and first.verdict is not None and first.verdict.look == 1
    sha256 = kept_labels(store)["kind"].sha256
    again = take_answers(store, "kind", file, options, rule)
    assert again.same and again.trained is None and not again.told
    assert (again.answers, again.changed, again.verdict) == (PRODUCTS, 0, first.verdict)
    assert kept_labels(store)["kind"].sha256 == sha256
    assert len(setting(store, REVIEW)["kind"]["scored"]) == 1
    done = cli("review", "kind", "--catalog", store.root, "--answers", file, "--target", 0.8)
    assert done.code == 0 and "has learned from just these answers already" in done.out
    # One answer of what is learned from says otherwise: that is something new.
    learned = next(row for row in range(len(pool)) if not pool.apart[row])
    other = next(kind for kind in KINDS if kind != rows[learned][1])
    changed = answer_file(tmp_path / "one.csv", [(pool.paths[learned], other)])
    third = take_answers(store, "kind", changed, options, rule)
    assert not third.same and third.changed == 1 and third.verdict is not None and third.verdict.look == 2


def test_answers_taken_before_a_kill_are_told_the_next_time(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ReviewOptions(classes=KINDS)
    rows = [(f"/photos/p{number}.jpg", KINDS[number % 3]) for number in range(60)]
    file = answer_file(tmp_path / "a.csv", rows)

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("houndstooth.review.apply", killed)
    with pytest.raises(KeyboardInterrupt):
        take_answers(store, "kind", file, options)
    monkeypatch.undo()
    taken = take_answers(store, "kind", file, options)
    assert taken.same and sum(taken.told.values()) == PRODUCTS
    assert [line.state for line in list_labels(store)] == ["ready"]


def test_the_same_seed_asks_the_same(store: Store) -> None:
    for strategy in ("uncertain-diverse", "random"):
        options = ReviewOptions(strategy, 30, seed=5, classes=KINDS)  # type: ignore[arg-type]
        one, other = (next_photos(store, "kind", options).asked for _ in range(2))
        assert one == other
        assert one != next_photos(store, "kind", ReviewOptions(strategy, 30, 6, classes=KINDS)).asked  # type: ignore[arg-type]


def test_wrong_answers_are_told_with_their_lines_and_nothing_is_kept(
    store: Store, cli: Callable[..., Outcome], tmp_path: Path
) -> None:
    said = {"p0": "bag", "p1": "sock", "px": "coat"}
    rows = [*((f"/photos/{product}.jpg", kind) for product, kind in said.items()), ("/photos/p0.jpg", "bag")]
    before = store.generation()
    wrong = cli("review", "kind", "--catalog", store.root, "--classes", "bag,coat", "--answers",
                answer_file(tmp_path / "a.csv", rows))  # fmt: skip
    assert wrong.code == 2
    assert "a.csv line 3: 'sock' is no class of kind (bag, coat)" in wrong.err
    assert "a.csv line 4: the catalog has no photo /photos/px.jpg" in wrong.err
    assert "a.csv line 5: repeats line 2" in wrong.err
    assert store.generation() == before
    assert "kind" not in Reader(store).snapshot().attributes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name what may be answered, --classes a,b,c"),
        (["--classes", "one"], "only the class one"),
        (["--classes", "a,b|c"], "has a '|'"),
        (["--classes", "a,b", "--answers", "none.csv"], "there is no such file"),
        (["--classes", "a,b", "--answers", "page.html"], "answers are read from a table"),
        (["--classes", "a,b", "--to", "page.txt"], "end 'page.txt' in .html"),
        (["--classes", "a,b", "--strategy", "suspect"], "no attribute 'kind'"),
        (["--classes", "a,b", "--spaces", "shap"], "did you mean 'shape'"),
        (["--classes", ",".join(map(str, range(40)))], "a page has keys for 35"),
    ],
)
def test_what_cannot_be_reviewed_is_told(
    store: Store, cli: Callable[..., Outcome], arguments: list[str], said: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = cli("review", "kind", "--catalog", store.root, *arguments)
    assert done.code == 2 and said in " ".join(done.err.split()), done.err
    assert not list(tmp_path.glob("*.html*"))


def test_yes_or_no(store: Store, cli: Callable[..., Outcome], tmp_path: Path) -> None:
    """A label of yes and no is a boolean, whatever its answers are called."""
    base = ("review", "worn", "--catalog", store.root, "--format", "json", "--to", tmp_path / "p.html")
    first = cli(*base, "--classes", "yes,no", "-n", 60)
    assert first.json["classes"] == ["no", "yes"]
    assert embedded(tmp_path / "p.html")["keys"] == ["1n", "2y"]
    words = {True: ("yes", "TRUE", "1", "worn"), False: ("no", "false", "0", "No")}
    rows = [
        (photo["image"], words[kind_of(photo["product"]) == "dress"][number % 4])
        for number, photo in enumerate(first.json["photos"])
    ]
    done = cli(*base[:-2], "--classes", "yes,no", "--answers", answer_file(tmp_path / "a.csv", rows, "worn"))
    assert done.code == 0, done.err
    assert set(done.json["by_class"]) == {"no", "yes"}
    assert done.json["told"]["true"] == pytest.approx(PRODUCTS / 3, abs=10)
    snapshot = Reader(store).snapshot()
    assert snapshot.attributes["worn"] == "boolean"


def test_suspects_are_the_labels_that_were_made_wrong(tmp_path: Path, cli: Callable[..., Outcome]) -> None:
    """Labels of a source, eight of them wrong; an answer to one settles it."""
    generator = np.random.default_rng(1)
    rows = np.stack([np.eye(3, 24)[number % 3] + generator.normal(0, 0.1, 24) for number in range(150)])
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    wrong = set(generator.permutation(150)[:8].tolist())
    given = [{"kind": KINDS[(number + (number in wrong)) % 3]} for number in range(150)]
    store = make_store(tmp_path / "s.catalog", {"shape": unit}, given, {"kind": "text"})
    base = ("review", "kind", "--catalog", store.root, "--strategy", "suspect", "--format", "json")
    found = cli(*base, "--to", tmp_path / "s.html").json["photos"]
    assert {photo["product"] for photo in found} <= {f"p{number}" for number in wrong}
    assert len(found) >= 5, "its list is short and right"
    for photo in found:
        number = int(photo["product"][1:])
        assert (photo["given"], photo["predicted"]) == (given[number]["kind"], kind_of(photo["product"]))
    one = found[0]
    done = cli(*base, "--answers", answer_file(tmp_path / "a.csv", [(one["image"], one["given"])]))
    assert done.code == 0, done.err
    assert done.json["stop"] is None or done.json["stop"]["audited"] == 0, "sources gave every photo: no audit"
    left = cli(*base, "--to", tmp_path / "s.html").json["photos"]
    assert one["product"] not in {photo["product"] for photo in left}, "a person confirmed it"


def test_too_few_answers_are_kept_and_said(store: Store, cli: Callable[..., Outcome], tmp_path: Path) -> None:
    rows = [(f"/photos/p{number}.jpg", KINDS[number % 3]) for number in range(9)]
    done = cli("review", "kind", "--catalog", store.root, "--classes", "bag,coat,dress", "--answers",
               answer_file(tmp_path / "a.csv", rows))  # fmt: skip
    assert done.code == 0, done.err
    assert "Not trained yet: a class needs 5 photos with an answer" in done.out
    assert "Go on: there is no label yet" in done.out
    assert len(given_examples(store, "kind").items) == 9


def test_photos_of_answers_start_at_their_folder_however_it_is_written(
    store: Store, cli: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.database.write() as connection:
        image = schema.image
        connection.execute(update(image).values(path=func.replace(image.c.path, "/photos", f"{tmp_path}/photos")))
    rows = [(f"photos/p{number}.jpg", KINDS[number % 3]) for number in range(9)]
    answer_file(tmp_path / "a.csv", rows)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    done = cli("review", "kind", "--catalog", store.root, "--classes", "bag,coat,dress", "--answers", "../a.csv")
    assert done.code == 0, done.err
    assert len(given_examples(store, "kind").items) == 9


def test_a_busy_catalog_keeps_no_answers(store: Store, tmp_path: Path) -> None:
    from engine.errors import CatalogBusyError

    file = answer_file(tmp_path / "a.csv", [("/photos/p0.jpg", "bag")])
    with writing(store), pytest.raises(CatalogBusyError):
        take_answers(store, "kind", file, ReviewOptions(classes=KINDS))
    assert "kind" not in Reader(store).snapshot().attributes


def known_label(store: Store, sharpness: float, **card: Any) -> LabelModel:
    """A label that tells the three kinds by their middles; with a sharpness below 0 it is always wrong."""
    space = Reader(store).snapshot().space("shape")
    weight = (np.eye(24, 3) * sharpness).astype(np.float32)
    head = Head("linear", False, np.zeros(24, np.float32), np.ones(24, np.float32),
                (Layer(weight, np.zeros(3, np.float32)),))  # fmt: skip
    return LabelModel("kind", KINDS, False, (SpaceUsed("shape", 24, space.fingerprint),), head, dict(card))


@pytest.mark.parametrize(("sharpness", "stays"), [(20, True), (-20, False)])
def test_a_label_from_elsewhere_stays_while_it_is_better(
    store: Store, tmp_path: Path, sharpness: float, stays: bool
) -> None:
    keep(store, known_label(store, sharpness, source="elsewhere.csv", catalog="another"))
    options = ReviewOptions(count=100, audit=0.5)
    following = next_photos(store, "kind", options)
    pool = following.pool
    # The answers to learn from are nonsense, so that what is learned is worse than the good label, and better than one
    # that is always wrong.
    generator = np.random.default_rng(0)
    rows = []
    for one in following.asked:
        right = kind_of(pool.products[one.row])
        nonsense = KINDS[int(generator.integers(3))]
        rows.append((pool.paths[one.row], right if one.why == "audit" else nonsense))
    taken = take_answers(store, "kind", answer_file(tmp_path / "a.csv", rows), options)
    assert taken.compared == sum(one.why == "audit" for one in following.asked) > 30
    assert taken.replaced is not stays
    assert (taken.before_right > taken.after_right) is stays
    assert len(setting(store, REVIEW)["kind"]["scored"]) == 2, "both were looked at"
    assert taken.verdict is not None
    assert taken.verdict.right == (taken.before_right if stays else taken.after_right)
    assert (kept_labels(store)["kind"].model.card.get("source") == "elsewhere.csv") is stays  # type: ignore[union-attr]
    again = take_answers(store, "kind", tmp_path / "a.csv", options)
    assert again.verdict == taken.verdict and len(setting(store, REVIEW)["kind"]["scored"]) == 2, "no look more"


@pytest.mark.parametrize("given", [True, False])
def test_a_label_that_learned_from_the_audit_is_not_judged(store: Store, tmp_path: Path, given: bool) -> None:
    """By what the catalog was given, or by a table of its photos; its folder may have moved since."""
    keep(store, known_label(store, 20, source="/before/it/moved", catalog=catalog_uuid(store), given=given))
    file = answer_file(tmp_path / "a.csv", [("/photos/p0.jpg", "bag")])
    taken = take_answers(store, "kind", file)
    assert taken.trained is None and taken.verdict is None


def test_pictures_are_large_and_those_of_lost_photos_are_the_catalogs(tmp_path: Path) -> None:
    shop = Photographed(tmp_path)
    for number in range(3):
        shop.draw(f"{number}.png", number, (900, 1200))
    shop.index()
    (shop.photos / "1.png").unlink()
    following = next_photos(shop.store, "kind", ReviewOptions(count=3, audit=0, classes=("a", "b")))
    pool = following.pool
    found = dict(zip(pool.paths, pictures(shop.store, pool, range(len(pool))), strict=True))
    sizes = {}
    for path, (jpeg, box) in found.items():
        assert jpeg is not None and box is None
        sizes[Path(path).name] = Image.open(io.BytesIO(jpeg)).size
    assert sizes == {"0.png": (450, 600), "1.png": (150, 200), "2.png": (450, 600)}
