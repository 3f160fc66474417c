"""Pages: whole, self-contained, escaped."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import make_store, thumbnail, unit_rows

from engine.cluster_sheet import cluster_sheet
from engine.clusters import cluster
from engine.pages import Example, QueryView, clusters_page, results_page
from engine.pages.cards import card
from engine.pages.render import number, percent
from engine.pages.swatches import swatch
from engine.query import Hit, Query, Results
from engine.snapshot import Reader
from engine.store import Store
from engine.thumbnails import Thumbnails

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)> {{ 7 * 7 }} \' style="x'
VOID = {"meta", "img", "link", "br", "hr", "input"}


class Page(HTMLParser):
    """Elements with their attributes; checks that tags nest, ids are unique and links lead somewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == [], "every tag is closed"
        ids = [values["id"] for _, values in self.found if "id" in values]
        assert len(ids) == len(set(ids))
        for link in self.all("a"):
            assert (link["href"] or "").removeprefix("#") in ids
        for picture in self.all("img"):
            assert picture.get("alt") is not None
            assert (picture["src"] or "").startswith("data:image/jpeg;base64,")
        assert not self.all("script") and not self.all("link") and not self.all("iframe")
        assert len(self.all("main")) == len(self.all("header")) == len(self.all("h1")) == 1
        assert self.all("html")[0] == {"lang": "en"}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name.startswith("on") for name, _ in attrs)
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [values for name, values in self.found if name == tag]

    def classed(self, name: str) -> list[dict[str, Any]]:
        return [values for _, values in self.found if name in (values.get("class") or "").split()]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def no_address_outside(html: str) -> bool:
    outside = set(re.findall(r"(?:https?:)?//[\w.]+", re.sub(r"base64,[\w+/=]+", "", html)))
    return outside <= {"http://www.w3.org", "//www.w3.org"}  # the name space of the woven band's SVG, never fetched


@pytest.fixture
def store(tmp_path: Path) -> Store:
    given = [
        {"category": HOSTILE if row == 2 else "dress", "price": 19.9, "maxi": row % 2 == 0, "dominant_colour": "navy",
         "share_navy": 0.75, "share_light_blue": 0.25}
        for row in range(40)
    ]  # fmt: skip
    types = {"category": "text", "price": "number", "maxi": "boolean", "dominant_colour": "text"}
    types |= {"share_navy": "number", "share_light_blue": "number"}
    return make_store(tmp_path / "a.catalog", {"vgg": unit_rows(40, 6)}, given, types)  # type: ignore[arg-type]


def results(hits: int = 2, where: str = "price < 80", **more: Any) -> Results:
    unit = np.array([1, 0], np.float32)
    made = tuple(
        Hit(
            rank=number + 1, product=HOSTILE if number == 1 else f"p{number}", image="/photos/<1>.jpg",
            region_id=number + 1, image_id=number + 1, score=0.75, scores={"vgg": -0.5, "colour": 1.0},
            attributes={"category": "dress", "brand": HOSTILE, "price": 1234.5, "maxi": True,
                        "dominant_colour": HOSTILE},
            confidences={},
        )
        for number in range(hits)
    )  # fmt: skip
    query = Query({"vgg": unit, "colour": unit}, {"vgg": 2, "colour": 1}, where=where, **more)
    return Results(query, 4, 17, 40, True, made)


def test_a_page_of_hits_says_what_was_asked_and_found(store: Store) -> None:
    query = QueryView((
        Example("dress.jpg", picture=thumbnail(9)),
        Example("colours", colours=(("#1a1a2e", 0.6), ("white", 0.4), ("url(//evil.example)", 1.0))),
        Example("p7", negative=True),
    ))  # fmt: skip
    html = results_page(results(), Thumbnails(store), query, title="Like dress.jpg")
    page = Page(html)
    assert no_address_outside(html)
    for said in (
        "Like dress.jpg", "price < 80", "vgg × 2", "colour × 1", "2 hits of 17 products that match",
        "exact, 40 pictures compared", "unlike p7", "0.750", "price 1,234.50", "maxi", "-0.50",
    ):  # fmt: skip
        assert said in page.words
    assert len(page.classed("card")) == 2
    assert page.all("img")[0]["alt"] == "Searched by: dress.jpg"
    uri = page.all("img")[1]["src"] or ""
    assert base64.b64decode(uri.split(",")[1]) == Thumbnails(store).get(1)
    assert "evil" not in html, "what is no colour reaches no style"


def test_what_people_write_is_shown_and_never_obeyed(store: Store) -> None:
    query = QueryView((Example(HOSTILE, picture=b"<svg onload=alert(1)>"),))
    html = results_page(results(where=HOSTILE), Thumbnails(store), query, title=HOSTILE)
    page = Page(html)
    assert "<script" not in html
    assert HOSTILE in page.text
    assert "49" not in page.words.split(), "no template in a value is run"
    assert HOSTILE in Page(clusters_page(sheet(store, 3), Thumbnails(store), title=HOSTILE)).text


def test_a_page_is_named_for_what_was_asked(store: Store) -> None:
    some = QueryView((Example("a.jpg"), Example("b.jpg"), Example("c.jpg", negative=True)))
    assert "<h1>Similar to a.jpg and b.jpg</h1>" in results_page(results(), Thumbnails(store), some)
    assert "<h1>Search results</h1>" in results_page(results(), Thumbnails(store))


def test_no_hits_say_what_to_do(store: Store) -> None:
    page = Page(results_page(results(0, min_score=0.5, offset=10), Thumbnails(store)))
    assert "Nothing matches. Loosen the filter, lower the least score, or go back a page." in page.words


