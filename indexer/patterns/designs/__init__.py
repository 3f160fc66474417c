"""Designs of cloth, drawn by generators: every seed another design of the same kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.errors import InputError
from indexer.patterns.designs import abstract, animal, checks, cloth, dots, floral, folk, geometric, stripes
from indexer.patterns.designs.fields import Drawing

__all__ = ["FAMILIES", "GENERATORS", "HELD_OUT", "Drawing", "Generator", "draw"]

Draw = Callable[[np.random.Generator], Drawing]

FAMILIES: Final = (
    "plain", "stripes", "checks", "dots", "floral", "animal", "geometric", "graphic", "camouflage", "paisley", "tribal",
    "ikat", "lace", "denim", "knit",
)  # fmt: skip
"""The patterns that are told apart."""

_DRAWN: Final[dict[str, tuple[Draw, ...]]] = {
    "plain": (cloth.smooth, cloth.weave, cloth.slub, cloth.corduroy),
    "stripes": (
        stripes.even, stripes.pin, stripes.breton, stripes.multi, stripes.ticking, stripes.sketched, stripes.ombre,
        stripes.wavy,
    ),
    "checks": (
        checks.gingham, checks.buffalo, checks.tartan, checks.madras, checks.windowpane, checks.chessboard, checks.glen,
        checks.painted, checks.houndstooth,
    ),
    "dots": (dots.regular, dots.pin_dots, dots.scattered, dots.mixed_sizes, dots.brushed, dots.rings),
    "floral": (
        floral.daisies, floral.ditsy, floral.roses, floral.tropical, floral.leaves, floral.vines, floral.outlined,
        floral.watercolour, floral.tulips,
    ),
    "animal": (
        animal.leopard, animal.cheetah, animal.zebra, animal.tiger, animal.snake, animal.python, animal.cow,
        animal.giraffe, animal.spotted_coat,
    ),
    "geometric": (
        geometric.chevron, geometric.triangles, geometric.harlequin, geometric.argyle, geometric.outlines,
        geometric.hexagons, geometric.greek_key, geometric.truchet, geometric.interlaced, geometric.scales,
        geometric.cubes, geometric.mosaic, geometric.trellis, geometric.herringbone, geometric.blocks,
        geometric.memphis, geometric.pinwheels,
    ),
    "graphic": (
        abstract.brushstrokes, abstract.splashes, abstract.marbled, abstract.tie_dye, abstract.stars, abstract.hearts,
        abstract.conversational, abstract.lettering, abstract.colour_blocks,
    ),
    "camouflage": (abstract.woodland, abstract.digital),
    "paisley": (folk.paisley, folk.bandana),
    "tribal": (folk.tribal_bands, folk.kilim, folk.aztec, folk.medallions, folk.batik),
    "ikat": (folk.ikat_diamonds, folk.ikat_zigzag, folk.ikat_ogees, folk.ikat_drops),
    "lace": (cloth.lace_flowers, cloth.eyelet, cloth.guipure),
    "denim": (cloth.denim,),
    "knit": (cloth.stockinette, cloth.rib, cloth.cable),
}  # fmt: skip


@dataclass(frozen=True)
class Generator:
    """A kind of design. family: one of FAMILIES."""

    name: str
    family: str
    draw: Draw


GENERATORS: Final = {
    made.__name__: Generator(made.__name__, family, made) for family, several in _DRAWN.items() for made in several
}
"""Every generator by name."""

HELD_OUT: Final = (
    "houndstooth", "wavy", "rings", "tulips", "giraffe", "scales", "argyle", "truchet", "hearts", "digital", "bandana",
    "ikat_ogees",
)  # fmt: skip
"""Generators that training never sees: what they draw measures whether a new pattern is told from others."""


def draw(name: str, seed: int) -> Drawing:
    """The design of this generator and seed. Same arguments, same drawing. Raises InputError for an unknown name."""
    if name not in GENERATORS:
        raise InputError(f"no generator of designs is called {name!r}; there are {', '.join(GENERATORS)}")
    made = GENERATORS[name]
    return made.draw(np.random.default_rng([seed, *name.encode()]))
