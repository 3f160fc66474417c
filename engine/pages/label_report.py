"""The page on which a label is judged: how good, where it errs, how sure it may be, and what it got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.pages.charts import Chart
from engine.pages.render import data_uri, render

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Gauge:
    """A measure with its interval, in [0, 1]; None where it is not known."""

    title: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ClassLine:
    """A class in the table. photos: tested that are of it; auc: PR AUC, None where it is not defined."""

    name: str
    photos: int
    precision: float
    recall: float
    f1: float
    auc: float | None


@dataclass(frozen=True)
class MistakeCard:
    """A photo that was taken for what it is not. picture: JPEG bytes, or None."""

    name: str
    truth: str
    told: str
    confidence: float
    picture: bytes | None

    @property
    def uri(self) -> str | None:
        """The picture as a data URI."""
        return data_uri(self.picture)


@dataclass(frozen=True)
class ModelLine:
    """A model in the table of models. cells: a text for each heading; chosen: the one that the page is about."""

    name: str
    cells: tuple[str, ...]
    chosen: bool


@dataclass(frozen=True)
class LabelReportView:
    """All that the page shows. facts: label and value of the head. matrix: photos, rows true and columns told, () with
    several labels. sentences: of abstention. notes: how to read it. problems: photos that could not be used.
    """

    title: str
    eyebrow: str
    facts: Sequence[tuple[str, str]]
    gauges: Sequence[Gauge]
    headline: str
    classes: Sequence[ClassLine]
    matrix: Sequence[Sequence[int]]
    reliability: Chart | None
    calibration: str
    sentences: Sequence[str]
    curve: Chart | None
    headings: Sequence[str]
    models: Sequence[ModelLine]
    tests: Sequence[str]
    mistakes: Sequence[MistakeCard]
    wrong: int
    notes: Sequence[str]
    problems: Sequence[str]
    problem_count: int


def label_report_page(view: LabelReportView) -> str:
    """A self-contained HTML page."""
    from markupsafe import Markup

    # The package's own file.
    look = Markup((_TEMPLATES / "label_report.css").read_text(encoding="utf-8"))
    known = [end for gauge in view.gauges for end in (gauge.low, gauge.value) if end is not None]
    start = max(0.0, min([*known, 0.9]) - 0.05) // 0.1 * 0.1
    return render("label_report.html.j2", {"title": view.title, "view": view, "look": look, "start": start})
