"""Labelled photos as something to index: their vectors are made by the ordinary pass, which can be resumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.attributes import AttributeType
from indexer.labels.reading import Example
from indexer.sources.base import SourceImage, SourceProblem
from indexer.sources.places import why_not_a_file


class LabelledPhotos:
    """A source of the photos of examples, each once, without anything that is said of them.

    Nothing, because a category tells which of several garments is meant: labels would choose the pixels they are
    learned from, which they cannot do for photos without labels.
    """

    def __init__(self, name: str, examples: Sequence[Example]) -> None:
        self.name = name
        self._photos = sorted({one.photo: one for one in examples if one.photo}.items())
        self.attribute_types: Mapping[str, AttributeType] = {}

    def __len__(self) -> int:
        """Number of photos."""
        return len(self._photos)

    def __iter__(self) -> Iterator[SourceImage | SourceProblem]:
        """Photos by path; those that are no files are problems."""
        for path, one in self._photos:
            if why := why_not_a_file(path):
                yield SourceProblem(path, one.where, f"photo {why}", product=path)
            else:
                yield SourceImage(Path(path), path, path, row=one.where)
