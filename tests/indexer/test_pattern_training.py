"""Training the pattern network: sampling, losses, a small run on a folder, going on from a checkpoint."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from engine.errors import InputError
from houndstooth.cli.train import command
from indexer.patterns.bank import cloth_bank
from indexer.patterns.cloths import Cloth, read_folder
from indexer.patterns.designs import draw
from indexer.patterns.features import Features
from indexer.patterns.learn import Sampler, learn
from indexer.patterns.losses import PatternLoss
from indexer.patterns.network import HEARD, UPPER_INPUT
from indexer.patterns.outline import Outline
from indexer.patterns.recipe import Lesson, LossWeights, Recipe
from indexer.patterns.training import train_pattern
from indexer.patterns.validate import Watched, watch
from indexer.patterns.views import view
from indexer.patterns.weights import load_pattern
from indexer.spaces.pattern import SHIPPED


def lesson(items: int, views: int, families: int, lower: bool = False) -> Lesson:
    """Half drawn by three generators, half photographed, a third of those without a name; each family a direction."""
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(items), views)
    family = np.where((item >= items // 2) & (item % 3 == 0), -1, item % families)
    kind = np.where(item < items // 2, np.array(["a", "b", "c"])[item % 3], "")
    heard = rng.random((len(item), HEARD)).astype(np.float16)
    for row in range(len(item)):
        start = 40 * (item[row] % families)
        heard[row, start : start + 40] += 2
    size = int(np.prod(UPPER_INPUT)) if lower else 0
    return Lesson(item, family, family, kind, Features(heard, rng.random((len(item), size)).astype(np.float16)))


def test_batches_have_several_views_of_each_item_and_one_design_of_each_generator() -> None:
    given = lesson(60, 4, 3)
    sampler = Sampler(given, Recipe(drawn=6, real=12, views=3), 0)
    seen = set()
    for _ in range(20):
        rows = sampler.batch()
        items = given.item[rows]
        assert len(rows) == len(set(rows.tolist()))
        assert (items.reshape(-1, 3) == items.reshape(-1, 3)[:, :1]).all()
        chosen = items[::3]
        drawn = [given.kind[given.item == item][0] for item in chosen if item < 30]
        assert len(drawn) == len(set(drawn)) == 3
        assert 8 <= (chosen >= 30).sum() <= 12
        assert (given.family[rows][given.kind[rows] == ""] < 0).any()
        seen |= set(items.tolist())
    assert len(seen) > 45


def test_views_of_a_garment_come_from_its_patches_and_from_its_outline_and_are_one_item(tmp_path) -> None:
    red, blue = np.full((60, 50, 3), (200, 10, 10), np.uint8), np.full((90, 60, 3), (10, 10, 200), np.uint8)
    mask = np.zeros((90, 60), bool)
    mask[10:80, 20:45] = True
    blue[~mask] = 90
    cloths = [
        Cloth((red,), "plain", "a", "a"),
        Cloth((red, red), None, "b", "b", Outline(blue, mask)),
        Cloth((red,), None, "c", "c", Outline(blue, mask)),
    ]
    bank = cloth_bank(tmp_path, cloths, 4, 64, 0)
    assert bank.pictures.shape == (20, 64, 64, 3)
    assert bank.item.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [1] * 4 + [2] * 4
    assert bank.pattern.tolist() == ["plain"] * 4 + [""] * 16
    # Dyes change from view to view, but one cloth painted around itself stays one colour: nothing of the grey is left.
    assert np.median([picture.std((0, 1)).max() for picture in bank.pictures[12:]]) < 20
    assert len(np.unique(bank.pictures, axis=0)) > 10
    np.testing.assert_array_equal(cloth_bank(tmp_path, cloths, 4, 64, 0).pictures, bank.pictures)  # from the files
    seen = watch(cloths)
    assert seen.outline is not None
    assert seen.of[seen.outline].tolist() == sorted(seen.of[seen.outline].tolist())
    assert set(seen.of[seen.outline].tolist()) == {1, 2}
    assert seen.squares[seen.outline][..., 0].max() == 10


def test_the_loss_is_the_sum_of_triplets_and_names_as_plain_loops_compute_it() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(12, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    item, family = np.repeat(np.arange(4), 3), np.repeat([0, 1, 0, -1], 3)
    scores = rng.normal(size=(12, 2))
    far = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    margin, hard, semi = 0.2, [], []
    for a in range(12):
        positive = max(far[a, p] for p in range(12) if item[p] == item[a] and p != a)
        negative = min(far[a, n] for n in range(12) if item[n] != item[a])
        hard.append(max(0.0, positive - negative + margin))
        for p in range(12):
            for n in range(12):
                if family[a] < 0 or p == a or family[p] != family[a] or family[n] in (-1, family[a]):
                    continue
                if 0 < far[a, n] - far[a, p] <= margin:
                    semi.append(far[a, p] - far[a, n] + margin)
    names = []
    for a in range(12):
        if family[a] >= 0:
            log = scores[a] - np.log(np.exp(scores[a]).sum())
            names.append(-(0.9 * log[family[a]] + 0.1 * log.mean()))
    told = (torch.tensor(v) for v in (rows, scores, item, family, family))
    found = float(PatternLoss(LossWeights(2.0, 3.0, 0.5), margin)(*told))
    positive_only = [value for value in hard if value > 0]
    expected = 2 * np.mean(positive_only) + 3 * np.mean(semi) + 0.5 * np.mean(names)
    assert found == pytest.approx(expected, rel=1e-4)


def test_validation_votes_among_other_groups_and_counts_patterns_alike() -> None:
    angles = np.radians([0, 2, 3, 8, 90, 91, 95, 96])
    rows = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    pattern = np.array(["dots"] * 4 + ["checks"] * 4)
    alone = Watched(np.zeros((8, 1, 1, 3), np.uint8), np.arange(8), pattern, np.array([f"g{i}" for i in range(8)]))
    assert alone.score(rows) == 1.0
    one_sender = Watched(alone.squares, alone.of, pattern, np.array(["s"] * 4 + ["t"] * 4))
    assert one_sender.score(rows) == 0.0
    assert alone.same_garment(rows) == 0.0  # one square each: nothing to ask
    twice = Watched(np.zeros((8, 1, 1, 3), np.uint8), np.arange(8) // 2, pattern[::2], np.array(list("abcd")))
    assert twice.same_garment(rows) == 0.75  # the third is nearer to the first garment's last than to its own


@pytest.mark.parametrize("fine_steps", [0, 2])
def test_learning_pulls_families_together_and_goes_on_from_its_checkpoint(tmp_path, fine_steps: int) -> None:
    start = load_pattern(SHIPPED).network
    given = lesson(24, 3, 3, lower=fine_steps > 0)
    recipe = Recipe(
        drawn=3, real=9, views=2, head_steps=12, fine_steps=fine_steps, every=4 if not fine_steps else 2, drop=0.0
    )
    family = given.item % 3

    def score(rows: np.ndarray) -> float:
        similar = rows @ rows.T - 9 * np.eye(len(rows))
        return float((family[similar.argmax(1)] == family).mean())

    whole = learn(given, given.features, score, start, 3, recipe, 0, tmp_path / "whole.pt")
    assert whole.curve[-1][3] > 0.9
    assert [step for stage, step, _, _ in whole.curve if stage == "projection"] == list(
        range(recipe.every, 13, recipe.every)
    )
    changed = [
        name for name in start if not name.startswith("embed") and not np.allclose(whole.arrays[name], start[name])
    ]
    assert all(int(name.split(".")[1]) >= 8 for name in changed if name.startswith("blocks"))
    assert bool([name for name in changed if name.startswith("blocks")]) == (fine_steps > 0)

    class StoppedError(Exception):
        pass

    def stop(stage: str, step: int, total: int) -> None:
        if (stage, step) == ("projection", 7):
            raise StoppedError

    with pytest.raises(StoppedError):
        learn(given, given.features, score, start, 3, recipe, 0, tmp_path / "part.pt", stop)
    steps: list[tuple[str, int]] = []
    resumed = learn(
        given, given.features, score, start, 3, recipe, 0, tmp_path / "part.pt", lambda *told: steps.append(told[:2])
    )
    assert steps[0] == ("projection", 5 if recipe.every == 4 else 7)
    assert [row[:2] for row in resumed.curve] == [row[:2] for row in whole.curve]


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    """A folder of 16 patches in two sub-folders."""
    folder = tmp_path_factory.mktemp("patches")
    rng = np.random.default_rng(5)
    for name, family in (("gingham", "checks"), ("roses", "floral")):
        (folder / name).mkdir()
        for number in range(8):
            picture = view(draw(name, number), family, 64, rng)
            Image.fromarray(picture).save(folder / name / f"{number}.png")
    (folder / "notes.txt").write_text("not a picture")
    return folder


def test_a_folder_is_read_with_the_names_of_its_sub_folders(patches, tmp_path) -> None:
    found = read_folder(patches)
    assert sorted({cloth.pattern for cloth in found}) == ["gingham", "roses"]
    assert len(found) == 16
    with pytest.raises(InputError, match="no picture of 32 pixels or more"):
        read_folder(tmp_path)
    with pytest.raises(InputError, match="no folder at"):
        read_folder(tmp_path / "absent")


def test_training_on_a_folder_writes_a_network_that_knows_its_names(patches, tmp_path) -> None:
    file = tmp_path / "mine.safetensors"
    told = CliRunner().invoke(
        command,
        ["pattern", str(patches), "--to", str(file), "--designs", "0", "--epochs", "1", "--format", "json"],
        catch_exceptions=False,
    )
    assert told.exit_code == 0
    report = json.loads(told.output)
    assert report["patterns"] == ["gingham", "roses"]
    assert report["garments"] + report["validation"] == 16
    assert load_pattern(file).families == ("gingham", "roses")


def test_too_few_pictures_are_refused_with_the_number_needed(patches, tmp_path) -> None:
    with pytest.raises(InputError, match="has 8 pictures that can be read; training needs 10 or more"):
        train_pattern(patches / "roses", tmp_path / "mine.safetensors")
    with pytest.raises(InputError, match="name the one it began with"):
        train_pattern(patches, tmp_path / "mine.safetensors", resume=True)
