"""Labels from end to end: trained on a catalog's vectors, told of its photos, filtered by, kept consistent."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shops import Outcome, Shop
from sqlalchemy import select

import houndstooth
from engine import schema
from engine.compaction import compact
from engine.errors import InputError, SpaceError
from engine.models import LABELS, label_files, model_path
from engine.settings import setting
from engine.snapshot import Reader
from engine.store import Store
from engine.writer import writing
from houndstooth.labels import keep, list_labels
from houndstooth.map_view import map_view
from houndstooth.training import TrainOptions
from indexer.bulk import StopRequest
from indexer.labels.apply import apply_label, predict
from indexer.labels.features import features_of
from indexer.labels.kept import kept_labels
from indexer.labels.model_file import load_label


def labels_of(shop: Shop, folder: Path, name: str = "patterned", column: str = "label") -> Path:
    """A table of the shop's photos and whether they are not plain, as the demo's own table says it."""
    table = folder / "labels.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", column])
        for row in shop.rows:
            writer.writerow([str(shop.folder / row["image"]), "no" if row["pattern"] == "plain" else "yes"])
    return table


@pytest.fixture
def trained(shop: Shop, tmp_path: Path, cli: Callable[..., Outcome]) -> Shop:
    """The shop with the label `patterned`, trained and told."""
    table = labels_of(shop, tmp_path)
    done = cli("train", "patterned", "--from", table, "--catalog", shop.catalog, "--format", "json",
               "--spaces", "pattern,vgg", "--scheme", "80/20", "--to", tmp_path / "patterned.safetensors")  # fmt: skip
    assert done.code == 0, done.err
    assert cli("label", "patterned", "--catalog", shop.catalog).code == 0
    return shop


def stored(shop: Shop, attribute: str) -> dict[str, tuple[Any, float, str]]:
    """Image path -> value, confidence and model of the predictions in the database."""
    store = houndstooth.open(shop.catalog).store
    value, region, image, name = schema.region_value, schema.region, schema.image, schema.attribute
    with store.database.read() as connection:
        rows = connection.execute(
            select(image.c.path, value.c.text, value.c.number, value.c.confidence, value.c.model)
            .join(region, region.c.id == value.c.region_id)
            .join(image, image.c.id == region.c.image_id)
            .join(name, name.c.id == value.c.attribute_id)
            .where(name.c.name == attribute, region.c.removed.is_(None))
        ).all()
    return {row.path: (row.number if row.text is None else row.text, row.confidence, row.model) for row in rows}


def rounded(told: dict[str, tuple[Any, float, str]]) -> dict[str, tuple[Any, Any, str]]:
    """Confidences to a millionth: a product of other rows beside it may round a row otherwise in its last bit."""
    return {path: (value, pytest.approx(sure, abs=1e-6), model) for path, (value, sure, model) in told.items()}


def state_of(store: Store, name: str) -> str:
    return next(line.state for line in list_labels(store) if line.name == name)


def test_a_label_becomes_a_filter(trained: Shop, cli: Callable[..., Outcome], tmp_path: Path) -> None:
    told = stored(trained, "patterned")
    assert len(told) == len(trained.rows)
    truth = {str(trained.folder / row["image"]): row["pattern"] != "plain" for row in trained.rows}
    right = np.mean([bool(value) == truth[path] for path, (value, _, _) in told.items()])
    assert right >= 0.9  # on what it learned from, so that nonsense would show
    # The filter agrees with the rows, and with the file that was written.
    catalog = houndstooth.open(trained.catalog)
    example = str(trained.photo(trained.rows[0]["product"]))
    hits = catalog.similar(example, where="patterned and patterned.confidence > 0.8", k=1000, group="image")
    wanted = {path for path, (value, sure, _) in told.items() if value and sure > 0.8}
    assert {hit.image for hit in hits.hits} == wanted
    sha256 = setting(catalog.store, LABELS)["patterned"]["sha256"]
    assert {model for _, _, model in told.values()} == {f"label:patterned:{sha256[:16]}"}
    assert (tmp_path / "patterned.safetensors").read_bytes() == model_path(catalog.store, sha256).read_bytes()


def test_every_prediction_shown_is_the_stored_one(trained: Shop, cli: Callable[..., Outcome], tmp_path: Path) -> None:
    """By file name: JSON, CSV, the filter, HTML and the map, against the rows of the database and the head itself."""
    told = {Path(path).name: (bool(value), sure) for path, (value, sure, _) in stored(trained, "patterned").items()}
    assert len(told) == len(trained.rows)  # names are distinct, so they can be compared by
    catalog = houndstooth.open(trained.catalog)
    model = load_label(tmp_path / "patterned.safetensors")
    snapshot = catalog.reader.snapshot()
    features = features_of(snapshot, [snapshot.space(used.name) for used in model.spaces], snapshot.region_ids)
    names = {row.id: Path(row.path).name for row in _regions(catalog)}
    for number, said in zip(snapshot.region_ids.tolist(), predict(model, features, 0.0, "x"), strict=True):
        value, sure = told[names[number]]
        assert said["patterned"].value == value and said["patterned"].confidence == sure
    example = trained.photo(trained.rows[0]["product"])
    asked = ("similar", example, "--catalog", trained.catalog, "-k", "1000", "--group", "image")
    hits = cli(*asked, "--format", "json").json["hits"]
    assert {Path(hit["image"]).name for hit in hits} == set(told)
    for hit in hits:
        value, sure = told[Path(hit["image"]).name]
        assert hit["attributes"]["patterned"] is value
        assert hit["confidences"]["patterned"] == pytest.approx(sure, abs=1e-6)
    yes = cli(*asked, "--where", "patterned", "--format", "json").json["hits"]
    assert {Path(hit["image"]).name for hit in yes} == {name for name, (value, _) in told.items() if value}
    page = tmp_path / "hits.csv"
    assert cli(*asked, "--to", page).code == 0
    with page.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            value, sure = told[Path(row["image"]).name]
            assert row["patterned"].lower() == str(value).lower()
    html = tmp_path / "hits.html"
    assert cli(*asked, "--where", "patterned", "--to", html).code == 0
    cards = re.findall(r'class="called" title="([^"]+)"', html.read_text(encoding="utf-8"))
    assert {Path(unescape(path)).name for path in cards} == {name for name, (value, _) in told.items() if value}
    view = map_view(catalog.reader, catalog.map("vgg", "pca"), None)
    column = view.columns["patterned"]
    assert column.confidence is not None and len(view.region_ids) == len(told)
    for number, seen, chance in zip(view.region_ids.tolist(), column.values, column.confidence, strict=True):
        value, sure = told[names[number]]
        assert bool(seen) is value and chance == pytest.approx(sure, abs=1e-6)


def _regions(catalog: houndstooth.Catalog) -> list[Any]:
    with catalog.store.database.read() as connection:
        return list(
            connection.execute(
                select(schema.region.c.id, schema.image.c.path)
                .join(schema.image, schema.image.c.id == schema.region.c.image_id)
                .where(schema.region.c.removed.is_(None))
            )
        )


def test_a_stopped_run_goes_on_where_it_stopped(trained: Shop) -> None:
    store = houndstooth.open(trained.catalog).store
    before = stored(trained, "patterned")
    model = kept_labels(store)["patterned"].model
    assert model is not None
    keep(store, model, confidence=0.6)  # another threshold: all is told anew
    assert state_of(store, "patterned").startswith("unfinished")
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    with writing(store) as writer:
        first = apply_label(writer, kept_labels(store)["patterned"], stopped=stop, rows=10)
    assert not first.done and first.regions == 20
    keep(store, model, confidence=0.6)  # as `houndstooth label` does again
    seen: list[tuple[int, int]] = []
    with writing(store) as writer:
        rest = apply_label(writer, kept_labels(store)["patterned"], lambda *told: seen.append(told), rows=10)
    assert rest.done and first.regions + rest.regions == len(before)
    assert seen[0] == (20, len(before))
    assert state_of(store, "patterned") == "ready"
    after = stored(trained, "patterned")
    assert after == rounded({path: one for path, one in before.items() if one[1] >= 0.6})


def test_a_stopped_training_keeps_nothing(
    shop: Shop, tmp_path: Path, cli: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C is heard between the stages of training and judging too, which may take hours with networks."""

    @contextmanager
    def stopped() -> Iterator[StopRequest]:
        stop = StopRequest()
        stop.stop()
        yield stop

    monkeypatch.setattr("houndstooth.cli.index.stopping", stopped)
    done = cli("train", "patterned", "--from", labels_of(shop, tmp_path), "--catalog", shop.catalog)
    assert done.code == 130 and "Stopped early" in done.err
    assert "patterned" not in label_files(houndstooth.open(shop.catalog).store)


