"""Immutable shards of rows on disk: vectors of one space, or thumbnails. One safetensors file each.

A shard is mapped, not read: opening a catalog of any size costs its headers, and rows come in as they are used. Nothing
of ours ever shortens a shard. Where something else does, reading a mapped row that is gone kills the process (SIGBUS);
`require_whole` is asked before each piece that is read, which costs a microsecond, so that this happens only to who
reads in that very moment.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from engine.durable import PublishedFile, publish
from engine.errors import CatalogCorruptError
from engine.open_files import allow_more_files
from engine.refusals import refused

VECTORS, THUMBNAILS = ".vectors", ".thumbs"
_DTYPES: dict[str, np.dtype[Any]] = {"I64": np.dtype("<i8"), "F16": np.dtype("<f2"), "U8": np.dtype("u1")}


@dataclass(frozen=True, eq=False)
class MappedFile:
    """A file that is mapped."""

    path: Path
    memory: mmap.mmap

    def require_whole(self) -> None:
        """Raise CatalogCorruptError when the file is no longer as long as what was mapped of it."""
        if self.memory.size() != len(self.memory):
            raise CatalogCorruptError(f"{self.path} was cut short while it was open: run `houndstooth check`")


@dataclass(frozen=True, eq=False)
class VectorShard:
    """Rows of one space. ids: int64 (n,) of regions, ascending. vectors: float16 (n, dim). Both are mapped."""

    ids: NDArray[np.int64]
    vectors: NDArray[np.float16]
    file: MappedFile | None = None

    def require_whole(self) -> None:
        """Raise CatalogCorruptError when the file was cut short since it was opened."""
        if self.file is not None:
            self.file.require_whole()


@dataclass(frozen=True, eq=False)
class ThumbnailShard:
    """Small JPEGs. ids: int64 (n,) of images, ascending. Picture i is data[offsets[i]:offsets[i + 1]]."""

    ids: NDArray[np.int64]
    offsets: NDArray[np.int64]
    data: NDArray[np.uint8]
    file: MappedFile | None = None

    def picture(self, row: int) -> bytes:
        """The JPEG in this row. Raises CatalogCorruptError when the file was cut short since it was opened."""
        if self.file is not None:
            self.file.require_whole()
        return self.data[self.offsets[row] : self.offsets[row + 1]].tobytes()


def write_vectors(
    folder: Path, ids: NDArray[np.int64], vectors: NDArray[np.float32] | NDArray[np.float16], fingerprint: str
) -> PublishedFile:
    """Publish rows (ids (n,) distinct, vectors (n, dim)) as a shard, sorted by id and rounded to float16."""
    order = np.argsort(ids, kind="stable")
    rows = {"ids": ids[order].astype("<i8"), "vectors": vectors[order].astype("<f2")}
    return publish(folder, VECTORS, [save(rows, {"fingerprint": fingerprint})])


def write_thumbnails(folder: Path, ids: NDArray[np.int64], pictures: Sequence[bytes]) -> PublishedFile:
    """Publish JPEGs as a shard; ids (n,) are distinct."""
    order = np.argsort(ids, kind="stable")
    ordered = [pictures[row] for row in order]
    rows = {
        "ids": ids[order].astype("<i8"),
        "offsets": np.cumsum([0, *map(len, ordered)], dtype="<i8"),
        "data": np.frombuffer(b"".join(ordered), dtype=np.uint8),
    }
    return publish(folder, THUMBNAILS, [save(rows)])


def open_vectors(path: Path) -> VectorShard:
    """Map a shard of vectors. Raises CatalogCorruptError when it is missing or cut short."""
    arrays, file = _map(path, ("ids", "vectors"))
    return VectorShard(arrays["ids"], arrays["vectors"], file)


def open_thumbnails(path: Path) -> ThumbnailShard:
    """Map a shard of thumbnails. Raises CatalogCorruptError when it is missing or cut short."""
    arrays, file = _map(path, ("ids", "offsets", "data"))
    return ThumbnailShard(arrays["ids"], arrays["offsets"], arrays["data"], file)


def _map(path: Path, names: Sequence[str]) -> tuple[Mapping[str, NDArray[Any]], MappedFile]:
    """Map the arrays of a safetensors file: 8 bytes of header length, JSON header, then the data."""
    try:
        with path.open("rb") as opened:
            allow_more_files(opened.fileno())
            memory = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        whole = np.frombuffer(memory, dtype=np.uint8)
        length = int.from_bytes(whole[:8].tobytes(), "little")
        header = json.loads(whole[8 : 8 + length].tobytes())
        arrays = {}
        for name in names:
            entry = header[name]
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            arrays[name] = whole[start:end].view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])
    except FileNotFoundError as error:
        raise CatalogCorruptError(f"{path} is missing: run `houndstooth check`") from error
    except OSError as error:
        raise refused(f"cannot open {path}", error) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise CatalogCorruptError(f"{path} is cut short or altered: run `houndstooth check`") from error
    return arrays, MappedFile(path, memory)
