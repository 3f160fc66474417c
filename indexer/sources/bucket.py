"""The photos under a prefix of a bucket, or one photo at an address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.remote.address import WEB, Address, address_product, parse_address
from indexer.remote.connect import file_system
from indexer.remote.listing import Listed, list_objects
from indexer.remote.permission import ASK, Remote
from indexer.remote.photo import RemotePhoto
from indexer.sources.base import SourceImage, SourceProblem
from indexer.sources.folder import folder_attributes, is_picture_name


class BucketSource:
    """Every picture under a prefix, by name, as `FolderSource` reads a folder; or the one picture at an address.

    What the listing tells of an object (its ETag or time, and its size) tells whether it is as it was.
    """

    def __init__(self, address: Address, remote: Remote, known: Mapping[str, AttributeType] | None = None) -> None:
        """Raises SourceError where nothing is listed, and for a web address that is no picture by its suffix."""
        self.name = address.stored
        self._address = address
        self._remote = remote
        self.attribute_types: dict[str, AttributeType] = {
            name: (known or {}).get(name, "text") for name in ("category", "folder")
        }
        file_system(address.protocol, remote)  # what is not installed is told before anything is made
        if address.protocol in WEB and not is_picture_name(_path(address)):
            raise SourceError(
                f"{address.stored}: what lies under a web address cannot be listed: give a table whose column holds "
                "addresses, or list them on standard input (houndstooth index -)"
            )
        if not any(True for _ in self._found()):
            raise SourceError(f"{address.stored}: no pictures under this prefix")

    def __len__(self) -> int:
        """Photos, by a pass over the listing."""
        return self._count

    @cached_property
    def _count(self) -> int:
        return sum(1 for _ in self._found())

    def __iter__(self) -> Iterator[SourceImage | SourceProblem]:
        """Photos in the order of their names, folder by folder."""
        for one in self._found():
            inside = PurePosixPath(one.inside)
            attributes, faults = folder_attributes(inside.parts[:-1], self.attribute_types)
            path = one.address.stored
            for reason in faults:
                yield SourceProblem(path, "", reason, fatal=False)
            packed = RemotePhoto(one.address, self._remote, one.state)
            yield SourceImage(Path(path), path, _product(one), attributes, packed=packed)

    def _found(self) -> Iterator[Listed]:
        if self._address.protocol in WEB:
            yield Listed(self._address, PurePosixPath(_path(self._address)).name, None)
            return
        for one in list_objects(self._address, self._remote):
            hidden = any(part.startswith(".") for part in PurePosixPath(one.inside).parts)
            if not hidden and is_picture_name(one.inside) and (one.state is None or one.state.bytes):
                yield one


def _path(address: Address) -> str:
    return address.stored.partition("?")[0]


def _product(one: Listed) -> str:
    return address_product(f"memory://{one.inside}")


def read_address(text: str, remote: Remote | None, known: Mapping[str, AttributeType]) -> BucketSource:
    """The source at an address. Raises SourceError where addresses are not permitted, or it cannot be listed."""
    address = parse_address(text)
    if remote is None:
        raise SourceError(f"{address.stored} is an address: {ASK}")
    return BucketSource(address, remote, known)
