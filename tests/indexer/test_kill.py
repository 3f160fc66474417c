"""SIGKILL while indexing, removing and compacting: at random, and at steps of one of each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")


@pytest.mark.parametrize("arguments", [["--kills", "45"], ["--every-step", "--stride", "8"]])
def test_a_kill_loses_nothing_acknowledged(tmp_path: Path, arguments: list[str]) -> None:
    # In memory a sync costs nothing, so the kills fall on all steps alike; SIGKILL does not lose what was written.
    folder = MEMORY if os.access(MEMORY, os.W_OK) else tmp_path
    done = subprocess.run(
        [sys.executable, "benchmarks/reliability/kill.py", *arguments, "--folder", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "all held"
