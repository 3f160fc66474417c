"""How a catalog finds garments: chosen once, kept with it, used for photos asked with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from finders import BLUE, RED, draw_garments
from numpy.typing import NDArray
from PIL import Image

import houndstooth
from engine.errors import InputError, SpaceError
from engine.models import GARMENTS, garment_recipe
from engine.settings import keep_setting
from engine.store import Store
from engine.writer import writing
from houndstooth.garments import Garments
from indexer.garments import find

BOTH = (RED, (20, 5, 20, 20)), (BLUE, (20, 30, 25, 45))


@pytest.fixture(autouse=True)
def finder(monkeypatch: pytest.MonkeyPatch) -> None:
    """`deeplab` is the finder of drawn pictures here."""
    monkeypatch.setitem(find.FINDERS, "deeplab", "finders:ByColour")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for category in ("top", "trousers"):
        draw_garments(tmp_path / "photos" / category / f"{category}.png", *BOTH)
    return tmp_path / "photos"


def read(path: Path) -> NDArray[Any]:
    with Image.open(path) as image:
        return np.asarray(image)


def choice(place: Path) -> str:
    return houndstooth.open(place).info().garments


def test_a_new_catalog_finds_garments_and_says_so(cli, photos: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.catalog"
    done = cli("index", photos, "--spaces", "colour", "-c", place)
    assert done.code == 0, done.err
    assert "no garment mask" not in done.out
    assert choice(place) == "deeplab"
    assert "Garments: deeplab" in cli("info", "-c", place).out
    hits = cli("similar", "id:top/top", "--where", "garment = 'top'", "-c", place, "--format", "json")
    assert hits.code == 0, hits.err


def test_the_choice_stays_until_it_is_changed_and_then_all_is_extracted_again(cli, photos: Path, tmp_path) -> None:
    place = tmp_path / "a.catalog"
    base = ("index", photos, "--spaces", "colour", "-c", place, "--format", "json")
    assert cli(*base, "--garments", "given").json["unmasked"] == 2
    assert cli(*base).json["unchanged"] == 2
    changed = cli(*base, "--garments", "deeplab").json
    assert (changed["indexed"], changed["unmasked"], choice(place)) == (2, 0, "deeplab")
    assert cli(*base).json["unchanged"] == 2
    assert cli(*base, "--garments", "none").json["indexed"] == 2


def test_an_option_of_the_finder_is_kept_and_a_device_is_not(cli, photos: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.catalog"
    weights = tmp_path / "w.txt"
    weights.write_text("abc")
    base = ("index", photos, "--spaces", "colour", "-c", place, "--format", "json")
    set_all = [x for one in (f"weights={weights}", "offset=0.05", "device=cuda") for x in ("--set", f"garments.{one}")]
    assert cli(*base, *set_all).json["indexed"] == 2
    weights.unlink()
    recipe = garment_recipe(Store.open(place))[1]
    assert (list(recipe.models), recipe.options) == (["weights"], {"offset": 0.05})
    houndstooth.open(place).compact()
    assert cli(*base).json["unchanged"] == 2
    assert cli("check", "-c", place).code == 0
    (model,) = (place / "models").iterdir()
    model.write_bytes(b"other")
    assert cli("check", "-c", place).code == 1
    assert cli("check", "--repair", "-c", place).code == 0
    assert cli(*base).json["indexed"] == 2


def test_a_wrong_choice_or_option_makes_no_catalog(cli, photos: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.catalog"
    base = ("index", photos, "--spaces", "colour", "-c", place)
    for wrong, said in [
        (("--garments", "sharp"), "sharp"),
        (("--set", "garments.size=3"), "garment finder"),
        (("--garments", "given", "--set", "garments.offset=1"), "no options"),
        (("--as", "patches", "--garments", "deeplab"), "all cloth"),
    ]:
        done = cli(*base, *wrong)
        assert (done.code, place.exists()) == (2, False), done.err
        assert said in done.err


def test_a_photo_asked_with_is_looked_at_as_the_catalog_does(photos: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.catalog"
    catalog = houndstooth.open(place, create=True)
    catalog.index(photos, spaces=["colour"])
    stranger = draw_garments(tmp_path / "stranger.png", (RED, (5, 5, 10, 40)))
    first = catalog.similar(stranger).hits[0]
    assert (first.product, round(first.score, 3)) == ("top/top", 1.0)
    catalog.index(photos, garments="none")
    assert catalog.similar(stranger).hits[0].score < 0.99


def test_a_mask_given_with_the_question_is_used(photos: Path, tmp_path: Path) -> None:
    catalog = houndstooth.open(tmp_path / "a.catalog", create=True)
    catalog.index(photos, spaces=["colour"])
    stranger = draw_garments(tmp_path / "stranger.png", (RED, (5, 5, 10, 10)), (BLUE, (30, 30, 25, 40)))
    mask = np.zeros((80, 60), np.uint8)
    mask[5:15, 5:15] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    assert catalog.similar(stranger).hits[0].product == "trousers/trousers"
    assert catalog.similar(stranger, mask=tmp_path / "mask.png").hits[0].product == "top/top"


def test_patches_are_all_cloth(cli, tmp_path: Path) -> None:
    place = tmp_path / "a.catalog"
    draw_garments(tmp_path / "patches" / "a.png", (RED, (0, 0, 60, 80)))
    done = cli("index", tmp_path / "patches", "--as", "patches", "--spaces", "colour", "-c", place, "--format", "json")
    assert done.code == 0, done.err
    assert choice(place) == "none" and "from now on" not in done.err


def test_a_changed_choice_is_said(cli, photos: Path, tmp_path: Path) -> None:
    """Patches in a catalog of photos have these compared whole from then on."""
    place, patches = tmp_path / "a.catalog", tmp_path / "patches"
    draw_garments(patches / "a.png", (RED, (0, 0, 60, 80)))
    assert "from now on" not in cli("index", photos, "--spaces", "colour", "-c", place).err
    assert "from now on" not in cli("index", photos, "--garments", "deeplab", "-c", place).err
    assert "Garments: none from now on, no longer deeplab" in cli("index", patches, "--as", "patches", "-c", place).err
    assert "Garments: deeplab from now on" in cli("index", photos, "--garments", "deeplab", "-c", place).err


def test_a_catalog_from_before_uses_the_masks_given_until_told_otherwise(photos: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.catalog"
    catalog = houndstooth.open(place, create=True)
    catalog.index(photos, spaces=["colour"], garments="given")
    with writing(catalog.store) as writer, writer.change() as connection:
        connection.exec_driver_sql("DELETE FROM setting")
    catalog = houndstooth.open(place)
    assert Garments(catalog.store).choice == "given"
    assert catalog.index(photos).counts.unchanged == 2
    assert garment_recipe(catalog.store)[0] == "given"


def test_what_cannot_be_chosen_changes_nothing(photos: Path, tmp_path: Path) -> None:
    catalog = houndstooth.open(tmp_path / "a.catalog", create=True)
    garments = Garments(catalog.store)
    garments.choose("deeplab", {"offset": "0.01"})
    before = garment_recipe(catalog.store)
    with pytest.raises(InputError, match="one of deeplab"):
        garments.choose("sharp")
    with pytest.raises(SpaceError, match=r"by-colour\.offset is a float"):
        garments.choose(None, {"offset": "much"})
    assert garment_recipe(catalog.store) == before == ("deeplab", before[1])
    garments.choose(None, {"offset": 0.0})
    assert garment_recipe(catalog.store)[1].options == {}


def test_settings_are_json_and_written_once(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "a.catalog")
    with writing(store) as writer:
        keep_setting(writer, GARMENTS, {"choice": "given"})
        keep_setting(writer, GARMENTS, {"choice": "given"})
    assert store.generation() == 1


def test_garments_writes_mask_overlay_and_cutout(cli, photos: Path, tmp_path: Path) -> None:
    to = tmp_path / "cut"
    done = cli("garments", photos, "--to", to, "--category", "trousers", "--format", "json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert [(one["state"], one["garments"][0]["kind"], one["garments"][0]["box"]) for one in told] == [
        ("written", "trousers", [20, 30, 25, 45])
    ] * 2
    photo = read(photos / "top" / "top.png")
    cut = read(to / "top" / "top-cutout.png")
    assert cut.shape == (45, 25, 4)
    np.testing.assert_array_equal(cut[..., :3], photo[30:75, 20:45])
    mask = read(to / "top" / "top-mask.png")
    np.testing.assert_array_equal(mask, (photo == BLUE).all(axis=2))
    assert read(to / "top" / "top-overlay.png").shape == (80, 60, 3)
    again = cli("garments", photos, "--to", to, "--category", "trousers")
    assert again.out == f"2 photos: 0 written to {to}, 2 unchanged, 0 without a garment, 0 failed\n"


def test_garments_tells_photos_without_one_and_broken_ones(cli, tmp_path: Path) -> None:
    draw_garments(tmp_path / "p" / "none.png")
    (tmp_path / "p" / "broken.png").write_bytes(b"no picture")
    done = cli("garments", tmp_path / "p", "--to", tmp_path / "cut")
    assert done.code == 0, done.err
    assert "1 without a garment, 1 failed" in done.out
    assert "broken.png" in done.err
    assert cli("garments", tmp_path / "p" / "broken.png", "--to", tmp_path / "cut").code == 1


def test_garments_of_photos_with_one_name_are_not_lost(cli, tmp_path: Path) -> None:
    for name in ("1.png", "1.bmp", "2.png"):
        draw_garments(tmp_path / "a" / name, *BOTH)
    for name in ("1.png", "3.png"):
        draw_garments(tmp_path / "b" / name, BOTH[1], BOTH[0])
    for again in (False, True):
        done = cli("garments", tmp_path / "a", tmp_path / "b", "--to", tmp_path / "cut", "--format", "json")
        assert done.code == 0, done.err
        states = {one["photo"].removeprefix(f"{tmp_path}/"): one["state"] for one in done.json}
        kept = "unchanged" if again else "written"
        assert states == {"a/1.png": kept, "a/1.bmp": kept, "a/2.png": kept, "b/1.png": "failed", "b/3.png": kept}
        (lost,) = (one["reason"] for one in done.json if one["state"] == "failed")
        assert str(tmp_path / "a" / "1.png") in lost and "another folder" in lost
    masks = {path.name for path in (tmp_path / "cut").glob("*-mask.png")}
    assert masks == {"1.png-mask.png", "1.bmp-mask.png", "2-mask.png", "3-mask.png"}


def test_garments_tells_of_what_could_not_be_read(cli, tmp_path: Path) -> None:
    draw_garments(tmp_path / "a" / "1.png", *BOTH)
    (tmp_path / "a" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a")  # its photos are read where they are: nothing is lost
    done = cli("garments", tmp_path / "a", "--to", tmp_path / "cut")
    assert done.code == 0 and "2 photos: 1 written" in done.out and "1 failed" in done.out
    assert f"failed: {tmp_path / 'a' / 'gone.jpg'}: a link to what is not there" in done.err


def test_garments_written_among_the_photos_are_no_photos(cli, tmp_path: Path) -> None:
    draw_garments(tmp_path / "a" / "1.png", *BOTH)
    for state in ("written", "unchanged"):
        told = cli("garments", tmp_path / "a", "--to", tmp_path / "a" / "cut", "--format", "json").json
        assert [(Path(one["photo"]).name, one["state"]) for one in told] == [("1.png", state)]
