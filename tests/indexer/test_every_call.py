"""Every writer killed, and refused by the disk, at system calls spread over its work; a longer run is a command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")


@pytest.mark.skipif(
    sys.platform != "linux" or not (shutil.which("cc") or shutil.which("gcc")),
    reason="the failing disk is a library preloaded into the writer: that needs Linux and a C compiler",
)
@pytest.mark.parametrize("arguments", [["--kill", "--each", "8"], ["--refuse", "--each", "5"]])
def test_whatever_call_is_the_last_or_fails_the_catalog_is_before_or_after(
    tmp_path: Path, arguments: list[str]
) -> None:
    folder = MEMORY if os.access(MEMORY, os.W_OK) else tmp_path
    done = subprocess.run(
        [sys.executable, "benchmarks/reliability/every_call.py", *arguments, "--folder", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "all held"
