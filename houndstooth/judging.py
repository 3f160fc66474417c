"""How good a label is, on paper: a report of its head, beside networks trained on the photos themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InputError, PictureError

if TYPE_CHECKING:
    from indexer.labels.evaluate import Evaluation
    from indexer.labels.learning_curve import CurvePoint
    from indexer.labels.report import Report
    from indexer.labels.train import Trained

Progress = Callable[[str, int, int], None]
PICTURE_SIDE = 160
"""Of photos in a report's gallery, in pixels."""


@dataclass(frozen=True)
class JudgeOptions:
    """What a label is compared with, and what is written of it.

    backbones: networks, of `indexer.labels.networks.backbones.BACKBONES`, judged on the same divisions. blocks: their
    last blocks that are trained, as many as each has; 0: a dense head on what the frozen network gives. curve: whether
    to learn from smaller shares too. reports: files to write, by their suffix. work: folder for what networks compute
    once. weights: network -> file that it begins with.
    """

    backbones: tuple[str, ...] = ()
    blocks: int = 0
    curve: bool = False
    reports: tuple[Path, ...] = ()
    work: Path | None = None
    weights: Mapping[str, Path] = field(default_factory=dict)


def require_reports(files: Sequence[Path]) -> None:
    """Raise InputError for a file that no report can be written as, before anything is trained."""
    from indexer.labels.report import FORMATS

    for file in files:
        if file.suffix.lower() not in FORMATS:
            raise InputError(f"{file}: a report is written as {', '.join(FORMATS)}")


def judge(trained: Trained, options: JudgeOptions, progress: Progress = lambda stage, done, total: None) -> Report:
    """Compare a label's head with networks on the same divisions, and write what was found.

    The head is what is kept: networks read photos, and a catalog's labels are told from its stored vectors. Raises
    InputError, MissingDependencyError.
    """
    from indexer.labels.fit import head_fit
    from indexer.labels.learning_curve import learning_curve
    from indexer.labels.report import build_report, write_report

    require_reports(options.reports)
    training = trained.training
    head = trained.model.head.kind
    spaces = [space.name for space in training.spaces]
    evaluations = {f"{head} head on {', '.join(spaces)}": trained.evaluation}
    facts = {"Spaces": ", ".join(spaces)}
    for name in options.backbones:
        evaluations[name], weights = _network(trained, name, options, progress)
        facts[f"Weights of {name}"] = weights
    curve: tuple[CurvePoint, ...] = ()
    if options.curve:
        fit = head_fit(head, training.features, training.labelled)
        curve = learning_curve(training.labelled, fit, trained.evaluation.seed, progress=progress)
    paths = dict(zip(training.labelled.items, training.paths, strict=True))
    report = build_report(
        evaluations,
        curve=curve,
        problems=training.problems,
        copies=training.duplicates.copies,
        near_pairs=len(training.duplicates.near),
        taught=training.taught,
        facts=facts,
        picture=lambda item: _picture(paths[item]),
    )
    for file in options.reports:
        write_report(report, file)
    return report


def _network(trained: Trained, name: str, options: JudgeOptions, progress: Progress) -> tuple[Evaluation, str]:
    """A network judged as the head was, and where its weights are from."""
    from indexer.labels.evaluate import evaluate
    from indexer.labels.networks.backbones import backbone_named
    from indexer.labels.networks.fit import network_fit
    from indexer.labels.networks.recipe import Recipe
    from indexer.labels.work import cache_folder

    training, before = trained.training, trained.evaluation
    work = (options.work or cache_folder(["networks", training.labelled.attribute])) / "networks"
    photos = [Path(path) for path in training.paths]
    recipe = Recipe(blocks=min(options.blocks, backbone_named(name).blocks))
    fit = network_fit(name, photos, training.labelled, work, options.weights.get(name), recipe, progress)
    return evaluate(training.labelled, fit, before.scheme, before.seed, progress), fit.weights


def _picture(path: str) -> bytes | None:
    """A small JPEG of a photo; None when it cannot be read any more."""
    from indexer.decode import decode
    from indexer.stored import read_stored
    from indexer.thumbnail import BACKGROUND, thumbnail

    try:
        return thumbnail(decode(read_stored(path)), PICTURE_SIDE, background=BACKGROUND)
    except PictureError:
        return None
