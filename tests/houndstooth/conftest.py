"""A small demo shop, drawn and indexed once a session, and the command line as a function."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shops import Outcome, Shop

import houndstooth
from houndstooth.cli import main
from indexer.demo import write_demo

PRODUCTS = 40


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop's catalog is for reading: `shop` is for changing."""
    folder = tmp_path_factory.mktemp("shop") / "demo"
    table = write_demo(folder, products=PRODUCTS, seed=7).table
    catalog = houndstooth.open(folder / "shop.catalog", create=True)
    report = catalog.index(table)
    with table.open(encoding="utf-8", newline="") as file:
        rows = tuple(csv.DictReader(file))
    assert report.counts.indexed == len(rows)
    return Shop(folder, table, catalog.path, rows)


@pytest.fixture
def shop(demo: Shop, tmp_path: Path) -> Shop:
    """The same with a catalog of the test's own; the photos are everybody's."""
    mine = tmp_path / "mine.catalog"
    shutil.copytree(demo.catalog, mine)
    return Shop(demo.folder, demo.table, mine, demo.rows)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """`houndstooth ARGUMENTS` in this process, to its exit code and what it printed."""

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run


@pytest.fixture
def ask(cli: Callable[..., Outcome], demo: Shop) -> Callable[..., Any]:
    """`houndstooth similar ARGUMENTS --format json` of the demo shop, which must succeed."""

    def run(*arguments: object) -> Any:
        done = cli("similar", *arguments, "--catalog", demo.catalog, "--format", "json")
        assert done.code == 0, done.err
        return done.json

    return run
