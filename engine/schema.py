"""The tables of catalog.db. Changed only together with a migration (migrations/versions); a test compares the two.

A row of `product`, `image` or `region` with `removed` set is a tombstone: it left the catalog in that generation and
goes for good when the shards that hold its vectors are compacted. Ids are never used twice.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

HEAD = "0003"
"""The revision that this program reads and writes: the newest in migrations/versions."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

catalog = Table(
    "catalog",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uuid", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("created", Text, nullable=False),
    Column("program", Text, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

setting = Table(
    "setting",  # of the catalog as a whole: how garments are found
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
    sqlite_with_rowid=False,
)

product = Table(
    "product",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("removed", BigInteger),
    Index("ix_product_key", "key", unique=True, sqlite_where=text("removed IS NULL")),
    sqlite_autoincrement=True,
)

image = Table(
    "image",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product_id", Integer, ForeignKey("product.id"), nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("given", Text, nullable=False),  # hash of what made its regions besides the photo (box, mask, finder), or ""
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("phash", BigInteger, nullable=False),
    Column("spaces", Text, nullable=False),  # ids of those it was extracted in, ascending: "1,2,3"
    Column("removed", BigInteger),
    Index("ix_image_product_path", "product_id", "path", unique=True, sqlite_where=text("removed IS NULL")),
    Index("ix_image_path", "path"),
    Index("ix_image_sha256", "sha256"),
    sqlite_autoincrement=True,
)

region = Table(
    "region",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("image_id", Integer, ForeignKey("image.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # photo | given | garment
    Column("x", Integer),
    Column("y", Integer),
    Column("width", Integer),
    Column("height", Integer),
    Column("masked", Boolean, nullable=False),
    Column("removed", BigInteger),
    sqlite_autoincrement=True,
)

attribute = Table(
    "attribute",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    CheckConstraint("type IN ('text', 'number', 'boolean')", name="type"),
)


def _value_table(name: str, owner: str) -> Table:
    return Table(
        name,
        metadata,
        Column("attribute_id", Integer, ForeignKey("attribute.id"), primary_key=True),
        Column(f"{owner}_id", Integer, ForeignKey(f"{owner}.id"), primary_key=True),
        Column("text", Text),
        Column("number", Float),  # booleans as 0 and 1
        Column("confidence", Float),  # NULL where the value was given
        Column("model", Text),  # who predicted it; NULL where the value was given
        Index(f"ix_{name}_{owner}_id", f"{owner}_id"),
        sqlite_with_rowid=False,
    )


product_value = _value_table("product_value", "product")
region_value = _value_table("region_value", "region")

space = Table(
    "space",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("dim", Integer, nullable=False),
    Column("metric", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("weight", Float, nullable=False),
    Column("reads", Text, nullable=False),
    Column("pair_mean", Float),  # cosine of random pairs: its mean and spread put spaces on one scale
    Column("pair_spread", Float),
    Column("pair_rows", Integer),  # rows there were when the two were measured
    Column("pending", Boolean, nullable=False),  # being filled: it answers, and takes its name, when all images have it
    Column("removed", BigInteger),  # set when an extractor with another fingerprint took the name
    Index("ix_space_name", "name", "pending", unique=True, sqlite_where=text("removed IS NULL")),
    sqlite_autoincrement=True,
)

shard = Table(
    "shard",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("space_id", Integer, ForeignKey("space.id"), index=True),  # NULL: a shard of thumbnails
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("removed", BigInteger),
    Column("removed_at", Float),  # seconds since the epoch: the file goes after a grace period
    Index("ix_shard_name", "name", unique=True, sqlite_where=text("removed IS NULL")),
    sqlite_autoincrement=True,
)

refusal = Table(
    "refusal",  # a region that has no vector in a space that it was extracted in, and why
    metadata,
    Column("region_id", Integer, ForeignKey("region.id"), primary_key=True),
    Column("space_id", Integer, ForeignKey("space.id"), primary_key=True, index=True),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)

vector_index = Table(
    "vector_index",
    metadata,
    Column("space_id", Integer, ForeignKey("space.id"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # index | remove
    Column("source", Text, nullable=False),
    Column("started", Text, nullable=False),
    Column("finished", Text),  # NULL: killed, or still running
    Column("seen", Integer, nullable=False),
    Column("indexed", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("duplicate", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("problems", Integer, nullable=False),
    sqlite_autoincrement=True,
)

ledger = Table(
    "ledger",
    metadata,
    Column("path", Text, primary_key=True),
    Column("product", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),  # why it failed, or what it is a duplicate of
    Column("source", Text, nullable=False),  # "products.csv line 12", or ""
    Column("bytes", BigInteger),
    Column("mtime_ns", BigInteger),
    Column("image_id", Integer, ForeignKey("image.id"), index=True),
    Column("run_id", Integer, ForeignKey("run.id"), nullable=False, index=True),
    CheckConstraint("state IN ('indexed', 'duplicate', 'failed')", name="state"),
    sqlite_with_rowid=False,
)

problem = Table(
    "problem",  # cells that could not be used; their photos were indexed without them
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("run.id"), nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

cluster_run = Table(
    "cluster_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("space_id", Integer, ForeignKey("space.id"), nullable=False),
    Column("where", Text, nullable=False),
    Column("k", Integer, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("inertia", Float, nullable=False),
    Column("silhouette", Float),
    Column("parameters", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

cluster = Table(
    "cluster",
    metadata,
    Column("run_id", Integer, ForeignKey("cluster_run.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("medoid_id", Integer, nullable=False),  # a region
    Column("centroid", LargeBinary, nullable=False),  # float32 (dim,)
    sqlite_with_rowid=False,
)

cluster_member = Table(
    "cluster_member",
    metadata,
    Column("run_id", Integer, ForeignKey("cluster_run.id", ondelete="CASCADE"), primary_key=True),
    Column("region_id", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("distance", Float, nullable=False),
    Column("outlier", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

map_ = Table(
    "map",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("space_id", Integer, ForeignKey("space.id"), nullable=False),
    Column("method", Text, nullable=False),
    Column("where", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),  # points, those placed later included
    Column("columns", Integer),  # of a grid, else NULL; so for the next
    Column("lines", Integer),
    Column("quality", Text, nullable=False),  # JSON: measures of how near what is alike was put
    Column("parameters", Text, nullable=False),  # JSON: how it was laid out
    Column("model", LargeBinary),  # float32 (3, dim) of a PCA: mean, two axes; else NULL
    Column("created", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    CheckConstraint("method IN ('pca', 'tsne', 'umap', 'grid')", name="method"),
    sqlite_autoincrement=True,
)

map_point = Table(
    "map_point",
    metadata,
    Column("map_id", Integer, ForeignKey("map.id", ondelete="CASCADE"), primary_key=True),
    Column("region_id", Integer, primary_key=True),
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    Column("placed", Boolean, nullable=False),  # put onto the map after it was laid out
    sqlite_with_rowid=False,
)
