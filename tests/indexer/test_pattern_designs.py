"""Rendered designs and their views: what training on them relies on."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InputError
from indexer.patterns.augment import cloth_view, recoloured, square
from indexer.patterns.bank import Bank, drawn_bank
from indexer.patterns.designs import FAMILIES, GENERATORS, HELD_OUT, draw
from indexer.patterns.designs.fields import SIDE, lattice, noise, scatter, worley
from indexer.patterns.views import Look, palette, view


@pytest.mark.parametrize("name", list(GENERATORS))
def test_designs_are_inks_of_one_tile_and_repeat_exactly(name: str) -> None:
    drawing = draw(name, 3)
    assert drawing.inks.shape == (SIDE, SIDE)
    assert drawing.inks.dtype == np.uint8
    assert drawing.inks.max() <= 8
    assert 4 <= drawing.motif <= SIDE
    np.testing.assert_array_equal(drawing.inks, draw(name, 3).inks)
    if name != "smooth":
        assert len(np.unique(drawing.inks)) > 1
        assert any((draw(name, seed).inks != drawing.inks).any() for seed in range(4, 10))


@pytest.mark.parametrize(
    "name", ["daisies", "leopard", "giraffe", "tartan", "chevron", "cow", "paisley", "cubes", "scales"]
)
def test_tiles_have_no_seam(name: str) -> None:
    # A seam would change inks between the last and the first column far more often than between others.
    changes = []
    for seed in range(4):
        inks = draw(name, seed).inks.astype(int)
        inside = [(inks[:, place] != inks[:, place + 1]).mean() for place in range(0, SIDE - 1, 3)]
        changes.append((inks[:, -1] != inks[:, 0]).mean() <= max(inside) + 0.02)
    assert sum(changes) >= 3


def test_held_out_generators_come_from_many_families_and_every_family_keeps_some() -> None:
    assert set(HELD_OUT) <= set(GENERATORS)
    assert len(HELD_OUT) >= 6
    assert len({GENERATORS[name].family for name in HELD_OUT}) >= 6
    assert {GENERATORS[name].family for name in GENERATORS if name not in HELD_OUT} == set(FAMILIES)


def test_an_unknown_generator_is_refused() -> None:
    with pytest.raises(InputError, match="no generator of designs is called 'plaidy'"):
        draw("plaidy", 0)


def test_worley_is_the_distance_to_the_nearest_points_around_the_edges() -> None:
    points = scatter(np.random.default_rng(0), 30, 0.12)
    near, second, who = worley(points)
    for row, column in np.random.default_rng(1).integers(0, SIDE, (60, 2)):
        gap = np.abs(points - (np.array([column, row]) + 0.5) / SIDE)
        far = np.sort(np.hypot(*np.minimum(gap, 1 - gap).T))
        assert near[row, column] == pytest.approx(far[0], abs=1e-5)
        assert second[row, column] == pytest.approx(far[1], abs=1e-5)
        assert np.hypot(*np.minimum(gap, 1 - gap).T).argmin() == who[row, column]


def test_scattered_points_keep_their_distance_across_the_edge() -> None:
    points = scatter(np.random.default_rng(2), 40, 0.1)
    gap = np.abs(points[:, None] - points[None])
    far = np.hypot(*np.minimum(gap, 1 - gap).transpose(2, 0, 1)) + 9 * np.eye(len(points))
    assert len(points) == 40
    assert far.min() >= 0.1


def test_noise_has_unit_spread_and_lattices_half_a_drop() -> None:
    field = noise(np.random.default_rng(3), 8)
    assert field.mean() == pytest.approx(0, abs=1e-3)
    assert field.std() == pytest.approx(1, abs=1e-3)
    assert lattice(2, 1, True).tolist() == [[0.25, 0.25], [0.75, 0.75]]


def test_a_view_without_photo_shows_only_the_palette_and_mixes_of_it() -> None:
    rng = np.random.default_rng(5)
    drawn = view(draw("chessboard", 1), "checks", 96, rng, Look(photo=0, motif=(40, 41)))
    assert drawn.shape == (96, 96, 3)
    colours, counts = np.unique(drawn.reshape(-1, 3), axis=0, return_counts=True)
    first, second = colours[np.argsort(-counts)[:2]].astype(float)
    assert counts.max() > 0.2 * 96 * 96
    # Every pixel lies on the line between the two colours.
    line = (second - first) / np.linalg.norm(second - first)
    away = drawn.reshape(-1, 3) - first
    assert np.linalg.norm(away - (away @ line)[:, None] * line, axis=1).max() < 2


@pytest.mark.parametrize("family", FAMILIES)
def test_palettes_tell_ground_and_first_ink_apart_unless_cloth_is_of_one_colour(family: str) -> None:
    rng = np.random.default_rng(6)
    for _ in range(20):
        colours = palette(rng, family, 3)
        assert colours.shape == (3, 3)
        assert colours.min() >= 0
        assert colours.max() <= 255
        if family not in ("plain", "knit", "denim", "lace", "animal", "camouflage"):
            assert np.abs(colours[0] - colours[1]).max() > 45


def test_views_of_cloth_are_of_the_side_asked_for_whatever_the_patch() -> None:
    rng = np.random.default_rng(7)
    for shape in ((32, 96, 3), (250, 60, 3), (33, 33, 3)):
        patch = rng.integers(0, 256, shape, dtype=np.uint8)
        for _ in range(10):
            assert square(patch, rng, 0.45).size[0] in range(14, min(shape[:2]) + 1)
            assert cloth_view([patch], 64, rng).shape == (64, 64, 3)


def test_recolouring_keeps_uniform_cloth_uniform_and_edges_in_place() -> None:
    rng = np.random.default_rng(8)
    halves = np.zeros((20, 20, 3), np.uint8)
    halves[:, 10:] = (200, 60, 40)
    for _ in range(20):
        found = recoloured(halves, rng)
        assert (found[:, :10] == found[0, 0]).all()
        assert (found[:, 10:] == found[0, 10]).all()


def test_a_bank_is_read_back_from_its_parts_and_joined_without_mixing_items(tmp_path) -> None:
    bank = drawn_bank(tmp_path, 1, 2, 32, 0)
    count = sum(name not in HELD_OUT for name in GENERATORS)
    assert bank.pictures.shape == (2 * count, 32, 32, 3)
    assert bank.item.tolist() == [item for item in range(count) for _ in range(2)]
    files = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    again = drawn_bank(tmp_path, 1, 2, 32, 0)
    assert files == {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    np.testing.assert_array_equal(again.pictures, bank.pictures)
    joined = Bank.joined([bank, again])
    assert len(np.unique(joined.item)) == 2 * count
    assert set(joined.pattern) == set(FAMILIES)
