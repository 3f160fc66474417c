"""Training a label: from labelled photos and the vectors of a catalog, or of a cache where no catalog has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InputError
from engine.snapshot import Reader
from engine.store import Store
from houndstooth.extractors import Extractors, require_runnable
from houndstooth.garments import DEFAULT as DEFAULT_GARMENTS
from houndstooth.garments import Garments
from houndstooth.labels import label_name

if TYPE_CHECKING:
    from engine.batch import Counts
    from indexer.bulk import StopRequest
    from indexer.garments.find import GarmentStep
    from indexer.labels.gather import TrainingSet
    from indexer.labels.reading import Example, Examples
    from indexer.labels.train import Trained
    from indexer.spaces.base import Extractor

LABEL_SPACES = ("kind", "vgg", "outline")
"""Spaces that a label learns from when no catalog says which there are: those of them that are installed."""

EXTRACTING = "vectors of new photos"
"""The stage that ends by itself when it is asked to stop."""

Progress = Callable[[str, int, int], None]


def _silent(stage: str, done: int, total: int) -> None: ...


@dataclass(frozen=True)
class TrainOptions:
    """How a label is trained.

    columns: role -> column of a table: image, product, label, group, split. root: where relative paths in a table
    start. spaces: whose vectors it reads; () for the default. head: linear, dense or forest. scheme: how it is judged,
    "" for the parts that the labels bring, else 5-fold. garments: how they are found where no catalog says. work: the
    folder where vectors are made of photos that no catalog has.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    root: Path | None = None
    spaces: tuple[str, ...] = ()
    head: str = "linear"
    scheme: str = ""
    seed: int = 0
    garments: str | None = None
    work: Path | None = None


def read_labels(name: str, source: Path | None, store: Store | None, options: TrainOptions) -> Examples:
    """What a label is to be learned from: a folder, a table, or an attribute that the catalog was given."""
    from indexer.labels.gather import given_examples
    from indexer.labels.reading import read_examples

    if source is not None:
        return read_examples(source, name, options.root, options.columns)
    if store is None:
        raise InputError("say what to learn from: labelled photos with --from, or a catalog that has the attribute")
    return given_examples(store, name)


def training_set(
    name: str,
    source: Path | None,
    store: Store | None,
    options: TrainOptions,
    progress: Progress = _silent,
    stop: StopRequest | None = None,
) -> TrainingSet:
    """Photos, vectors, labels and groups: from the catalog where it has the photos, else made in a cache folder.

    Raises InputError, SpaceError, CatalogError.
    """
    from indexer.labels.features import default_spaces, used_spaces
    from indexer.labels.gather import Found, find_photos, gather

    name = label_name(name)
    examples = read_labels(name, source, store, options)
    found: list[Found] = []
    names = list(options.spaces)
    strangers: Sequence[Example] = examples.items
    if store is not None:
        snapshot = Reader(store).snapshot()
        names = names or default_spaces(snapshot)
        used_spaces(snapshot, names)
        found.append(find_photos(store, examples.items))
        strangers = found[0].strangers
    reasons: dict[str, str] = {}
    photos = [one for one in strangers if one.photo]
    if photos:
        work, reasons = _work(name, examples.source, photos, store, names, options, progress, stop)
        found.append(find_photos(work, photos))
        products = tuple(one for one in strangers if not one.photo)
        found[-1] = Found(work, found[-1].pairs, (*found[-1].strangers, *products))
        names = names or list(Reader(work).snapshot().spaces)
    spaces = [used_spaces(Reader(one.store).snapshot(), names) for one in found]
    return gather(name, examples, found, spaces, reasons, progress)


def _work(
    name: str,
    source: str,
    photos: Sequence[Example],
    store: Store | None,
    names: Sequence[str],
    options: TrainOptions,
    progress: Progress,
    stop: StopRequest | None,
) -> tuple[Store, dict[str, str]]:
    """The cache catalog with the vectors of photos that no catalog has, made as the catalog's own are."""
    from indexer.garments.find import open_step
    from indexer.labels.work import cache_folder, index_examples

    step: GarmentStep
    if store is None:
        extractors = _fresh(names)
        step, choice = open_step(options.garments or DEFAULT_GARMENTS), options.garments or DEFAULT_GARMENTS
    else:
        snapshot = Reader(store).snapshot()
        made = Extractors(store)
        extractors = {one: made.of(snapshot.space(one)) for one in names}
        garments = Garments(store)
        step, choice = garments.step(), garments.choice
    prints = [f"{one}:{extractor.fingerprint}" for one, extractor in extractors.items()]
    finder = step.finder.fingerprint if step.finder else ""
    folder = options.work or cache_folder([source, choice, finder, *sorted(prints)])
    total = len({one.photo for one in photos})

    def tell(counts: Counts) -> None:
        progress(EXTRACTING, counts.seen, total)

    progress(EXTRACTING, 0, total)
    return index_examples(folder, name, photos, extractors, step, tell, stop)


def _fresh(names: Sequence[str]) -> dict[str, Extractor]:
    """Extractors as they come."""
    from indexer.spaces.registry import available, load

    names = list(names) or [name for name in LABEL_SPACES if name in available()]
    made = {name: load(name) for name in names}
    require_runnable(made)
    return made


def train_label(
    name: str,
    source: Path | None = None,
    store: Store | None = None,
    options: TrainOptions | None = None,
    progress: Progress = _silent,
    stop: StopRequest | None = None,
) -> Trained:
    """Train a label, judge it, and return it; `keep` puts it in a catalog.

    source: labelled folders or a table; None: the attribute as it was given in the catalog. Raises InputError,
    SpaceError, CatalogError, MissingDependencyError.
    """
    from indexer.labels.train import train_head

    options = options or TrainOptions()
    training = training_set(name, source, store, options, progress, stop)
    told = {"source": str(source or (store.root if store else "")), **_of_catalog(training, source, store)}
    return train_head(training, options.head, options.scheme, options.seed, told=told, progress=progress)


def _of_catalog(training: TrainingSet, source: Path | None, store: Store | None) -> dict[str, object]:
    """For the card: the catalog whose photos were learned from, and whether by what it was given."""
    from indexer.labels.kept import catalog_uuid

    if store is None or not (training.labelled.regions >= 0).any():
        return {}
    return {"catalog": catalog_uuid(store), "given": source is None}
