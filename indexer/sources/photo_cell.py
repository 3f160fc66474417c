"""Where a cell or line says a photo is: a file here, or, where that is permitted, an address."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import SourceError
from engine.photos import is_address
from indexer.remote.address import parse_address, without_secrets
from indexer.remote.permission import ASK, Remote
from indexer.remote.photo import RemotePhoto
from indexer.sources.base import PackedPhoto
from indexer.sources.cells import Misfit, as_text, shown
from indexer.sources.places import locate


@dataclass(frozen=True)
class Whereabouts:
    """path: absolute, or an address without what signs it. packed: how to read what is no file here."""

    path: str
    packed: PackedPhoto | None = None


def find_photo(cell: object, root: str, remote: Remote | None) -> Whereabouts | Misfit:
    """What a cell means; the photo may or may not be there. root: see `locate`. remote: None to refuse addresses."""
    text = as_text(cell)
    if isinstance(text, Misfit):
        return text
    if not is_address(text):
        path = locate(text, root)
        return path if isinstance(path, Misfit) else Whereabouts(path)
    if remote is None:
        return Misfit(f"{shown(without_secrets(text))} is an address: {ASK}")
    try:
        address = parse_address(text)
    except SourceError as error:
        return Misfit(str(error))
    return Whereabouts(address.stored, RemotePhoto(address, remote))
