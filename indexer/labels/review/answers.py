"""What a person answered, from a file: checked line by line before anything is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError
from engine.store import Store
from indexer.labels.gather import Photo, find_photos
from indexer.labels.reading import Example, read_table
from indexer.sources.cells import fit
from indexer.sources.places import absolute
from indexer.sources.table import TABLE_SUFFIXES

TOLD = 5
"""Problems that an error tells; the rest is counted."""


@dataclass(frozen=True)
class Answer:
    """A photo with what was answered: a class, or for a boolean true or false. where: "answers.csv line 12"."""

    photo: Photo
    value: str | bool
    where: str


def read_answers(file: Path, name: str, store: Store, classes: Sequence[str], boolean: bool) -> list[Answer]:
    """The answers of a table: a column of photos (`image`) or products, and one named as the attribute, or `label`.

    Only `classes` may be answered; of a boolean, yes or no in any form, or the attribute's own name for yes. Each photo
    may be answered once. Raises InputError with the lines of what is wrong: nothing of the file is to be used then.
    """
    file = absolute(file)
    if file.suffix.lower() not in TABLE_SUFFIXES:
        raise InputError(f"{file}: answers are read from a table: {', '.join(TABLE_SUFFIXES)}")
    if not file.is_file():
        raise InputError(f"{file}: there is no such file")
    examples = read_table(file, name, file.parent, {})
    problems = list(examples.problems)
    values: dict[str, str | bool] = {}
    for one in examples.items:
        value = _value(one, name, classes, boolean)
        if isinstance(value, _Wrong):
            problems.append(f"{one.where}: {value.reason}")
        else:
            values[one.where] = value
    found = find_photos(store, examples.items)
    for one in found.strangers:
        what = f"the catalog has no photo {one.item}" if one.photo else f"the catalog has no product {one.item}"
        problems.append(f"{one.where}: {what}")
    answers: dict[int, Answer] = {}
    for one, photo in found.pairs:
        before = answers.get(photo.region_id)
        if before is not None:
            problems.append(f"{one.where}: {photo.path} is answered at {before.where} already")
        elif one.where in values:
            answers[photo.region_id] = Answer(photo, values[one.where], one.where)
    if problems:
        more = f"; and {len(problems) - TOLD} more" if len(problems) > TOLD else ""
        raise InputError(f"{file}: nothing was kept. {'; '.join(problems[:TOLD])}{more}")
    if not answers:
        raise InputError(f"{file}: it holds no answers")
    return list(answers.values())


@dataclass(frozen=True)
class _Wrong:
    reason: str


def _value(one: Example, name: str, classes: Sequence[str], boolean: bool) -> str | bool | _Wrong:
    if len(one.labels) != 1:
        return _Wrong(f"several answers for one photo, {'|'.join(one.labels)}")
    label = one.labels[0]
    if boolean:
        truth = fit(label, "boolean")
        if isinstance(truth, bool):
            return truth
        return label.lower() == name.lower() or _Wrong(f"'{label}' is neither yes nor no")
    if label in classes:
        return label
    return _Wrong(f"'{label}' is no class of {name} ({', '.join(classes)}); --classes names new ones")
