"""A report in words: the sentences of its page, and its Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from engine.pages.charts import Chart, curve_chart, reliability_chart
from engine.pages.label_report import ClassLine, Gauge, LabelReportView, MistakeCard, ModelLine, label_report_page
from indexer.labels.calibration import Bin
from indexer.labels.intervals import WHY_WOBBLE_MISLEADS, Interval
from indexer.labels.report import Comparison, Measured, ModelReport, Report

PROBLEMS = 200


def page(report: Report) -> str:
    """The report as one HTML page that needs nothing else."""
    main = report.main
    return label_report_page(
        LabelReportView(
            title=report.attribute,
            eyebrow=f"Houndstooth · label report · {main.name}",
            facts=_facts(report),
            gauges=[_gauge(one) for one in main.measured],
            headline=headline(report),
            classes=[
                ClassLine(one.name, one.photos, one.precision, one.recall, one.f1, one.pr_auc) for one in main.classes
            ],
            matrix=() if report.several else main.confusion,
            reliability=_reliability(main),
            calibration=calibration_sentence(main),
            sentences=abstention_sentences(report),
            curve=_curve(report),
            headings=HEADINGS,
            models=[ModelLine(one.name, _cells(one), one is main) for one in report.models],
            tests=[comparison_sentence(one) for one in report.comparisons],
            mistakes=[MistakeCard(one.item, one.truth, one.told, one.confidence, one.picture) for one in main.mistakes],
            wrong=main.wrong,
            notes=report.notes,
            problems=report.problems[:PROBLEMS],
            problem_count=len(report.problems),
        )
    )


def headline(report: Report) -> str:
    """The result in one sentence."""
    first = report.main.measured[0]
    share = "of photos get all their labels right" if report.several else "of photos not learned from are told right"
    if first.interval is None:
        return f"{share}: too few groups to say how far from the truth that may be."
    low, high = _percent(first.interval.low), _percent(first.interval.high)
    return f"{share}; the truth lies between {low} and {high} with 95 % confidence."


def notes_of(report: Report) -> tuple[str, ...]:
    """How it was measured, and how to read it."""
    main = report.main
    notes = [_division(report), _intervals(main)]
    if report.leaked:
        effect = ""
        if main.right_unleaked is not None:
            right = main.measured[0].value
            effect = f" Without them {_percent(main.right_unleaked)} are right, with them {_percent(right)}."
        notes.append(
            f"Of the {report.tested:,} photos tested, {report.leaked:,} have their group, a near-duplicate for one, on "
            f"the side that was learned from: the parts were given so.{effect}"
        )
    for one in report.taught:
        others = "" if one.right_of_others is None else f" Of the others {_percent(one.right_of_others)} are right."
        notes.append(
            f"{one.tested:,} of the {report.tested:,} tests are of photos that the network of the space `{one.space}` "
            f"was taught by, whose vectors {main.name} reads: on those it looks better than it is.{others}"
        )
    if report.copies or report.near_pairs:
        notes.append(
            f"{report.copies:,} photos are copies of others, and {report.near_pairs:,} pairs look nearly the same; "
            "those of one group never stand on both sides of a division that was drawn."
        )
    if main.wobble is not None:
        notes.append(
            f"The range over epochs that is sometimes called an interval would be {main.wobble.low:.3f} to "
            f"{main.wobble.high:.3f}. {WHY_WOBBLE_MISLEADS}"
        )
    if len(report.models) > 1:
        notes.append(
            "The page is about the model named first. The best of several on one test looks better than it is."
        )
    notes.append(f"Seed {report.seed}; {report.program}. The same photos, labels and seed give the same report.")
    return tuple(notes)


def _division(report: Report) -> str:
    folds = report.main.folds
    train, validation = (sum(getattr(one, name) for one in folds) / len(folds) for name in ("train", "validation"))
    grouped = (
        f"{report.groups:,} groups (a product, sender or post, or near-duplicates), which are never divided"
        if report.groups < report.photos
        else "no groups: where photos of one product or sender are among them, this flatters"
    )
    return (
        f"{report.photos:,} photos in {grouped}. Divided by {report.scheme}: learned from {train:,.0f}, chosen by "
        f"{validation:,.0f} others (regularisation, epochs, temperature, thresholds), tested on the rest, "
        f"{report.tested:,} tests in all."
    )


def _intervals(model: ModelReport) -> str:
    wilson = model.photo_interval
    return (
        "Intervals hold the truth for new photos of new groups from the same source in 95 of 100 such tests, for "
        "models trained on just these photos. They draw whole groups with replacement (a cluster bootstrap, Student's "
        f"t on the logit). Were photos independent, Wilson's interval of the share right would be {wilson.low:.3f} to "
        f"{wilson.high:.3f}."
    )


def calibration_sentence(model: ModelReport) -> str:
    """What the calibration says."""
    found = model.calibration
    temperatures = ", ".join(f"{one:.2f}" for one in found.temperatures[:5])
    more = ", ..." if len(found.temperatures) > 5 else ""
    return (
        f"On the dashed line, photos told with confidence 0.8 are right 8 times in 10. The mean gap (ECE) is "
        f"{found.error_before:.3f}, and {found.error_after:.3f} once divided by a temperature chosen on the validation "
        f"part ({temperatures}{more})."
    )


def abstention_sentences(report: Report) -> tuple[str, ...]:
    """What saying nothing would bring."""
    found = report.main.abstention
    threshold, what = found.threshold, "labels" if report.several else "photos"
    said = []
    if threshold.confidence is None:
        said.append(
            f"No confidence can be promised to be right {_percent(threshold.wanted)} of the time: the validation part "
            "is too small, or wrong too often."
        )
    else:
        kept = f", of which {_percent(found.precision)} were right" if found.precision is not None else ""
        asked = f"Asking for a confidence of at least {threshold.confidence:g}"
        if not threshold.confidence:
            asked = f"Answering all {what}, however unsure,"
        said.append(
            f"{asked} promises {_percent(threshold.wanted)} "
            f"right (95 % sure, chosen on the validation part). On the test photos that answered "
            f"{_percent(found.answered)} of {what}{kept}."
        )
    if found.sets is not None and found.covered is not None:
        said.append(
            f"A set of classes that is to hold the true one {_percent(found.sets.wanted)} of the time held it for "
            f"{_percent(found.covered)} of the test photos. It had {found.size:.2f} classes on average, and just one "
            f"for {_percent(found.single)} of photos."
        )
    return tuple(said)


def comparison_sentence(one: Comparison) -> str:
    """Whether the first model is better."""
    gap = one.difference
    interval = f" ({gap.interval.low:+.3f} to {gap.interval.high:+.3f})" if gap.interval else ""
    tests = "".join(f"; {test.name}: {test.statistic:.2f}, p {_p(test.p)}" for test in one.tests)
    return f"{one.first} less {one.other}: {gap.value:+.3f} right{interval}{tests}."


def _p(chance: float) -> str:
    return "< 0.001" if chance < 0.001 else f"= {chance:.3f}"


HEADINGS = ("model", "right", "balanced", "macro F1", "ROC AUC", "ECE", "seconds")
_COLUMNS = (("accuracy", "subset_accuracy"), ("balanced_accuracy",), ("macro_f1",), ("roc_auc",))


def _cells(model: ModelReport) -> tuple[str, ...]:
    known = {one.name: one for one in model.measured}
    cells = []
    for names in _COLUMNS:
        found = next((known[name] for name in names if name in known), None)
        cells.append(measured_text(found) if found else "–")
    return (*cells, f"{model.calibration.error_before:.3f}", f"{model.seconds:,.0f}")


def measured_text(one: Measured) -> str:
    """A measure with its interval: 0.947 (0.921 to 0.965)."""
    return f"{one.value:.3f}{_brackets(one.interval)}"


def _brackets(interval: Interval | None) -> str:
    return f" ({interval.low:.3f} to {interval.high:.3f})" if interval else ""


def _facts(report: Report) -> Sequence[tuple[str, str]]:
    return (
        ("Photos", f"{report.photos:,}"),
        ("Groups", f"{report.groups:,}"),
        ("Classes", f"{len(report.classes)}"),
        ("Divided by", report.scheme),
        *report.facts.items(),
        ("Seed", str(report.seed)),
        ("Made", f"{report.made[:16].replace('T', ' ')} UTC"),
    )


def _gauge(one: Measured) -> Gauge:
    interval = one.interval
    return Gauge(one.title, one.value, interval.low if interval else None, interval.high if interval else None)


def _reliability(model: ModelReport) -> Chart:
    found = model.calibration

    def triples(bins: Sequence[Bin]) -> list[tuple[float, float, int]]:
        return [(one.confidence, one.right, one.photos) for one in bins]

    return reliability_chart((("as told", triples(found.before)), ("with the temperature", triples(found.after))))


def _curve(report: Report) -> Chart | None:
    if len(report.curve) < 2:
        return None
    return curve_chart([(one.photos, one.right, one.low, one.high) for one in report.curve])


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"


def markdown(report: Report) -> str:
    """The report as Markdown."""
    main = report.main
    lines = [f"# {report.attribute}: {main.name}", "", f"{_percent(main.measured[0].value)} {headline(report)}", ""]
    lines += _table(("measure", "value", "95 % interval"), [
        (one.title, f"{one.value:.3f}", _brackets(one.interval).strip(" ()") or "–") for one in main.measured
    ])  # fmt: skip
    if len(report.models) > 1:
        lines += ["## Models", "", *_table(HEADINGS, [(one.name, *_cells(one)) for one in report.models])]
        lines += [f"- {comparison_sentence(one)}" for one in report.comparisons] + [""]
    lines += ["## Classes", ""]
    lines += _table(("class", "photos", "precision", "recall", "F1", "PR AUC"), [
        (one.name, f"{one.photos:,}", f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.f1:.3f}",
         "–" if one.pr_auc is None else f"{one.pr_auc:.3f}") for one in main.classes
    ])  # fmt: skip
    if not report.several:
        lines += ["## What is taken for what", "", "Rows are what a photo is, columns what was said.", ""]
        lines += _table(("is", *report.classes, "photos"), [
            (name, *(str(value) for value in row), str(sum(row)))
            for name, row in zip(report.classes, main.confusion, strict=True)
        ])  # fmt: skip
    lines += ["## Confidence", "", f"- {calibration_sentence(main)}"]
    lines += [f"- {one}" for one in abstention_sentences(report)] + [""]
    if report.curve:
        lines += ["## Learning curve", "", *_table(("photos learned from", "right", "95 % interval"), [
            (f"{one.photos:,.0f}", f"{one.right:.3f}", f"{one.low:.3f} to {one.high:.3f}") for one in report.curve
        ])]  # fmt: skip
    if main.mistakes:
        lines += [f"## Mistakes: {main.wrong:,} photos, surest first", ""]
        lines += _table(("photo", "said", "labelled", "confidence"), [
            (one.item, one.told, one.truth, f"{one.confidence:.2f}") for one in main.mistakes
        ])  # fmt: skip
    lines += ["## How it was measured", "", *(f"- {one}" for one in report.notes)]
    if report.problems:
        lines += ["", f"Photos that could not be used: {len(report.problems)}", ""]
        lines += [f"- {_cell(one)}" for one in report.problems[:PROBLEMS]]
    return "\n".join(lines) + "\n"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    made = [headings, ["---"] * len(headings), *rows]
    return [*(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in made), ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
