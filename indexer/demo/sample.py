"""Draws garments and shots at random, as a shop's catalog might hold them."""

from __future__ import annotations

import numpy as np

from indexer.demo.background import WALLS
from indexer.demo.colours import NAMED, Colour, luma, named
from indexer.demo.spec import (
    BACKGROUNDS,
    CATEGORIES,
    CUTS,
    NECKLINES,
    PATTERNS,
    SLEEVES,
    Background,
    Category,
    Garment,
    Pattern,
    PatternName,
    Shot,
    Silhouette,
)

_CATEGORY_SHARES = (0.3, 0.16, 0.16, 0.16, 0.13, 0.09)
_PATTERN_SHARES = (0.34, 0.12, 0.09, 0.09, 0.1, 0.05, 0.06, 0.06, 0.04, 0.05)
_SCALES: dict[PatternName, tuple[float, float]] = {
    "plain": (0.06, 0.06),
    "stripes": (0.03, 0.09),
    "plaid": (0.045, 0.1),
    "polka dots": (0.035, 0.09),
    "floral": (0.05, 0.11),
    "chevron": (0.045, 0.11),
    "houndstooth": (0.03, 0.09),
    "animal": (0.035, 0.065),
    "paisley": (0.06, 0.11),
    "geometric": (0.045, 0.1),
}


def random_garment(seed: int, category: Category | None = None, pattern: PatternName | None = None) -> Garment:
    """A garment by seed, of any category and pattern or of those given."""
    rng = np.random.default_rng([seed, 41])
    drawn: Category = CATEGORIES[int(rng.choice(len(CATEGORIES), p=_CATEGORY_SHARES))]
    printed: PatternName = PATTERNS[int(rng.choice(len(PATTERNS), p=_PATTERN_SHARES))]
    category, name = category or drawn, pattern or printed
    maxi = bool(category in ("dress", "skirt") and rng.random() < 0.4)
    woven = _random_pattern(name, rng)
    colours = _random_colours(woven, rng)
    trim = None
    if rng.random() < 0.3:
        trim = named("black") if luma(colours[0].rgb) > 110 else named("cream")
    return Garment(category, random_silhouette(category, seed, maxi), colours, woven, maxi, trim, seed)


def random_silhouette(category: Category, seed: int, maxi: bool = False) -> Silhouette:
    """A shape of that category by seed."""
    rng = np.random.default_rng([seed, 43])
    sleeve = {
        "dress": str(rng.choice(SLEEVES, p=(0.28, 0.26, 0.14, 0.2, 0.12))),
        "shirt": str(rng.choice(SLEEVES, p=(0.0, 0.3, 0.12, 0.5, 0.08))),
        "t-shirt": str(rng.choice(SLEEVES, p=(0.12, 0.62, 0.12, 0.14, 0.0))),
    }.get(category, "none")
    cut = str(rng.choice(CUTS[category]))
    if cut == "polo":
        sleeve = "short"
    length = _length(category, cut, maxi) * float(rng.uniform(0.94, 1.06))
    return Silhouette(
        cut=cut,
        neckline=str(rng.choice(NECKLINES, p=(0.34, 0.24, 0.2, 0.12, 0.1))),
        sleeve=sleeve,
        length=length,
        width=float(rng.uniform(0.95, 1.06)),
        flare=float(rng.uniform(0.3, 0.75)),
        folds=int(rng.integers(5, 9)),
    )


def _length(category: Category, cut: str, maxi: bool) -> float:
    if category == "dress":
        return 1.34 if maxi else 0.83
    if category == "skirt":
        return 0.96 if maxi else 0.48
    if category == "trousers":
        return 1.03
    if category == "shorts":
        return 0.58 if cut == "bermuda" else 0.43
    return {"button-down": 0.68, "boxy": 0.54, "blouse": 0.58}.get(cut, 0.62)


