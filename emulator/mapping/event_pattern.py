"""Event patterns: which events a rule or a filter lets through, by what is in them.

A pattern has the shape of the events it matches. Its lists name what a field may hold, each entry
a value or an operator; fields are joined by and, the entries of a list by or.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Callable
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Says whether an event, a part of one, or a field's value matches. A field that is not there is
#: asked about as ABSENT.
Matcher = Callable[[Any], bool]

ABSENT = object()
#: The numbers that ``numeric`` compares.
NUMBER_MAX = 5_000_000_000
OR_ALTERNATIVES_MIN = 2

_COMPARISONS: dict[Any, Callable[[Any, Any], bool]] = {
    "<": lt,
    "<=": le,
    "=": eq,
    ">=": ge,
    ">": gt,
}
#: which comparison may follow another, as in ``[">", 0, "<=", 5]``
_SECOND = {">": ("<", "<="), ">=": ("<", "<=")}
_WILDCARD = re.compile(r"\\[*\\]|[^\\]", re.DOTALL)

# 300 and 300.0 are different values to an exact match: floats keep their digits
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class EventPatternError(ValueError):
    """The pattern is none; the text says what is wrong with it."""


def decode(text: str | bytes) -> Any:
    """JSON as patterns and events are compared; raises ValueError for what is none."""
    try:
        return _decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def parse(pattern: str | bytes) -> Matcher:
    """The pattern as a function of a decoded event. Raises EventPatternError."""
    try:
        decoded = decode(pattern)
    except ValueError as error:
        raise EventPatternError(f"the pattern is not JSON: {error}") from None
    return compiled(decoded)


def compiled(pattern: Any) -> Matcher:
    """``parse`` for a pattern that is decoded."""
    if not isinstance(pattern, dict) or not pattern:
        raise EventPatternError("a pattern is an object with at least one field")
    conditions = [
        _any_of(rule) if key == "$or" else _field(key, rule) for key, rule in pattern.items()
    ]

    def matches(node: Any) -> bool:
        # of an array of objects, one element has to match everything
        return any(all(holds(item) for holds in conditions) for item in _items(node))

    return matches


def _any_of(alternatives: Any) -> Matcher:
    if not isinstance(alternatives, list) or len(alternatives) < OR_ALTERNATIVES_MIN:
        raise EventPatternError("$or is a list of two or more patterns")
    matchers = [compiled(alternative) for alternative in alternatives]
    return lambda node: any(matches(node) for matches in matchers)


def _field(key: str, rule: Any) -> Matcher:
    if isinstance(rule, list) and rule:
        matches = _values(rule)
    elif isinstance(rule, dict):
        matches = compiled(rule)
    else:
        raise EventPatternError(f"{key!r} needs a list with at least one entry, or an object")
    return lambda node: matches(node.get(key, ABSENT) if isinstance(node, dict) else ABSENT)


def _values(rules: list[Any]) -> Matcher:
    matchers = [_operator(rule) if isinstance(rule, dict) else _equal(rule) for rule in rules]
    return lambda node: any(matches(leaf) for leaf in _leaves(node) for matches in matchers)


def _items(node: Any) -> Iterator[Any]:
    """The elements of an array, of whatever depth; anything else is its only element."""
    if isinstance(node, list) and node:
        for element in node:
            yield from _items(element)
    else:
        yield node


def _leaves(node: Any) -> list[Any]:
    """The values of a field; an object, or an empty array, is none: only leaves are compared."""
    return [leaf for leaf in _items(node) if not isinstance(leaf, (dict, list))] or [ABSENT]


def _operator(rule: dict[str, Any]) -> Matcher:
    (name, operand), *more = rule.items() or [("", None)]
    if more or name not in _OPERATORS:
        raise EventPatternError(f"one operator of {', '.join(_OPERATORS)} is needed, not {rule}")
    return _OPERATORS[name](operand)


def _equal(value: Any) -> Matcher:
    if isinstance(value, list):
        raise EventPatternError("a list of values holds no list")
    wanted = _exactly(value)
    return lambda leaf: _exactly(leaf) == wanted


def _exactly(value: Any) -> tuple[bool, str]:
    """What an exact match compares: texts as they are, everything else as JSON writes it."""
    is_text = isinstance(value, str)
    return is_text, value if is_text else str(value).lower()


def _exists(operand: Any) -> Matcher:
    if not isinstance(operand, bool):
        raise EventPatternError("exists is true or false")
    return lambda leaf: (leaf is not ABSENT) == operand


def _prefix(operand: Any) -> Matcher:
    return _at_an_end(operand, str.startswith)


def _suffix(operand: Any) -> Matcher:
    return _at_an_end(operand, str.endswith)


def _at_an_end(operand: Any, is_at_end: Callable[[str, str], bool]) -> Matcher:
    if isinstance(operand, dict) and operand.keys() == {"equals-ignore-case"}:
        wanted = _text(operand["equals-ignore-case"]).casefold()
        return lambda leaf: isinstance(leaf, str) and is_at_end(leaf.casefold(), wanted)
    wanted = _text(operand)
    return lambda leaf: isinstance(leaf, str) and is_at_end(leaf, wanted)


def _equals_ignore_case(operand: Any) -> Matcher:
    wanted = _text(operand).casefold()
    return lambda leaf: isinstance(leaf, str) and leaf.casefold() == wanted


def _wildcard(operand: Any) -> Matcher:
    """``*`` stands for any characters, ``\\*`` for itself."""
    pieces = _WILDCARD.findall(_text(operand))
    if "".join(pieces) != operand or ("*", "*") in itertools.pairwise(pieces):
        raise EventPatternError("a wildcard has no ** and no \\ before others than * and \\")
    pattern = "".join(".*" if piece == "*" else re.escape(piece[-1]) for piece in pieces)
    fits = re.compile(pattern, re.DOTALL).fullmatch
    return lambda leaf: isinstance(leaf, str) and fits(leaf) is not None


def _cidr(operand: Any) -> Matcher:
    try:
        network = ipaddress.ip_network(_text(operand), strict=False)
    except ValueError as error:
        raise EventPatternError(f"cidr: {error}") from None

    def matches(leaf: Any) -> bool:
        try:
            return isinstance(leaf, str) and ipaddress.ip_address(leaf) in network
        except ValueError:
            return False

    return matches


def _numeric(operand: Any) -> Matcher:
    """``["=", 5]``, ``[">", 0]``, ``[">", 0, "<=", 5]``."""
    operators, bounds = _comparisons(operand)
    checks = [(_COMPARISONS[op], Decimal(str(n))) for op, n in zip(operators, bounds, strict=True)]

    def matches(leaf: Any) -> bool:
        if not _is_number(leaf):
            return False
        number = Decimal(str(leaf))
        return all(compare(number, bound) for compare, bound in checks)

    return matches


def _comparisons(operand: Any) -> tuple[list[str], list[Any]]:
    parts = operand if isinstance(operand, list) else []
    operators, bounds = parts[::2], parts[1::2]
    known = all(isinstance(name, str) and name in _COMPARISONS for name in operators)
    in_order = len(parts) == 2 or (
        known and len(parts) == 4 and operators[1] in _SECOND.get(operators[0], ())
    )  # fmt: skip
    sound = all(_is_number(n) and abs(n) <= NUMBER_MAX for n in bounds)
    if not (known and in_order and sound):
        raise EventPatternError(
            f"numeric is a comparison and a number, or a lower and an upper bound, not {operand}"
        )
    return operators, bounds


def _anything_but(operand: Any) -> Matcher:
    """Any value that is there, but these: a value, a list of them, or what another matches."""
    if isinstance(operand, dict):
        excluded = _excluding(operand)
    else:
        excluded = _values(operand if isinstance(operand, list) and operand else [operand])
    return lambda leaf: leaf is not ABSENT and not excluded(leaf)


def _excluding(rule: dict[str, Any]) -> Matcher:
    (name, operand), *more = rule.items() or [("", None)]
    if more or name not in _EXCLUDING:
        raise EventPatternError(f"anything-but takes one of {', '.join(_EXCLUDING)}, not {rule}")
    matchers = [_OPERATORS[name](o) for o in (operand if isinstance(operand, list) else [operand])]
    return lambda leaf: any(matches(leaf) for matches in matchers)


def _text(operand: Any) -> str:
    if not isinstance(operand, str):
        raise EventPatternError(f"a text is needed, not {operand!r}")
    return operand


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


_OPERATORS: dict[str, Callable[[Any], Matcher]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _equals_ignore_case,
    "exists": _exists,
    "numeric": _numeric,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}
_EXCLUDING = ("equals-ignore-case", "prefix", "suffix", "wildcard")
