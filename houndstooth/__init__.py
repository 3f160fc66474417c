"""Find similar products by colour, shape and pattern.

    import houndstooth

    catalog = houndstooth.open("shop.catalog", create=True)
    report = catalog.index("photos/")
    hits = catalog.similar("dress.jpg", k=10, where="category = 'dress'", using={"vgg": 2, "colour": 1})
    run = catalog.cluster("colour", k=12)
    catalog.export(run, "clusters.csv")

Nothing heavy loads before it is used: `import houndstooth` costs milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine import errors
from engine.errors import HoundstoothError

if TYPE_CHECKING:
    import os

    from engine.clusters import ClusterRun
    from engine.query import Hit, Query, Results
    from houndstooth.catalog import Catalog
    from indexer.bulk import IndexReport

__all__ = ["Catalog", "ClusterRun", "Hit", "HoundstoothError", "IndexReport", "Query", "Results", "errors", "open"]

_HOMES = {
    "Catalog": "houndstooth.catalog",
    "ClusterRun": "engine.clusters",
    "Hit": "engine.query",
    "IndexReport": "indexer.bulk",
    "Query": "engine.query",
    "Results": "engine.query",
}


def open(path: str | os.PathLike[str], *, create: bool = False) -> Catalog:
    """The catalog at `path`; made there first when `create` is set and there is none.

    Raises CatalogNotFoundError, CatalogOutdatedError, CatalogTooNewError or, when it cannot be made, CatalogError.
    """
    from houndstooth.catalog import Catalog

    return Catalog(path, create=create)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("houndstooth")
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'houndstooth' has no attribute '{name}'")
