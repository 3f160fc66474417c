"""What a source has said of products in one run, over all of its batches.

A product's rows may lie batches apart. So what a table has a column for and no value is known at the end of the run
only: what the catalog has of it and no row said is kept here until then, and cleared at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import compress, count, islice

from sqlalchemy import Connection

from engine.attributes import AttributeType
from engine.batch import Batch
from engine.values import SQL_LIMIT, blank_values, delete_given


class _Ids:
    """A set of ids that count up from 1: a byte each."""

    def __init__(self) -> None:
        self._flags = bytearray()

    def __contains__(self, number: int) -> bool:
        return number < len(self._flags) and bool(self._flags[number])

    def add(self, number: int) -> None:
        """Add an id."""
        if number >= len(self._flags):
            self._flags.extend(bytes(number + 1 - len(self._flags)))
        self._flags[number] = 1

    def discard(self, number: int) -> None:
        """Take an id out, if it is there."""
        if number in self:
            self._flags[number] = 0

    def parts(self) -> Iterable[list[int]]:
        """All of them, ascending, SQL_LIMIT at a time."""
        numbers = compress(count(), self._flags)
        return iter(lambda: list(islice(numbers, SQL_LIMIT)), [])


class Spoken:
    """By product id: who was spoken of, whose given values changed, and which values nobody has said again so far.

    Of a product with a row that could not be read it is not known what that says: it keeps its values.
    """

    def __init__(self) -> None:
        self._products, self._changed, self._unheard = _Ids(), _Ids(), _Ids()
        self._unsaid: dict[int, _Ids] = {}

    def hear(
        self,
        connection: Connection,
        attributes: Mapping[str, tuple[int, AttributeType]],
        batch: Batch,
        products: Mapping[str, int],
    ) -> None:
        """Take in what a batch says of the products, and leaves blank of those that were not spoken of before.

        products: ids by key of those that the batch speaks of, or has not heard. attributes: name -> (id, type) of all.
        """
        for key, number in products.items():
            for name in batch.products.get(key, ()):
                if name in attributes and attributes[name][0] in self._unsaid:
                    self._unsaid[attributes[name][0]].discard(number)
        first = {products[key]: names for key, names in batch.blanks.items() if key in products}
        first = {number: names for number, names in first.items() if number not in self._products}
        for attribute_id, number in blank_values(connection, attributes, first):
            self._unsaid.setdefault(attribute_id, _Ids()).add(number)
        for key, number in products.items():
            if key in batch.products:
                self._products.add(number)
            if key in batch.unheard:
                self._unheard.add(number)

    def changed(self, products: Iterable[int]) -> int:
        """How many of these products had not changed in this run before; now they have."""
        new = {number for number in products if number not in self._changed}
        for number in new:
            self._changed.add(number)
        return len(new)

    @property
    def unsaid(self) -> bool:
        """Whether `clear` would clear anything."""
        return any(True for _ in self._to_clear())

    def clear(self, connection: Connection) -> int:
        """Delete the given values that no batch has said; how many products changed that had not before."""
        changed = 0
        for attribute_id, products in self._to_clear():
            delete_given(connection, attribute_id, products)
            changed += self.changed(products)
        self._unsaid = {}
        return changed

    def _to_clear(self) -> Iterator[tuple[int, list[int]]]:
        """Attribute id, and products that are to have none of it any more, SQL_LIMIT at a time."""
        for attribute_id, ids in self._unsaid.items():
            for part in ids.parts():
                if products := [number for number in part if number not in self._unheard]:
                    yield attribute_id, products
