"""Labels of a catalog: training one, telling the catalog's photos one, and what labels there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import InputError, MissingDependencyError, SpaceError
from engine.models import label_files
from engine.snapshot import Reader
from engine.store import Store
from engine.writer import writing
from houndstooth.extractors import Extractors

if TYPE_CHECKING:
    from engine.attributes import AttributeType
    from indexer.labels.apply import Applied
    from indexer.labels.kept import KeptLabel
    from indexer.labels.model_file import LabelModel
    from indexer.spaces.base import Extractor

Confidence = float | Mapping[str, float]
"""The least chance of a value that is told, of all values or of each by its class."""


@dataclass(frozen=True)
class LabelLine:
    """A label of a catalog as people are shown it. state: "ready", or what is to be done.

    values: attribute -> value -> photos that it was predicted for. given: photos that were given one.
    """

    name: str
    attributes: tuple[str, ...]
    classes: tuple[str, ...]
    spaces: tuple[str, ...]
    head: str
    confidence: Confidence
    shipped: bool
    sha256: str
    state: str
    values: Mapping[str, Mapping[str, int]]
    card: Mapping[str, Any]


def label_name(text: str) -> str:
    """The attribute that a label of this name is. Raises InputError for one that a filter could not name."""
    from indexer.sources.cells import attribute_name
    from indexer.sources.headers import MAX_NAME, RESERVED

    name = attribute_name(text)
    if not name or name in RESERVED or len(name) > MAX_NAME or not name[0].isalpha():
        raise InputError(
            f"{text!r} cannot be a label's name: it must begin with a letter, have at most {MAX_NAME} of them, and be "
            f"none of {', '.join(sorted(RESERVED))}"
        )
    return name


def described(store: Store) -> dict[str, str]:
    """Attribute -> the space of the catalog that tells it of every photo."""
    snapshot = Reader(store).snapshot()
    try:
        classes = Extractors(store).classes(list(snapshot.spaces))
    except (SpaceError, MissingDependencyError):  # an extractor that is not installed tells nothing of photos from here
        return {}
    return {attribute: name for name, made in classes.items() for attribute in made.describes}


def keep(store: Store, model: LabelModel, confidence: Confidence | None = None, shipped: bool = False) -> Confidence:
    """Put a label in a catalog: photos indexed from now on are told it, those that are there once it is applied.

    confidence: the least chance of a value that is told; None: that of the label it replaces, 0 where there is none.
    Returns it. Raises SpaceError when the catalog's vectors are others than it was trained on, InputError when the
    attribute is of another type there, CatalogBusyError.
    """
    from indexer.labels.kept import keep_label, kept_labels, require_fresh, require_type

    snapshot = Reader(store).snapshot()
    require_fresh(model, snapshot.spaces)
    require_type(model, snapshot.attributes, described(store))
    if confidence is None:
        before = kept_labels(store).get(model.attribute) if model.attribute in label_files(store) else None
        confidence = before.confidence if before else 0.0
    with writing(store) as writer:
        keep_label(writer, model, confidence, shipped)
    return confidence


def apply(
    store: Store,
    name: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Applied:
    """Tell all photos of a catalog a label that it has. Raises InputError for an unknown one, SpaceError when stale."""
    from indexer.labels.apply import apply_label
    from indexer.labels.kept import kept_labels, require_fresh

    with writing(store) as writer:
        labels = kept_labels(store)
        if name not in labels:
            known = f"it has {', '.join(labels)}" if labels else "it has none"
            raise InputError(
                f"the catalog has no label '{name}': {known}. `houndstooth train {name} --from ...` makes it"
            )
        kept = labels[name]
        if kept.model is None:
            raise InputError(f"label '{name}' cannot be read: {kept.fault}")
        require_fresh(kept.model, Reader(store).snapshot().spaces)
        return apply_label(writer, kept, progress, stopped)


def forget(store: Store, name: str) -> None:
    """Take a label out of a catalog with all that it predicted. Raises InputError for an unknown one."""
    from indexer.labels.kept import clear_label, kept_labels

    labels = kept_labels(store)
    if name not in labels:
        raise InputError(f"the catalog has no label '{name}': it has {', '.join(labels) or 'none'}")
    with writing(store) as writer:
        clear_label(writer, labels[name])


def list_labels(store: Store) -> list[LabelLine]:
    """The labels of a catalog, by name, with how many photos each says what of."""
    from indexer.labels.kept import kept_labels, predicted_counts, stale_spaces

    if not label_files(store):
        return []
    snapshot = Reader(store).snapshot()
    lines = []
    for name, kept in sorted(kept_labels(store).items()):
        model = kept.model
        stale = stale_spaces(model, snapshot.spaces) if model else []
        if model is None:
            state = kept.fault
        elif stale:
            state = f"stale: {'; '.join(stale)}: train it again"
        elif kept.through is not None:
            state = f"unfinished: run `houndstooth label {name}`"
        else:
            state = "ready"
        lines.append(
            LabelLine(
                name,
                tuple(model.attribute_types) if model else (),
                model.classes if model else (),
                tuple(space.name for space in model.spaces) if model else (),
                model.head.kind if model else "",
                kept.confidence,
                kept.shipped,
                kept.sha256,
                state,
                predicted_counts(store, kept),
                model.card if model else {},
            )
        )
    return lines


def adopt_shipped(store: Store, extractors: Mapping[str, Extractor], types: Mapping[str, AttributeType]) -> None:
    """Have a catalog without photos tell the labels that come with Houndstooth and whose spaces it is to have.

    types: of the attributes that its photos bring; a label that would be of another type is left out.
    """
    from indexer.labels.kept import keep_label
    from indexer.labels.shipped import AUTOMATIC, shipped_label

    known = {**Reader(store).snapshot().attributes, **types}
    there = label_files(store)
    for name in AUTOMATIC:
        model = shipped_label(name) if name not in there else None
        if model is None or not _matches(model, extractors):
            continue
        if all(known.get(attribute, kind) == kind for attribute, kind in model.attribute_types.items()):
            with writing(store) as writer:
                keep_label(writer, model, 0.0, shipped=True, applied=True)


def _matches(model: LabelModel, extractors: Mapping[str, Extractor]) -> bool:
    prints = {name: made.fingerprint for name, made in extractors.items()}
    return all(prints.get(used.name) == used.fingerprint for used in model.spaces)


def usable_labels(store: Store, extractors: Mapping[str, Extractor]) -> tuple[KeptLabel, ...]:
    """The labels that photos indexed with these extractors can be told."""
    from indexer.labels.kept import kept_labels

    if not label_files(store):
        return ()
    return tuple(kept for kept in kept_labels(store).values() if kept.model and _matches(kept.model, extractors))


def choose(
    store: Store,
    name: str,
    file: Path | None = None,
    confidence: float | None = None,
    precision: float | None = None,
) -> None:
    """Have a catalog tell a label: of a file, else its own, else the one that comes with Houndstooth.

    confidence: the least chance of a value that is told; None: as before, 0 at first. precision: of the values told, in
    the place of confidence: the one that the label's card promises it from. Raises as `keep` does, and InputError when
    there is no such label, the file tells another, or no confidence promises that precision.
    """
    from indexer.labels.kept import kept_labels
    from indexer.labels.model_file import load_label
    from indexer.labels.shipped import shipped_label
    from indexer.labels.train import confidence_for

    before = kept_labels(store).get(name)
    if file is not None:
        model, shipped = load_label(file), False
        if model.attribute != name:
            raise InputError(f"{file} tells '{model.attribute}', not '{name}'")
    elif before is not None:
        if before.model is None:
            raise InputError(f"label '{name}' cannot be read: {before.fault}")
        model, shipped = before.model, before.shipped
    else:
        found = shipped_label(name)
        if found is None:
            raise InputError(
                f"the catalog has no label '{name}', and none comes with Houndstooth: "
                f"`houndstooth train {name} --from ... --catalog {store.root}` makes it"
            )
        model, shipped = found, True
    keep(store, model, confidence if precision is None else confidence_for(model.card, precision), shipped)
