"""The benchmarks of search, clustering and filters, run as commands on few rows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(name: str, *options: str) -> list[dict[str, str]]:
    """The rows of all tables that a benchmark prints, by column."""
    command = [sys.executable, f"benchmarks/speed/{name}.py", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = []
    head: list[str] = []
    for line in done.stdout.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            head = []
        elif not head:
            head = cells
        elif not set(line) <= set("|-: "):
            found.append(dict(zip(head, cells, strict=True)))
    return found


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("big") / "drawn.catalog"


def test_every_filter_of_the_search_benchmark_is_answered_in_full(catalog: Path) -> None:
    rows = run("million", "--rows", "3000", "--dim", "16", "--queries", "2", "--catalog", str(catalog))
    cells = [row for row in rows if "rows let through" in row]
    assert [row["which"] for row in cells] == ["all", *["random", "near", "far"] * 5]
    for row in cells:
        assert row["recall@10"] == "1.000" and row["short"] == "0" and row["exact"] == "2/2"
        assert float(row["rank of fastest"]) > 0
    matched = {(row["rows let through"], row["which"]): int(row["matched"].replace(",", "")) for row in cells}
    assert matched["100.00%", "all"] == 3000
    for which in ("random", "near", "far"):
        assert 1_300 < matched["50.00%", which] < 1_700
    rates = [row for row in rows if "queries a second" in row]
    assert all(float(row["recall@10"]) >= 0.9 for row in rates)


def test_columns_and_sqlite_agree_in_the_filter_benchmark(catalog: Path) -> None:
    rows = run("filter_columns", "--rows", "3000", "--dim", "16", "--repeats", "1", "--catalog", str(catalog))
    warm = {row["filter"]: int(row["matches"].replace(",", "")) for row in rows if "filter" in row}
    assert 0 < warm["category = 'dress' and maxi"] < 1_000 and len(warm) == 4
    assert {row["cold, 3,000 products"] for row in rows if "seconds" in row} >= {"column maxi (boolean)"}


def test_the_three_k_means_reach_the_same_inertia(catalog: Path) -> None:
    rows = run("kmeans", "--rows", "3000", "--dim", "8", "--k", "5", "--rounds", "1")
    assert len(rows) == 7
    assert all(0.9 < float(row["inertia / ours"]) < 1.1 for row in rows)
    told = run("kmeans", "--k", "5", "--catalog", str(catalog))
    assert next(iter(told[0].values())) == "regions" and list(told[0].values())[1] == "3,000"
