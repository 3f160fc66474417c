"""A procedural renderer of garments with exact ground truth: the demo's shop, and an oracle for tests.

`render(garment, shot)` draws one photo; `solid_photo` one of a single colour; `render_patch` a square of cloth;
`write_demo` a whole shop. NumPy and Pillow only.
"""

from indexer.demo.colours import ELEVEN, NAMED, Colour, named
from indexer.demo.oracle import scene, solid_garment, solid_photo, striped_photo
from indexer.demo.patterns import render_patch
from indexer.demo.render import RenderedPhoto, Truth, render
from indexer.demo.sample import random_garment, random_shot
from indexer.demo.spec import BACKGROUNDS, CATEGORIES, PATTERNS, Background, Garment, Pattern, Shot, Silhouette
from indexer.demo.write import DemoSummary, write_demo

__all__ = [
    "BACKGROUNDS",
    "CATEGORIES",
    "ELEVEN",
    "NAMED",
    "PATTERNS",
    "Background",
    "Colour",
    "DemoSummary",
    "Garment",
    "Pattern",
    "RenderedPhoto",
    "Shot",
    "Silhouette",
    "Truth",
    "named",
    "random_garment",
    "random_shot",
    "render",
    "render_patch",
    "scene",
    "solid_garment",
    "solid_photo",
    "striped_photo",
    "write_demo",
]
