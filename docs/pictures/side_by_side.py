"""Draws side_by_side.jpg: what is most like one product by colour, by shape and by pattern.

    python docs/pictures/side_by_side.py --catalog shop.catalog --product P0045

Each row is one search in one space; the first picture is the product asked with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import houndstooth
from engine.known import product_photos

ROWS = {"colour": "by colour", "vgg": "by shape", "pattern": "by pattern"}
HITS = 6
WIDTH, HEIGHT, GAP, LEFT = 150, 200, 10, 110


def main() -> None:
    """Ask three times, draw a row each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--catalog", type=Path, required=True)
    parser.add_argument("--product", required=True)
    parser.add_argument("--where", default="")
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name("side_by_side.jpg"))
    asked = parser.parse_args()
    catalog = houndstooth.open(asked.catalog)
    first = product_photos(catalog.store, [asked.product])[asked.product][0]
    size = (LEFT + (HITS + 1) * (WIDTH + GAP) + GAP, len(ROWS) * (HEIGHT + GAP) + GAP)
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(20)
    for row, (space, said) in enumerate(ROWS.items()):
        top = GAP + row * (HEIGHT + GAP)
        draw.text((GAP, top + HEIGHT / 2 - 12), said, fill="black", font=font)
        found = catalog.similar(f"id:{asked.product}", using={space: 1}, k=HITS, where=asked.where)
        for place, path in enumerate([first, *(hit.image for hit in found.hits)]):
            with Image.open(path) as photo:
                small = photo.convert("RGB")
            small.thumbnail((WIDTH, HEIGHT))
            left = LEFT + place * (WIDTH + GAP) + (GAP if place else 0)
            sheet.paste(small, (left + (WIDTH - small.width) // 2, top + (HEIGHT - small.height) // 2))
    draw.line([(LEFT + WIDTH + GAP, GAP), (LEFT + WIDTH + GAP, size[1] - GAP)], fill="grey", width=2)
    sheet.save(asked.to, quality=85)


if __name__ == "__main__":
    main()