def test_a_hit_without_a_picture_is_still_a_card(store: Store) -> None:
    one = results(1)
    lost = Results(one.query, 4, 1, 1, True, (Hit(**{**vars(one.hits[0]), "image_id": 999}),))
    page = Page(results_page(lost, Thumbnails(store)))
    assert len(page.classed("no-picture")) == 1
    assert not page.all("img")


def sheet(store: Store, k: int, where: str = "") -> Any:
    reader = Reader(store)
    return cluster_sheet(reader, cluster(reader, "vgg", k, where=where))


def test_a_contact_sheet_shows_every_cluster_medoid_first(store: Store) -> None:
    made = sheet(store, 3)
    html = clusters_page(made, Thumbnails(store))
    page = Page(html)
    assert no_address_outside(html)
    assert [values["id"] for values in page.all("section")] == ["cluster-1", "cluster-2", "cluster-3"]
    assert [values["href"] for values in page.all("a")][1:4] == ["#cluster-1", "#cluster-2", "#cluster-3"]
    assert len(page.classed("card")) == 40
    assert len(page.classed("is-medoid")) == 3
    medoids = {one.medoid_product for one in made.run.clusters}
    first = re.findall(r'<section.*?class="product"[^>]*>([^<]+)<', html, re.DOTALL)
    assert set(first) == medoids
    assert "40" in page.words and f"{made.run.silhouette:.3f}" in page.words


def test_a_large_cluster_is_cut_and_says_how_many_more(store: Store) -> None:
    page = Page(clusters_page(sheet(store, 1), Thumbnails(store), limit=15))
    assert len(page.classed("card")) == 15
    assert "and 25 more" in page.words


def test_outliers_stand_apart_even_when_a_cluster_is_cut(tmp_path: Path) -> None:
    rows = np.repeat(np.eye(1, 4, dtype=np.float32), 30, axis=0) + unit_rows(30, 4) * np.float32(0.05)
    rows[28:] = [[0.3, 1, 0, 0], [0.2, 0, 1, 0]]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    store = make_store(tmp_path / "o.catalog", {"vgg": rows})
    page = Page(clusters_page(sheet(store, 1), Thumbnails(store), limit=10))
    assert len(page.classed("is-outlier")) == 2
    assert len(page.classed("card")) == 10
    assert "2 outliers" in page.words
    assert "and 20 more" in page.words


def test_a_chosen_k_shows_every_score(store: Store) -> None:
    made = sheet(store, "auto")  # type: ignore[arg-type]
    page = Page(clusters_page(made, Thumbnails(store)))
    for one in made.run.parameters["scores"]:
        assert f"k = {one['k']}" in page.text
    assert len(page.classed("chosen")) == 1
    assert f"{made.run.k}, chosen by silhouette" in page.words


def test_a_card_says_the_useful_things_in_order() -> None:
    one = card(
        "p1", "/x.jpg", None,
        {"zip": True, "share_navy": 0.7, "share_unknown": 0.2, "price": 42.0, "maxi": False, "category": "dress",
         "dominant_colour": "navy", "share_white": 0.1},
    )  # fmt: skip
    assert one.facts == ("dress", "price 42")
    assert one.details == (("zip", "yes"), ("maxi", "no")), "no is said, and after what is so"
    assert (one.name, one.colour, one.alt) == ("", "navy", "p1, navy, dress, price 42")
    assert [(part.name, part.share) for part in one.strip] == [("navy", 0.7), ("white", 0.1)]


def test_a_card_has_the_name_for_its_title_and_three_labelled_details() -> None:
    one = card(
        "P7", "/x.jpg", None,
        {"name": "Navy maxi dress", "brand": "Elmstead", "pattern": "polka dots", "colours": "navy|cream |white",
         "colour": "navy", "dominant_colour": "navy", "season": "winter", "share_red": 0.1, "fit": "x" * 200},
    )  # fmt: skip
    assert (one.name, one.product, one.alt) == ("Navy maxi dress", "P7", "Navy maxi dress, P7, navy")
    assert one.details == (("pattern", "polka dots"), ("brand", "Elmstead"), ("colours", "navy | cream | white"))
    assert card("P7", "/x.jpg", None, {"name": "P7"}).name == ""
    assert card("P7", "/x.jpg", None, {"fit": "x" * 200}).details == (("fit", "x" * 79 + "…"),)


def test_a_page_shows_the_name_before_the_id_and_labels_details(store: Store) -> None:
    one = results(1)
    attributes = {"name": "Navy dress", "category": "dress", "dominant_colour": "navy", "brand": "Elmstead"}
    named = Results(one.query, 4, 1, 1, True, (Hit(**{**vars(one.hits[0]), "attributes": attributes}),))
    html = results_page(named, Thumbnails(store))
    assert "Navy dress p0 navy dress brand Elmstead" in Page(html).words
    assert len(Page(html).classed("title")) == 1


def test_numbers_and_colours_are_said_plainly() -> None:
    assert [number(value) for value in (42.0, 19.9, 19.999, 1234567.0, 0.0, 100.0)] == [
        "42", "19.90", "20", "1,234,567", "0", "100",
    ]  # fmt: skip
    assert [percent(value) for value in (0.0, 0.001, 0.5, 1.0)] == ["0 %", "<1 %", "50 %", "100 %"]
    assert swatch("Light Blue") == swatch("light_blue") == "#a9cdec"
    assert swatch("#AABBCC") == "#aabbcc"
    assert swatch("red;background:url(x)") is None
