"""Which garment is the product."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.garments.choose import CATEGORY_WORDS, central_area, kind_of_category, product_garments
from indexer.garments.classes import FOLDER_KINDS, GARMENTS
from indexer.garments.garment import Garment
from indexer.garments.training.cache import RENDERED_KINDS


def garment(kind: str, top: int, left: int, height: int, width: int) -> Garment:
    mask = np.zeros((120, 90), bool)
    mask[top : top + height, left : left + width] = True
    return Garment(kind, mask, 0.9)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("dress", "dress"),
        ("Women > Dresses", "dress"),
        ("shirt dress", "dress"),
        ("dress shirt", "top"),
        ("T-Shirts", "top"),
        ("t shirt", "top"),
        ("Blue JEANS", "trousers"),
        ("skirt with belt", "skirt"),
        ("shoes for dress", "footwear"),
        ("Men/Jackets_Vests", "outer"),
        ("hat", "accessory"),
        ("handbags", "bag"),
        ("sofa", None),
        ("", None),
        (None, None),
    ],
)
def test_category_words(text: str | None, kind: str | None) -> None:
    assert kind_of_category(text) == kind


def test_every_word_means_one_class_and_every_class_has_words() -> None:
    words = [word for text in CATEGORY_WORDS.values() for word in text.split()]
    assert len(words) == len(set(words))
    assert set(CATEGORY_WORDS) == set(GARMENTS)


def test_folders_and_rendered_categories_mean_their_own_class() -> None:
    for table in (FOLDER_KINDS, RENDERED_KINDS):
        for name, kind in table.items():
            assert kind_of_category(name) == kind, name


def test_category_decides() -> None:
    trousers, top = garment("trousers", 60, 20, 60, 50), garment("top", 10, 30, 30, 30)
    assert product_garments([trousers, top], "t-shirt") == [top, trousers]
    assert product_garments([trousers, top], "jeans") == [trousers, top]


def test_a_class_it_is_taken_for_stands_in() -> None:
    shoes, coat, trousers = garment("footwear", 0, 0, 110, 80), garment("outer", 5, 20, 30, 30), garment(
        "trousers", 40, 20, 60, 50
    )  # fmt: skip
    assert product_garments([shoes, trousers, coat], "shirt")[0] is coat


def test_a_sliver_of_the_wanted_class_is_not_the_product() -> None:
    sliver, dress, shoes = (
        garment("top", 30, 40, 6, 10),
        garment("dress", 30, 20, 60, 50),
        garment("footwear", 0, 0, 9, 9),
    )
    assert product_garments([shoes, sliver, dress], "blouse") == [dress, sliver, shoes]
    # A hat is small beside what else is worn, and still what was asked for.
    hat = garment("accessory", 0, 40, 8, 10)
    assert product_garments([dress, hat], "hats") == [hat, dress]


def test_without_category_the_largest_near_the_centre() -> None:
    small, large = garment("top", 50, 35, 20, 20), garment("dress", 30, 20, 60, 50)
    assert product_garments([small, large])[0] is large
    # Of equal area, the nearer to the centre.
    corner, middle = garment("top", 0, 0, 30, 30), garment("skirt", 45, 30, 30, 30)
    assert product_garments([corner, middle])[0] is middle
    assert product_garments([corner, middle], "sofa")[0] is middle


def test_shoes_and_bags_only_when_nothing_larger_is_there() -> None:
    bag, top = garment("bag", 40, 25, 40, 40), garment("top", 40, 30, 25, 25)
    assert product_garments([bag, top])[0] is top
    assert product_garments([bag, top], "bag")[0] is bag
    assert product_garments([bag]) == [bag]
    assert product_garments([], "dress") == []


def test_central_area_is_the_gaussians_share() -> None:
    mask = np.random.default_rng(0).random((50, 40)) < 0.3
    total = share = 0.0
    for row in range(50):
        for column in range(40):
            y, x = ((row + 0.5) / 50 - 0.5) / 0.3, ((column + 0.5) / 40 - 0.5) / 0.3
            weight = np.exp(-(x * x + y * y) / 2)
            total += weight
            share += weight * mask[row, column]
    assert central_area(mask) == pytest.approx(share / total)
    assert central_area(np.ones((700, 300), bool)) == pytest.approx(1)
