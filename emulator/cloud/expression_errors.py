"""Conditions and filters that moto trips over, answered as DynamoDB does.

A name or value that nobody has given, or what is no condition at all, is the caller's mistake; moto
raises something of Python's, and the caller would get a 500 that its SDK tries again. And values of
two types can be compared: neither is less than the other.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NoReturn

from moto.dynamodb import comparisons
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import InvalidConditionExpression

if TYPE_CHECKING:
    from collections.abc import Callable

_ORDERING = (
    comparisons.OpLessThan,
    comparisons.OpLessThanOrEqual,
    comparisons.OpGreaterThan,
    comparisons.OpGreaterThanOrEqual,
    comparisons.FuncBetween,
)


def install() -> None:
    """Put them into moto, once."""
    parser = ConditionExpressionParser
    parser.parse = _refusing(parser.parse)
    parser._lookup_expression_attribute_name = _name  # noqa: SLF001
    parser._lookup_expression_attribute_value = _value  # noqa: SLF001
    for kind in _ORDERING:
        kind.expr = _false_for_two_types(kind.expr)


def _refusing(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(parse)
    def refusing(self: Any) -> Any:
        try:
            return parse(self)
        except (ValueError, IndexError) as error:
            raise InvalidConditionExpression(f"Syntax error; {error}") from None

    return refusing


def _name(self: Any, name: str) -> str:
    given: dict[str, str] = self.expression_attribute_names or {}
    if name not in given:
        _undefined("name used in the document path", "name", name)
    return given[name]


def _value(self: Any, name: str) -> dict[str, Any]:
    given: dict[str, dict[str, Any]] = self.expression_attribute_values or {}
    if name not in given:
        _undefined("value used in expression", "value", name)
    return given[name]


def _undefined(used: str, kind: str, name: str) -> NoReturn:
    raise InvalidConditionExpression(
        f"An expression attribute {used} is not defined; attribute {kind}: {name}"
    )


def _false_for_two_types(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    @functools.wraps(compare)
    def expr(self: Any, item: Any) -> bool:
        try:
            return compare(self, item)
        except TypeError:
            return False

    return expr
