"""Procedural textile patterns: periods, shares, and the weave of houndstooth recomputed thread by thread."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InputError
from indexer.demo import PATTERNS, Pattern, named, render_patch
from indexer.demo.patterns import pattern_shares, repeat_length
from indexer.demo.patterns.bands import band, layers, triangle
from indexer.demo.patterns.printed import polka_dots
from indexer.demo.patterns.woven import chevron, houndstooth, plaid, stripes

PRINTED = [name for name in PATTERNS if name != "plain"]
FINE = 1e-3


def grid(side: int, repeats: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Cell centres of a square of cloth, in repeats."""
    t = ((np.arange(side) + 0.5) / side * repeats).astype(np.float32)
    u, v = np.meshgrid(t, t)
    return u, v


@pytest.mark.parametrize("name", PRINTED)
@pytest.mark.parametrize("variation", range(5))
def test_shares_sum_to_one_and_repeat(name: str, variation: int) -> None:
    pattern = Pattern(name, scale=20.0, variation=variation)
    repeat = repeat_length(pattern)
    x, y = grid(96, repeat)
    here = np.stack(pattern_shares(pattern, x, y, 3, 1.0))
    assert here.min() >= -1e-5
    np.testing.assert_allclose(here.sum(axis=0), 1.0, atol=1e-4)
    for dx, dy in ((repeat, 0.0), (0.0, repeat), (-2 * repeat, 3 * repeat)):
        there = np.stack(pattern_shares(pattern, x + np.float32(dx), y + np.float32(dy), 3, 1.0))
        assert np.abs(there - here).mean() < 2e-3


@pytest.mark.parametrize("name", PRINTED)
def test_a_shift_of_less_than_a_repeat_shows(name: str) -> None:
    pattern = Pattern(name, scale=20.0, variation=2)
    x, y = grid(96, repeat_length(pattern))
    here = np.stack(pattern_shares(pattern, x, y, 3, 1.0))
    shifted = np.float32(repeat_length(pattern) * 0.27)
    there = np.stack(pattern_shares(pattern, x, y + shifted, 3, 1.0))
    assert np.abs(there - here).mean() > 0.02


def test_band_by_its_definition() -> None:
    t = np.linspace(-2.5, 2.5, 2001).astype(np.float32)
    for duty in (0.1, 0.5, 0.8):
        expected = [1.0 if (float(x) - np.floor(float(x))) < duty else 0.0 for x in t]
        edge = np.array([min(abs(float(x) - e) for e in [n + o for n in range(-3, 4) for o in (0, duty)]) for x in t])
        got = band(t, duty, FINE)
        np.testing.assert_array_equal(got[edge > FINE], np.array(expected, dtype=np.float32)[edge > FINE])


def test_triangle_is_zero_at_integers_and_one_between() -> None:
    np.testing.assert_allclose(
        triangle(np.array([-1, -0.5, 0, 0.25, 0.5, 1.5], dtype=np.float32)), [0, 1, 0, 0.5, 1, 1]
    )


def test_layers_cover_what_is_below() -> None:
    below, above = np.array([1, 1, 0, 0.5], dtype=np.float32), np.array([0, 1, 1, 0.5], dtype=np.float32)
    ground, first, second = layers([below, above], 3)
    np.testing.assert_allclose(ground, [0, 0, 0, 0.25])
    np.testing.assert_allclose(first, [1, 0, 0, 0.25])
    np.testing.assert_allclose(second, [0, 1, 1, 0.5])


def test_houndstooth_is_the_weave_of_a_two_two_twill() -> None:
    """Every thread crossing: four dark and four light threads both ways; the twill says whose colour is on top."""
    side = 64
    u, v = grid(side)
    figure = houndstooth(u, v, 2, 0, 1e-4)[1]
    agreed = 0
    for row in range(side):
        for column in range(side):
            x, y = (column + 0.5) * 8 / side, (row + 0.5) * 8 / side
            warp_dark, weft_dark = x % 8 < 4, y % 8 < 4
            warp_over = (x + y) % 4 < 2
            dark = warp_dark if warp_over else weft_dark
            agreed += bool(figure[row, column] > 0.5) == dark
    assert agreed / side**2 > 0.97  # the rest lies on the diagonals, where a cell's middle is on the edge


def test_houndstooth_swaps_ground_and_figure_half_a_repeat_away() -> None:
    u, v = grid(80)
    ground, figure = houndstooth(u, v, 2, 0, FINE)
    half = np.float32(0.5)
    swapped = houndstooth(u + half, v + half, 2, 0, FINE)[1]
    assert np.abs(swapped - ground).mean() < 0.02
    assert figure.mean() == pytest.approx(0.5, abs=0.01)
    # It is neither stripes nor checks: along both axes and both diagonals it changes.
    for axis in (0, 1):
        assert figure.mean(axis=axis).std() > 0.1
    assert np.abs(figure - figure[:, ::-1]).mean() > 0.1  # the teeth lean


