"""Colours as numbers and as words."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import QueryError
from indexer.colours import NAMED_COLOURS, oklab_to_srgb, parse_colours, srgb_to_oklab

# From the CSS Color 4 test suite and Ottosson's page: the corners of sRGB in OKLab.
PUBLISHED = {
    (255, 255, 255): (1.0, 0.0, 0.0),
    (255, 0, 0): (0.62796, 0.22486, 0.12585),
    (0, 255, 0): (0.86644, -0.23389, 0.17950),
    (0, 0, 255): (0.45201, -0.03246, -0.31153),
    (0, 0, 0): (0.0, 0.0, 0.0),
}


def test_oklab_has_the_published_values() -> None:
    rgb = np.array(list(PUBLISHED), np.uint8)
    lab = srgb_to_oklab(rgb)
    assert lab.dtype == np.float32
    np.testing.assert_allclose(lab, list(PUBLISHED.values()), atol=2e-5)


def test_oklab_keeps_the_shape_and_goes_back() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    assert srgb_to_oklab(rgb).shape == (7, 5, 3)
    np.testing.assert_array_equal(oklab_to_srgb(srgb_to_oklab(rgb)), rgb)


def test_greys_have_no_chroma_and_rising_lightness() -> None:
    lab = srgb_to_oklab(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))
    assert np.abs(lab[:, 1:]).max() < 1e-5
    assert (np.diff(lab[:, 0]) > 0).all()


def test_out_of_gamut_is_clipped() -> None:
    assert oklab_to_srgb(np.array([1.2, 0, 0])).tolist() == [255, 255, 255]
    assert oklab_to_srgb(np.array([-0.1, 0, 0])).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#1a1a2e:60,#ffffff:40", [((26, 26, 46), 0.6), ((255, 255, 255), 0.4)]),
        ("1A1A2E : 3 , fff : 1", [((26, 26, 46), 0.75), ((255, 255, 255), 0.25)]),
        ("#f80", [((255, 136, 0), 1.0)]),
        ("navy,white", [(NAMED_COLOURS["navy"], 0.5), (NAMED_COLOURS["white"], 0.5)]),
        ("Light  Blue:20%, light_green:80%", [(NAMED_COLOURS["light blue"], 0.2), (NAMED_COLOURS["light green"], 0.8)]),
        ("red:1,blue:3,green", [(NAMED_COLOURS[n], w / 6) for n, w in (("red", 1), ("blue", 3), ("green", 2))]),
        ("000:1,000000:1,fff:2", [((0, 0, 0), 0.5), ((255, 255, 255), 0.5)]),
    ],
)
def test_reads_colours(text: str, expected: list[tuple[tuple[int, int, int], float]]) -> None:
    parsed = parse_colours(text)
    assert [rgb for rgb, _ in parsed] == [rgb for rgb, _ in expected]
    assert [share for _, share in parsed] == pytest.approx([share for _, share in expected])
    assert sum(share for _, share in parsed) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no colours given"),
        (" , ", "no colours given"),
        ("nayv:3", r'"nayv:3".*nearest: navy'),
        ("turqoise", "turquoise"),
        ("#12", '"#12".*hex digits'),
        ("#12345g", '"#12345g"'),
        ("zzzz", "known: .*black.*yellow"),
        ("red,,blue", "empty part"),
        ("red:", '"red:".*above 0'),
        ("red:x", '"red:x".*above 0'),
        ("red:0", "above 0"),
        ("red:-1", "above 0"),
        ("red:inf", "above 0"),
        ("red:nan", "above 0"),
        ("red:1:2", '"red:1:2"'),
        (":60", '":60"'),
    ],
)
def test_names_the_part_it_cannot_read(text: str, told: str) -> None:
    with pytest.raises(QueryError, match=told):
        parse_colours(text)
