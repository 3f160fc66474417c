"""Images whose content turns up again: in the catalog, in the batch before, in the one that is being made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from engine.batch import NewImage, NewRegion
from engine.known import KnownImage, known_contents
from engine.photos import is_gone
from engine.store import Store
from indexer.intake import Intake
from indexer.plan import Planned
from indexer.stored import is_as_it_was

Content = tuple[bytes, str]
"""What makes two files one picture: the file's SHA-256, and the hash of the mask and box given with it."""


@dataclass(frozen=True)
class Original:
    """An image whose content turned up again. image_id: None when it is not published yet. gone: its file is.

    spaces: ids of those it was extracted in. whole: whether they are all that the run is of; else it has no regions
    to copy.
    """

    product: str
    path: str
    image_id: int | None
    regions: Callable[[], Sequence[NewRegion]]
    gone: bool = False
    spaces: frozenset[int] = frozenset()
    whole: bool = True


class Originals:
    """By content and product, the oldest first."""

    def __init__(self) -> None:
        self._found: dict[Content, dict[str, Original]] = {}
        self._outdated: dict[tuple[bytes, str], int] = {}

    def find(
        self,
        store: Store,
        space_ids: frozenset[int],
        read: Sequence[tuple[Planned, Intake]],
        unpublished: Sequence[NewImage],
        stored_regions: Callable[[KnownImage], Sequence[NewRegion]],
    ) -> None:
        """Take in the images of the catalog, and of the batch before, that have the content of files of this one.

        space_ids: those of the run.
        """
        contents = {content_of(one, taken) for one, taken in read if not is_same(one, taken)}
        products = {one.item.product for one, _ in read}
        for content, same in known_contents(store, contents, products).items():
            for known in same:
                gone = is_gone(known.path)
                if content not in contents:
                    if gone:
                        self._outdated[known.sha256, known.product] = known.image_id
                    continue
                # A photo that is gone is no original to point at, unless it is the same product's, moved.
                if known.product in products if gone else is_as_it_was(known):
                    regions, whole = partial(stored_regions, known), space_ids <= known.spaces
                    where = known.product, known.path, known.image_id
                    self._add(content, Original(*where, regions, gone, known.spaces, whole))
        for new in unpublished:
            if (new.sha256, new.given) in contents:
                self.add(new)

    def of(self, one: Planned, taken: Intake) -> Original | None:
        """The original of a file: its own product's, else the oldest that has what the file needs of it."""
        found = self._found.get(content_of(one, taken), {})
        if one.item.product in found:
            return found[one.item.product]
        # Another product that is named gets an image with the vectors; else a line in the ledger is all there is.
        fit = (each for each in found.values() if not each.gone and (each.whole or not one.item.named))
        return next(fit, None)

    def moved(self, one: Planned, taken: Intake) -> Original | None:
        """The same product's image of a file's content, where that photo's own file is gone."""
        original = self.of(one, taken)
        return original if original is not None and original.gone and not is_same(one, taken) else None

    def outdated(self, one: Planned, taken: Intake) -> int | None:
        """The same product's image of a file, made with another mask, box or garment finder, whose own file is gone."""
        if one.known is not None and one.known.own:
            return None
        return self._outdated.pop((taken.sha256, one.item.product), None)

    def add(self, new: NewImage) -> None:
        """An image that is to be published."""
        self._add((new.sha256, new.given), Original(new.entry.product, new.entry.path, None, lambda: new.regions))

    def move(self, one: Planned, taken: Intake, original: Original) -> None:
        """The product's photo lies where this file is."""
        self._found[content_of(one, taken)][original.product] = replace(original, path=one.item.path, gone=False)

    def _add(self, content: Content, original: Original) -> None:
        self._found.setdefault(content, {}).setdefault(original.product, original)


def content_of(one: Planned, taken: Intake) -> Content:
    """What makes a file the same picture as another."""
    return taken.sha256, one.given


def is_same(one: Planned, taken: Intake) -> bool:
    """Whether the file is what its own image was made from."""
    known = one.known
    return known is not None and known.own and (known.sha256, known.given) == content_of(one, taken)
