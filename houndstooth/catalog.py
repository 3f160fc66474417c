"""The public Python API: one class that joins what writes a catalog with what answers from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.attributes import AttributeType
from engine.errors import CatalogBusyError, InputError, SpaceError
from engine.models import GARMENTS, every_space
from engine.query import Group, Query, Results
from engine.snapshot import Reader
from engine.store import Store
from houndstooth.attribute_types import require_types
from houndstooth.extractors import DEFAULT_SPACES, Extractors, Options, require_runnable
from houndstooth.garments import Garments

if TYPE_CHECKING:
    from engine.checks import CheckReport
    from engine.clusters import ClusterRun
    from engine.compaction import Compaction
    from engine.export import Exported
    from engine.info import Info
    from engine.maps import Method, StoredMap
    from engine.removal import Removal
    from houndstooth.asking import Ask
    from houndstooth.fit import FitReport
    from houndstooth.labels import LabelLine
    from houndstooth.map_drawing import DrawnMap
    from houndstooth.map_new_photos import PlacedPhotos
    from houndstooth.repair import RepairReport
    from houndstooth.training import TrainOptions
    from indexer.bulk import IndexReport, Progress, StopRequest
    from indexer.labels.apply import Applied
    from indexer.labels.train import Trained
    from indexer.remote.permission import Remote
    from indexer.sources.base import Source

Example = str | PathLike[str]


class Catalog:
    """A catalog of products on disk, open for asking and for indexing.

    Each call answers from the newest generation when it begins; other processes may index meanwhile. Use one Catalog
    a thread.
    """

    def __init__(self, path: str | PathLike[str], *, create: bool = False) -> None:
        self.store = Store.create(Path(path)) if create else Store.open(Path(path))
        self.reader = Reader(self.store)
        self._extractors = Extractors(self.store)
        self._garments = Garments(self.store)

    @property
    def path(self) -> Path:
        """The catalog's folder."""
        return self.store.root

    def __repr__(self) -> str:
        return f"Catalog({str(self.path)!r})"

    def index(
        self,
        source: str | PathLike[str] | Source,
        *,
        root: str | PathLike[str] | None = None,
        columns: Mapping[str, str] | None = None,
        types: Mapping[str, AttributeType] | None = None,
        spaces: Sequence[str] = (),
        options: Mapping[str, Options] | None = None,
        max_megapixels: float | None = None,
        max_megabytes: float | None = None,
        recheck: bool = False,
        garments: str | None = None,
        remote: Remote | None = None,
        progress: Progress | None = None,
        stop: StopRequest | None = None,
    ) -> IndexReport:
        """Bring the catalog up to date with a folder of photos, a photo, a table, or a reader of your own.

        root, columns, types: see `indexer.sources.open.open_source`. spaces: names to index in besides those that the
        catalog has; a new catalog gets `houndstooth.extractors.DEFAULT_SPACES` when none is named. options: of their
        extractors, {"vgg": {"weights": "vgg16.safetensors"}}; those that change vectors are kept with the catalog, and
        need not be said again; "garments" names the options of the garment finder. recheck: read even files whose size
        and time are as they were. garments: how they are told from
        what surrounds them: "deeplab" (what a new catalog gets), "maskrcnn", "given" (by the masks that photos bring)
        or "none"; kept with the catalog, and photos indexed otherwise are extracted again. remote: the permission to
        read photos at addresses, by default what the environment permits; many are then asked for at a time.
        progress: called with the totals after each batch. stop: ends the run early, whole.
        """
        from houndstooth.labels import adopt_shipped, usable_labels
        from indexer.bulk import LOCAL_WORKERS, REMOTE_WORKERS, IndexOptions, index
        from indexer.decode import DecodeLimits
        from indexer.remote.permission import Remote

        there = self.reader.snapshot()
        if isinstance(source, str | PathLike):
            from indexer.sources.open import open_source

            source = open_source(
                source if isinstance(source, str) else Path(source),
                Path(root) if root is not None else None,
                columns=columns,
                types=types,
                known=self.own_attributes(),
                remote=remote,
            )
        names = list(dict.fromkeys([*every_space(self.store), *spaces]) or dict.fromkeys(DEFAULT_SPACES))
        require_types(source.attribute_types, self.own_attributes(), self._extractors.classes(names))
        options = dict(options or {})
        self._garments.choose(garments, options.pop(GARMENTS, None))
        for name, chosen in options.items():
            if name not in names:
                raise SpaceError(f"options for '{name}', which is not indexed: the spaces are {', '.join(names)}")
            self._extractors.set_options(name, chosen)
        given = {"megapixels": max_megapixels, "megabytes": max_megabytes}
        limits = replace(DecodeLimits(), **{name: value for name, value in given.items() if value is not None})
        extractors = self._extractors.named(names)
        require_runnable({name: made for name, made in extractors.items() if name not in there.spaces})
        if not len(there.region_ids):
            adopt_shipped(self.store, extractors, source.attribute_types)
        labels = usable_labels(self.store, extractors)
        workers = REMOTE_WORKERS if remote or Remote.of_environment() else LOCAL_WORKERS
        how = IndexOptions(
            limits=limits, workers=workers, recheck=recheck, garments=self._garments.step(), labels=labels
        )
        return index(self.store, source, extractors, how, progress or (lambda counts: None), stop)

    def similar(
        self,
        *examples: Example,
        unlike: Sequence[Example] = (),
        colours: str = "",
        using: Mapping[str, float] | None = None,
        where: str = "",
        k: int = 10,
        offset: int = 0,
        min_score: float | None = None,
        group: Group = "product",
        mask: str | PathLike[str] | None = None,
    ) -> Results:
        """The products most like the examples: paths of photos, or "id:PRODUCT" for products of the catalog.

        unlike: examples of what is not wanted. colours: "#1a1a2e:60,#ffffff:40", in shares, without or beside a photo.
        using: space -> weight. where: a filter such as "category = 'dress' and price < 80". min_score: leave out hits
        below it. group: one hit a product, or one an image. mask: a picture of the garment in the one photo given.
        Raises QueryError, FilterError, SpaceError, PictureError.
        """
        from houndstooth.asking import Ask

        return self.ask(Ask(examples, unlike, colours, using, where, k, offset, min_score, group, mask))

    def ask(self, ask: Ask) -> Results:
        """As `similar`, the question in one value."""
        return self.search([self.query(ask)])[0]

    def query(self, ask: Ask) -> Query:
        """A question as vectors: what `search` takes. Raises QueryError, SpaceError, PictureError."""
        from houndstooth.asking import make_query

        return make_query(ask, self.reader, self._extractors, self._garments)

    def search(
        self, queries: Sequence[Query], *, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> list[Results]:
        """Answer queries by vectors, made by `query` or of vectors of your own; those under one filter together.

        See `engine.search.search_many`. Raises QueryError, FilterError, SpaceError.
        """
        from engine.search import search_many

        return search_many(self.reader, queries, progress=progress)

    def explain(self, ask: Ask, results: Results) -> dict[str, Any]:
        """Why these hits: each space's share of the score, the dominant colour asked with, what was searched."""
        from houndstooth.explain import explain

        return explain(ask, results, self.reader, self._extractors, self._garments)

    def cluster(
        self,
        space: str,
        k: int | Literal["auto"] = "auto",
        *,
        where: str = "",
        seed: int = 0,
        name: str | None = None,
        replace: bool = False,
        by: Literal["silhouette", "stability"] = "silhouette",
        progress: Callable[[str, int, int], None] | None = None,
    ) -> ClusterRun:
        """Group the catalog, or the part that `where` selects, by k-means over one space; the run is stored.

        See `engine.clusters.cluster`. Raises InputError, SpaceError, FilterError, CatalogBusyError.
        """
        from engine.clusters import cluster

        return cluster(self.reader, space, k, where, seed=seed, name=name, replace=replace, by=by, progress=progress)

    def clusters(self, space: str | None = None) -> list[ClusterRun]:
        """The stored runs, of one space or all, oldest first."""
        from engine.clusters import list_runs

        return list_runs(self.store, space)

    def map(
        self,
        space: str,
        method: Method = "tsne",
        *,
        where: str = "",
        seed: int = 0,
        name: str | None = None,
        replace: bool = False,
        columns: int | None = None,
        aspect: float | None = None,
        by: str = "",
        progress: Callable[[str, int, int], None] | None = None,
    ) -> StoredMap:
        """Lay out the catalog, or the part that `where` selects, in the plane by one space; the map is stored.

        columns, aspect (a cell's width / height, 0.75), by (an attribute to sort the columns by): of the grid. See
        `engine.maps.make_map`. Raises InputError, SpaceError, FilterError, MissingDependencyError, CatalogBusyError.
        """
        from engine.maps import GridWish, make_map

        told = columns is not None or aspect is not None or by
        grid = GridWish(columns, 0.75 if aspect is None else aspect, by) if told else None
        return make_map(self.reader, space, method, where, seed, name, replace, grid, progress)

    def maps(self, space: str | None = None) -> list[StoredMap]:
        """The stored maps, of one space or all, oldest first."""
        from engine.maps import list_maps

        return list_maps(self.store, space)

    def place(
        self,
        on: StoredMap,
        photos: str | PathLike[str],
        *,
        progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    ) -> PlacedPhotos:
        """Find the places of photos that are not in the catalog on a map; nothing is changed.

        photos: a folder, or one photo. Raises SourceError, InputError.
        """
        from houndstooth.map_new_photos import place_photos

        return place_photos(self.reader, self._extractors, self._garments, on, Path(photos), progress)

    def place_new(
        self, on: StoredMap, *, progress: Callable[[str, int, int], None] = lambda stage, done, total: None
    ) -> tuple[StoredMap, int]:
        """Put onto a map what was indexed since and meets its filter; the map now, and how many that were.

        What was on the map stays where it is. Raises InputError when the space's vectors were made anew since.
        """
        from engine.map_placing import place_missing

        now, fresh = place_missing(self.reader, on, progress)
        return now, len(fresh)

    def draw_map(
        self,
        which: StoredMap,
        to: str | PathLike[str],
        *,
        colour_by: str | None = None,
        dark: bool = False,
        new: PlacedPhotos | None = None,
        progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    ) -> DrawnMap:
        """Write a map as an .html page, or a .png or .svg picture; what was written, and how many photos show.

        See `houndstooth.map_drawing.draw_map`. Raises InputError.
        """
        from houndstooth.map_drawing import draw_map

        return draw_map(self.reader, which, Path(to), colour_by, dark, new, progress)

    def export(
        self,
        what: ClusterRun | StoredMap | Results | str,
        to: str | PathLike[str],
        *,
        where: str = "",
        copies: bool = False,
        ask: Ask | None = None,
    ) -> Exported:
        """Write a cluster run, a map, search results, or the vectors of the space of this name.

        Runs and results: to .csv, .jsonl, .parquet, .html, or a folder of pictures, links or `copies`. Maps: to
        .parquet, .csv, .jsonl or .json; `draw_map` writes pages and pictures. Vectors: to .npy
        with a table .parquet beside it, of the part that `where` selects. ask: what results answer, for their page.
        Raises InputError for another kind of file, SpaceError, FilterError.
        """
        from engine.clusters import ClusterRun
        from engine.export import export_clusters, export_hits, export_map, export_vectors
        from engine.maps import StoredMap
        from indexer.stored import read_stored

        if isinstance(what, str):
            if copies:
                raise InputError("copies are for folders of pictures, not for vectors")
            return export_vectors(self.reader, what, Path(to), where)
        if where:
            raise InputError("where is for vectors: give clusters and results their filter when they are made")
        if isinstance(what, ClusterRun):
            return export_clusters(self.reader, what, Path(to), copies, originals=read_stored)
        if isinstance(what, StoredMap):
            return export_map(self.reader, what, Path(to))
        from engine.thumbnails import Thumbnails
        from houndstooth.views import query_view

        thumbnails = Thumbnails(self.store)
        view = query_view(ask, self.reader, thumbnails) if ask and Path(to).suffix.lower() == ".html" else None
        return export_hits(what, Path(to), thumbnails, view, copies, read_stored)

    def fit(
        self,
        space: str = "vgg",
        *,
        dim: int = 256,
        photos: int = 2000,
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> FitReport:
        """Fit the projection of `vgg`, the only space that has one, to the catalog's own photos instead of the shipped.

        dim: dimensions to keep. photos: fitted on at most so many, drawn by the seed. It takes effect when the photos
        are indexed the next time, which extracts them all again. Raises SpaceError, InputError, CatalogBusyError.
        """
        from houndstooth.fit import fit_vgg, require_fittable

        require_fittable(self.reader.snapshot(), space)
        told = progress or (lambda done, total: None)
        return fit_vgg(self.store, self._extractors.to_fit(), self._garments.step(), dim, photos, seed, told)

    def unfit(self, space: str = "vgg") -> bool:
        """Go back to the shipped projection from the next indexing on; False when nothing was fitted."""
        from engine.models import drop_models, wanted
        from engine.writer import writing
        from houndstooth.fit import require_fittable

        snapshot = self.reader.snapshot()
        require_fittable(snapshot, space)
        if "projection" not in wanted(snapshot.space(space)).models:
            return False
        with writing(self.store) as writer:
            drop_models(writer, space, "projection")
        return True

    def train_label(
        self,
        name: str,
        source: str | PathLike[str] | None = None,
        options: TrainOptions | None = None,
        *,
        progress: Callable[[str, int, int], None] | None = None,
        stop: StopRequest | None = None,
    ) -> Trained:
        """Train a label on this catalog's stored vectors, judge it, and keep it: `label` then tells the photos.

        source: folders named as labels, or a table; None: the attribute as it was given in the catalog. See
        `houndstooth.training.TrainOptions`. Raises InputError, SpaceError, CatalogBusyError, MissingDependencyError.
        """
        from houndstooth.labels import keep
        from houndstooth.training import train_label

        told = progress or (lambda stage, done, total: None)
        trained = train_label(name, Path(source) if source is not None else None, self.store, options, told, stop)
        keep(self.store, trained.model)
        return trained

    def label(
        self,
        name: str,
        model: str | PathLike[str] | None = None,
        *,
        confidence: float | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Applied:
        """Tell every photo a label: of a file, else the catalog's own, else the one that comes with Houndstooth.

        confidence: the least chance of a value that is told; None: as the catalog tells it. Photos indexed later are
        told it as they come. Raises InputError, SpaceError when the label was trained on other vectors,
        CatalogBusyError.
        """
        from houndstooth.labels import apply, choose, label_name

        choose(self.store, label_name(name), Path(model) if model is not None else None, confidence)
        return apply(self.store, label_name(name), progress or (lambda done, total: None))

    def labels(self) -> list[LabelLine]:
        """The labels that the catalog tells, by name."""
        from houndstooth.labels import list_labels

        return list_labels(self.store)

    def forget_label(self, name: str) -> None:
        """Take a label out of the catalog with all that it predicted. Raises InputError for an unknown one."""
        from houndstooth.labels import forget

        forget(self.store, name)

    def drop(self, space: str) -> None:
        """Take a space out of the catalog, with its vectors and what it said of the photos; the photos stay.

        Raises SpaceError for an unknown space and for the last one, CatalogBusyError.
        """
        from engine.removal import drop_space

        drop_space(self.store, space)

    def plan_removal(self, *, where: str = "", products: Sequence[str] = (), missing: bool = False) -> Removal:
        """What `remove` would take out: the images that meet every condition given. Changes nothing."""
        from engine.removal import preview, select_images

        images = select_images(self.reader, where, list(products), missing)
        said = [where, *(f"id {product}" for product in products), "missing" if missing else ""]
        return preview(self.store, images, ", ".join(filter(None, said)))

    def remove(self, plan: Removal) -> int:
        """Take a plan's images out of the catalog, and products left without any; how many products went."""
        from engine.compaction import compact
        from engine.indexes import refresh_indexes
        from engine.removal import remove
        from engine.writer import writing

        products = remove(self.store, plan.image_ids, plan.what)
        with suppress(CatalogBusyError), writing(self.store) as writer:  # done is done: tidying can wait for its turn
            compact(writer)
            refresh_indexes(writer)
        return products

    def check(self, progress: Callable[[int, int], None] | None = None) -> CheckReport:
        """Verify every hash, count and reference; changes nothing."""
        from engine.checks import check

        return check(self.store, progress or (lambda done, total: None))

    def repair(self, report: CheckReport) -> RepairReport:
        """Mend what `check` found, as far as it is derived; mark photos whose vectors are lost for the next index."""
        from houndstooth.repair import repair

        return repair(self.store, report)

    def compact(self) -> Compaction:
        """Merge small files and drop the rows of what was removed, due or not."""
        from engine.compaction import compact
        from engine.indexes import refresh_indexes
        from engine.writer import writing

        with writing(self.store) as writer:
            done = compact(writer, everything=True)
            refresh_indexes(writer)
        return done

    def info(self) -> Info:
        """The catalog in numbers."""
        from engine.info import info

        return info(self.store)

    def own_attributes(self) -> dict[str, AttributeType]:
        """Names and types of the catalog's attributes, built-in names left out."""
        from engine.columns import BUILT_IN

        known = self.reader.snapshot().attributes
        return {name: kind for name, kind in known.items() if name not in BUILT_IN}
