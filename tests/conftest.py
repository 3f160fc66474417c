"""Fixtures that several test folders share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("HOUNDSTOOTH_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos; the test skips, and says so, where it is missing."""
    if not (SHARED_DATA / "clothing").is_dir():
        pytest.skip(f"no real photos at {SHARED_DATA}: set HOUNDSTOOTH_DATA to the folder that holds clothing/")
    return SHARED_DATA
