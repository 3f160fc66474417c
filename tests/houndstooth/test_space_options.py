"""Options of spaces: recorded where they change vectors, and spaces taken out."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

import houndstooth
from houndstooth import errors
from indexer.picture import Picture
from indexer.spaces import registry
from indexer.spaces.base import Extractor
from indexer.spaces.vgg import SHIPPED


@pytest.fixture
def photos(demo, tmp_path: Path) -> Path:
    """Six of the shop's photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for row in demo.rows[:6]:
        shutil.copy(demo.folder / row["image"], folder)
    return folder


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The shipped weights, one bias moved: another file with other features."""
    told = load_file(SHIPPED / "vgg16.safetensors")
    told["features.28.bias"] = told["features.28.bias"] + np.float16(0.5)
    file = tmp_path / "elsewhere" / "weights.safetensors"
    file.parent.mkdir()
    save_file(told, file)
    return file


def spaces_of(place: Path) -> dict[str, tuple[int, str]]:
    return {space.name: (space.dim, space.fingerprint) for space in houndstooth.open(place).info().spaces}


def models(place: Path) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in (place / "models").iterdir()]


def test_an_option_is_kept_with_the_catalog(cli, photos: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.catalog"
    done = cli("index", photos, "--spaces", "colour,palette", "--set", "palette.names=six", "-c", place)
    assert done.code == 0, done.err
    first = spaces_of(place)
    assert first["palette"][0] == 7
    again = cli("index", photos, "-c", place, "--format", "json").json
    assert (again["unchanged"], again["indexed"]) == (6, 0) and spaces_of(place) == first
    asked = cli("similar", "--colour", "red", "--using", "palette", "-k", 2, "-c", place, "--format", "json")
    assert asked.code == 0 and len(asked.json["hits"]) == 2
    photo = next(photos.iterdir())
    (tmp_path / "copy.jpg").write_bytes(photo.read_bytes() + b"\0")  # other bytes, the same picture: extracted now
    hits = houndstooth.open(place).similar(tmp_path / "copy.jpg", using={"palette": 1}, k=1).hits
    assert hits[0].image == str(photo) and hits[0].score == pytest.approx(1, abs=1e-3)


def test_an_option_changes_a_space_that_is_there_and_its_default_takes_it_back(photos: Path, tmp_path: Path) -> None:
    catalog = houndstooth.open(tmp_path / "a.catalog", create=True)
    catalog.index(photos, spaces=["colour", "palette"])
    before = spaces_of(catalog.path)
    report = catalog.index(photos, options={"palette": {"names": "six"}})
    assert report.counts.indexed == 6 and report.waiting == {}
    assert spaces_of(catalog.path)["palette"][0] == 7
    assert houndstooth.open(catalog.path).index(photos).counts.unchanged == 6
    assert houndstooth.open(catalog.path).index(photos, options={"palette": {"names": "default"}}).counts.indexed == 6
    assert spaces_of(catalog.path) == before and catalog.check().clean
    assert houndstooth.open(catalog.path).index(photos).counts.unchanged == 6


def test_while_a_space_is_being_filled_the_old_one_answers(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for number, photo in enumerate(sorted(photos.iterdir())[:2]):
        shutil.move(photo, tmp_path / "more" / f"{number}.jpg")
    catalog = houndstooth.open(tmp_path / "a.catalog", create=True)
    catalog.index(photos, spaces=["palette"])
    catalog.index(tmp_path / "more")
    report = catalog.index(photos, options={"palette": {"names": "six"}})
    assert report.waiting == {"palette": 2}
    for here in (catalog, houndstooth.open(catalog.path)):
        assert len(here.similar(colours="red", using={"palette": 1}).query.vectors["palette"]) == 20
    assert houndstooth.open(catalog.path).index(tmp_path / "more").waiting == {}  # not told again
    assert len(catalog.similar(colours="red", using={"palette": 1}).query.vectors["palette"]) == 7


def test_weights_are_copied_into_the_catalog(cli, photos: Path, weights: Path, tmp_path: Path) -> None:
    place, moved = tmp_path / "a.catalog", tmp_path / "moved.catalog"
    told = hashlib.sha256(weights.read_bytes()).hexdigest()
    done = cli(
        "index", photos, "--spaces", "vgg", "--set", f"vgg.weights={weights}", "--set", "vgg.device=cpu", "-c", place
    )
    assert done.code == 0, done.err
    shutil.rmtree(weights.parent)
    place.rename(moved)
    assert models(moved) == [told]
    assert houndstooth.open(moved).index(photos).counts.unchanged == 6
    catalog = houndstooth.open(moved)
    assert catalog.reader.snapshot().space("vgg").parameters["weights"] == told
    assert "device" not in str(catalog.reader.snapshot().space("vgg").parameters)
    photo = next(photos.iterdir())
    (tmp_path / "copy.jpg").write_bytes(photo.read_bytes() + b"\0")
    assert catalog.similar(tmp_path / "copy.jpg", k=1).hits[0].score == pytest.approx(1, abs=1e-3)
    catalog.compact()
    assert models(moved) == [told]
    file = next((moved / "models").iterdir())
    file.write_bytes(file.read_bytes()[:-1])
    broken = cli("check", "-c", moved)
    assert broken.code == 1 and "its own weights" in broken.out
    assert cli("index", photos, "-c", moved).code == 3
    assert cli("check", "--repair", "-c", moved).code == 0
    houndstooth.open(moved).index(photos)
    assert catalog.reader.snapshot().space("vgg").parameters["weights"] != told and catalog.check().clean


def test_weights_and_a_fitted_projection_live_together(photos: Path, weights: Path, tmp_path: Path) -> None:
    catalog = houndstooth.open(tmp_path / "a.catalog", create=True)
    catalog.index(photos, spaces=["vgg"], options={"vgg": {"weights": weights}})
    catalog.fit("vgg", dim=3)
    catalog.index(photos)
    told = catalog.reader.snapshot().space("vgg")
    assert told.dim == 3 and set(told.parameters["models"]) == {"weights", "projection"}
    assert catalog.unfit("vgg") and catalog.index(photos).counts.indexed == 6
    told = catalog.reader.snapshot().space("vgg")
    assert told.dim == 256 and set(told.parameters["models"]) == {"weights"}


WRONG = [
    (["--set", "palette.names"], "has no '='"),
    (["--set", "palette=six"], "write SPACE.OPTION=VALUE"),
    (["--set", "palette.name=six"], "has no option 'name': it has names"),
    (["--set", "palette.names=seven"], "palette knows no set of names 'seven'"),
    (["--set", "colour.bins=9"], "has no option 'bins': it has none"),
    (["--set", "vgg.weights=/none/at.safetensors"], "no VGG16 weights at /none/at.safetensors"),
    (["--set", "vgg.weights={here}"], "is not a safetensors file"),
    (["--set", "shape.names=x"], "which is not indexed: the spaces are colour, palette, vgg, pattern, kind, outline"),
]


@pytest.mark.parametrize(("options", "says"), WRONG, ids=[says for _, says in WRONG])
@pytest.mark.parametrize("there", [False, True], ids=["new", "there"])
def test_a_wrong_option_changes_nothing(
    cli, demo, shop, tmp_path: Path, options: list[str], says: str, there: bool
) -> None:
    place = shop.catalog if there else tmp_path / "new.catalog"
    before = houndstooth.open(place).info() if there else None
    done = cli("index", demo.table, *[option.format(here=demo.table) for option in options], "-c", place)
    assert done.code == 2 and says in done.err, done.err
    assert (houndstooth.open(place).info() if there else None) == before
    assert place.exists() == there


class Grey(Extractor):
    """A space that a package brought."""

    name, dim = "grey", 2

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        mean = np.array([picture.rgb.mean() / 255 for picture in pictures], dtype=np.float32)
        return np.stack([np.cos(mean), np.sin(mean)], axis=1)


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    point = EntryPoint("grey", f"{__name__}:Grey", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [*entry_points(group=group), point])
    with monkeypatch.context() as inner:
        yield inner


def test_a_space_whose_package_is_gone(cli, photos: Path, tmp_path: Path, plugged: pytest.MonkeyPatch) -> None:
    place = tmp_path / "a.catalog"
    catalog = houndstooth.open(place, create=True)
    catalog.index(photos, spaces=["colour", "grey"])
    plugged.setattr(registry, "entry_points", lambda group: entry_points(group=group))
    for command in (["index", photos], ["similar", "--colour", "red", "--using", "grey"]):
        done = cli(*command, "-c", place)
        if command[0] == "index":
            assert done.code == 2 and "`houndstooth drop grey`" in done.err and "no space is called 'grey'" in done.err
        else:
            assert done.code == 2
    assert len(spaces_of(place)) == 2  # nothing goes by itself
    assert cli("drop", "grey", "-c", place).out == "Dropped grey: the catalog has colour\n"
    assert cli("index", photos, "-c", place, "--format", "json").json["unchanged"] == 6
    assert cli("similar", next(photos.iterdir()), "-c", place).code == 0
    assert catalog.check().clean


def test_drop_takes_what_the_space_told(cli, shop) -> None:
    assert "dominant_colour" in cli("similar", "--id", "P0003", "-k", 1, "-c", shop.catalog, "--format", "json").out
    assert cli("drop", "palette", "-y", "-c", shop.catalog).code == 0
    told = cli("similar", "--id", "P0003", "-k", 1, "-c", shop.catalog, "--format", "json").json
    assert "dominant_colour" not in told["hits"][0]["attributes"]
    catalog = houndstooth.open(shop.catalog)
    assert catalog.check().clean and catalog.index(shop.table, spaces=["palette"]).counts.indexed == len(shop.rows)
    assert set(spaces_of(shop.catalog)) == {"colour", "palette", "vgg", "pattern", "kind", "outline"}
    assert catalog.check().clean


def test_drop_says_which_labels_looked_at_the_space(cli, shop) -> None:
    looked = {label.name for label in houndstooth.open(shop.catalog).labels() if "kind" in label.spaces}
    assert looked
    *_, said = cli("drop", "kind", "-y", "-c", shop.catalog).out.splitlines()
    assert said.startswith("No longer told of new photos") and all(name in said for name in looked)
    assert "No longer" not in cli("drop", "palette", "-y", "-c", shop.catalog).out


def test_the_last_space_and_an_unknown_one_are_not_dropped(cli, shop) -> None:
    catalog = houndstooth.open(shop.catalog)
    with pytest.raises(errors.SpaceError, match=r"no space 'vg': it has colour, palette, vgg, pattern, kind, outline"):
        catalog.drop("vg")
    for space in ("palette", "vgg", "pattern", "kind", "outline"):
        catalog.drop(space)
    done = cli("drop", "colour", "-c", shop.catalog)
    assert done.code == 2 and "'colour' is the last space that answers" in done.err
    assert set(spaces_of(shop.catalog)) == {"colour"}


def test_a_space_being_filled_can_be_dropped_and_does_not_count_as_another(photos: Path, tmp_path: Path) -> None:
    catalog = houndstooth.open(tmp_path / "a.catalog", create=True)
    catalog.index(photos, spaces=["colour"])
    shutil.copytree(photos, tmp_path / "some")
    for photo in sorted((tmp_path / "some").iterdir())[1:]:
        photo.unlink()
    shutil.move(next((tmp_path / "some").iterdir()), tmp_path / "some" / "new.jpg")
    report = catalog.index(tmp_path / "some", spaces=["palette"])
    assert report.waiting
    with pytest.raises(errors.SpaceError, match="last space that answers"):
        catalog.drop("colour")
    catalog.drop("palette")
    assert set(spaces_of(catalog.path)) == {"colour"} and catalog.check().clean
