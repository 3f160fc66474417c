"""From a filter's text to typed conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from engine.attributes import AttributeType, AttributeValue
from engine.errors import FilterError
from engine.filters.like import LikeCase
from engine.filters.masks import FLIPPED, Operator
from engine.filters.nodes import (
    Compare,
    CompareNames,
    Condition,
    Constant,
    Filter,
    Is,
    Junction,
    Like,
    Missing,
    Name,
    Not,
    OneOf,
)
from engine.filters.place import filter_error
from engine.filters.tokens import SUPPORTED, Operand, Scanned, scan

if TYPE_CHECKING:
    from sqlglot import exp

_OPERATORS: dict[str, Operator] = {"eq": "=", "neq": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_A = {"text": "text", "number": "a number", "boolean": "a boolean"}
_EXAMPLES = {"text": "= 'dress'", "number": "< 80", "boolean": "= true"}


def parse_filter(text: str, known: Mapping[str, AttributeType]) -> Filter:
    """The filter that `text` writes in SQL WHERE syntax (docs/filters.md) over the attributes in `known`.

    Raises FilterError, with the place and what to do, for text that is not a condition, for a name that is not known, a
    value of the wrong type, anything in SQL that a filter does not have, and text too long or nested too deep.
    """
    return _parsed(text, tuple(known.items()))


@lru_cache(maxsize=128)  # pages of one list, and a shop's few filters, come again and again
def _parsed(text: str, attributes: tuple[tuple[str, AttributeType], ...]) -> Filter:
    known = dict(attributes)
    scanned = scan(text, known)
    condition = _Builder(scanned).condition(_parse(scanned))
    names = frozenset(operand.value.column for operand in scanned.operands if isinstance(operand.value, Name))
    return Filter(condition.text(), names, {name: known[name] for name in names}, condition)


def _parse(scanned: Scanned) -> exp.Expression:
    """sqlglot's tree of the tokens; its columns are numbers of operands."""
    from sqlglot import Dialect, exp
    from sqlglot.errors import ParseError

    text = scanned.text
    try:
        trees = Dialect.get_or_raise("sqlite").parser().parse_into(exp.Condition, scanned.tokens, text)
    except ParseError as error:
        at = error.errors[0].get("col") if error.errors else None
        at = at if isinstance(at, int) and at < len(scanned.places) else len(scanned.places) - 1
        if at == len(scanned.places) - 1 and scanned.tokens[at].text != ")" and not scanned.is_operand(at):
            message = "the filter ends where a name or value should follow"
        else:
            message = "the filter cannot be read from here on: is `and`, `or`, a comparison or a value missing?"
        raise filter_error(message, text, *scanned.places[at]) from error
    except RecursionError as error:  # the caller is itself deep in calls
        raise FilterError("the filter is nested too deep: simplify it") from error
    if len(trees) != 1 or trees[0] is None:
        raise filter_error("the filter is not one condition", text, 0, len(text))
    return cast("exp.Expression", trees[0])


