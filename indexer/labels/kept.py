"""The labels of a catalog: which files in its `models/` tell which attributes, and whether they still can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select

from engine import schema
from engine.errors import HoundstoothError, InputError, SpaceError
from engine.models import LABELS, keep_file, open_model
from engine.settings import keep_setting, setting, write_setting
from engine.snapshot import Space
from engine.store import Store
from engine.writer import Writer
from indexer.labels.model_file import LabelModel, read_label, sha256_of


@dataclass(frozen=True, eq=False)
class KeptLabel:
    """A label that a catalog's photos have.

    model: None when its file cannot be read, and `fault` says why. confidence: predictions below it are left out.
    shipped: whether it came with Houndstooth. through: while it is being applied, the last region that has it.
    """

    attribute: str
    sha256: str
    model: LabelModel | None
    confidence: float | Mapping[str, float] = 0.0
    shipped: bool = False
    through: int | None = None
    fault: str = ""

    @property
    def name(self) -> str:
        """What its predictions are signed with: "label:maxi:0123456789abcdef"."""
        return model_name(self.attribute, self.sha256)


def model_name(attribute: str, sha256: str) -> str:
    """What predictions of a label are signed with."""
    return f"label:{attribute}:{sha256[:16]}"


def kept_labels(store: Store) -> dict[str, KeptLabel]:
    """The catalog's labels by name. A file that is missing or was altered is told in its `fault`."""
    found = {}
    for attribute, told in (setting(store, LABELS) or {}).items():
        model, fault = None, ""
        try:
            path = open_model(store, told["sha256"])
            model = read_label(path.read_bytes(), str(path))
        except (HoundstoothError, OSError) as error:
            fault = str(error)
        found[attribute] = KeptLabel(
            attribute,
            told["sha256"],
            model,
            told.get("confidence", 0.0),
            bool(told.get("shipped")),
            told.get("through"),
            fault,
        )
    return found


def keep_label(
    writer: Writer, model: LabelModel, confidence: float | Mapping[str, float], shipped: bool, applied: bool = False
) -> str:
    """Have the catalog's photos told this label from now on, those there once it is applied; its SHA-256.

    applied: whether all photos are told it already, as in a catalog without any.
    """
    data = model.to_bytes()
    sha256 = sha256_of(data)
    told = dict(setting(writer.store, LABELS) or {})
    line = {"sha256": sha256, "confidence": confidence, "shipped": shipped}
    before = told.get(model.attribute, {})
    if "through" in before and {**line, "through": before["through"]} == before:
        return sha256  # it was being applied, and goes on from there
    keep_file(writer, data)
    keep_setting(writer, LABELS, {**told, model.attribute: line if applied else {**line, "through": 0}})
    return sha256


def clear_label(writer: Writer, kept: KeptLabel) -> None:
    """Take a label out of the catalog with all that it predicted, in one transaction; its file is swept later."""
    told = dict(setting(writer.store, LABELS) or {})
    told.pop(kept.attribute, None)
    with writer.change() as connection:
        write_setting(connection, LABELS, told)
        delete_predicted(connection, kept.attribute)


def delete_predicted(connection: Connection, attribute: str, but: str = "") -> None:
    """Delete what a label of this name predicted, whatever its file was. but: the signature of one to leave."""
    value = schema.region_value
    theirs = value.c.model.like(f"label:{escaped(attribute)}:%", escape="/")
    connection.execute(delete(value).where(theirs, value.c.model != but))


def catalog_uuid(store: Store) -> str:
    """What tells a catalog from all others, wherever its folder lies."""
    with store.database.read() as connection:
        return str(connection.execute(select(schema.catalog.c.uuid)).scalar_one())


def predicted_counts(store: Store, kept: KeptLabel) -> dict[str, dict[str, int]]:
    """Attribute -> value as text -> live regions that the label, as it is now, says it of."""
    value, attribute, region = schema.region_value, schema.attribute, schema.region
    statement = (
        select(attribute.c.name, attribute.c.type, value.c.text, value.c.number, func.count().label("regions"))
        .join(attribute, attribute.c.id == value.c.attribute_id)
        .join(region, region.c.id == value.c.region_id)
        .where(value.c.model == kept.name, region.c.removed.is_(None))
        .group_by(attribute.c.name, value.c.text, value.c.number)
        .order_by(attribute.c.name, value.c.text, value.c.number)
    )
    found: dict[str, dict[str, int]] = {}
    with store.database.read() as connection:
        for row in connection.execute(statement):
            text = row.text if row.type == "text" else str(bool(row.number)).lower()
            found.setdefault(row.name, {})[text] = row.regions
    return found


def escaped(text: str) -> str:
    """Text for a LIKE pattern whose escape is "/"."""
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")


def stale_spaces(model: LabelModel, spaces: Mapping[str, Space]) -> list[str]:
    """Why the label cannot be told from a catalog's spaces, one line a space; [] when it can."""
    wrong = []
    for used in model.spaces:
        if used.name not in spaces:
            wrong.append(f"the catalog has no space '{used.name}'")
        elif spaces[used.name].fingerprint != used.fingerprint:
            now = spaces[used.name].fingerprint
            wrong.append(f"space '{used.name}' is another one now ({now}, the label was trained on {used.fingerprint})")
    return wrong


def require_fresh(model: LabelModel, spaces: Mapping[str, Space]) -> None:
    """Raise SpaceError, with what to do, when the label was trained on other vectors than the catalog has."""
    wrong = stale_spaces(model, spaces)
    if not wrong:
        return
    lacking = [used.name for used in model.spaces if used.name not in spaces]
    if lacking:
        todo = (
            f"Index the photos in it first, `houndstooth index PHOTOS --spaces {','.join(lacking)}`, or train the label"
        )
    else:
        todo = "Train the label"
    raise SpaceError(
        f"label '{model.attribute}' cannot be told here: {'; '.join(wrong)}. {todo} again on this catalog: "
        f"`houndstooth train {model.attribute} --catalog ...`"
    )


def require_type(model: LabelModel, known: Mapping[str, Any], described: Mapping[str, str]) -> None:
    """Raise InputError when the catalog's attribute of that name is of another type, or a space tells it already.

    known: the catalog's attributes, built-in names included. described: attribute -> the space that tells it.
    """
    for name, kind in model.attribute_types.items():
        if name in described:
            raise InputError(
                f"the space '{described[name]}' tells the attribute '{name}' of every photo already: give the label "
                "another name"
            )
        if known.get(name, kind) != kind:
            raise InputError(
                f"attribute '{name}' is {known[name]} in this catalog, and the label tells a {kind}: train it under "
                f"another name, such as is_{name}"
            )
