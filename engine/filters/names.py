"""Looking names up among the known attributes, with help for those that are not there."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from engine.attributes import AttributeType
from engine.filters.nodes import Name, quoted

_LISTED = 30  # names that an error lists
_SHARE = "share_"  # share_navy and its like, one for each colour: one entry of the list


def find_name(parts: tuple[str, ...], known: Mapping[str, AttributeType]) -> Name | None:
    """The attribute that `parts` (the text between dots) names, or its confidence; None where there is none.

    A whole name comes before a confidence, and a name as written before the same name in another case, which counts
    only where no two names differ by case alone.
    """
    whole = _find(".".join(parts), known)
    if whole is not None:
        return Name(whole, known[whole])
    if len(parts) > 1 and parts[-1].lower() == "confidence":
        column = _find(".".join(parts[:-1]), known)
        if column is not None:
            return Name(column, "number", confidence=True)
    return None


def unknown_name(parts: tuple[str, ...], known: Mapping[str, AttributeType], as_value: bool) -> str:
    """What an error says of a name that is not known. as_value: it stands where a value is likely meant."""
    name = ".".join(parts)
    said = f"there is no attribute {quoted(name)}"
    column = _find(".".join(parts[:-1]), known) if len(parts) > 1 else None
    confidence = len(parts) > 1 and parts[-1].lower() == "confidence"
    near = _nearest(".".join(parts[:-1]) if confidence else name, known)
    if column is not None:
        said += f": {quoted(column)} has a .confidence and nothing else after a dot"
    elif near is not None:
        said += f"; did you mean {quoted(near)}{'.confidence' * confidence}?"
    if as_value:
        said += f"; a text goes in single quotes: '{name.replace(chr(39), chr(39) * 2)}'"
    return said if near is not None and column is None and not as_value else f"{said}\n  {_listing(known)}"


def _find(name: str, known: Mapping[str, AttributeType]) -> str | None:
    if name in known:
        return name
    alike = [other for other in known if other.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else None


def _nearest(name: str, known: Mapping[str, AttributeType]) -> str | None:
    alike = [other for other in known if other.lower() == name.lower()]
    if alike:
        return alike[0]
    by_lower = {other.lower(): other for other in known}
    found = difflib.get_close_matches(name.lower()[:100], by_lower, n=1, cutoff=0.5)
    return by_lower[found[0]] if found else None


def _listing(known: Mapping[str, AttributeType]) -> str:
    if not known:
        return "the catalog has no attributes"
    shares = [name for name in known if name.startswith(_SHARE) and known[name] == "number"]
    folded = shares if len(shares) > 1 else []
    said = {name: f"{quoted(name)} ({known[name]})" for name in known if name not in folded}
    if folded:
        said[_SHARE] = f"{_SHARE}COLOUR (number)"
    names = sorted(said, key=str.lower)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return "known: " + ", ".join(said[name] for name in names[:_LISTED]) + more
