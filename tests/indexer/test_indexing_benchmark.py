"""The benchmark of indexing runs, and compares with the first action of a turn."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from benchmarks.speed import indexing


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    for number in range(8):
        place = tmp_path / "photos" / ("dress", "hat")[number % 2] / f"{number}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.repeat(np.repeat(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8), 12, 0), 12, 1)
        place.write_bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=90))
    return tmp_path / "photos"


class Clock:
    """Seconds of the wall and of processors that pass when an action says so."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0

    def perf_counter(self) -> float:
        return self.wall

    def process_time(self) -> float:
        return self.processor

    def passes(self, wall: float, processor: float) -> None:
        self.wall += wall
        self.processor += processor


def test_rates_are_a_photos_and_ratios_to_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(indexing, "time", clock)
    slow = iter([4.0, 40.0, 5.0])  # one turn was disturbed
    first, second = indexing.turns(
        {"first": (2, lambda: clock.passes(2, 4)), "slow": (1, lambda: clock.passes(next(slow), 8))}, rounds=3
    )
    assert (first.name, first.photos, first.wall_rate, first.of_wall, first.of_processor) == ("first", 2, 1, 1, 1)
    assert (second.name, second.photos, second.wall_rate) == ("slow", 1, 1 / 5)
    assert (second.of_wall, second.of_processor) == (1 / 5, 1 / 4)


def test_photos_are_spread_over_the_folder(photos: Path, tmp_path: Path) -> None:
    places = indexing.linked(photos, 4, tmp_path / "links")
    assert [place.relative_to(tmp_path / "links").as_posix() for place in places] == [
        "dress/0.jpg", "dress/4.jpg", "hat/1.jpg", "hat/5.jpg"
    ]  # fmt: skip
    assert all(place.read_bytes()[:2] == b"\xff\xd8" for place in places)


def test_it_runs_on_a_few_photos(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--photos", str(photos), "--rows", "8", "--network-rows", "0", "--stage-rows", "4", "--rounds", "1"]
    monkeypatch.setattr(sys, "argv", ["indexing.py", *arguments, "--format", "json"])
    indexing.main()
    tables = json.loads(capsys.readouterr().out)
    assert [(line["name"], line["photos"]) for line in tables["colours"]] == [
        (indexing.IMDECODE, 8),
        ("index colour, palette; no garments", 8),
    ]
    assert {line["photos"] for line in tables["stages"]} == {4}
    assert all(line["wall_rate"] > 0 for lines in tables.values() for line in lines)


def test_the_network_is_compared_with_itself_alone(photos: Path) -> None:
    pytest.importorskip("torch", reason="eager torch is what the network is compared with")
    alone, indexed, plain, eager = indexing.network(photos, 4, rounds=1)
    assert alone.of_wall == 1
    assert (indexed.name, indexed.photos, plain.photos, eager.photos) == ("index vgg; no garments", 4, 4, 1)
    assert "int8" not in plain.name
    assert min(indexed.wall_rate, plain.wall_rate, eager.wall_rate) > 0
