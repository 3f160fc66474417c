"""Fitting a space to a catalog's own photos: the projection of `vgg`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InputError, PictureError, SpaceError
from engine.ledger import StoredPhoto, different_photos
from engine.models import save_model
from engine.snapshot import Snapshot
from engine.store import Store
from engine.writer import writing

if TYPE_CHECKING:
    from indexer.garments.find import GarmentStep
    from indexer.picture import Picture
    from indexer.spaces.vgg import Vgg
    from indexer.vgg.projection import Projection

PHOTOS = 2_000
"""Photos to fit on: 8192 numbers each in float64 are some 130 MB a thousand."""
DIM = 256
BATCH = 32

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FitReport:
    """What was done. photos: fitted on. unreadable: chosen, but gone or broken. dim: of the space from now on."""

    space: str
    photos: int
    unreadable: int
    dim: int


def require_fittable(snapshot: Snapshot, space: str) -> None:
    """Raise SpaceError unless the catalog has this space and it can be fitted."""
    snapshot.space(space)
    if space != "vgg":
        raise SpaceError(f"space '{space}' has nothing to fit: only vgg has a projection")


def fit_vgg(
    store: Store, vgg: Vgg, garments: GarmentStep, dim: int, photos: int, seed: int, progress: Progress
) -> FitReport:
    """Fit a projection on a seeded sample of the catalog's different photos, and record it for the next indexing.

    Mask files that were given when the photos were indexed are not kept in a catalog: photos are read whole, or in the
    first region's box, and garments are found in them as `garments` does. progress: called with (photos read, photos
    chosen). Raises InputError, CatalogBusyError.
    """
    from indexer.vgg.projection import fit_projection

    if dim < 2:
        raise InputError(f"dim is the number of dimensions to keep, a whole number from 2, not {dim}")
    if photos <= dim:
        raise InputError(f"{dim} dimensions need more than {dim} photos to be fitted on: choose more, or a smaller dim")
    chosen = _sample(store, photos, seed)
    _require(len(chosen), dim)
    rows = [vgg.raw(_product_garments(batch, garments)) for batch in _read(chosen, progress)]
    read = sum(map(len, rows))
    _require(read, dim)
    data = _bytes(fit_projection(np.concatenate(rows), dim))
    with writing(store) as writer:
        save_model(writer, "vgg", "projection", data)
    return FitReport("vgg", read, len(chosen) - read, dim)


def _product_garments(pictures: Sequence[Picture], garments: GarmentStep) -> list[Picture]:
    """The pictures as they would be indexed without a category."""
    none = [None] * len(pictures)
    return [regions[0].picture for regions in garments.regions(pictures, none, none)]


def _bytes(projection: Projection) -> bytes:
    """What `Projection.save` writes."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "projection"
        projection.save(file)
        return file.read_bytes()


def _require(photos: int, dim: int) -> None:
    if photos <= dim:
        hint = f"choose a dim of at most {photos - 1}, or index more" if photos > 2 else "index more first"
        raise InputError(f"{dim} dimensions need more than {dim} photos; the catalog has {photos} to read: {hint}")


def _sample(store: Store, photos: int, seed: int) -> list[StoredPhoto]:
    """At most so many live photos of different content, in the order they were indexed."""
    found = different_photos(store)
    if len(found) > photos:
        found = [found[place] for place in np.sort(np.random.default_rng(seed).choice(len(found), photos, False))]
    return found


def _read(photos: Sequence[StoredPhoto], progress: Progress) -> Iterator[list[Picture]]:
    """Pictures in batches; those that cannot be read are left out."""
    from indexer.decode import decode
    from indexer.stored import read_stored

    done = 0
    for start in range(0, len(photos), BATCH):
        part, pictures = photos[start : start + BATCH], []
        for photo in part:
            try:
                pictures.append(decode(read_stored(photo.path), box=photo.box))
            except PictureError:
                continue
        if pictures:
            yield pictures
        done += len(part)
        progress(done, len(photos))
