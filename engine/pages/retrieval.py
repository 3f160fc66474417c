"""The page of an evaluation: figures with their intervals, and the worst queries with what they found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.lookup import read_cards
from engine.pages.cards import Card, card
from engine.pages.render import render
from engine.retrieval.report import Found, RetrievalReport, WorstQuery
from engine.store import Store
from engine.thumbnails import Thumbnails

_LOOK = ("label_report.css", "retrieval.css")
_CURVE = (640, 260)
"""Width and height of the CMC curve, in units of the drawing."""


@dataclass(frozen=True)
class _Hit:
    card: Card
    hit: Found


@dataclass(frozen=True)
class _Query:
    card: Card
    query: WorstQuery
    hits: tuple[_Hit, ...]


def retrieval_page(store: Store, report: RetrievalReport, title: str = "Does it find the same product?") -> str:
    """A self-contained HTML page, with the pictures kept in the catalog."""
    from markupsafe import Markup

    thumbnails = Thumbnails(store)
    wanted = {query.region_id for query in report.worst} | {hit.region_id for one in report.worst for hit in one.hits}
    with store.database.read() as connection:
        cards = read_cards(connection, sorted(wanted))

    def shown(region_id: int, image_id: int) -> Card:
        found = cards[region_id]
        return card(found.product, found.image, thumbnails.get(image_id), found.attributes)

    queries = [
        _Query(
            shown(query.region_id, query.image_id),
            query,
            tuple(_Hit(shown(one.region_id, one.image_id), one) for one in query.hits),
        )
        for query in report.worst
    ]
    folder = Path(__file__).parent / "templates"
    look = Markup("\n".join((folder / name).read_text(encoding="utf-8") for name in _LOOK))
    values = {"title": title, "report": report, "queries": queries, "look": look, "curve": _curve(report.cmc)}
    return render("retrieval.html.j2", values)


def _curve(cmc: tuple[float, ...]) -> dict[str, object]:
    """The CMC curve as points of an SVG, with its ticks."""
    width, height = _CURVE
    left, top, right, bottom = 48, 12, width - 12, height - 42
    last = max(1, len(cmc) - 1)
    points = [(left + (right - left) * k / last, bottom - (bottom - top) * share) for k, share in enumerate(cmc)]
    return {
        "width": width, "height": height, "left": left, "right": right, "bottom": bottom, "top": top,
        "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        "up": [(f"{share / 4:.2f}", bottom - (bottom - top) * share / 4) for share in range(5)],
        "across": [(k, points[k - 1][0]) for k in (1, 10, 20, 30, 40, 50) if k <= len(cmc)],
    }  # fmt: skip
