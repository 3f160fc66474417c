"""DeepFashion's colour masks under both mappings."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError, PictureError
from indexer.garments.classes import CLASSES
from indexer.garments.colour_masks import COLOURS, NAMES, Mapped, read_colour_mask, segment_file


def png(rgb: np.ndarray, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    image = Image.fromarray(rgb)
    (image.quantize(256) if mode == "P" else image.convert(mode)).save(out, "PNG")
    return out.getvalue()


def every_colour() -> np.ndarray:
    """A column of two pixels a colour, in the order of the table."""
    return np.repeat(np.array([list(COLOURS)], dtype=np.uint8), 2, axis=0)


@pytest.mark.parametrize("mapping", ["actual", "readme"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_every_colour_has_its_label(mapping: Mapped, mode: str) -> None:
    mask = read_colour_mask(png(every_colour(), mode), mapping)
    want = [names[mapping == "readme"] for names in COLOURS.values()]
    assert [NAMES[n] for n in mask.labels[0]] == want
    assert sorted(want) == sorted(NAMES)
    assert mask.unknown == {}


def test_the_mappings_differ_where_the_readme_is_wrong() -> None:
    data = png(np.full((3, 4, 3), (16, 78, 139), dtype=np.uint8))
    assert [CLASSES[read_colour_mask(data, mapping).classes()[0, 0]] for mapping in ("actual", "readme")] == [
        "person",
        "dress",
    ]
    assert read_colour_mask(data).garments() == []
    (dress,) = read_colour_mask(data, "readme").garments()
    assert (dress.kind, dress.confidence, dress.box) == ("dress", 1.0, (0, 0, 4, 3))


def test_unknown_colours_are_counted_and_left_as_background() -> None:
    rgb = np.zeros((4, 5, 3), dtype=np.uint8)
    rgb[:2] = (255, 250, 205)
    rgb[0, :3] = (1, 2, 3)
    rgb[3, 4] = (255, 255, 255)
    mask = read_colour_mask(png(rgb))
    assert mask.unknown == {(1, 2, 3): 3, (255, 255, 255): 1}
    assert (mask.labels == 0).sum() == 13
    (dress,) = mask.garments()
    assert (dress.kind, dress.mask.sum()) == ("dress", 7)


def test_garments_are_the_largest_first_and_never_the_person() -> None:
    rgb = np.zeros((10, 10, 3), dtype=np.uint8)
    rgb[:1] = (255, 250, 250)  # top
    rgb[1:4] = (211, 211, 211)  # pants
    rgb[4:6] = (70, 130, 180)  # leggings
    rgb[6:] = (144, 238, 144)  # skin
    assert [g.kind for g in read_colour_mask(png(rgb)).garments()] == ["trousers", "trousers", "top"]


def test_wrong_input() -> None:
    with pytest.raises(PictureError, match="the mask:"):
        read_colour_mask(b"not a picture")
    with pytest.raises(PictureError, match="the mask:"):
        read_colour_mask(png(every_colour())[:60])
    with pytest.raises(InputError, match="'actual' or 'readme'"):
        read_colour_mask(png(every_colour()), "true")  # type: ignore[arg-type]


def test_the_file_beside_a_photo(tmp_path: Path) -> None:
    photo = tmp_path / "02_1_front.jpg"
    assert segment_file(photo) is None
    plain = tmp_path / "02_1_front.png"
    plain.touch()
    assert segment_file(photo) == plain
    assert segment_file(plain) is None
    named = tmp_path / "02_1_front_segment.png"
    named.touch()
    assert segment_file(photo) == named
