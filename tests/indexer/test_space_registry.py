"""Finding spaces by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from engine.errors import MissingDependencyError, SpaceError
from indexer.spaces import registry


def test_built_in_spaces_are_there_and_load() -> None:
    assert {"colour", "palette", "vgg"} <= set(registry.available())
    for name in ("colour", "palette", "vgg"):
        assert registry.load(name).name == name


def test_unknown_name_suggests() -> None:
    with pytest.raises(SpaceError, match=r"'color'.*did you mean 'colour'\? installed are colour, palette, vgg"):
        registry.load("color")


@pytest.mark.parametrize(
    ("name", "value", "error", "says"),
    [
        ("shape", "indexer.spaces.vgg:Vgg", SpaceError, "'shape'.*called 'vgg'"),
        ("shape", "indexer.spaces.vgg:prepare", SpaceError, "no subclass"),
        ("shape", "no_such_package:Shape", MissingDependencyError, "does not import"),
        ("shape", "indexer.spaces.vgg:NoSuchClass", SpaceError, "NoSuchClass"),
    ],
)
def test_bad_plug_ins(
    name: str, value: str, error: type[Exception], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [EntryPoint(name, value, group)])
    with pytest.raises(error, match=says):
        registry.load(name)
