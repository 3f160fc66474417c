"""The record of shards: each file of rows that is in use, and since when one is not."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, insert, update

from engine import schema
from engine.durable import PublishedFile


def record_shard(connection: Connection, space_id: int | None, file: PublishedFile, rows: int) -> None:
    """Put a published shard to use: of a space's vectors, or of thumbnails (None)."""
    connection.execute(
        insert(schema.shard).values(space_id=space_id, name=file.name, sha256=file.sha256, rows=rows, bytes=file.bytes)
    )


def retire_shards(connection: Connection, which: Any, generation: int) -> None:
    """Take shards out of use; their files stay for readers until the grace period is over."""
    connection.execute(
        update(schema.shard)
        .where(which, schema.shard.c.removed.is_(None))
        .values(removed=generation, removed_at=time.time())
    )
