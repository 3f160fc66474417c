"""The features of a label: a region's stored vectors in one or more spaces, joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.snapshot import Snapshot, Space
from indexer.labels.model_file import SpaceUsed

BATCH_ROWS = 4_096
"""Regions whose vectors are in memory at a time while a label is applied."""


def features_of(snapshot: Snapshot, spaces: Sequence[Space], region_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Vectors of regions (n,) in these spaces, joined, float32 (n, sum of dims).

    NaN where a region has no vector in a space, because it was refused or never extracted there.
    """
    parts = []
    for space in spaces:
        vectors = snapshot.vectors_of(space)
        block = np.full((len(region_ids), space.dim), np.nan, dtype=np.float32)
        has = vectors.has(region_ids)
        if has.any():
            block[has] = vectors.gather(region_ids[has])
        parts.append(block)
    return np.concatenate(parts, axis=1)


def joined(vectors: Sequence[Mapping[str, NDArray[np.float32]]], spaces: Sequence[SpaceUsed]) -> NDArray[np.float32]:
    """The same of regions that are not stored yet: space name -> vector, for each region."""
    rows = np.full((len(vectors), sum(space.dim for space in spaces)), np.nan, dtype=np.float32)
    start = 0
    for space in spaces:
        for row, own in enumerate(vectors):
            if space.name in own:
                rows[row, start : start + space.dim] = own[space.name]
        start += space.dim
    return rows


def default_spaces(snapshot: Snapshot) -> list[str]:
    """Spaces that a label reads when nobody says: those of shape and pattern; all where there is none of them.

    Colours are left out because they tell a label such as `category` apart by chance; name them with --spaces for one
    that depends on them.
    """
    chosen = [name for name, space in snapshot.spaces.items() if space.reads != "colour"]
    return chosen or list(snapshot.spaces)


def used_spaces(snapshot: Snapshot, names: Sequence[str]) -> list[Space]:
    """The spaces of these names, each once. Raises SpaceError for one that is not there, InputError for none."""
    if not names:
        raise InputError("the catalog has no space to learn from: index photos first")
    return [snapshot.space(name) for name in dict.fromkeys(names)]
