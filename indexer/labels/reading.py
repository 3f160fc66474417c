"""Reading what people labelled: folders named as their labels, or a table with a column of labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.errors import InputError, SourceError
from indexer.labels.examples import PARTS
from indexer.sources.base import SourceProblem
from indexer.sources.cells import Misfit, as_text, attribute_name, is_absent, shown
from indexer.sources.folder import FolderSource
from indexer.sources.headers import IMAGE_NAMES, PRODUCT_NAMES, match_column
from indexer.sources.places import absolute, locate
from indexer.sources.rows import Row
from indexer.sources.table import TABLE_SUFFIXES, open_rows

LABEL_NAMES = ("label", "labels")
GROUP_NAMES = ("group", "sender", "sender id", "post", "post id")
SPLIT_NAMES = ("split", "part", "subset")
ROLES = ("image", "product", "label", "group", "split")
_PARTS = {**{name: name for name in PARTS}, "training": "train", "val": "validation", "valid": "validation",
          "dev": "validation", "testing": "test"}  # fmt: skip
SEPARATOR = "|"


@dataclass(frozen=True)
class Example:
    """One labelled photo, or product whose photos are all meant. photo: absolute path, "" for a product.

    item: as the person named it. labels: at least one, but none where a photo of several labels has none. groups: each
    "column=value"; photos that share one belong together. part: one of PARTS or "". where: "labels.csv line 12", or "".
    """

    photo: str
    product: str
    item: str
    labels: tuple[str, ...]
    groups: tuple[str, ...] = ()
    part: str = ""
    where: str = ""


@dataclass(frozen=True)
class Examples:
    """What was read. several: whether a photo may have several labels. problems: what could not be used, and where."""

    source: str
    several: bool
    items: tuple[Example, ...]
    problems: tuple[str, ...]


def read_examples(
    path: Path, name: str, root: Path | None = None, columns: Mapping[str, str] | None = None
) -> Examples:
    """The labelled photos of a folder (`read_folder`) or a table (`read_table`).

    Raises InputError, saying what to do, where there is nothing to learn from.
    """
    path = absolute(path)
    if path.is_dir():
        if columns or root is not None:
            raise InputError(f"{path} is a folder: --root and --column are for tables")
        return read_folder(path)
    if not path.exists():
        raise InputError(f"{path}: there is no such folder or file")
    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise InputError(f"{path}: labels are read from a folder or a table: {', '.join(TABLE_SUFFIXES)}")
    return read_table(path, name, absolute(root) if root else path.parent, columns or {})


def read_folder(path: Path) -> Examples:
    """FOLDER/label/.../photo.jpg; or FOLDER/part/label/.../photo.jpg, the folders above being train, validation, test.

    Pictures that lie in no folder are reported. Raises InputError when only some of the folders at the top are parts.
    """
    tops = sorted(entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    named = [name for name in tops if name.lower() in _PARTS]
    others = [name for name in tops if name.lower() not in _PARTS]
    if named and others and {_PARTS[name.lower()] for name in named} >= {"train", "test"}:
        raise InputError(
            f"{path} holds the parts {', '.join(named)} and beside them {', '.join(others[:5])}: give a folder "
            "of parts, or a folder of labels"
        )
    parted = bool(named) and not others
    items: list[Example] = []
    problems: list[str] = []
    try:
        source = FolderSource(path)
    except SourceError as error:
        raise InputError(f"{error}. Labels are folders: {path}/LABEL/photo.jpg") from error
    for found in source:
        if isinstance(found, SourceProblem):
            problems.append(f"{found.path}: {found.reason}")
            continue
        inside = PurePosixPath(found.path).relative_to(path.as_posix())
        names = inside.parts[:-1]
        if len(names) < 1 + parted:
            problems.append(f"{inside}: lies in no folder that is its label")
            continue
        part = _PARTS[names[0].lower()] if parted else ""
        items.append(Example(found.path, "", str(inside), (names[int(parted)],), part=part))
    return Examples(str(path), False, tuple(items), tuple(problems))


def read_table(path: Path, name: str, root: Path, columns: Mapping[str, str]) -> Examples:
    """A row a photo or product; labels in the column named as the attribute, else `label` or `labels`.

    columns: role (of ROLES) -> column, before what is recognised. Several labels are written a|b, or a list in JSONL
    and Parquet; a photo that has none of them as | or an empty list, because an empty cell says nothing of its photo.
    Photos are told by a column of paths, which start at `root`; without one, products by their ids. Rows that cannot be
    used are problems with their line.
    """
    rows = open_rows(path)
    used = _Columns.read(path, rows.columns, name, columns)
    items: list[Example] = []
    problems = [f"{path.name}: {note}" for note in rows.notes]
    labels = {row.number: _labels(row.cells.get(used.label)) for row in rows if not row.fault}
    several = any(isinstance(own, tuple) and len(own) > 1 for own in labels.values())
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        where = f"{path.name} {rows.unit} {row.number}"
        read = _read_row(row, used, labels.get(row.number), several, root.as_posix(), where)
        if isinstance(read, str):
            problems.append(f"{where}: {read}")
            continue
        key = (read.photo, read.product if not read.photo else "")
        if key in seen:
            problems.append(f"{where}: repeats {rows.unit} {seen[key]}; the first one counts")
            continue
        seen[key] = row.number
        items.append(read)
    return Examples(str(path), several, tuple(items), tuple(problems))


@dataclass(frozen=True)
class _Columns:
    image: str | None
    product: str | None
    label: str
    groups: tuple[str, ...]
    split: str | None

    @staticmethod
    def read(path: Path, columns: Sequence[str], name: str, given: Mapping[str, str]) -> _Columns:
        if strangers := set(given) - set(ROLES):
            raise InputError(f"{sorted(strangers)[0]!r} is no role of a column: they are {', '.join(ROLES)}")
        chosen = {}
        for role, wanted in given.items():
            found = match_column(wanted, columns)
            if found is None:
                raise InputError(f"{path}: there is no column {wanted!r}. The table has: {', '.join(columns)}")
            chosen[role] = found
        label = chosen.get("label") or _named(columns, [name, *LABEL_NAMES])
        if label is None:
            raise InputError(
                f"{path}: no column says the labels. It must be called {name}, label or labels, or be named with "
                f"--column label=COLUMN. The table has: {', '.join(columns)}"
            )
        free = [column for column in columns if column != label]
        image = chosen.get("image") or _named(free, IMAGE_NAMES)
        product = chosen.get("product") or _named(free, PRODUCT_NAMES)
        if image is None and product is None:
            raise InputError(
                f"{path}: no column names the photos or products. Name one with --column image=COLUMN or "
                f"--column product=COLUMN. The table has: {', '.join(columns)}"
            )
        groups = [chosen["group"]] if "group" in chosen else [
            column for column in (match_column(one, free) for one in GROUP_NAMES) if column
        ]  # fmt: skip
        return _Columns(
            image, product, label, tuple(dict.fromkeys(groups)), chosen.get("split") or _named(free, SPLIT_NAMES)
        )


def _named(columns: Sequence[str], names: Sequence[str]) -> str | None:
    return next((found for found in (match_column(name, columns) for name in names) if found), None)


def _labels(cell: object) -> tuple[str, ...] | Misfit | None:
    """The labels of a cell; () where it says that there are none, None where it says nothing."""
    if isinstance(cell, list | tuple):
        parts = [as_text(one) for one in cell]
        wrong = next((one for one in parts if isinstance(one, Misfit)), None)
        return wrong or tuple(dict.fromkeys(one for one in parts if isinstance(one, str) and one))
    if is_absent(cell):
        return None
    text = as_text(cell)
    if isinstance(text, Misfit) or not text:
        return text or None
    return tuple(dict.fromkeys(part.strip() for part in text.split(SEPARATOR) if part.strip()))


def _read_row(
    row: Row, used: _Columns, labels: tuple[str, ...] | Misfit | None, several: bool, root: str, where: str
) -> Example | str:
    """An example, or why the row is none."""
    if row.fault or isinstance(labels, Misfit):
        return row.fault or f"column {used.label}: {labels.reason if isinstance(labels, Misfit) else ''}"
    if labels is None or not (labels or several):
        none = f"; a photo of none of the labels has {SEPARATOR} there" if several else ""
        return f"column {used.label} is empty: the row has no label{none}"
    said = str(row.cells.get(used.split) or "").strip() if used.split else ""
    if said and said.lower() not in _PARTS:
        return f"column {used.split}: {shown(said)} is none of the parts {', '.join(PARTS)}"
    product = next((cell for _, cell in _cells(row, [used.product] if used.product else [])), "")
    groups = (*(f"{name}={cell}" for name, cell in _cells(row, used.groups)), *([f"product={product}"] * bool(product)))
    photo = _photo(row, used, root)
    if isinstance(photo, Misfit):
        return photo.reason
    item = str(row.cells[used.image]).strip() if photo and used.image else product
    one = Example(photo, product, item, labels, groups, _PARTS.get(said.lower(), ""), where)
    return one if item else "it names no photo and no product"


def _photo(row: Row, used: _Columns, root: str) -> str | Misfit:
    """The photo's absolute path; "" where the row names none, so that its product's photos are meant."""
    cell = row.cells.get(used.image) if used.image else None
    if is_absent(cell):
        return ""
    photo = locate(cell, root)
    return Misfit(f"column {used.image}: {photo.reason}") if isinstance(photo, Misfit) else photo


def _cells(row: Row, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    for column in columns:
        cell = row.cells.get(column)
        text = "" if is_absent(cell) else as_text(cell)
        if isinstance(text, str) and text:
            yield attribute_name(column), text
