"""When a space that was being filled takes its name: once no image that could have it lacks it."""

from __future__ import annotations

from sqlalchemy import Connection, Row, exists, literal, select, update

from engine import schema
from engine.photos import is_gone
from engine.snapshot import Space, load_spaces
from engine.spaces import retire_space
from engine.writer import Writer


def promote_spaces(writer: Writer) -> dict[str, int]:
    """Let pending spaces answer that every image has which can still be read; the older space of the name goes.

    Returns, for each that stays pending, how many images it lacks.
    """
    with writer.database.read() as connection:
        active, pending = load_spaces(connection), load_spaces(connection, pending=True)
        lacking = {name: _lacking(connection, space) for name, space in pending.items()}
    ready = [space for name, space in pending.items() if not any(map(_is_readable, lacking[name]))]
    for space in ready:
        with writer.change() as connection:
            if space.name in active:
                retire_space(connection, active[space.name], writer.generation + 1)
            connection.execute(update(schema.space).where(schema.space.c.id == space.id).values(pending=False))
    promoted = {space.name for space in ready}
    return {name: len(images) for name, images in lacking.items() if name not in promoted}


def _lacking(connection: Connection, space: Space) -> list[Row[tuple[int, str, bool]]]:
    """Live images that have no vectors in the space: id, path, whether the file failed when it was last read."""
    image, ledger = schema.image, schema.ledger
    failed = exists(select(literal(1)).where(ledger.c.image_id == image.c.id, ledger.c.state == "failed"))
    listed = literal(",") + image.c.spaces + literal(",")
    return list(
        connection.execute(
            select(image.c.id, image.c.path, failed.label("failed")).where(
                image.c.removed.is_(None), listed.not_like(f"%,{space.id},%")
            )
        )
    )


def _is_readable(image: Row[tuple[int, str, bool]]) -> bool:
    return not image.failed and not is_gone(image.path)
