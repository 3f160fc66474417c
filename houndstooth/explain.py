"""Why these hits: what `--explain` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import SpaceError
from engine.query import Results
from engine.search import space_shares
from engine.snapshot import Reader
from houndstooth.asking import Ask, ask_rows

if TYPE_CHECKING:
    from houndstooth.extractors import Extractors
    from houndstooth.garments import Garments


def explain(ask: Ask, results: Results, reader: Reader, extractors: Extractors, garments: Garments) -> dict[str, Any]:
    """JSON types: spaces (weight and share of the score each), query (attributes of what was asked with), and text."""
    snapshot = reader.snapshot()
    shares = space_shares(snapshot, results.query.weights)
    spaces = {name: {"weight": results.query.weights[name], "share": round(share, 4)} for name, share in shares.items()}
    asked = _asked(ask, reader, extractors, garments)
    how = "exactly" if results.exact else "by an approximate index, re-ranked exactly"
    parts = ", ".join(f"{said['share']:.0%} {name} (weight {said['weight']:g})" for name, said in spaces.items())
    text = [f"score = {parts}", f"{results.matched} matched the filter; {results.searched} were compared, {how}"]
    if asked:
        text.append("asked with: " + ", ".join(_said(asked)))
    return {"spaces": spaces, "query": asked, "text": text}


def _said(asked: dict[str, Any]) -> list[str]:
    """For people: what is named first, then numbers, the largest first."""
    numbers = sorted(((value, name) for name, value in asked.items() if not isinstance(value, str)), reverse=True)
    named = [f"{name.replace('_', ' ')} {value}" for name, value in asked.items() if isinstance(value, str)]
    return [*named, *(f"{name.replace('_', ' ')} {value:.2f}" for value, name in numbers)]


def _asked(ask: Ask, reader: Reader, extractors: Extractors, garments: Garments) -> dict[str, Any]:
    """What the spaces that describe pictures say of the liked examples."""
    snapshot = reader.snapshot()
    told: dict[str, Any] = {}
    for space in snapshot.spaces.values():
        try:
            extractor = extractors.of(space)
        except SpaceError:  # made by another version: that space has nothing to say, the hits stand as they are
            continue
        if extractor.describes:
            rows = ask_rows(ask, space.name, reader, extractors, garments)
            if rows is not None:
                told.update({name: value for name, (value, _) in extractor.describe(rows)[0].items()})
    return told
