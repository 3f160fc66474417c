"""What was asked, as the page of a search shows it."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path

import numpy as np

from engine.lookup import find_product
from engine.pages import Example, QueryView
from engine.snapshot import Reader
from engine.thumbnails import Thumbnails
from houndstooth.asking import PRODUCT_PREFIX, Ask, Photo


def query_view(ask: Ask, reader: Reader, thumbnails: Thumbnails) -> QueryView:
    """The examples with small pictures: of photos as they are on disk, of products as the catalog keeps them."""
    examples = [_example(example, False, reader, thumbnails) for example in ask.examples]
    if ask.colours:
        from indexer.colours import parse_colours

        colours = tuple(("#{:02x}{:02x}{:02x}".format(*rgb), share) for rgb, share in parse_colours(ask.colours))
        examples.append(Example(ask.colours, colours=colours))
    examples += [_example(example, True, reader, thumbnails) for example in ask.unlike]
    return QueryView(tuple(examples))


def _example(example: str | PathLike[str], negative: bool, reader: Reader, thumbnails: Thumbnails) -> Example:
    text = fspath(example)
    if text.startswith(PRODUCT_PREFIX):
        product = find_product(reader, text.removeprefix(PRODUCT_PREFIX))
        snapshot = reader.snapshot()
        images = snapshot.image_ids[snapshot.product_ids == product.id]
        picture = thumbnails.get(int(np.min(images))) if len(images) else None
        return Example(product.key, picture, negative=negative)
    from indexer.thumbnail import thumbnail

    return Example(Path(text).name, thumbnail(Photo.read(text).picture), negative=negative)
