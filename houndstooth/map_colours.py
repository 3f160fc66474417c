"""Which colour each point of a static map has, and the legend that says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.attributes import Column
from engine.cluster_runs import members, open_run
from engine.errors import InputError
from engine.pages.cards import SHARE
from engine.pages.swatches import swatch
from engine.snapshot import Reader, Snapshot

CLUSTER = "cluster:"
MOST = 14
"""Values with a colour of their own; rarer ones share one."""
OTHERS, NOTHING = "#8b8680", "#a39d96"
PALETTE = (
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#3fa7a0", "#e3b71f", "#ff9da7", "#9c755f", "#8a5fd0",
    "#d37295", "#8cd17d", "#2f6f8f", "#c8a14b",
)  # fmt: skip
"""As on the page of a map."""
RAMP = ("#3b2a6b", "#7b3b82", "#c44f6c", "#ee8a55", "#f5cf6a")
"""From low to high, even in lightness."""


@dataclass(frozen=True)
class Legend:
    """title: what is coloured by. entries: (what, colour, count). ramp: (low, high) of numbers, None for values."""

    title: str
    entries: tuple[tuple[str, str, int], ...]
    ramp: tuple[float, float] | None = None


def check_colour_by(reader: Reader, colour_by: str) -> None:
    """Raise InputError unless the catalog has this attribute, or "cluster:RUN": before a map is laid out for it."""
    if colour_by.startswith(CLUSTER):
        open_run(reader.store, colour_by.removeprefix(CLUSTER))
        return
    known = reader.snapshot().attributes
    if colour_by not in known:
        there = ", ".join(sorted(name for name in known if not name.startswith(SHARE)))
        raise InputError(f"cannot colour by '{colour_by}': there are {there}, and cluster:RUN")


def map_colours(reader: Reader, snapshot: Snapshot, rows: NDArray[np.intp], colour_by: str) -> tuple[list[str], Legend]:
    """#rrggbb of each row (n,) of the snapshot, which has every column, and the legend.

    colour_by: an attribute, or "cluster:RUN". Raises InputError.
    """
    if colour_by.startswith(CLUSTER):
        return _by_run(reader, snapshot, rows, colour_by.removeprefix(CLUSTER))
    check_colour_by(reader, colour_by)
    column = snapshot.columns([colour_by])[colour_by]
    values = column.values[rows]
    title = colour_by.replace("_", " ")
    if column.type == "number":
        return _by_number(values, title)
    words = ["no", "yes"] if column.type == "boolean" else [str(word) for word in column.words]
    return _by_value([words[code] if code >= 0 else "" for code in values.tolist()], title, _is_colours(column))


def _is_colours(column: Column) -> bool:
    return column.type == "text" and len(column.words) > 0 and all(swatch(word) for word in column.words)


def _by_value(values: list[str], title: str, own: bool) -> tuple[list[str], Legend]:
    """own: the values are names of colours, which they are then shown in."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    named = sorted((value for value in counts if value), key=lambda value: (-counts[value], value))
    shown = named if own else named[:MOST]
    colours = {value: (swatch(value) if own else None) or PALETTE[place % MOST] for place, value in enumerate(shown)}
    entries = [(value, colours[value], counts[value]) for value in shown]
    rest = named[len(shown) :]
    if rest:
        entries.append((f"{len(rest)} others", OTHERS, sum(counts[value] for value in rest)))
        colours.update(dict.fromkeys(rest, OTHERS))
    if "" in counts:
        entries.append(("not known", NOTHING, counts[""]))
    return [colours.get(value, NOTHING) for value in values], Legend(title, tuple(entries))


def _by_number(values: NDArray[np.float64], title: str) -> tuple[list[str], Legend]:
    """From the 2nd to the 98th percentile, so that one odd value does not grey the rest."""
    known = values[~np.isnan(values)]
    low, high = (float(edge) for edge in np.percentile(known, [2, 98])) if len(known) else (0.0, 1.0)
    stops = np.array([[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in RAMP], dtype=np.float64)
    share = np.clip((np.nan_to_num(values) - low) / (high - low if high > low else 1.0), 0, 1) * (len(RAMP) - 1)
    mixed = np.stack([np.interp(share, np.arange(len(RAMP)), stops[:, channel]) for channel in range(3)], axis=1)
    texts = ["#{:02x}{:02x}{:02x}".format(*rgb) for rgb in np.rint(mixed).astype(int).tolist()]
    colours = [NOTHING if missing else text for text, missing in zip(texts, np.isnan(values).tolist(), strict=True)]
    missing = len(values) - len(known)
    return colours, Legend(title, (("not known", NOTHING, missing),) if missing else (), (low, high))


def _by_run(reader: Reader, snapshot: Snapshot, rows: NDArray[np.intp], name: str) -> tuple[list[str], Legend]:
    run = open_run(reader.store, name)
    found = members(reader.store, run)
    labels = {cluster.number: f"{cluster.number} {cluster.name}" for cluster in run.clusters}
    number = dict(zip(found.region_ids.tolist(), found.numbers.tolist(), strict=True))
    values = [labels.get(number.get(region, 0), "") for region in snapshot.region_ids[rows].tolist()]
    return _by_value(values, f"clusters {run.name}", own=False)
