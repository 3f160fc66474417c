"""Finding spaces by name."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint

import pytest

from engine.errors import MissingDependencyError, SpaceError
from indexer.spaces import registry
from indexer.spaces.base import Extractor
from indexer.spaces.colour import Colour
from indexer.spaces.vgg import Vgg


def test_built_in_spaces_are_there_and_load() -> None:
    assert set(registry.BUILT_IN) == {"colour", "palette", "vgg", "pattern", "kind", "outline"}
    for name in registry.BUILT_IN:
        assert registry.load(name).name == name


def test_unknown_name_suggests() -> None:
    with pytest.raises(
        SpaceError, match=r"'color'.*did you mean 'colour'\? installed are colour, kind, outline, palette, pattern, vgg"
    ):
        registry.load("color")


def test_options_reach_the_constructor() -> None:
    assert registry.load("palette", {"names": "six"}).dim == 7
    assert registry.options_of(registry.space_class("vgg")) == {
        "weights": "shipped", "projection": "shipped", "device": "auto",
    }  # fmt: skip
    assert registry.options_of(registry.space_class("colour")) == {}


class Typed(Extractor):
    name, dim = "typed", 1

    def __init__(self, size: int = 3, sharp: bool = False, cut: float = 0.5, kind: str = "a") -> None:
        self.told = (size, sharp, cut, kind)

    def extract(self, pictures):
        raise AssertionError


def test_texts_become_what_the_defaults_are() -> None:
    fitted = registry.fit_options(Typed, {"size": "7", "sharp": "yes", "cut": "0.25", "kind": "9"})
    assert Typed(**fitted).told == (7, True, 0.25, "9")
    assert registry.fit_options(Typed, {"size": 8, "sharp": True}) == {"size": 8, "sharp": True}


@pytest.mark.parametrize(
    ("made", "option", "value", "says"),
    [
        (Colour, "names", "six", "the space 'colour' has no option 'names': it has none"),
        (Vgg, "weight", "x", "'vgg' has no option 'weight': it has weights, projection, device"),
        (Typed, "size", "large", "typed.size is a int, not 'large'"),
        (Typed, "sharp", "perhaps", "typed.sharp is a bool, not 'perhaps'"),
    ],
)
def test_wrong_options(made: type[Extractor], option: str, value: str, says: str) -> None:
    with pytest.raises(SpaceError, match=re.escape(says)):
        registry.fit_options(made, {option: value})


@pytest.mark.parametrize(
    ("name", "value", "error", "says"),
    [
        ("shape", "indexer.spaces.vgg:Vgg", SpaceError, "'shape'.*called 'vgg'"),
        ("shape", "indexer.spaces.vgg:prepare", SpaceError, "no subclass"),
        ("shape", "no_such_package:Shape", MissingDependencyError, "does not import"),
        ("shape", "indexer.spaces.vgg:NoSuchClass", SpaceError, "NoSuchClass"),
        (
            "vgg",
            "indexer.spaces.colour:Colour",
            SpaceError,
            "'vgg' .*Colour.* has the name of a space that is built in",
        ),
    ],
)
def test_bad_plug_ins(
    name: str, value: str, error: type[Exception], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [EntryPoint(name, value, group)])
    with pytest.raises(error, match=says):
        registry.load(name)
