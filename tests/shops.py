"""What the tests of the command line and of the Python API are given."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shop:
    """The demo shop. rows: of products.csv, as texts."""

    folder: Path
    table: Path
    catalog: Path
    rows: tuple[dict[str, str], ...]

    def products(self, keep: Callable[[dict[str, str]], bool] = lambda row: True) -> set[str]:
        return {row["product"] for row in self.rows if keep(row)}

    def photo(self, product: str, view: int = 0) -> Path:
        return self.folder / [row["image"] for row in self.rows if row["product"] == product][view]