def test_a_kill_in_a_batch_leaves_the_batches_before(trained: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    store = houndstooth.open(trained.catalog).store
    before = stored(trained, "patterned")
    model = kept_labels(store)["patterned"].model
    assert model is not None
    keep(store, model, confidence=0.7)
    import indexer.labels.apply as module

    real, calls = module.write_labels, 0

    def breaks(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        real(*arguments)
        if calls == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_labels", breaks)
    with pytest.raises(KeyboardInterrupt), writing(store) as writer:
        apply_label(writer, kept_labels(store)["patterned"], rows=10)
    monkeypatch.undo()
    ids = Reader(store).snapshot().region_ids
    assert setting(store, LABELS)["patterned"]["through"] == ids[19]
    with writing(store) as writer:
        assert apply_label(writer, kept_labels(store)["patterned"], rows=10).regions == len(ids) - 20
    kept = {path: one for path, one in before.items() if one[1] >= 0.7}
    assert stored(trained, "patterned") == rounded(kept)


def test_new_photos_are_told_in_the_pass_that_indexes_them(trained: Shop, tmp_path: Path) -> None:
    catalog = houndstooth.open(trained.catalog)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    from PIL import Image

    for number, row in enumerate(trained.rows[:6]):
        with Image.open(trained.folder / row["image"]) as photo:
            photo.rotate(3, expand=True).save(fresh / f"new{number}.png")
    report = catalog.index(fresh)
    assert report.counts.indexed == 6
    told = stored(trained, "patterned")
    new = [path for path in told if Path(path).parent == fresh]
    assert len(new) == 6 and list_labels(catalog.store)[0].state == "ready"
    before = dict(told)
    catalog.label("patterned")  # told again from the stored rows, which are rounded to half precision
    for path, (value, sure, model) in stored(trained, "patterned").items():
        assert before[path][0] == value or abs(sure - 0.5) < 1e-2
        assert before[path][1] == pytest.approx(sure, abs=1e-2) and before[path][2] == model


def test_given_beats_predicted(trained: Shop, tmp_path: Path, cli: Callable[..., Outcome]) -> None:
    """A table that says otherwise of one product wins over what was predicted."""
    row = trained.rows[0]
    table = tmp_path / "said.csv"
    plain = row["pattern"] == "plain"
    photo = trained.folder / row["image"]
    table.write_text(f"image,product,patterned\n{photo},{row['product']},{str(plain).lower()}\n", encoding="utf-8")
    catalog = houndstooth.open(trained.catalog)
    catalog.index(table)
    other = next(one for one in trained.rows if one["product"] != row["product"])
    hits = catalog.similar(f"id:{other['product']}", where=f"product = '{row['product']}'", k=5, group="image")
    assert hits.hits and all(hit.attributes["patterned"] is plain for hit in hits.hits)
    assert all("patterned" not in hit.confidences for hit in hits.hits)


def test_abstention_leaves_the_unsure_without_a_value(trained: Shop, cli: Callable[..., Outcome]) -> None:
    before = stored(trained, "patterned")
    done = cli("label", "patterned", "--catalog", trained.catalog, "--confidence", "0.95", "--format", "json")
    assert done.code == 0, done.err
    after = stored(trained, "patterned")
    assert after == {path: one for path, one in before.items() if one[1] >= 0.95}
    assert done.json["unsure"] == len(before) - len(after) > 0


def test_the_wanted_confidence_outlasts_a_training(trained: Shop, tmp_path: Path, cli: Callable[..., Outcome]) -> None:
    assert cli("label", "patterned", "--catalog", trained.catalog, "--confidence", "0.9").code == 0
    train = ("train", "patterned", "--from", labels_of(trained, tmp_path), "--catalog", trained.catalog, "--spaces",
             "vgg", "--scheme", "80/20")  # fmt: skip
    done = cli(*train)
    assert done.code == 0 and "less than a confidence of 0.9 stay left out, as they were" in done.out
    assert cli("label", "patterned", "--catalog", trained.catalog).code == 0
    told = stored(trained, "patterned")
    assert told and all(sure >= 0.9 for _, sure, _ in told.values())
    assert cli(*train, "--format", "json").json["confidence"] == 0.9


def test_weights_of_networks_and_the_file_are_checked_before_anything_is_trained(
    shop: Shop, tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    train = ("train", "patterned", "--from", labels_of(shop, tmp_path), "--catalog", shop.catalog)
    for arguments, said in (
        (("--weights", "vgg16.pth"), "write NETWORK=FILE"),
        (("--weights", "vgg19=vgg19.pth"), "is none of the networks basic-cnn, vgg16"),
        (("--weights", "vgg16=vgg16.pth"), "name the network with --backbone vgg16, or --compare"),
        (("--weights", f"vgg16={tmp_path}/no.pth", "--backbone", "vgg16"), "no weights at"),
        (("--to", tmp_path), "--to names a file"),
    ):
        done = cli(*train, *arguments)
        assert done.code == 2 and said in " ".join(done.err.split()), done.err
    assert "patterned" not in label_files(houndstooth.open(shop.catalog).store)


def test_a_changed_space_makes_a_label_stale(trained: Shop, cli: Callable[..., Outcome]) -> None:
    store = houndstooth.open(trained.catalog).store
    with store.database.write() as connection:
        connection.execute(schema.space.update().where(schema.space.c.name == "vgg").values(fingerprint="0" * 16))
    listed = cli("labels", "--catalog", trained.catalog)
    assert "patterned: stale" in listed.out and "vgg" in listed.out
    done = cli("label", "patterned", "--catalog", trained.catalog)
    assert done.code == 2 and "houndstooth train patterned" in done.err
    assert stored(trained, "patterned")  # what was told stays


def test_files_of_labels_are_checked_swept_and_repaired(trained: Shop, cli: Callable[..., Outcome]) -> None:
    catalog = houndstooth.open(trained.catalog)
    path = model_path(catalog.store, label_files(catalog.store)["patterned"])
    with writing(catalog.store) as writer:
        compact(writer, grace=-1)
    assert path.is_file()  # the sweep keeps it
    assert catalog.check().clean
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    found = catalog.check()
    assert [finding.subject for finding in found.findings] == ["label patterned"]
    with pytest.raises(InputError, match="altered"):
        catalog.label("patterned")
    assert "altered" in cli("labels", "--catalog", trained.catalog).out
    assert catalog.repair(found).unfitted == ("label patterned",)
    assert catalog.check().clean and "patterned" not in [line.name for line in catalog.labels()]


def test_forgetting_a_label_deletes_what_it_said(trained: Shop, cli: Callable[..., Outcome]) -> None:
    store = houndstooth.open(trained.catalog).store
    path = model_path(store, label_files(store)["patterned"])
    assert cli("label", "patterned", "--forget", "--catalog", trained.catalog).code == 0
    assert stored(trained, "patterned") == {}
    with writing(store) as writer:
        compact(writer, grace=-1)
    assert not path.exists()
    assert cli("label", "patterned", "--forget", "--catalog", trained.catalog).code == 2


def test_a_label_of_several_is_one_boolean_a_class(shop: Shop, tmp_path: Path, cli: Callable[..., Outcome]) -> None:
    table = tmp_path / "styles.csv"
    lines = ["image,labels"]
    for row in shop.rows:
        said = [
            name for name, there in (("plain", row["pattern"] == "plain"), ("long", row["maxi"] == "true")) if there
        ]
        lines.append(f"{shop.folder / row['image']},{'|'.join(said) or '|'}")
    table.write_text("\n".join(lines), encoding="utf-8")
    done = cli("train", "style", "--from", table, "--catalog", shop.catalog, "--scheme", "80/20")
    assert done.code == 0, done.err
    assert cli("label", "style", "--catalog", shop.catalog).code == 0
    kinds = houndstooth.open(shop.catalog).own_attributes()
    assert kinds["style_plain"] == kinds["style_long"] == "boolean" and "style" not in kinds
    hits = houndstooth.open(shop.catalog).similar(
        str(shop.folder / shop.rows[0]["image"]), where="style_plain and not style_long", k=1000, group="image"
    )
    plain, long = stored(shop, "style_plain"), stored(shop, "style_long")
    assert {hit.image for hit in hits.hits} == {path for path in plain if plain[path][0] and not long[path][0]}
    # Trained again without one of its classes, it says no more of it.
    table.write_text("\n".join(lines).replace("plain|long", "long|wide").replace("plain", "wide"), encoding="utf-8")
    assert cli("train", "style", "--from", table, "--catalog", shop.catalog, "--scheme", "80/20").code == 0
    assert stored(shop, "style_plain") == plain, "until the photos are told"
    assert cli("label", "style", "--catalog", shop.catalog).code == 0
    assert stored(shop, "style_plain") == {} and len(stored(shop, "style_wide")) == len(stored(shop, "style_long")) > 0
    assert cli("label", "style", "--forget", "--catalog", shop.catalog).code == 0
    assert stored(shop, "style_wide") == {}


def test_an_attribute_that_was_given_can_be_learned(shop: Shop, cli: Callable[..., Outcome]) -> None:
    """`maxi` of the demo's table, which dresses and skirts alone have."""
    done = cli("train", "maxi", "--catalog", shop.catalog, "--scheme", "80/20", "--format", "json")
    assert done.code == 0, done.err
    given = [row["maxi"] for row in shop.rows if row["maxi"]]
    assert done.json["classes"] == ["false", "true"]
    assert done.json["card"]["photos"]["labelled"] == len(given)
    assert done.json["card"]["photos"]["by_class"]["true"] == given.count("true")
    done = cli("train", "category", "--catalog", shop.catalog)
    assert done.code == 2 and "of one group" in done.err  # the one skirt
    done = cli("train", "price", "--catalog", shop.catalog)
    assert done.code == 2 and "is a number" in done.err


def test_wrong_names_and_types_are_told(trained: Shop, tmp_path: Path, cli: Callable[..., Outcome]) -> None:
    for name, said in (("width", "cannot be a label's name"), ("7", "cannot be a label's name")):
        done = cli("train", name, "--from", tmp_path, "--catalog", trained.catalog)
        assert done.code == 2 and said in done.err
    table = labels_of(trained, tmp_path)
    done = cli("train", "price", "--from", table, "--catalog", trained.catalog, "--spaces", "vgg")
    assert done.code == 2 and "price" in done.err and "number" in done.err
    done = cli("train", "dominant_colour", "--from", table, "--catalog", trained.catalog, "--spaces", "vgg")
    assert done.code == 2 and "the space 'palette' tells" in done.err
    done = cli("label", "unheard", "--catalog", trained.catalog)
    assert done.code == 2 and "houndstooth train unheard" in done.err
    done = cli("train", "patterned", "--catalog", tmp_path / "none.catalog", "--from", table)
    assert done.code == 3


def test_a_label_for_other_vectors_is_refused(trained: Shop, tmp_path: Path) -> None:
    other = houndstooth.open(tmp_path / "other.catalog", create=True)
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(trained.photo(trained.rows[0]["product"]), photos)
    other.index(photos, spaces=["colour"], garments="none")
    with pytest.raises(SpaceError, match="Index the photos in it first"):
        other.label("patterned", tmp_path / "patterned.safetensors")
    (tmp_path / "no.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a safetensors file"):
        other.label("patterned", tmp_path / "no.safetensors")


def test_photos_that_no_catalog_has_are_extracted_in_a_cache(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Outcome]
) -> None:
    """Labelled folders without a catalog; a broken picture is told; the second run extracts nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "folders"
    for row in shop.rows:
        place = folder / ("plain" if row["pattern"] == "plain" else "patterned")
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(shop.folder / row["image"], place / row["image"].replace("/", "_"))
    (folder / "plain" / "broken.jpg").write_bytes(b"no picture")
    arguments = ("train", "look", "--from", folder, "--spaces", "colour", "--garments", "none", "--scheme", "80/20",
                 "--to", tmp_path / "look.safetensors", "--format", "json")  # fmt: skip
    first = cli(*arguments)
    assert first.code == 0, first.err
    assert any("broken.jpg" in problem for problem in first.json["problems"])
    assert first.json["card"]["photos"]["labelled"] == len(shop.rows)
    (work,) = (tmp_path / "cache" / "houndstooth" / "train").iterdir()
    shards = {space.name: space.shards for space in houndstooth.open(work).info().spaces}
    second = cli(*arguments)
    assert second.code == 0 and {space.name: space.shards for space in houndstooth.open(work).info().spaces} == shards
    one, two = first.json["card"], second.json["card"]
    assert {**one, "made": 0} == {**two, "made": 0}  # the same seed, the same label
    assert json.dumps(one["metrics"]) == json.dumps(two["metrics"])


def test_the_python_api(shop: Shop, tmp_path: Path) -> None:
    catalog = houndstooth.open(shop.catalog)
    trained = catalog.train_label("patterned", labels_of(shop, tmp_path), TrainOptions(spaces=("vgg",), scheme="80/20"))
    assert trained.model.boolean and trained.model.head.dim == 256
    applied = catalog.label("patterned", confidence=0.5)
    assert sum(applied.values["patterned"].values()) == applied.regions == len(shop.rows)
    assert [line.name for line in catalog.labels()] == ["category", "patterned"]
    catalog.forget_label("patterned")
    assert [line.name for line in catalog.labels()] == ["category"]