class _Builder:
    """Turns sqlglot's tree into conditions. What is not written out here is refused."""

    def __init__(self, scanned: Scanned) -> None:
        self.scanned = scanned
        self.builders: dict[str, Callable[[exp.Expression], Condition]] = {
            "and": self.junction,
            "or": self.junction,
            "not": self.not_,
            "paren": self.paren,
            "column": self.bare_column,
            **dict.fromkeys(_OPERATORS, self.comparison),
            "between": self.between,
            "in": self.one_of,
            "like": self.like,
            "ilike": self.like,
            "escape": self.like,
            "is": self.is_,
        }

    def condition(self, node: exp.Expression) -> Condition:
        build = self.builders.get(node.key)
        if build is None:
            raise self.refused(node)
        return build(node)

    def not_(self, node: exp.Expression) -> Condition:
        return Not(self.condition(self.only(node, "this")[0]))

    def paren(self, node: exp.Expression) -> Condition:
        return self.condition(self.only(node, "this")[0])

    def comparison(self, node: exp.Expression) -> Condition:
        left, right = (self.operand(part) for part in self.only(node, "this", "expression"))
        return self.compare(left, _OPERATORS[node.key], right)

    def between(self, node: exp.Expression) -> Condition:
        this, low, high = (self.operand(part) for part in self.only(node, "this", "low", "high"))
        return Junction("and", (self.compare(this, ">=", low), self.compare(this, "<=", high)))

    def junction(self, node: exp.Expression) -> Condition:
        """`a and b and c` comes as `(a and b) and c`: taken apart in a loop, since it may have thousands of terms."""
        kind, terms = node.key, []
        while node.key == kind:
            node, last = self.only(node, "this", "expression")
            terms.append(self.condition(last))
        terms.append(self.condition(node))
        return Junction("and" if kind == "and" else "or", tuple(reversed(terms)))

    def bare_column(self, node: exp.Expression) -> Condition:
        return self.bare(self.operand(node))

    def bare(self, operand: Operand) -> Condition:
        """A name or value where a condition stands."""
        if isinstance(operand.value, bool):
            return Constant(operand.value)
        if isinstance(operand.value, Name):
            name = operand.value
            if name.type == "boolean":
                return Compare(name, "=", True)
            example = f"{name.text()} {_EXAMPLES[name.type]}"
            raise self.error(f"{name.text()} is {_A[name.type]}: compare it with something, as in {example}", operand)
        raise self.error("a value alone is no condition: compare an attribute with it", operand)

    def compare(self, left: Operand, op: Operator, right: Operand) -> Condition:
        if isinstance(left.value, Name) and isinstance(right.value, Name):
            if left.value.type != right.value.type:
                said = (
                    f"{left.value.text()} is {_A[left.value.type]} and {right.value.text()} is {_A[right.value.type]}"
                )
                raise self.error(f"{said}: only attributes of one type can be compared", left, right)
            return CompareNames(left.value, op, right.value)
        if isinstance(left.value, Name):
            return Compare(left.value, op, self.value(left.value, right))
        if isinstance(right.value, Name):
            return Compare(right.value, FLIPPED[op], self.value(right.value, left))
        raise self.error("one side of a comparison must be an attribute", left, right)

    def value(self, name: Name, operand: Operand) -> AttributeValue:
        """The operand's value as one of the name's type."""
        value, column = operand.value, name.text()
        if value is None:
            said = f"nothing equals null: write `{column} is null` or `{column} is not null`"
        elif name.type == "text":
            if isinstance(value, str):
                return value
            said = f"{column} is text: write '{self.written(operand)}' in single quotes"
            if isinstance(value, float):
                said += (  # a catalog never changes an attribute's type
                    f". If it holds numbers, {column} was read as text: index again with --type {column}=number "
                    f"in a new catalog, or under another name (--column NEW={column} --type NEW=number)"
                )
        elif name.type == "number":
            if isinstance(value, float):  # not bool, which is no float
                return value
            said = f"{column} is a number, and {self.written(operand)} is not: write a number without quotes"
        else:
            if isinstance(value, bool) or value in (0.0, 1.0):
                return bool(value)
            said = f"{column} is a boolean: compare it with true or false, without quotes"
        raise self.error(said, operand)

    def one_of(self, node: exp.Expression) -> Condition:
        if set(self.parts(node)) - {"this", "expressions"}:
            operands = self.operands_under(node)
            raise self.error("a list of values in parentheses must follow `in`: in ('dress', 'skirt')", *operands[-1:])
        operand = self.operand(node.this)
        name = self.name(operand, "in")
        listed = [self.operand(part) for part in node.expressions]
        for item in listed:
            if isinstance(item.value, Name):
                raise self.error("a list has values only; join comparisons of attributes with `or`", item)
        values = [self.value(name, item) for item in listed if item.value is not None]
        return OneOf(name, tuple(dict.fromkeys(values)), len(values) < len(listed))

    def like(self, node: exp.Expression) -> Condition:
        escape = None
        if node.key == "escape":
            node, given = self.only(node, "this", "expression")
            operand = self.scanned.operands[int(given.name)] if given.key == "literal" else self.operand(given)
            if not isinstance(operand.value, str) or len(operand.value) != 1:
                raise self.error("escape takes one character in single quotes: escape '!'", operand)
            escape = operand.value
        if node.key not in ("like", "ilike"):
            raise self.refused(node)
        left, right = (self.operand(part) for part in self.only(node, "this", "expression", flags=("negate",)))
        name = self.name(left, node.key)
        if name.type != "text":
            raise self.error(f"{name.text()} is {_A[name.type]}, and {node.key} is for text", left)
        if not isinstance(right.value, str):
            raise self.error(f"{node.key} takes a pattern in single quotes: {node.key} '%silk%'", right)
        found = Like(name, cast(LikeCase, node.key), right.value, escape)
        return Not(found) if node.args.get("negate") else found  # sqlglot before 30 has a NOT around it instead

    def is_(self, node: exp.Expression) -> Condition:
        this, what = self.only(node, "this", "expression")
        if what.key not in ("null", "boolean"):
            raise self.refused(node)
        value = None if what.key == "null" else bool(what.this)
        if this.key == "paren":
            inner = _unwrapped(this)
            if inner.key != "column":
                return Is(self.condition(inner), value)
            this = inner
        if this.key != "column":  # SQL's own order of `a = b is null` differs between databases
            raise self.error("put parentheses around what stands before `is`", *self.operands_under(this))
        operand = self.operand(this)
        if value is None and isinstance(operand.value, Name):
            return Missing(operand.value)
        return Is(self.bare(operand), value)

    def name(self, operand: Operand, before: str) -> Name:
        if not isinstance(operand.value, Name):
            raise self.error(f"an attribute's name must stand before `{before}`", operand)
        return operand.value

    def operand(self, node: exp.Expression) -> Operand:
        node = _unwrapped(node)
        if node.key != "column":
            operands = self.operands_under(node)
            if node.key not in self.builders:
                raise self.refused(node)
            raise self.error("a condition stands where a name or value should: join conditions with and, or", *operands)
        identifier = self.only(node, "this")[0]
        if not identifier.args.get("quoted"):  # a keyword, such as `escape`, that the parser took for a name
            raise self.refused(node)
        return self.scanned.operands[int(identifier.name)]

    def parts(self, node: exp.Expression) -> list[str]:
        """The arguments of a node that are set."""
        return [part for part, value in node.args.items() if value is not None and value is not False and value != []]

    def only(self, node: exp.Expression, *wanted: str, flags: tuple[str, ...] = ()) -> list[exp.Expression]:
        """The wanted arguments. One that is missing, or any other that is set, would change the meaning: refused."""
        parts = self.parts(node)
        if not set(wanted) <= set(parts) or set(parts) - {*wanted, *flags}:
            raise self.refused(node)
        return [node.args[part] for part in wanted]

    def operands_under(self, node: exp.Expression) -> list[Operand]:
        from sqlglot import exp

        numbers = [int(name.name) for name in node.find_all(exp.Identifier) if name.args.get("quoted")]
        return [self.scanned.operands[number] for number in sorted(numbers)]

    def written(self, operand: Operand) -> str:
        return self.scanned.text[operand.start : operand.end][:40]

    def refused(self, node: exp.Expression) -> FilterError:
        return self.error(f"not supported in a filter\n  {SUPPORTED}", *self.operands_under(node))

    def error(self, message: str, *operands: Operand) -> FilterError:
        start = min((operand.start for operand in operands), default=0)
        end = max((operand.end for operand in operands), default=len(self.scanned.text))
        return filter_error(message, self.scanned.text, start, end)


def _unwrapped(node: exp.Expression) -> exp.Expression:
    while node.key == "paren":
        node = node.this
    return node
