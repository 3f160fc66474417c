"""benchmarks/quality/worn_to_product.py, run as a command on a few of the real pairs."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from indexer.decode import decode
from indexer.spaces.colour import Colour

ROOT = Path(__file__).parents[2]
PAIRS = 24


@pytest.fixture(scope="module")
def pairs(shared_data: Path) -> Path:
    if not (shared_data / "worn-to-product").is_dir():
        pytest.skip(f"no worn-to-product/ in {shared_data} (docs/data.md)")
    return shared_data / "worn-to-product"


@pytest.fixture(scope="module")
def told(pairs: Path) -> dict[tuple[str, str], dict[str, object]]:
    command = [sys.executable, "benchmarks/quality/worn_to_product.py", "--data", str(pairs.parent)]
    options = ["--masks", "none,true", "--spaces", "colour,palette", "--pairs", str(PAIRS), "--format", "json"]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {(row["masks"], row["way"]): row for row in json.loads(done.stdout)["rows"]}


def ranks_by_hand(pairs: Path) -> list[int]:
    """Of every query of the half reported on, the rank of its product by colour; the catalog's order breaks ties."""
    with (pairs / "pairs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:PAIRS]
    worn = [decode((pairs / row["worn"]).read_bytes()) for row in rows]
    shop = [decode((pairs / row["product"]).read_bytes()) for row in rows]
    queries, gallery = Colour().extract(worn), Colour().extract(shop)
    ranks = []
    for number, row in enumerate(rows):
        if crc32(row["product_id"].encode()) % 2:
            scores = [float(queries[number] @ other) for other in gallery]
            ranks.append(1 + sum(score > scores[number] for score in scores))
    return ranks


def test_recall_is_that_of_plain_loops(pairs: Path, told: dict[tuple[str, str], dict[str, object]]) -> None:
    ranks = ranks_by_hand(pairs)
    for k, interval in zip((1, 5, 10, 20), told["none", "colour"]["recall"], strict=True):
        assert interval["mean"] == pytest.approx(np.mean([rank <= k for rank in ranks]), abs=1e-9)
        assert 0 <= interval["low"] <= interval["mean"] <= interval["high"] <= 1


def test_masks_reach_both_sides(told: dict[tuple[str, str], dict[str, object]]) -> None:
    assert told["none", "colour"]["masked"] == [0, 0]
    assert told["true", "colour"]["masked"] == [1, 1]
    assert told["true", "colour"]["recall"] != told["none", "colour"]["recall"]


def test_every_way_of_asking_has_weights(told: dict[tuple[str, str], dict[str, object]]) -> None:
    for masks in ("none", "true"):
        assert {way for kind, way in told if kind == masks} == {"colour", "palette", "equal", "as shipped", "chosen"}
        assert told[masks, "equal"]["weights"] == {"colour": 1, "palette": 1}
        assert max(told[masks, "chosen"]["weights"].values()) == 1
