"""docs/sources.md does what it says: its files are written, its examples run, its lists are the program's."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from indexer.sources.headers import BOX_NAMES, IMAGE_NAMES, MASK_NAMES, PRODUCT_NAMES, RESERVED
from indexer.sources.places import PICTURE_SUFFIXES
from indexer.sources.table import TABLE_SUFFIXES

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
FILES = re.compile(r"^```(?:csv|jsonl|text) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def page_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that the page shows, in the current folder; a name with "/" at its end lists empty files."""
    monkeypatch.chdir(tmp_path)
    found = FILES.findall(PAGE)
    for name, text in found:
        if not name.endswith("/"):
            Path(name).write_text(text, encoding="utf-8")
            continue
        for line in text.splitlines():
            Path(name, line).parent.mkdir(parents=True, exist_ok=True)
            Path(name, line).touch()
    return [name for name, _ in found]


def test_the_examples_run(page_files: list[str]) -> None:
    assert page_files == ["photos/", "products.csv", "foreign.csv", "mixed.jsonl"]
    test = doctest.DocTestParser().get_doctest(PAGE, {}, "docs/sources.md", "docs/sources.md", 0)
    assert len(test.examples) >= 12
    report: list[str] = []
    doctest.DocTestRunner().run(test, out=report.append)
    assert not report, "".join(report)


def test_the_lists_are_complete() -> None:
    for names in (IMAGE_NAMES, PRODUCT_NAMES, MASK_NAMES):
        assert f"| {', '.join(names)} |" in PAGE
    for name in (*BOX_NAMES, *RESERVED, *TABLE_SUFFIXES, *PICTURE_SUFFIXES):
        assert name in PAGE
