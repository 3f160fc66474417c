"""PaperDoll's photos of Chictopia (Yamaguchi et al., 2013), in SQLite and LMDB; and ModaNet's garments in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from engine.attributes import AttributeType
from engine.errors import MissingDependencyError, PictureError, SourceError
from indexer.coco.dataset import CocoImage
from indexer.sources.base import PackedPhoto, SourceProblem
from indexer.sources.cells import Misfit
from indexer.sources.coco_json import Located, instances, load_images
from indexer.sources.finder import PhotoFinder
from indexer.sources.records import Place, Reading, Record, RecordSource

if TYPE_CHECKING:
    from indexer.decode.limits import DecodeLimits

TYPES: Final[dict[str, AttributeType]] = {"post": "text", "user": "text", "garments": "text"}
MODANET: Final[dict[str, AttributeType]] = {"category": "text", "group": "text", "post": "text", "user": "text"}
_PACKED = "chictopia.sql.gz"
_SQLITE = b"SQLite format 3\0"


def _database(place: Path) -> Path | None:
    """The SQLite file of a folder."""
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        if path.is_file() and path.suffix.lower() in (".sqlite", ".sqlite3", ".db", ".sql"):
            with path.open("rb") as stream:
                if stream.read(16) == _SQLITE:
                    return path
    return None


def _photos(place: Path) -> Path | None:
    """The data file of `photos.lmdb`, which may be a folder."""
    path = place / "photos.lmdb"
    data = path / "data.mdb"
    return data if data.is_file() else path if path.is_file() else None


def _annotations(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    return sorted({*place.glob("modanet*instances*.json"), *place.glob("annotations/modanet*instances*.json")})


def detect(place: Path) -> bool:
    """Whether a folder holds Chictopia's SQLite file beside its photos, or the packed one."""
    if not place.is_dir() or _photos(place) is None:
        return False
    return _database(place) is not None or (place / _PACKED).is_file()


def detect_modanet(place: Path) -> bool:
    """Whether a folder holds ModaNet's annotations."""
    return bool(_annotations(place))


@dataclass(frozen=True)
class LmdbPhoto:
    """A photo of an LMDB, by its key."""

    data: Path
    key: bytes

    def read(self, limits: DecodeLimits) -> bytes:
        """The bytes under the key. PictureError where there are none; missing keys are normal."""
        with _environment(self.data).begin(buffers=True) as reading:
            found = reading.get(self.key)
            if found is None:
                raise PictureError(f"the database has no photo {self.key.decode()}")
            limits.check_bytes(len(found))
            return bytes(found)


@lru_cache(1)
def _environment(data: Path) -> Any:
    """An LMDB, opened once and read only: LMDB forbids opening one file twice in a process."""
    try:
        import lmdb  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise MissingDependencyError(f"photos in {data} need lmdb: pip install 'houndstooth[lmdb]'") from error
    folder = data.name == "data.mdb"
    try:
        return lmdb.open(
            str(data.parent if folder else data), subdir=folder, readonly=True, lock=False, max_readers=512
        )
    except lmdb.Error as error:
        raise SourceError(f"{data}: not an LMDB that can be read: {error}") from error


def reopen(data: Path, inside: str) -> LmdbPhoto:
    """The photo of a path `photos.lmdb/10.jpg`. Raises PictureError for a name that is no number."""
    number = inside.removesuffix(".jpg")
    if not (number.isdecimal() and number.isascii()):
        raise PictureError(f"{data.name} has photos by number, not {inside}")
    return LmdbPhoto(data, number.encode("ascii"))


def read(place: Path, how: Reading) -> RecordSource:
    """Every photo of the table `photos`; a post's photos are one product.

    Raises SourceError for a database without these tables, MissingDependencyError without lmdb.
    """
    database, data = _database(place), _photos(place)
    if database is None or data is None:
        packed = f": unpack {_PACKED} into it first" if (place / _PACKED).is_file() else ""
        raise SourceError(f"{place}: a folder of PaperDoll holds photos.lmdb and an SQLite file{packed}")
    _environment(data)
    count = _query(database, "SELECT count(*) FROM photos")[0][0]
    return RecordSource(place, TYPES, partial(_records, database, data), how.known, int(count))