def _random_pattern(name: PatternName, rng: np.random.Generator) -> Pattern:
    low, high = _SCALES[name]
    rotation = float(rng.normal(0, 0.03))
    if name == "stripes":
        rotation += float(rng.choice((0.0, np.pi / 2, np.pi / 4), p=(0.6, 0.33, 0.07)))
    elif name in ("plaid", "houndstooth", "geometric") and rng.random() < 0.15:
        rotation += float(np.pi / 4)
    elif name in ("floral", "animal", "paisley"):
        rotation = float(rng.uniform(-np.pi, np.pi))
    phase = (float(rng.random()), float(rng.random()))
    return Pattern(name, float(rng.uniform(low, high)), rotation, phase, int(rng.integers(0, 10_000)))


def _random_colours(pattern: Pattern, rng: np.random.Generator) -> tuple[Colour, ...]:
    everything = list(NAMED.values())
    if pattern.name == "animal":
        if pattern.variation % 2:
            return _chosen((("white", "black"), ("cream", "black"), ("beige", "brown"), ("white", "navy")), rng)
        return _chosen((("beige", "black", "brown"), ("mustard", "black", "brown"), ("white", "black", "grey")), rng)
    ground = everything[int(rng.integers(0, len(everything)))]
    if pattern.name == "plain":
        return (ground,)
    colours = [ground]
    wanted = {"floral": 4, "paisley": 4, "houndstooth": 2}.get(pattern.name, int(rng.choice((2, 3), p=(0.6, 0.4))))
    neutral = [named(name) for name in ("white", "black", "cream", "navy")]
    while len(colours) < wanted:
        pool = neutral if len(colours) == 1 and rng.random() < 0.6 else everything
        colour = pool[int(rng.integers(0, len(pool)))]
        apart = 70 if len(colours) == 1 else 36
        if colour not in colours and abs(luma(colour.rgb) - luma(ground.rgb)) > apart:
            colours.append(colour)
    return tuple(colours)


def _chosen(sets: tuple[tuple[str, ...], ...], rng: np.random.Generator) -> tuple[Colour, ...]:
    return tuple(named(name) for name in sets[int(rng.integers(0, len(sets)))])


def random_shot(seed: int, view: int, size: tuple[int, int] = (480, 640)) -> Shot:
    """The view-th photo of the product of that seed: another pose, background, light and JPEG quality each."""
    rng = np.random.default_rng([seed, view, 47])
    first = view == 0  # a shop's first photo is the clean one
    shares = (0.62, 0.3, 0.06, 0.02) if first else (0.16, 0.2, 0.3, 0.34)
    kind = BACKGROUNDS[int(rng.choice(len(BACKGROUNDS), p=shares))]
    rgb = (255, 255, 255) if kind == "plain" and rng.random() < 0.6 else WALLS[int(rng.integers(0, len(WALLS)))]
    warmth = float(rng.normal(0, 0.008 if first else 0.018))
    return Shot(
        background=Background(kind, rgb, int(rng.integers(0, 1 << 30))),
        size=size,
        light=float(rng.choice((-2.2, -0.9)) + rng.normal(0, 0.35)),
        contrast=float(rng.uniform(0.35, 0.65) if first else rng.uniform(0.4, 0.95)),
        exposure=float(rng.uniform(0.97, 1.03) if first else rng.uniform(0.92, 1.04)),
        cast=(1.0 + warmth, 1.0, 1.0 - warmth),
        folds=float(rng.uniform(0.25, 0.6) if first else rng.uniform(0.4, 1.0)),
        zoom=float(rng.uniform(0.97, 1.05) if first else rng.uniform(0.8, 1.08)),
        tilt=float(rng.normal(0, 0.012 if first else 0.06)),
        shift=(float(rng.normal(0, 0.008)), float(rng.normal(0, 0.008))),
        sway=float(rng.normal(0, 0.004 if first else 0.012)),
        arms=float(rng.uniform(-0.05, 0.1)),
        hanger=bool(rng.random() < 0.4),
        quality=int(rng.integers(86, 95)) if first else int(rng.integers(62, 93)),
        seed=int(rng.integers(0, 1 << 30)),
    )
