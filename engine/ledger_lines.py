"""Writing the ledger: how each file of a batch ended, what cells could not be used, and the totals of the run."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from engine import schema
from engine.batch import Batch, Counts, Entry
from engine.bulk_rows import insert_rows, replacing
from engine.values import SQL_LIMIT


def write_ledger(connection: Connection, batch: Batch, image_ids: Sequence[int], run_id: int) -> None:
    """The lines of a batch's images, whose ids these are, and of its other files; and its problems."""
    ledger = schema.ledger
    live = _live_images(connection, {entry.image_id for entry in batch.entries if entry.image_id is not None})
    lines = [
        *((new.entry, number) for new, number in zip(batch.images, image_ids, strict=True)),
        *(
            (entry, entry.image_id if entry.image_id in live else _image_of(connection, entry))
            for entry in batch.entries
        ),
    ]
    said = ("state", "reason", "source", "bytes", "mtime_ns", "image_id", "run_id")
    rows = [
        (one.path, one.product, one.state, one.reason, one.source, one.bytes, one.mtime_ns, image_id, run_id)
        for one, image_id in lines
    ]
    insert_rows(connection, ledger, ("path", "product", *said), rows, replacing(ledger, said))
    if batch.problems:
        connection.execute(
            insert(schema.problem),
            [{"run_id": run_id, "path": p.path, "source": p.source, "reason": p.reason} for p in batch.problems],
        )


def _image_of(connection: Connection, entry: Entry) -> int | None:
    """The live image that a line without one stands for: a duplicate's original, or what a failed file was before."""
    image, product = schema.image, schema.product
    path, key = (entry.reason, entry.of_product) if entry.state == "duplicate" else (entry.path, entry.product)
    found: int | None = connection.execute(
        select(image.c.id)
        .join(product, product.c.id == image.c.product_id)
        .where(image.c.path == path, product.c.key == key, image.c.removed.is_(None))
    ).scalar_one_or_none()
    return found


def _live_images(connection: Connection, image_ids: set[int]) -> set[int]:
    """Of the images named when the batch was planned, those that the batches before it left."""
    image, wanted = schema.image, sorted(image_ids)
    live: set[int] = set()
    for start in range(0, len(wanted), SQL_LIMIT):
        part = wanted[start : start + SQL_LIMIT]
        live.update(
            connection.execute(select(image.c.id).where(image.c.id.in_(part), image.c.removed.is_(None))).scalars()
        )
    return live


def add_counts(connection: Connection, run_id: int, counts: Counts) -> None:
    """Add a batch's totals to its run."""
    run = schema.run
    connection.execute(
        update(run)
        .where(run.c.id == run_id)
        .values(
            seen=run.c.seen + counts.seen,
            indexed=run.c.indexed + counts.indexed,
            unchanged=run.c.unchanged + counts.unchanged,
            duplicate=run.c.duplicate + counts.duplicate,
            failed=run.c.failed + counts.failed,
            problems=run.c.problems + counts.problems,
        )
    )
