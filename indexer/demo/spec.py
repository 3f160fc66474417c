"""What is drawn: a garment, and the shot that photographs it. Values only; equal values draw equal pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.errors import InputError
from indexer.demo.colours import Colour, Rgb

Category = Literal["dress", "skirt", "shirt", "t-shirt", "trousers", "shorts"]
PatternName = Literal[
    "plain", "stripes", "plaid", "polka dots", "floral", "chevron", "houndstooth", "animal", "paisley", "geometric"
]
BackgroundKind = Literal["plain", "gradient", "textured", "cluttered"]

CATEGORIES: tuple[Category, ...] = ("dress", "skirt", "shirt", "t-shirt", "trousers", "shorts")
PATTERNS: tuple[PatternName, ...] = (
    "plain",
    "stripes",
    "plaid",
    "polka dots",
    "floral",
    "chevron",
    "houndstooth",
    "animal",
    "paisley",
    "geometric",
)
BACKGROUNDS: tuple[BackgroundKind, ...] = ("plain", "gradient", "textured", "cluttered")

CUTS: dict[Category, tuple[str, ...]] = {
    "dress": ("a-line", "sheath", "wrap", "strap", "shirt"),
    "skirt": ("a-line", "pencil", "pleated", "flared", "tiered"),
    "shirt": ("button-down", "polo", "blouse"),
    "t-shirt": ("regular", "slim", "boxy"),
    "trousers": ("slim", "straight", "wide", "flared"),
    "shorts": ("regular", "wide", "bermuda"),
}
NECKLINES = ("crew", "v", "scoop", "boat", "square")
SLEEVES = ("none", "short", "elbow", "long", "puff")


@dataclass(frozen=True)
class Silhouette:
    """The garment's shape. Lengths in cloth units: a grown person's shoulders are 0.4 wide.

    cut: one of CUTS[category]. neckline, sleeve: one of NECKLINES, SLEEVES; bottoms ignore them, and a collar or
    straps replace the neckline. length: from shoulder or waistband to hem, 0 for the cut's own.
    width: 1 is regular fit. flare: 0 (falls straight) to 1 (wide hem). folds: folds across a skirt or pleats.
    """

    cut: str
    neckline: str = "crew"
    sleeve: str = "short"
    length: float = 0.0
    width: float = 1.0
    flare: float = 0.5
    folds: int = 6


@dataclass(frozen=True)
class Pattern:
    """What is woven into or printed on the cloth.

    scale: size of one motif in cloth units (0.02 fine to 0.2 large). rotation: radians against the grain.
    phase: shift along and across, in repeats. variation: any integer; chooses among a pattern's own kinds
    (gingham or tartan, leopard or zebra) and places its motifs.
    """

    name: PatternName = "plain"
    scale: float = 0.06
    rotation: float = 0.0
    phase: tuple[float, float] = (0.0, 0.0)
    variation: int = 0


@dataclass(frozen=True)
class Garment:
    """One product. colours: the ground first (the largest share, tied only in houndstooth), then the pattern's.

    trim: colour of buttons, belts and waistbands; None for the ground's.
    maxi: a dress or skirt to the ankles. seed: of the small irregularities of its sewing.
    """

    category: Category
    silhouette: Silhouette
    colours: tuple[Colour, ...]
    pattern: Pattern = field(default_factory=Pattern)
    maxi: bool = False
    trim: Colour | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.category not in CATEGORIES:
            raise InputError(f"no category {self.category!r}; the demo draws {', '.join(CATEGORIES)}")
        if self.silhouette.cut not in CUTS[self.category]:
            raise InputError(
                f"no {self.category} is cut {self.silhouette.cut!r}; there are {', '.join(CUTS[self.category])}"
            )
        if self.silhouette.neckline not in NECKLINES or self.silhouette.sleeve not in SLEEVES:
            raise InputError(f"necklines are {', '.join(NECKLINES)}; sleeves are {', '.join(SLEEVES)}")
        if self.pattern.name not in PATTERNS:
            raise InputError(f"no pattern {self.pattern.name!r}; the demo draws {', '.join(PATTERNS)}")
        if self.pattern.scale <= 0:
            raise InputError(f"a pattern's scale must be positive, got {self.pattern.scale}")
        needed = 1 if self.pattern.name == "plain" else 2
        if len(self.colours) < needed:
            raise InputError(f"{self.pattern.name} needs {needed} colours or more, got {len(self.colours)}")
        if self.maxi and self.category not in ("dress", "skirt"):
            raise InputError(f"only dresses and skirts come in maxi length, not {self.category}")


@dataclass(frozen=True)
class Background:
    """What the garment lies on or hangs before.

    rgb: of the whole of a plain background, and the main tone of the others. kind "cluttered" draws shelves, a rail of
    other clothes, floor boards with things on them, or soft shapes, by seed.
    """

    kind: BackgroundKind = "plain"
    rgb: Rgb = (255, 255, 255)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in BACKGROUNDS:
            raise InputError(f"no background {self.kind!r}; there are {', '.join(BACKGROUNDS)}")


@dataclass(frozen=True)
class Shot:
    """One photo of a garment.

    size: (width, height) in pixels. lit: False draws without light: the garment's pixels are exactly its cloth's
    colours, with hard edges, no seams, shadow, texture or noise. light: direction that light comes from, radians: 0
    from the right, pi/2 from below, -pi/2 from above. contrast: 0 to 1, of shading and shadow. exposure: factor on
    all light, about 0.92 to 1.05. cast: factors on red, green and blue, about 0.95 to 1.05. folds: 0 (pressed) to 1
    (rumpled). zoom: 1 fills about 84 % of the frame. tilt: radians. shift: of the frame's width and height. sway:
    sideways bend of the cloth in cloth units. arms: radians that sleeves or legs are spread further. hanger: draw one
    where the garment can hang from it. quality: of the JPEG, 1 to 95. seed: of folds and noise.
    """

    background: Background = field(default_factory=Background)
    size: tuple[int, int] = (480, 640)
    lit: bool = True
    light: float = -2.2
    contrast: float = 0.6
    exposure: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    folds: float = 0.6
    zoom: float = 1.0
    tilt: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    sway: float = 0.0
    arms: float = 0.0
    hanger: bool = False
    quality: int = 90
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.size) < 32 or max(self.size) > 4096:
            raise InputError(f"a photo is 32 to 4096 pixels a side, got {self.size[0]} x {self.size[1]}")
        if not 1 <= self.quality <= 95:
            raise InputError(f"JPEG quality is 1 to 95, got {self.quality}")
        if not 0.2 <= self.zoom <= 3:
            raise InputError(f"zoom is 0.2 to 3, got {self.zoom}")
