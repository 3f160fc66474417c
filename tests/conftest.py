"""Fixtures that several test folders share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("HOUNDSTOOTH_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))


def pytest_configure() -> None:
    """Lets Ctrl-C reach the processes that tests start: a shell's background jobs ignore it, and so would they."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos; the test skips, and says so, where it is missing."""
    if not (SHARED_DATA / "clothing").is_dir():
        pytest.skip(f"no real photos at {SHARED_DATA}: set HOUNDSTOOTH_DATA to the folder that holds clothing/")
    return SHARED_DATA
