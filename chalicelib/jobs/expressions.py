"""Conditions on an item and changes of it as values: one source for DynamoDB's text and for Python.

An operand that starts with a colon is a value given with the write; any other is a field of the
item. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import msgspec

#: An item's fields by name, or the values given with a write by name (with the colon).
Fields = Mapping[str, Any]

_OPERATORS = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Compare(msgspec.Struct, frozen=True):
    """``left operator right``; false if an operand is absent."""

    left: str
    operator: str
    right: str

    def text(self) -> str:
        return f"{self.left} {self.operator} {self.right}"

    def holds(self, item: Fields, given: Fields) -> bool:
        operands = {**item, **given}
        if self.left not in operands or self.right not in operands:
            return False
        compare = _OPERATORS[self.operator]
        return bool(compare(operands[self.left], operands[self.right]))

    def operands(self) -> set[str]:
        return {self.left, self.right}


class OneOf(msgspec.Struct, frozen=True):
    """The field is one of the values; false if it is absent."""

    field: str
    values: tuple[str, ...]

    def text(self) -> str:
        return f"{self.field} IN ({', '.join(self.values)})"

    def holds(self, item: Fields, given: Fields) -> bool:
        return self.field in item and item[self.field] in {given[name] for name in self.values}

    def operands(self) -> set[str]:
        return {self.field, *self.values}


class Absent(msgspec.Struct, frozen=True):
    """The item has no such field."""

    field: str

    def text(self) -> str:
        return f"attribute_not_exists({self.field})"

    def holds(self, item: Fields, given: Fields) -> bool:
        return self.field not in item

    def operands(self) -> set[str]:
        return {self.field}


class AllOf(msgspec.Struct, frozen=True):
    """Every part holds; there are at least two."""

    parts: tuple[Condition, ...]

    def text(self) -> str:
        # AND binds closer than OR, and DynamoDB refuses parentheses that are not needed
        return " AND ".join(
            f"({part.text()})" if isinstance(part, AnyOf) else part.text() for part in self.parts
        )

    def holds(self, item: Fields, given: Fields) -> bool:
        return all(part.holds(item, given) for part in self.parts)

    def operands(self) -> set[str]:
        return {name for part in self.parts for name in part.operands()}


class AnyOf(msgspec.Struct, frozen=True):
    """At least one part holds; there are at least two."""

    parts: tuple[Condition, ...]

    def text(self) -> str:
        return " OR ".join(part.text() for part in self.parts)

    def holds(self, item: Fields, given: Fields) -> bool:
        return any(part.holds(item, given) for part in self.parts)

    def operands(self) -> set[str]:
        return {name for part in self.parts for name in part.operands()}


class Plus(msgspec.Struct, frozen=True):
    """A number's field raised by a value."""

    field: str
    value: str

    def text(self) -> str:
        return f"{self.field} + {self.value}"

    def result(self, item: Fields, given: Fields) -> Any:
        return item[self.field] + given[self.value]

    def operands(self) -> set[str]:
        return {self.field, self.value}


class Append(msgspec.Struct, frozen=True):
    """A list's field with the elements of a list value behind."""

    field: str
    value: str

    def text(self) -> str:
        return f"list_append({self.field}, {self.value})"

    def result(self, item: Fields, given: Fields) -> Any:
        return [*item[self.field], *given[self.value]]

    def operands(self) -> set[str]:
        return {self.field, self.value}


class Given(msgspec.Struct, frozen=True):
    """A value as it is given."""

    value: str

    def text(self) -> str:
        return self.value

    def result(self, item: Fields, given: Fields) -> Any:
        return given[self.value]

    def operands(self) -> set[str]:
        return {self.value}


Condition = Compare | OneOf | Absent | AllOf | AnyOf
Term = Plus | Append | Given


class Change(msgspec.Struct, frozen=True):
    """What a write does to an item's fields."""

    sets: Mapping[str, Term] = {}
    removes: tuple[str, ...] = ()

    def text(self) -> str:
        """An UpdateExpression."""
        sets = ", ".join(f"{field} = {term.text()}" for field, term in self.sets.items())
        removes = ", ".join(self.removes)
        return " ".join(part for part in (f"SET {sets}", removes and f"REMOVE {removes}") if part)

    def applied(self, item: Fields, given: Fields) -> dict[str, Any]:
        """The item's fields after the write. All terms see the item as it was before."""
        kept = {name: value for name, value in item.items() if name not in self.removes}
        return {**kept, **{name: term.result(item, given) for name, term in self.sets.items()}}

    def operands(self) -> set[str]:
        return {name for term in self.sets.values() for name in term.operands()}

    def adding(self, sets: Mapping[str, Term], removes: tuple[str, ...] = ()) -> Change:
        """The change with more fields, which must not be among its own."""
        return Change({**self.sets, **sets}, (*self.removes, *removes))
