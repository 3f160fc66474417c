"""A photo that cannot be looked at is not a photo that is gone, and stops nothing."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from builders import Shop

from engine.batch import Counts
from engine.photos import holder, is_gone
from indexer.sources.open import open_source


def test_only_a_file_that_is_surely_not_there_is_gone(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert not is_gone(tmp_path / "a.jpg")
    assert is_gone(tmp_path / "b.jpg")
    assert is_gone(tmp_path / "a.jpg" / "b.jpg")
    assert not is_gone(tmp_path / ("n" * 300))  # the file system refuses to look


def test_an_unreadable_place_of_an_older_photo_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path)
    shop.draw("old/dress/1.png", 1)
    shop.index(open_source(shop.photos / "old"))
    look = Path.stat

    def refuse(path: Path, *, follow_symlinks: bool = True) -> object:
        if "/old/" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path, follow_symlinks=follow_symlinks)

    shop.draw("new/dress/1.png", 1)
    monkeypatch.setattr(Path, "stat", refuse)
    assert shop.index(open_source(shop.photos / "new")).counts == Counts(seen=1, indexed=1)
    assert shop.live() == [("dress/1", "old/dress/1.png"), ("new/dress/1", "new/dress/1.png")]


def test_a_photo_in_an_archive_is_there_as_long_as_the_archive(tmp_path: Path) -> None:
    inside = tmp_path / "shop.tar" / "dress" / "1.jpg"
    assert is_gone(inside) and holder(inside) is None
    (tmp_path / "shop.tar").touch()
    assert not is_gone(inside) and holder(inside) == tmp_path / "shop.tar"
    (tmp_path / "dress").touch()  # where a folder was
    assert is_gone(tmp_path / "dress" / "1.jpg") and holder(tmp_path / "dress" / "1.jpg") is None
