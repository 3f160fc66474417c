"""JSON that the catalog keeps in a column."""

from __future__ import annotations

import json
from typing import Any

from engine.errors import CatalogCorruptError


def told(text: str, what: str) -> Any:
    """What the text says. what: whose it is, for the CatalogCorruptError where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise CatalogCorruptError(f"{what} cannot be read from catalog.db: run `houndstooth check`") from error
