"""Solid-colour garments on known backgrounds: what tests of colours and masks compare against."""

from __future__ import annotations

from typing import Literal

from engine.errors import InputError
from indexer.demo.colours import Colour, named
from indexer.demo.render import RenderedPhoto, render
from indexer.demo.sample import random_silhouette
from indexer.demo.spec import Background, Category, Garment, Pattern, Shot

Scene = Literal["white", "grey", "busy"]


def scene(name: Scene, seed: int = 0) -> Background:
    """Pure white (255), mid grey (128), or a cluttered room by seed."""
    if name == "white":
        return Background("plain", (255, 255, 255))
    if name == "grey":
        return Background("plain", (128, 128, 128))
    if name == "busy":
        return Background("cluttered", (222, 216, 208), seed)
    raise InputError(f"no scene {name!r}; there are white, grey and busy")


def solid_garment(colour: Colour | str, category: Category = "t-shirt", seed: int = 0) -> Garment:
    """A plain garment whose every part, buttons included, has one colour; the seed chooses its cut."""
    return Garment(
        category=category,
        silhouette=random_silhouette(category, seed),
        colours=(named(colour) if isinstance(colour, str) else colour,),
        seed=seed,
    )


def solid_photo(
    colour: Colour | str,
    background: Scene | Background = "white",
    lit: bool = True,
    category: Category = "t-shirt",
    seed: int = 0,
    size: tuple[int, int] = (240, 320),
) -> RenderedPhoto:
    """A photo of a solid garment with its mask.

    lit=False: every pixel of the mask is exactly the colour, and on white or grey every other pixel exactly the
    background. lit=True: folds, seams, shadow and noise in white light. Calls that differ only in the background give
    the same mask and, inside it, the same pixels, but for the rim when lit, which is mixed with what is behind.
    """
    behind = background if isinstance(background, Background) else scene(background, seed)
    shot = Shot(background=behind, size=size, lit=lit, seed=seed)
    return render(solid_garment(colour, category, seed), shot)


def striped_photo(
    first: Colour | str,
    second: Colour | str,
    background: Scene | Background = "white",
    lit: bool = True,
    category: Category = "t-shirt",
    seed: int = 0,
    size: tuple[int, int] = (240, 320),
) -> RenderedPhoto:
    """A photo of a garment in nearly even stripes of two colours; `truth.shares` has the exact shares."""
    behind = background if isinstance(background, Background) else scene(background, seed)
    pair = tuple(named(colour) if isinstance(colour, str) else colour for colour in (first, second))
    garment = Garment(category, random_silhouette(category, seed), pair, Pattern("stripes", 0.08), seed=seed)
    return render(garment, Shot(background=behind, size=size, lit=lit, seed=seed))
