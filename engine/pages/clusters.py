"""The contact sheet of a cluster run: an index of clusters, then the pictures of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cluster_runs import Cluster
from engine.cluster_sheet import Sheet
from engine.columns import BUILT_IN, column_values
from engine.pages.cards import Card, card
from engine.pages.render import render
from engine.thumbnails import Thumbnails

LIMIT = 60
OUTLIER_PART = 5
"""Of a cluster that is cut at the limit, one picture in so many may be an outlier."""


@dataclass(frozen=True)
class MemberCard:
    """A card with where its photo stands in the cluster."""

    card: Card
    distance: float
    medoid: bool
    outlier: bool


@dataclass(frozen=True)
class Section:
    """A cluster on the page. cover: the medoid, or the nearest member once that was removed; None when all were.

    count: members there now. share: of all members. near, far: cards of ordinary members and of outliers, by distance.
    near_more, far_more: those left out at the limit.
    """

    cluster: Cluster
    cover: MemberCard | None
    count: int
    share: float
    near: tuple[MemberCard, ...]
    near_more: int
    far: tuple[MemberCard, ...]
    far_more: int


def clusters_page(sheet: Sheet, thumbnails: Thumbnails, limit: int = LIMIT, title: str | None = None) -> str:
    """A self-contained HTML page of a run: each cluster's medoid first, then by distance, at most `limit` pictures."""
    sections = [_section(sheet, cluster, thumbnails, max(1, limit)) for cluster in sheet.run.clusters]
    values: dict[str, Any] = {
        "title": title or f"Clusters: {sheet.run.name}",
        "run": sheet.run,
        "sections": sections,
        "dropped": sheet.dropped,
        "pictures": len(sheet.rows),
        "outliers": int(sheet.members.outliers.sum()),
        "scores": sheet.run.parameters.get("scores", []),
        "by": sheet.run.parameters.get("by", ""),
    }
    return render("clusters.html.j2", values)


def _section(sheet: Sheet, cluster: Cluster, thumbnails: Thumbnails, limit: int) -> Section:
    here = np.flatnonzero(sheet.members.numbers == cluster.number)
    outlier = sheet.members.outliers[here] & ~sheet.medoids[here]
    near, far = here[~outlier], here[outlier]
    far_shown = min(len(far), max(limit - len(near), limit // OUTLIER_PART))
    near_shown = min(len(near), limit - far_shown)
    cards = _cards(sheet, np.concatenate([near[:near_shown], far[:far_shown]]), thumbnails)
    return Section(
        cluster=cluster,
        cover=cards[0] if cards else None,
        count=len(here),
        share=len(here) / max(1, len(sheet.rows)),
        near=tuple(cards[:near_shown]),
        near_more=len(near) - near_shown,
        far=tuple(cards[near_shown:]),
        far_more=len(far) - far_shown,
    )


def _cards(sheet: Sheet, places: NDArray[np.intp], thumbnails: Thumbnails) -> list[MemberCard]:
    rows = sheet.rows[places]
    columns = sheet.snapshot.columns(sheet.snapshot.attributes)
    values = {name: column_values(column, rows) for name, column in columns.items()}
    names = [name for name in values if name not in BUILT_IN]
    pictures: Sequence[bytes | None] = list(thumbnails.many(sheet.snapshot.image_ids[rows].tolist()))
    return [
        MemberCard(
            card=card(
                values["product"][number],
                values["image"][number],
                pictures[number],
                {name: values[name][number] for name in names if values[name][number] is not None},
            ),
            distance=float(sheet.members.distances[place]),
            medoid=bool(sheet.medoids[place]),
            outlier=bool(sheet.members.outliers[place]),
        )
        for number, place in enumerate(places.tolist())
    ]
