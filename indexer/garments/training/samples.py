"""The endless stream of training pictures: sample number k is the same in every run of one seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from indexer.garments.training.augment import (
    FRAMINGS,
    View,
    augmented,
    grounds,
    plain_ground,
    recoloured,
    resized,
)
from indexer.garments.training.cache import SIZE, Photos


@dataclass(frozen=True)
class Mixture:
    """shares: of the pictures, by source. harder: chance that a street photo is made harder.

    Made harder, its garments get other colours, each its own, or a close-up is taken of one, or both. grounds: chance
    that a flat photo gets another background. walls: share of plain ones among the backgrounds of flat and rendered
    garments, the others are pieces of photos. figures: share of street photos seen as closer looks at a person see
    them; made harder, they get other colours alone.
    """

    street: float
    flat: float
    rendered: float
    harder: float
    grounds: float = FRAMINGS["flat"].other_ground
    walls: float = 0.35
    figures: float = 0.0

    def source(self, rng: np.random.Generator) -> str:
        """A source by chance."""
        shares = [self.street, self.flat, self.rendered, self.figures]
        return str(rng.choice(["street", "flat", "rendered", "figures"], p=shares))


EASY = Mixture(0.5, 0.34, 0.16, 0.0)
HARD = Mixture(0.5, 0.34, 0.16, 1.0)
EVEN = Mixture(0.43, 0.43, 0.14, 0.4)
FLAT = Mixture(0.38, 0.52, 0.10, 0.4, grounds=0.6, walls=0.25)
CLOSER = Mixture(0.0, 0.0, 0.0, 0.6, figures=1.0)


class Samples(Dataset[tuple[Tensor, Tensor]]):  # type: ignore[misc]  # torch is optional
    """(rgb uint8 (3, rows, columns), labels uint8 (rows / 2, columns / 2)) by number, drawn with replacement."""

    def __init__(
        self,
        photos: dict[str, Photos],
        seed: int,
        size: tuple[int, int],
        first: int,
        count: int,
        mixture: Mixture = EASY,
    ) -> None:
        self._photos, self._seed, self._size, self._first, self._count = photos, seed, size, first, count
        self._mixture = mixture
        rng = np.random.default_rng([seed, 11])
        self._grounds = np.concatenate([grounds(photos[source], 160, rng) for source in ("street", "flat")])

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng([self._seed, 12, self._first + number])
        source = self._mixture.source(rng)
        photos = self._photos[source]
        chosen = int(rng.integers(len(photos)))
        worn = source in ("street", "figures")
        plain = rng.random() < (0.9 if worn else self._mixture.walls)
        ground = plain_ground(rng, SIZE) if plain else self._grounds[rng.integers(len(self._grounds))]
        rgb, labels = np.asarray(photos.rgb[chosen]), np.asarray(photos.labels[chosen])
        # A stream of its own, so that what the chance is changes no other draw.
        harder = worn and self._mixture.harder > np.random.default_rng([self._seed, 13, self._first + number]).random()
        if harder and rng.random() < 0.6:
            rgb = recoloured(rgb, labels, rng)
        close = harder and rng.random() < 0.5 and source == "street"
        framing = FRAMINGS[source]
        if source == "flat":
            framing = replace(framing, other_ground=self._mixture.grounds)
        ground = resized(ground, (labels.shape[0], labels.shape[1]))
        view: View = "look" if source == "figures" else "close" if close else "photo"
        rgb, labels = augmented(framing, rgb, labels, ground, self._size, rng, view)
        return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1))), torch.from_numpy(labels.copy())
