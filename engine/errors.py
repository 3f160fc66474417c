"""Every error that Houndstooth raises on purpose.

    HoundstoothError
    ├── CatalogError                the folder on disk
    │   ├── CatalogNotFoundError    no catalog there
    │   ├── CatalogBusyError        another process is writing
    │   ├── CatalogOutdatedError    made by an older program: `houndstooth migrate`
    │   ├── CatalogTooNewError      made by a newer program: upgrade Houndstooth
    │   └── CatalogCorruptError     a hash, count or reference does not hold: `houndstooth check`
    ├── SpaceError                  an unknown space, or vectors made by another extractor
    ├── InputError                  what the caller gave
    │   ├── PictureError            one picture cannot be read
    │   ├── FilterError             a `where` text
    │   ├── QueryError              a search that cannot be asked
    │   └── SourceError             a table or folder to index
    └── MissingDependencyError      a library of an extra that is not installed

Messages say what is wrong and what to do about it. Anything else that escapes is a bug.
"""

from __future__ import annotations

__all__ = [
    "CatalogBusyError",
    "CatalogCorruptError",
    "CatalogError",
    "CatalogNotFoundError",
    "CatalogOutdatedError",
    "CatalogTooNewError",
    "FilterError",
    "HoundstoothError",
    "InputError",
    "MissingDependencyError",
    "PictureError",
    "QueryError",
    "SourceError",
    "SpaceError",
]


class HoundstoothError(Exception):
    """The root: catch this to catch everything that Houndstooth raises on purpose."""


class CatalogError(HoundstoothError):
    """Something is wrong with the catalog on disk."""


class CatalogNotFoundError(CatalogError):
    """There is no catalog at the path given."""


class CatalogBusyError(CatalogError):
    """Another process is writing to the catalog."""


class CatalogOutdatedError(CatalogError):
    """The catalog was made by an older program and must be migrated."""


class CatalogTooNewError(CatalogError):
    """The catalog was made by a newer program than this one."""


class CatalogCorruptError(CatalogError):
    """A hash, count or reference in the catalog does not hold."""


class SpaceError(HoundstoothError):
    """A space is unknown, or its vectors were made by another extractor."""


class InputError(HoundstoothError):
    """What the caller gave cannot be used."""


class PictureError(InputError):
    """One picture cannot be read; the message is the reason, without the path."""


class FilterError(InputError):
    """A `where` text cannot be parsed, or names what the catalog does not have."""


class QueryError(InputError):
    """A search that cannot be asked: no example, an unknown product, a bad weight."""


class SourceError(InputError):
    """A table or folder to index cannot be read at all."""


class MissingDependencyError(HoundstoothError):
    """A library of an optional extra is not installed; the message names the extra."""
