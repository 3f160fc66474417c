"""The page of a search: what was asked, and a card for every hit."""

from __future__ import annotations

from dataclasses import dataclass

from engine.pages.cards import Card, card
from engine.pages.render import data_uri, render
from engine.pages.swatches import swatch
from engine.query import Hit, Results
from engine.thumbnails import Thumbnails


@dataclass(frozen=True)
class Example:
    """Something that was searched by. picture: JPEG or PNG bytes of a photo, small. colours: (name or #rrggbb, share).

    negative: what hits should be unlike.
    """

    label: str
    picture: bytes | None = None
    colours: tuple[tuple[str, float], ...] = ()
    negative: bool = False


@dataclass(frozen=True)
class QueryView:
    """What was asked, as a person would say it."""

    examples: tuple[Example, ...] = ()

    @property
    def title(self) -> str:
        """A heading for the page."""
        liked = [example.label for example in self.examples if not example.negative]
        return (
            f"Similar to {' and '.join(liked[:3])}{' and more' if len(liked) > 3 else ''}"
            if liked
            else "Search results"
        )


@dataclass(frozen=True)
class _HitCard:
    card: Card
    hit: Hit


def results_page(
    results: Results, thumbnails: Thumbnails, query: QueryView | None = None, title: str | None = None
) -> str:
    """A self-contained HTML page of a search's hits in order, with the pictures kept in the catalog."""
    asked = query or QueryView()
    examples = [
        {
            "label": example.label,
            "picture": data_uri(example.picture),
            "colours": [(name, found, share) for name, share in example.colours if (found := swatch(name))],
            "negative": example.negative,
        }
        for example in asked.examples
    ]
    hits = [
        _HitCard(card(hit.product, hit.image, thumbnails.get(hit.image_id), hit.attributes), hit)
        for hit in results.hits
    ]
    values = {
        "title": title or asked.title,
        "results": results,
        "query": results.query,
        "examples": examples,
        "hits": hits,
    }
    return render("results.html.j2", values)
