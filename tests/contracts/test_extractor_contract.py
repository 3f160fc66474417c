"""What every extractor promises, run over each one that is built in."""

from __future__ import annotations

import importlib
import re

import numpy as np
import pytest

from engine.errors import PictureError
from indexer.picture import Picture
from indexer.spaces.base import Extractor

EXTRACTORS = (
    "indexer.spaces.colour:Colour",
    "indexer.spaces.palette:Palette",
    "indexer.spaces.vgg:Vgg",
    "indexer.spaces.pattern:Pattern",
    "indexer.spaces.kind:Kind",
    "indexer.spaces.outline:Outline",
)
SIZES = ((1, 1), (3, 400), (400, 3), (2, 2), (97, 61), (224, 224))
PYTHON_TYPES = {"text": str, "number": float, "boolean": bool}


@pytest.fixture(scope="module", params=EXTRACTORS)
def extractor(request: pytest.FixtureRequest) -> Extractor:
    module, _, name = request.param.partition(":")
    made = getattr(importlib.import_module(module), name)()  # a built-in space that does not load is a failure
    assert isinstance(made, Extractor)
    return made


def photo(seed: int, height: int = 120, width: int = 90) -> Picture:
    """A smooth random picture, with a mask when the seed is odd."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 5, 3))
    rows, columns = np.arange(height) * 6 // height, np.arange(width) * 5 // width
    rgb = np.clip(coarse[rows][:, columns] + rng.normal(0, 8, (height, width, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((height, width), bool)
    mask[height // 4 :, width // 5 : width - width // 5] = True
    return Picture(rgb, mask if seed % 2 else None)


def require_refusal(extractor: Extractor, picture: Picture) -> bool:
    """Whether the picture is refused: then with a reason, and so it is by `extract`."""
    (why,) = extractor.refuse([picture])
    if why is None:
        return False
    assert why
    with pytest.raises(PictureError):
        extractor.extract([picture])
    return True


def test_declares_its_space(extractor: Extractor) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", extractor.name)
    assert extractor.dim >= 1
    assert extractor.weight >= 0
    assert extractor.reads in ("colour", "shape", "pattern")
    assert re.fullmatch(r"[0-9a-f]{16}", extractor.fingerprint)
    assert type(extractor)().fingerprint == extractor.fingerprint
    assert set(extractor.describes.values()) <= set(PYTHON_TYPES)


def test_gives_one_unit_float32_row_a_picture(extractor: Extractor) -> None:
    vectors = extractor.extract([photo(seed) for seed in range(3)])
    assert vectors.shape == (3, extractor.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors.astype(np.float64), axis=1), 1, atol=1e-5)


def test_same_pictures_same_vectors(extractor: Extractor) -> None:
    first = extractor.extract([photo(4), photo(5)])
    np.testing.assert_array_equal(extractor.extract([photo(4), photo(5)]), first)


def test_different_pictures_different_vectors(extractor: Extractor) -> None:
    first, second = extractor.extract([photo(4), photo(5)])
    assert first @ second < 0.999


def test_a_row_does_not_depend_on_the_rest_of_the_batch(extractor: Extractor) -> None:
    drawn = [photo(seed, height, width) for seed, (height, width) in enumerate(SIZES)]
    pictures = [picture for picture, why in zip(drawn, extractor.refuse(drawn), strict=True) if why is None]
    together = extractor.extract(pictures)
    for row, picture in zip(together, pictures, strict=True):
        alone = extractor.extract([Picture(picture.rgb, picture.mask)])[0]
        np.testing.assert_allclose(row, alone, atol=2e-3)
    backwards = extractor.extract([Picture(picture.rgb, picture.mask) for picture in reversed(pictures)])[::-1]
    np.testing.assert_allclose(together, backwards, atol=2e-3)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
def test_takes_any_size_or_says_why_not(extractor: Extractor, size: tuple[int, int]) -> None:
    if require_refusal(extractor, Picture(photo(8, *size).rgb)):
        assert min(size) < 64
        return
    vector = extractor.extract([Picture(photo(8, *size).rgb)])[0]
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_picture_has_a_vector(extractor: Extractor, value: int) -> None:
    vector = extractor.extract([Picture(np.full((60, 50, 3), value, np.uint8))])[0]
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_an_empty_mask_is_no_mask(extractor: Extractor) -> None:
    rgb = photo(10).rgb
    if require_refusal(extractor, Picture(rgb, np.zeros(rgb.shape[:2], bool))):
        return
    nothing, none = extractor.extract([Picture(rgb, np.zeros(rgb.shape[:2], bool)), Picture(rgb)])
    np.testing.assert_allclose(nothing, none, atol=2e-3)


def test_pictures_are_left_as_they_were(extractor: Extractor) -> None:
    picture = photo(11)
    before = picture.rgb.copy()
    picture.rgb.flags.writeable = False
    extractor.extract([picture])
    np.testing.assert_array_equal(picture.rgb, before)


def test_pictures_need_not_be_contiguous(extractor: Extractor) -> None:
    bgr = photo(12).rgb[..., ::-1].copy()
    viewed, copied = extractor.extract([Picture(bgr[..., ::-1]), Picture(np.ascontiguousarray(bgr[..., ::-1]))])
    np.testing.assert_allclose(viewed, copied, atol=2e-3)


def test_describes_what_it_declares(extractor: Extractor) -> None:
    vectors = extractor.extract([photo(seed) for seed in range(6)])
    described = extractor.describe(vectors)
    assert len(described) == len(vectors)
    for attributes in described:
        assert set(attributes) <= set(extractor.describes)
        for name, (value, confidence) in attributes.items():
            assert type(value) is PYTHON_TYPES[extractor.describes[name]], name
            assert 0 <= confidence <= 1
    (alone,) = extractor.describe(vectors[2:3])
    assert {name: value for name, (value, _) in alone.items()} == {n: value for n, (value, _) in described[2].items()}
    for name, (_, confidence) in alone.items():  # a matrix product may round a row by its place
        assert confidence == pytest.approx(described[2][name][1], abs=1e-5)