def _query(database: Path, text: str) -> list[tuple[Any, ...]]:
    """Rows of a query. Raises SourceError naming the file where it cannot be asked."""
    try:
        with closing(_connect(database)) as connection:
            return connection.execute(text).fetchall()
    except sqlite3.Error as error:
        raise SourceError(f"{database}: not the database of PaperDoll: {error}") from error


def _connect(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


_ROWS = """SELECT photos.id, photos.post_id, posts.user_id FROM photos LEFT JOIN posts ON posts.id = photos.post_id
ORDER BY photos.id"""


def _records(database: Path, data: Path) -> Iterator[Record | SourceProblem]:
    names = {number: unquote(str(name)) for number, name in _query(database, "SELECT id, name FROM tags")}
    try:
        with closing(_connect(database)) as connection:
            for number, post, user in connection.execute(_ROWS):
                where = Place(database, f"photo {number}")
                told = connection.execute("SELECT clothing_id FROM garments WHERE post_id IS ?", (post,)).fetchall()
                worn = sorted({names[one] for (one,) in told if one in names})
                shared = {"post": _text(post), "user": _text(user), "garments": "|".join(worn) or None}
                yield _photo(where, number, f"post-{post}" if post is not None else f"photo-{number}", shared, data)
    except sqlite3.Error as error:
        raise SourceError(f"{database}: not the database of PaperDoll: {error}") from error


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _photo(where: Place, number: int, product: str, shared: Mapping[str, object], data: Path) -> Record | SourceProblem:
    key = str(number).encode("ascii")
    with _environment(data).begin(buffers=True) as reading:
        if reading.get(key) is None:
            return where.lost(f"photos.lmdb has no photo {number}")
    path = f"{data.as_posix()}/{number}.jpg"
    return Record(where, path, product, shared, packed=LmdbPhoto(data, key), holder=data)


def read_modanet(place: Path, how: Reading) -> RecordSource:
    """ModaNet's garments, each a product. Photos are those of photos.lmdb by id, else files in `images/` or the root.

    With Chictopia's database, `post` and `user` tell which photos belong together.
    """
    files = _annotations(place)
    if not files:
        raise SourceError(f"{place}: no modanet2018_instances_train.json")
    for file in files:
        load_images(file)
    data, database = _photos(place) if how.root is None else None, _database(place)
    if data is not None:
        _environment(data)
    finder = PhotoFinder(*((how.root,) if how.root else (place / "images", place, place / "photos")))
    return RecordSource(place, MODANET, partial(_modanet, files, finder, data, database), how.known)


def _modanet(
    files: list[Path], finder: PhotoFinder, data: Path | None, database: Path | None
) -> Iterator[Record | SourceProblem]:
    owners: dict[int, tuple[object, object]] = {}
    if database is not None:
        owners = {number: (post, user) for number, post, user in _query(database, _ROWS)}

    def locate(image: CocoImage) -> Located | Misfit:
        post, user = owners.get(image.id, (None, None))
        own = {"post": _text(post), "user": _text(user)}
        found = finder.find(image.file)
        if isinstance(found, str) and (data is None or Path(found).is_file()):
            return Located(found, own=own)
        if data is None:
            return found if isinstance(found, Misfit) else Located(found, own=own)
        key = str(image.id).encode("ascii")
        with _environment(data).begin(buffers=True) as reading:
            if reading.get(key) is None:
                return Misfit(f"photos.lmdb has no photo {image.id}")
        packed: PackedPhoto = LmdbPhoto(data, key)
        return Located(f"{data.as_posix()}/{image.id}.jpg", packed, data, own)

    for file in files:
        yield from instances(file, locate)
