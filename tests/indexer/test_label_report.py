"""Reports: what the page, the JSON and the Markdown say is what was predicted, photo by photo."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from engine.errors import InputError
from engine.pages.charts import curve_chart, reliability_chart
from indexer.labels.evaluate import evaluate
from indexer.labels.examples import Labelled
from indexer.labels.learning_curve import CurvePoint
from indexer.labels.report import build_report, write_report
from indexer.labels.report_text import abstention_sentences
from indexer.labels.splits import parse_scheme

JPEG = b"\xff\xd8\xff\xe0 a thumbnail"
CLASSES = ("dress", "shirt & tie", "skirt|kilt")


def photos(several=False, part=None, count=120):
    generator = np.random.default_rng(0)
    targets = generator.random((count, 3)) < 0.4 if several else generator.integers(0, 3, count)
    names = tuple(f"<i>{number}.jpg" for number in range(count))
    groups = np.arange(count) // 2
    return Labelled("kind", CLASSES, several, names, np.arange(count), targets, groups, part or ("",) * count)


def fit_of(labelled, noise=1.2):
    def fit(train, validation, seed):
        def chances(rows):
            logits = np.random.default_rng(5).normal(size=(len(labelled), 3))[rows] * noise
            truth = labelled.targets[rows] if labelled.several else np.eye(3)[labelled.targets[rows]]
            logits += 2.0 * truth - (1.0 if labelled.several else 0.0)
            shares = np.exp(logits)
            return shares / (1 + shares) if labelled.several else shares / shares.sum(1, keepdims=True)

        return chances

    return fit


class Page(HTMLParser):
    """Reads the tags and the text of a page; every tag that opens must close."""

    def __init__(self, html):
        super().__init__()
        self.open, self.seen, self.text, self.sources = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.sources += [value for name, value in attrs if name in {"src", "href"}]
        if tag not in {"meta", "img", "br", "line", "circle", "polyline", "polygon"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in {"line", "circle", "polyline", "polygon"}:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def written(report, tmp_path, suffix):
    write_report(report, tmp_path / f"report{suffix}")
    return (tmp_path / f"report{suffix}").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def two():
    labelled = photos()
    scheme = parse_scheme("5x2cv")
    first, second = (evaluate(labelled, fit_of(labelled, noise), scheme, seed=1) for noise in (1.2, 4.0))
    curve = (CurvePoint(20, 0.7, 0.6, 0.8, (0.7,)), CurvePoint(90, 0.8, 0.72, 0.86, (0.8,)))
    report = build_report(
        {"good": first, "bad": second}, curve=curve, epochs={"good": [0.7, 0.8, 0.75]}, problems=["x.jpg: cut off"],
        copies=3, near_pairs=4, facts={"Head": "linear"}, picture=lambda item: JPEG, mistakes=5,
    )  # fmt: skip
    return labelled, first, report


def test_the_page_needs_nothing_else_and_says_the_figures(two, tmp_path):
    _, evaluation, report = two
    html = written(report, tmp_path, ".html")
    page = Page(html)
    text = " ".join(" ".join(page.text).split())
    assert not page.open
    assert "script" not in page.seen
    assert all(source.startswith(("data:image/jpeg", "#")) for source in page.sources)
    assert page.seen.count("img") == 5
    assert page.seen.count("svg") == 2
    right = evaluation.predictions.correct.mean()
    assert f"{right:.3f}" in text
    assert "5x2cv paired t" in text
    assert "tells how much accuracy wobbles" in text
    assert "x.jpg: cut off" in text
    assert "3 photos are copies" in text
    assert "<i>" not in re.sub(r"<i[ >](class|style|></i>)", "", html).replace("<i></i>", "")  # names are escaped


def test_the_mistakes_shown_are_the_surest_and_agree_with_the_predictions(two):
    labelled, evaluation, report = two
    told = evaluation.predictions
    wrong = {}
    for place in range(len(told)):
        said = int(told.chances[place].argmax())
        if said != labelled.targets[told.rows[place]]:
            name, sure = told.items[place], float(told.chances[place].max())
            if sure > wrong.get(name, ("", 0))[1]:
                wrong[name] = (CLASSES[said], sure)
    best = sorted(wrong.items(), key=lambda one: -one[1][1])[:5]
    assert [(one.item, one.told, one.confidence) for one in report.main.mistakes] == [
        (name, said, sure) for name, (said, sure) in best
    ]
    assert report.main.wrong == len(wrong)
    for one in report.main.mistakes:
        assert one.truth == CLASSES[labelled.targets[labelled.items.index(one.item)]]


def test_json_is_the_report_without_pictures(two, tmp_path):
    labelled, evaluation, report = two
    told = json.loads(written(report, tmp_path, ".json"))
    model = told["models"][0]
    assert model["measured"][0]["value"] == pytest.approx(evaluation.predictions.correct.mean())
    assert [sum(row) for row in model["confusion"]] == (5 * np.bincount(labelled.targets)).tolist()
    assert "picture" not in model["mistakes"][0]
    assert [test["name"] for test in told["comparisons"][0]["tests"]] == ["5x2cv paired t", "5x2cv combined F"]
    assert told["seed"] == 1
    assert told["scheme"] == "5x2cv"


def test_markdown_has_tables_whose_rows_are_whole(two, tmp_path):
    _, _, report = two
    text = written(report, tmp_path, ".md")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    for before, row in zip(["", *rows], rows, strict=False):
        if row.startswith("| ---"):
            assert len(re.split(r"(?<!\\)\|", before)) == len(re.split(r"(?<!\\)\|", row))
    assert "skirt\\|kilt" in text
    assert f"{report.main.measured[0].value:.3f}" in text


def test_several_labels_have_a_report_too(tmp_path):
    labelled = photos(several=True)
    report = build_report({"linear": evaluate(labelled, fit_of(labelled), parse_scheme("80/20"), 0)})
    names = [one.name for one in report.main.measured]
    assert {"subset_accuracy", "macro_map", "micro_map", "hamming_accuracy"} <= set(names)
    assert not Page(written(report, tmp_path, ".html")).open
    assert "What is taken for what" not in written(report, tmp_path, ".md")


def test_what_crosses_between_given_parts_is_told_with_its_effect():
    part = tuple("test" if number % 2 and number < 40 else "train" for number in range(120))
    labelled = photos(part=part)  # groups are pairs of neighbours: each tested photo has its partner in training
    report = build_report({"linear": evaluate(labelled, fit_of(labelled), parse_scheme("given"), 0)})
    assert report.leaked == report.tested == 20
    assert report.main.right_unleaked is None
    assert any("20 have their group" in note for note in report.notes)


def test_a_report_of_nothing_or_to_no_format_is_refused(two, tmp_path):
    with pytest.raises(InputError, match="at least one"):
        build_report({})
    with pytest.raises(InputError, match=r"\.html, \.json, \.md"):
        write_report(two[2], tmp_path / "report.pdf")
    assert not list(tmp_path.iterdir())


def test_charts_put_shares_where_they_belong():
    chart = reliability_chart([("told", [(0.0, 0.0, 9), (0.5, 0.5, 9), (1.0, 1.0, 9), (0.3, 0.0, 0)])])
    left, top, right, bottom = chart.plot
    dots = chart.lines[0].dots
    assert [(dot.x, dot.y) for dot in dots] == [(left, bottom), ((left + right) / 2, (top + bottom) / 2), (right, top)]
    curve = curve_chart([(10, 0.5, 0.4, 0.6), (100, 0.7, 0.6, 0.8), (1000, 0.9, 0.85, 0.95)])
    first, second, third = curve.lines[0].dots
    assert second.x - first.x == pytest.approx(third.x - second.x, abs=0.2)  # logarithmic
    assert second.y - first.y == pytest.approx(third.y - second.y, abs=0.2)
    ticks = {tick.label: tick.at for tick in curve.up}
    low, high = min(ticks, key=float), max(ticks, key=float)
    share = (ticks[low] - third.y) / (ticks[low] - ticks[high])
    assert float(low) + share * (float(high) - float(low)) == pytest.approx(0.9, abs=0.01)


def test_a_promise_that_all_photos_keep_is_said_so():
    labelled = photos()
    judged = evaluate(labelled, fit_of(labelled, noise=0.01), parse_scheme("5-fold"))
    report = build_report({"sure": judged}, precision=0.8)
    assert report.main.abstention.threshold.confidence == 0
    assert abstention_sentences(report)[0].startswith("Answering all photos, however unsure, promises 80.0 % right")


def test_photos_that_a_space_was_taught_by_are_told(two):
    _, evaluation, _ = two
    known = np.zeros(len(evaluation.labelled), bool)
    known[::3] = True
    report = build_report({"linear": evaluation}, taught={"kind": known, "vgg": known & False})
    tested = evaluation.predictions
    old = known[tested.rows]
    (told,) = report.taught
    assert (told.space, told.tested) == ("kind", int(old.sum()))
    assert told.right_of_others == pytest.approx(np.mean(tested.predicted[~old] == tested.targets[~old]))
    assert any("the network of the space `kind` was taught by" in note for note in report.notes)
    assert not build_report({"linear": evaluation}).taught
