"""The file of a label: its head, and a card that says what it tells, from what vectors, and how well."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.attributes import AttributeType
from engine.errors import InputError
from indexer.labels.examples import BOOLEAN
from indexer.labels.heads import Head, Matrix
from indexer.sources.cells import attribute_name

FORMAT = "houndstooth label 1"
MAX_BYTES = 512 * 2**20


@dataclass(frozen=True)
class SpaceUsed:
    """A space whose vectors a label reads: its name, their length, and the fingerprint of their extractor."""

    name: str
    dim: int
    fingerprint: str


@dataclass(frozen=True, eq=False)
class LabelModel:
    """A trained label. spaces: joined in this order they are the head's features. card: JSON, for people and reports.

    classes: in the order of the head's outputs; ("false", "true") for a boolean. several: whether a photo may have
    several, and then each is a boolean attribute of its own.
    """

    attribute: str
    classes: tuple[str, ...]
    several: bool
    spaces: tuple[SpaceUsed, ...]
    head: Head
    card: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.head.dim != sum(space.dim for space in self.spaces) or self.head.width != len(self.classes):
            raise InputError(
                f"label '{self.attribute}': a head of {self.head.dim} numbers and {self.head.width} classes, "
                f"not {sum(space.dim for space in self.spaces)} and {len(self.classes)}"
            )
        if self.head.several != self.several:
            raise InputError(f"the head of label '{self.attribute}' and its card disagree on several labels a photo")

    @property
    def boolean(self) -> bool:
        """Whether the attribute is true or false."""
        return not self.several and self.classes == BOOLEAN

    @property
    def attribute_types(self) -> dict[str, AttributeType]:
        """Names and types of the attributes that the label gives: one, or with several one a class."""
        if self.several:
            return {self.attribute_of(name): "boolean" for name in self.classes}
        return {self.attribute: "boolean" if self.boolean else "text"}

    def attribute_of(self, name: str) -> str:
        """With several: the attribute of a class, "style_party" for the class "party" of the label "style"."""
        return f"{self.attribute}_{attribute_name(name)}"

    def told(self) -> dict[str, Any]:
        """Everything but the head's numbers, as JSON types."""
        return {
            "attribute": self.attribute,
            "classes": list(self.classes),
            "several": self.several,
            "spaces": [{"name": one.name, "dim": one.dim, "fingerprint": one.fingerprint} for one in self.spaces],
            "head": self.head.kind,
            "card": dict(self.card),
        }

    def to_bytes(self) -> bytes:
        """The file: safetensors with `told` in its header."""
        from safetensors.numpy import save

        told = json.dumps({"format": FORMAT, **self.told()}, sort_keys=True, ensure_ascii=False)
        data: bytes = save(self.head.arrays(), {"label": told})  # of several keys the order would not be the same twice
        return data

    def save(self, file: Path) -> None:
        """Write the file; it is whole or not there."""
        unfinished = file.with_name(file.name + ".tmp")
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(self.to_bytes())
        unfinished.replace(file)


def read_label(data: bytes, named: str) -> LabelModel:
    """The label in the bytes of a file. named: what errors call it. Raises InputError for another file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: dict[str, Matrix] = load(data)
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length]).get("__metadata__") or {}
        told = json.loads(header.get("label", "null"))
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise InputError(f"{named} is not a safetensors file: {error}") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise InputError(f"{named} is no label: make one with `houndstooth train NAME --to FILE`")
    try:
        spaces = tuple(SpaceUsed(one["name"], int(one["dim"]), one["fingerprint"]) for one in told["spaces"])
        classes = tuple(map(str, told["classes"]))
        head = Head.of_arrays(str(told["head"]), bool(told["several"]), arrays)
        return LabelModel(str(told["attribute"]), classes, bool(told["several"]), spaces, head, dict(told["card"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{named} is a label whose card cannot be read: {error}") from error


def load_label(file: Path) -> LabelModel:
    """The label in a file. Raises InputError when it is missing, damaged or something else."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"{file} is too large for a label")
        return read_label(file.read_bytes(), str(file))
    except OSError as error:
        raise InputError(f"no label at {file}: {error.strerror or error}") from error


def sha256_of(data: bytes) -> str:
    """What a catalog knows the file by, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()
