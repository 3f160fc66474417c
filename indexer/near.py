"""Photos of a catalog that look nearly the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.ledger import image_paths, photo_hashes
from engine.store import Store
from indexer.phash import near_duplicates as find


@dataclass(frozen=True)
class NearPair:
    """Two photos whose perceptual hashes differ in at most `bits` of 64 bits."""

    path: str
    other: str
    bits: int


def near_duplicates(store: Store, since_run: int | None = None) -> list[NearPair]:
    """Pairs of live photos that look nearly the same; with `since_run`, pairs with a photo of that run or later."""
    photos = photo_hashes(store, since_run)
    if not len(photos.new):
        return []
    pairs = find(photos.values, photos.values[photos.new])
    found = np.sort(np.stack([pairs[:, 0], photos.new[pairs[:, 1]]], axis=1), axis=1)
    found = np.unique(found[found[:, 0] != found[:, 1]], axis=0)
    paths = image_paths(store, photos.image_ids[np.unique(found)].tolist())
    told = []
    for first, second in found.tolist():
        path, other = (paths.get(int(photos.image_ids[place])) for place in (first, second))
        if path is not None and other is not None and path != other:
            told.append(NearPair(path, other, int(photos.values[first] ^ photos.values[second]).bit_count()))
    return told
