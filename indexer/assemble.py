"""A chunk of files that were read, made into the batch that publishes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.attributes import AttributeType, AttributeValue
from engine.batch import Batch, Counts, Entry, NewImage, NewRegion, NewVectors, Predicted, Problem
from engine.errors import PictureError
from engine.known import KnownFile, KnownImage, region_counts
from engine.snapshot import Space
from engine.store import Store
from indexer.extraction import extract_images, find_regions
from indexer.garments.find import GARMENT, NOT_FOUND, FoundRegion, GarmentStep
from indexer.intake import Intake
from indexer.labels.apply import label_regions
from indexer.labels.kept import KeptLabel
from indexer.originals import Content, Originals, content_of, is_same
from indexer.plan import Planned
from indexer.sources.base import SourceImage, SourceProblem
from indexer.spaces.base import Extractor

SOURCE_SAYS = "source"
"""The model that attributes of a single photo name: its source told them."""


@dataclass(eq=False)
class Assembly:
    """Builds one batch. unpublished: images of the batch before, which the database may not know yet.

    labels: what new photos are told besides. completed: gains ids of images that got vectors in further spaces, whose
    labels must wait until those are stored.
    """

    store: Store
    spaces: Mapping[str, Space]
    extractors: Mapping[str, Extractor]
    attribute_types: Mapping[str, AttributeType]
    unpublished: Sequence[NewImage]
    stored_regions: Callable[[KnownImage], Sequence[NewRegion]]
    garments: GarmentStep = field(default_factory=GarmentStep)
    labels: Sequence[KeptLabel] = ()
    completed: list[int] = field(default_factory=list)
    batch: Batch = field(default_factory=Batch)
    _originals: Originals = field(default_factory=Originals)
    _said: dict[str, dict[str, AttributeValue]] = field(default_factory=dict)

    def build(
        self, files: Sequence[tuple[Planned, Intake | PictureError | None]], problems: Sequence[SourceProblem]
    ) -> Batch:
        """The batch of these files (None: was not read, is as it was) and of what the source could not give."""
        self._note_problems(problems)
        read: list[tuple[Planned, Intake]] = []
        for one, taken in files:
            said = self._said.setdefault(one.item.product, {})
            said.update({name: value for name, value in one.item.attributes.items() if name not in said})
            if isinstance(taken, PictureError):
                self._fail(one, taken)
            elif taken is None:
                self._unchanged(one)
            elif taken.picture is None:
                self._touched(one, taken)
            else:
                read.append((one, taken))
        self._sort_out(read)
        told = {name: kind for kept in self.labels if kept.model for name, kind in kept.model.attribute_types.items()}
        finder: dict[str, AttributeType] = {GARMENT: "text"} if self.garments.finder else {}
        self.batch.attribute_types = {**told, **finder, **self.attribute_types}
        return self.batch

    def _sort_out(self, read: Sequence[tuple[Planned, Intake]]) -> None:
        """Tell new content from the same file again and from the content of another file."""
        wanted = frozenset(space.id for space in self.spaces.values())
        self._originals.find(self.store, wanted, read, self.unpublished, self.stored_regions)
        fresh: dict[Content, tuple[Planned, Intake]] = {}
        repeats: list[tuple[Planned, Intake]] = []
        again: list[tuple[Planned, Intake]] = []
        files = [(self._where_it_is(one, taken), taken) for one, taken in read]
        for one, taken in files:  # when all that moved are known: they are originals of copies that come before them
            content = content_of(one, taken)
            if is_same(one, taken):
                again.append((one, taken))
            elif content in fresh or self._originals.of(one, taken) is not None:
                repeats.append((one, taken))
            else:
                fresh[content] = (one, taken)
        self._extract_fresh(list(fresh.values()))
        self._complete(again)
        for one, taken in repeats:
            self._repeat(one, taken)

    def _where_it_is(self, one: Planned, taken: Intake) -> Planned:
        """A file whose content is that of the product's image of a photo that is gone is that photo, moved."""
        original = self._originals.moved(one, taken)
        if original is None:
            return one
        if original.image_id is None:
            raise AssertionError("a photo that was read a moment ago cannot have moved")
        self.batch.moved[original.image_id] = one.item.path
        self._originals.move(one, taken, original)
        content = taken.sha256, one.given
        known = KnownFile("indexed", "", None, None, original.image_id, True, True, *content, original.spaces)
        return replace(one, known=known)

    def _extract_fresh(self, fresh: Sequence[tuple[Planned, Intake]]) -> None:
        self._extract(self._look(fresh))

    def _extract(self, seen: Sequence[tuple[tuple[Planned, Intake], list[FoundRegion]]]) -> None:
        made = extract_images([found for _, found in seen], self.extractors)
        for ((one, taken), found), regions in zip(seen, made, strict=True):
            if isinstance(regions, PictureError):
                self._fail(one, regions)
            elif not any(region.vectors for region in regions):
                self._fail(one, PictureError(f"no vectors: {'; '.join(regions[0].refused.values())}"))
            else:
                note = NOT_FOUND if self.garments.missed(found) else ""
                labelled = label_regions(_with_own(self._with_kinds(regions, found), one.item), self.labels)
                self._add_image(one, taken, "indexed", note, labelled)
                self.batch.counts += Counts(seen=1, indexed=1)

    def _with_kinds(self, regions: Sequence[NewRegion], found: Sequence[FoundRegion]) -> list[NewRegion]:
        """The regions with what the garment finder says they are, unless the source says it."""
        finder = self.garments.finder
        if finder is None or GARMENT in self.attribute_types:
            return list(regions)
        model = f"garments:{finder.name}:{finder.fingerprint}"
        return [
            replace(region, predicted={**region.predicted, GARMENT: Predicted(seen.kind, seen.confidence, model)})
            if seen.kind
            else region
            for region, seen in zip(regions, found, strict=True)
        ]

    def _look(self, files: Sequence[tuple[Planned, Intake]]) -> list[tuple[tuple[Planned, Intake], list[FoundRegion]]]:
        """What is compared of each photo; those that the garment step cannot take fail."""
        pictures = [taken.picture for _, taken in files if taken.picture is not None]
        categories, boxes = [one.category for one, _ in files], [one.item.box for one, _ in files]
        seen = []
        for pair, found in zip(files, find_regions(self.garments, pictures, categories, boxes), strict=True):
            if isinstance(found, PictureError):
                self._fail(pair[0], found)
            else:
                seen.append((pair, found))
        return seen

    def _complete(self, again: Sequence[tuple[Planned, Intake]]) -> None:
        """The same photos as before: give each the spaces it lacks, those that lack the same together."""
        groups: dict[tuple[str, ...], list[tuple[Planned, Intake]]] = {}
        for one, taken in again:
            has = one.known.spaces if one.known else frozenset()
            missing = tuple(name for name, space in self.spaces.items() if space.id not in has)
            groups.setdefault(missing, []).append((one, taken))
        for one, taken in groups.pop((), []):
            self._touched(one, taken)
        for missing, group in groups.items():
            lacking = {name: self.extractors[name] for name in missing}
            seen = self._look(group)
            there = region_counts(self.store, [_known_image(one) for one, _ in group])
            # A finder may see another number of garments than it did on another device: then all is extracted anew.
            self._extract([(pair, found) for pair, found in seen if len(found) != there.get(_known_image(pair[0]))])
            seen = [(pair, found) for pair, found in seen if len(found) == there.get(_known_image(pair[0]))]
            made = extract_images([found for _, found in seen], lacking)
            for ((one, taken), _), regions in zip(seen, made, strict=True):
                if isinstance(regions, PictureError):
                    self._fail(one, regions)
                    continue
                self.batch.vectors.append(NewVectors(_known_image(one), regions, taken.phash))
                self.completed.append(_known_image(one))
                self.batch.entries.append(_again(one, taken))
                self._is_alive(one)
                self.batch.counts += Counts(seen=1, indexed=1)

    def _repeat(self, one: Planned, taken: Intake) -> None:
        """Content that is there already. Another named product gets its vectors, else a line in the ledger does."""
        first = self._originals.of(one, taken)
        if first is None:  # the first of its kind could not be extracted, so neither can this
            self._fail(one, PictureError("no vectors: another file of the same content failed"))
            return
        self.batch.counts += Counts(seen=1, duplicate=1)
        if one.item.named and first.product != one.item.product:
            self._add_image(one, taken, "duplicate", first.path, first.regions())
            return
        entry = _entry(one, taken, "duplicate", first.path, first.image_id)
        self.batch.entries.append(replace(entry, of_product=first.product))
        if first.product == one.item.product:
            self._speak(one)
        if one.known is not None and one.known.own and one.known.image_id is not None:
            self.batch.buried.append(one.known.image_id)

    def _note_problems(self, problems: Sequence[SourceProblem]) -> None:
        for problem in problems:
            if problem.fatal:
                entry = Entry(problem.path, problem.product, "failed", problem.reason, problem.row)
                self.batch.entries.append(entry)
                self.batch.counts += Counts(seen=1, failed=1)
                if problem.product:
                    self.batch.unheard.add(problem.product)
            else:
                self.batch.problems.append(Problem(problem.path, problem.row, problem.reason))
                self.batch.counts += Counts(problems=1)

    def _fail(self, one: Planned, error: PictureError) -> None:
        image_id = one.known.image_id if one.known else None
        reason = str(error) if image_id is None else f"{error} (the photo as it was before stays in the catalog)"
        entry = Entry(one.item.path, one.item.product, "failed", reason, one.item.row, image_id=image_id)
        self.batch.entries.append(entry)
        self._is_alive(one)
        self.batch.counts += Counts(seen=1, failed=1)

    def _unchanged(self, one: Planned) -> None:
        self._is_alive(one)
        self.batch.counts += Counts(seen=1, unchanged=1)

    def _touched(self, one: Planned, taken: Intake) -> None:
        """The file's time or ledger line changed, its content did not."""
        self.batch.entries.append(_again(one, taken))
        self._unchanged(one)

    def _is_alive(self, one: Planned) -> None:
        """What the source says counts of a product that has an image: of this file, or of another of its content."""
        if one.known is not None and one.known.of_product:
            self._speak(one)

    def _speak(self, one: Planned) -> None:
        """What the source says of the product counts; where it names products, so does what it leaves blank."""
        said = self._said[one.item.product]
        self.batch.products[one.item.product] = said
        if one.item.named:
            self.batch.blanks[one.item.product] = frozenset(self.attribute_types.keys() - said.keys())

    def _add_image(self, one: Planned, taken: Intake, state: str, reason: str, regions: Sequence[NewRegion]) -> None:
        if taken.picture is None:
            raise AssertionError("an image is made from a decoded picture")
        width, height = taken.picture.source_size
        new = NewImage(
            entry=_entry(one, taken, state, reason),
            sha256=taken.sha256,
            given=one.given,
            width=width,
            height=height,
            phash=taken.phash,
            thumbnail=taken.thumbnail,
            regions=regions,
        )
        self.batch.images.append(new)
        outdated = self._originals.outdated(one, taken)
        if outdated is not None:  # it moved, to be replaced there
            self.batch.moved[outdated] = one.item.path
        self._originals.add(new)
        self._speak(one)


def _with_own(regions: Sequence[NewRegion], item: SourceImage) -> Sequence[NewRegion]:
    """The regions with what the source says of this photo alone, told as certain by the source."""
    if not item.own:
        return regions
    own = {name: Predicted(value, 1.0, SOURCE_SAYS) for name, value in item.own.items()}
    return [replace(region, predicted={**region.predicted, **own}) for region in regions]


def _again(one: Planned, taken: Intake) -> Entry:
    """The ledger line of a file whose image stays: as it was, but for the file's state."""
    known, image_id = one.known, _known_image(one)
    if known is not None and known.state != "failed":
        return _entry(one, taken, known.state, known.reason, image_id)
    return _entry(one, taken, "indexed" if known is not None and known.own else "duplicate", image_id=image_id)


def _known_image(one: Planned) -> int:
    if one.known is None or one.known.image_id is None:
        raise AssertionError("only a file that the catalog knows can be as it was")
    return one.known.image_id


def _entry(one: Planned, taken: Intake, state: str, reason: str = "", image_id: int | None = None) -> Entry:
    item, file = one.item, taken.state
    return Entry(item.path, item.product, state, reason, item.row, file.bytes, file.mtime_ns, image_id)