def test_stripes_do_not_change_along_themselves() -> None:
    u, v = grid(128)
    for variation in range(4):
        stripe = stripes(u, v, 2, variation, FINE)[1]
        assert np.ptp(stripe, axis=1).max() == 0
        assert set(np.unique(np.rint(stripe))) == {0.0, 1.0}
        assert 0.1 < stripe.mean() < 0.5


def test_plaid_is_one_sett_both_ways() -> None:
    """Far enough away that the twill mixes evenly, the cloth is the mean of its warp and its weft."""
    u, v = grid(96)
    for variation in range(5):
        parts = plaid(u, v, 3, variation, 0.06)
        for part in parts:
            np.testing.assert_allclose(part, part.T, atol=1e-5)
            warp = part - part.mean(axis=0, keepdims=True)
            np.testing.assert_allclose(warp, np.broadcast_to(warp[:, :1], warp.shape), atol=1e-4)  # additive


def test_chevron_zigzags() -> None:
    u, v = grid(64)
    figure = chevron(u, v, 2, 0, FINE)[1]
    assert np.abs(figure - figure[:, ::-1]).mean() < 0.02  # a mirror at every turn
    moved = chevron(u, v - np.float32(0.25), 2, 0, FINE)[1]
    np.testing.assert_allclose(figure[:, 0:1].mean(), moved[:, 0:1].mean(), atol=0.03)
    column, middle = figure[:, 0], figure[:, 32]
    assert np.abs(column - middle).mean() > 0.3


def test_polka_dots_are_round() -> None:
    u, v = grid(200)
    radius = 0.2
    dots = polka_dots(u, v, 2, 0, FINE)[1]
    assert dots.mean() == pytest.approx(2 * np.pi * radius**2, rel=0.02)
    middle = dots[50:150, 50:150] > 0.5
    rows, columns = np.flatnonzero(middle.any(axis=1)), np.flatnonzero(middle.any(axis=0))
    assert len(rows) == len(columns) == pytest.approx(2 * radius * 200, abs=1)


def test_scale_and_rotation_are_those_asked_for() -> None:
    colours = [named("white"), named("black")]
    upright = render_patch("stripes", colours, 256, scale=32, seed=0)[..., 0].astype(float)
    spectrum = np.abs(np.fft.rfft(upright.mean(axis=1) - upright.mean()))
    assert int(spectrum.argmax()) == 256 // 32
    turned = render_patch("stripes", colours, 256, scale=32, rotation=np.pi / 2, seed=0)[..., 0].astype(float)
    assert turned.std(axis=0).max() < 1
    assert upright.std(axis=1).max() < 1


@pytest.mark.parametrize("name", PATTERNS)
def test_patches(name: str) -> None:
    colours = [named("cream"), named("navy"), named("red"), named("mustard")]
    patch = render_patch(name, colours, 96, 20, 0.3, seed=4)
    assert patch.shape == (96, 96, 3)
    assert patch.dtype == np.uint8
    np.testing.assert_array_equal(patch, render_patch(name, colours, 96, 20, 0.3, seed=4))
    low = np.min([colour.rgb for colour in colours], axis=0)
    high = np.max([colour.rgb for colour in colours], axis=0)
    assert (patch >= low - 1).all()
    assert (patch <= high + 1).all()
    if name == "plain":
        assert (patch == colours[0].rgb).all()
        return
    assert (np.abs(patch - np.array(colours[0].rgb, dtype=float)).max(axis=2) < 3).mean() > 0.2
    other = render_patch(name, colours[::-1], 96, 20, 0.3, seed=4)
    gray = [np.asarray(p, dtype=float).mean(axis=2).ravel() for p in (patch, other)]
    assert abs(np.corrcoef(gray[0], gray[1])[0, 1]) > 0.3  # the same drawing in other colours


def test_seeds_vary_every_pattern() -> None:
    colours = [named("white"), named("black")]
    for name in PRINTED:
        patches = {render_patch(name, colours, 64, 24, seed=seed).tobytes() for seed in range(6)}
        assert len(patches) == 6, name


def test_wrong_patches_are_refused() -> None:
    with pytest.raises(InputError, match="houndstooth"):
        render_patch("tweed", [named("black")])
    with pytest.raises(InputError, match="colours"):
        render_patch("plaid", [named("black")])
    with pytest.raises(InputError, match="positive"):
        render_patch("plain", [named("black")], size=0)
    with pytest.raises(InputError, match="navy"):
        named("nvay")
