"""benchmarks/quality/retrieval.py, run as a command on a small part of the real photos."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from indexer.decode import decode
from indexer.spaces.colour import Colour
from indexer.spaces.palette import Palette

ROOT = Path(__file__).parents[2]
LABELS = ("dress", "pants", "shoes")


@pytest.fixture(scope="module")
def small(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three labels, eight photos each to find and four each to ask with."""
    folder = tmp_path_factory.mktemp("small")
    lines = ["path,label,sender_id,kids"]
    for part, count in (("train", 8), ("test", 4)):
        for label in LABELS:
            (folder / part / label).mkdir(parents=True)
            for number, file in enumerate(sorted((shared_data / "clothing" / part / label).iterdir())[:count]):
                (folder / part / label / file.name).write_bytes(file.read_bytes())
                lines.append(f"{part}/{label}/{file.name},{label},{number},False")
    (folder / "senders.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_prints_what_plain_loops_find(small: Path) -> None:
    command = [sys.executable, "benchmarks/quality/retrieval.py", "--photos", str(small), "--format", "json"]
    done = subprocess.run(
        [*command, "--spaces", "colour,palette,colour+palette"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["spaces"]

    rows, labels = {}, {}
    for part in ("train", "test"):
        files = sorted((small / part).rglob("*.jpg"))
        pictures = [decode(file.read_bytes()) for file in files]
        labels[part] = [file.parent.name for file in files]
        rows[part] = {"colour": Colour().extract(pictures), "palette": Palette().extract(pictures)}
    for name in ("colour", "palette"):
        right = [
            labels["train"][int(np.argmax([row @ other for other in rows["train"][name]]))] == label
            for row, label in zip(rows["test"][name], labels["test"], strict=True)
        ]
        assert told[name]["P@1"]["mean"] == pytest.approx(np.mean(right))
    for measures in told.values():
        for interval in measures.values():
            assert 0 <= interval["low"] <= interval["mean"] <= interval["high"] <= 1


def test_table_names_an_unknown_space(small: Path) -> None:
    command = [sys.executable, "benchmarks/quality/retrieval.py", "--photos", str(small), "--spaces", "color"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "did you mean 'colour'" in done.stderr
