"""Settings of a catalog as a whole, kept in it: how the photos that are indexed from now on are to be looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from engine import schema
from engine.store import Store
from engine.told import told

if TYPE_CHECKING:
    from engine.writer import Writer


def setting(store: Store, name: str) -> Any:
    """The value of a setting, as JSON types; None where it was never set."""
    with store.database.read() as connection:
        found = connection.execute(
            select(schema.setting.c.value).where(schema.setting.c.name == name)
        ).scalar_one_or_none()
    return None if found is None else told(found, f"setting '{name}'")


def keep_setting(writer: Writer, name: str, value: Any) -> None:
    """Set it; nothing happens where it is set so already."""
    if setting(writer.store, name) == value:
        return
    with writer.change() as connection:
        write_setting(connection, name, value)


def write_setting(connection: Connection, name: str, value: Any) -> None:
    """Set it as part of a change."""
    told = json.dumps(value, sort_keys=True)
    statement = upsert(schema.setting).values(name=name, value=told)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": told}))
