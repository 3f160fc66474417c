"""The bank: views drawn once, before training, and kept on disk in parts, so that an interrupted run goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.patterns.augment import cloth_view, outline_view
from indexer.patterns.cloths import Cloth
from indexer.patterns.designs import GENERATORS, HELD_OUT, draw
from indexer.patterns.views import view

PART = 512
"""Items (designs or garments) a file."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Bank:
    """Views to learn from.

    pictures: uint8 (n, side, side, 3). item: int64 (n,), which design or garment a view is of. pattern: (n,), the name
    of its pattern or "". kind: (n,), the generator that drew it, "" for a photographed one.
    """

    pictures: NDArray[np.uint8]
    item: NDArray[np.int64]
    pattern: NDArray[np.str_]
    kind: NDArray[np.str_]

    def only(self, items: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which views are of the items that are True in (items,): bool (n,)."""
        return np.asarray(items[self.item])

    @staticmethod
    def joined(banks: Sequence[Bank]) -> Bank:
        """All the views; items of two banks are never the same."""
        items, first = [], 0
        for bank in banks:
            items.append(bank.item + first)
            first += int(bank.item.max()) + 1
        return Bank(
            np.concatenate([bank.pictures for bank in banks]),
            np.concatenate(items),
            np.concatenate([bank.pattern for bank in banks]),
            np.concatenate([bank.kind for bank in banks]),
        )


def drawn_bank(folder: Path, designs: int, views: int, side: int, seed: int, progress: Progress | None = None) -> Bank:
    """So many designs of every generator that training may see, each in so many views."""
    plan = [(name, number) for number in range(designs) for name in GENERATORS if name not in HELD_OUT]

    def make(place: int) -> list[NDArray[np.uint8]]:
        name, number = plan[place]
        rng = np.random.default_rng([seed, 1, place])
        drawing = draw(name, seed * 100_003 + number)
        return [view(drawing, GENERATORS[name].family, side, rng) for _ in range(views)]

    pictures = _in_parts(folder, f"drawn-{seed}-{designs}-{views}-{side}", len(plan), make, progress)
    item = np.repeat(np.arange(len(plan)), views)
    pattern = np.array([GENERATORS[name].family for name, _ in plan])[item]
    return Bank(pictures, item, pattern, np.array([name for name, _ in plan])[item])


def cloth_bank(
    folder: Path, cloths: Sequence[Cloth], views: int, side: int, seed: int, progress: Progress | None = None
) -> Bank:
    """So many views of every garment's cloth, and then as many of every outline that is known."""
    whole = [place for place, cloth in enumerate(cloths) if cloth.outline is not None]

    def make(place: int) -> list[NDArray[np.uint8]]:
        rng = np.random.default_rng([seed, 2, place])
        return [cloth_view(cloths[place].patches, side, rng) for _ in range(views)]

    def make_whole(number: int) -> list[NDArray[np.uint8]]:
        outline = cloths[whole[number]].outline
        assert outline is not None
        rng = np.random.default_rng([seed, 3, whole[number]])
        return [outline_view(outline, side, rng) for _ in range(views)]

    pictures = [_in_parts(folder, f"cloth-{seed}-{len(cloths)}-{views}-{side}", len(cloths), make, progress)]
    if whole:
        name = f"outline-{seed}-{len(whole)}-{views}-{side}"
        pictures.append(_in_parts(folder, name, len(whole), make_whole, progress))
    item = np.concatenate([np.repeat(np.arange(len(cloths)), views), np.repeat(np.array(whole, np.int64), views)])
    pattern = np.array([cloth.pattern or "" for cloth in cloths])[item]
    return Bank(np.concatenate(pictures), item, pattern, np.full(len(item), ""))


def _in_parts(
    folder: Path, name: str, items: int, make: Callable[[int], list[NDArray[np.uint8]]], progress: Progress | None
) -> NDArray[np.uint8]:
    """The views of all items, made a part at a time; parts already on disk are read."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, items, PART):
        stop = min(start + PART, items)
        file = folder / f"{name}.{start:06d}.npy"
        if file.is_file():
            part = np.load(file)
        else:
            part = np.stack([picture for place in range(start, stop) for picture in make(place)])
            unfinished = file.with_suffix(".tmp.npy")
            np.save(unfinished, part)
            unfinished.replace(file)
        parts.append(part)
        if progress:
            progress(stop, items)
    return np.concatenate(parts)
