"""The labels that come with Houndstooth: heads on the vectors of its own spaces."""

from __future__ import annotations

from pathlib import Path

from engine.errors import InputError
from indexer.labels.model_file import LabelModel, load_label

WEIGHTS = Path(__file__).parent.parent / "weights"
AUTOMATIC = ("category",)
"""Labels that a new catalog tells from its first photo on, when it has their spaces."""


def shipped_labels() -> list[str]:
    """Their names."""
    return sorted(file.stem.removeprefix("label_") for file in WEIGHTS.glob("label_*.safetensors"))


def shipped_label(name: str) -> LabelModel | None:
    """The label of this name, None where there is none. Raises InputError for a damaged file."""
    file = WEIGHTS / f"label_{name}.safetensors"
    if not file.is_file():
        return None
    model = load_label(file)
    if model.attribute != name:
        raise InputError(f"{file} is damaged: it tells '{model.attribute}'; install Houndstooth again")
    return model
