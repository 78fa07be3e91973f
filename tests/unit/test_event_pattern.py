"""Event patterns, operator by operator.

In the sources ``…`` stands for https://docs.aws.amazon.com or its eventbridge/latest/userguide.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.mapping import event_pattern
from emulator.mapping.event_pattern import EventPatternError


def matches(pattern: Any, event: Any) -> bool:
    return event_pattern.parse(json.dumps(pattern))(event_pattern.decode(json.dumps(event)))


@pytest.mark.parametrize(
    ("rule", "taken", "dropped"),
    [
        (["BBBB"], ["BBBB"], ["bbbb", "BBBBB", "", None]),
        (["a", "b"], ["a", "b", ["c", "b"]], ["c", ["c"], []]),
        ([""], [""], [" ", None]),
        ([None], [None], ["", "null", "none", 0, False]),
        ([True], [True], [1, "true", False]),
        ([1], [1], [True, "1", 1.0]),
        ([{"prefix": "us-"}], ["us-east-1", "us-"], ["eu-us-", 7, None]),
        ([{"prefix": {"equals-ignore-case": "US-"}}], ["us-east-1"], ["eu-west-1"]),
        ([{"suffix": ".png"}], ["a.png"], ["a.png.txt", 7]),
        ([{"suffix": {"equals-ignore-case": ".PNG"}}], ["a.png"], ["a.txt"]),
        ([{"equals-ignore-case": "Ab"}], ["ab", "AB"], ["abc", 7]),
        ([{"numeric": ["=", 100]}], [100, 100.0], [99, "100", True]),
        ([{"numeric": [">", 100]}], [101, 100.5], [100, "101"]),
        ([{"numeric": ["<", 100]}], [99, -1], [100]),
        ([{"numeric": [">=", 100, "<", 200]}], [100, 199.9], [99, 200]),
        ([{"anything-but": "a"}], ["b", 7, None], ["a"]),
        ([{"anything-but": ["a", "b"]}], ["c"], ["a", "b"]),
        ([{"anything-but": [1, 2]}], [3, "1"], [1, 2]),
        ([{"anything-but": {"prefix": "tmp"}}], ["a"], ["tmp1"]),
        ([{"anything-but": {"suffix": [".png", ".gif"]}}], ["a.txt"], ["a.png", "a.gif"]),
        ([{"anything-but": {"equals-ignore-case": "A"}}], ["b"], ["a"]),
        ([{"anything-but": {"wildcard": "*/x/*"}}], ["a/y/b"], ["a/x/b"]),
        ([{"wildcard": "dir/*.png"}], ["dir/a.png", "dir/.png"], ["dir/a.txt", 7]),
        ([{"wildcard": r"a\*b"}], ["a*b"], ["axb"]),
        ([{"cidr": "10.0.0.0/24"}], ["10.0.0.255"], ["10.0.1.0", "x", 7]),
        ([{"cidr": "2001:db8::/32"}], ["2001:db8::1"], ["2001:db9::1", "10.0.0.1"]),
        ([{"exists": True}], ["", None, 0, False], [[], {"a": 1}]),
        ([{"prefix": "a"}, 7], ["ab", 7], ["b", 8]),
    ],
)  # fmt: skip
def test_rule_takes_and_drops(rule: Any, taken: list[Any], dropped: list[Any]) -> None:
    """The table of operators (…/eb-create-pattern-operators.html)."""
    assert [value for value in taken if not matches({"a": rule}, {"a": value})] == []
    assert [value for value in dropped if matches({"a": rule}, {"a": value})] == []


@pytest.mark.parametrize(
    ("rule", "taken"),
    [([{"exists": False}], True), ([{"exists": True}], False), ([None], False), ([""], False),
     ([{"anything-but": "a"}], False), ([{"anything-but": {"prefix": "a"}}], False)],
)  # fmt: skip
def test_field_that_is_not_there_is_only_what_does_not_exist(rule: Any, taken: bool) -> None:
    """Neither null nor anything but something (…/eb-create-pattern-operators.html)."""
    assert matches({"a": rule}, {"b": 1}) is taken
    assert matches({"a": {"c": rule}}, {"a": "text"}) is taken


def test_exists_looks_at_leaves_only() -> None:
    """An object is none (…/lambda/latest/dg/invocation-eventfiltering.html)."""
    assert not matches({"a": [{"exists": True}]}, {"a": {"b": 1}})
    assert matches({"a": {"b": [{"exists": True}]}}, {"a": {"b": 1}})


def test_fields_are_joined_by_and_values_by_or() -> None:
    """Every field has to match (…/eb-create-pattern.html)."""
    pattern = {"a": ["x", "y"], "b": {"c": [1]}}
    assert matches(pattern, {"a": "y", "b": {"c": 1, "d": 2}})
    assert not matches(pattern, {"a": "y", "b": {"c": 2}})


def test_or_joins_different_fields_and_other_fields_still_count() -> None:
    """``$or`` is a list of patterns (…/eb-create-pattern-operators.html)."""
    pattern = {"kind": ["k"], "$or": [{"a": [1]}, {"b": {"c": [{"numeric": [">", 5]}]}}]}
    assert matches(pattern, {"kind": "k", "a": 1})
    assert matches(pattern, {"kind": "k", "b": {"c": 6}})
    assert not matches(pattern, {"kind": "k", "a": 2, "b": {"c": 5}})
    assert not matches(pattern, {"a": 1})


@pytest.mark.parametrize("number", ["300", "300.0", "3.0e2"])
def test_exact_match_compares_how_a_number_is_written(number: str) -> None:
    """300, 300.0 and 3.0e2 differ (…/lambda/latest/dg/invocation-eventfiltering.html)."""
    event = event_pattern.decode(f'{{"a": {number}}}')
    patterns = {text: f'{{"a": [{text}]}}' for text in ("300", "300.0", "3.0e2")}
    assert [text for text in patterns if event_pattern.parse(patterns[text])(event)] == [number]
    assert event_pattern.parse('{"a": [{"numeric": ["=", 300]}]}')(event)


def test_one_element_of_an_array_has_to_match_every_field() -> None:
    """Arrays of objects (…/eb-create-pattern.html)."""
    pattern = {"rows": {"a": [1], "b": [2]}}
    assert matches(pattern, {"rows": [{"a": 0, "b": 2}, {"a": 1, "b": 2}]})
    assert not matches(pattern, {"rows": [{"a": 1, "b": 0}, {"a": 0, "b": 2}]})


def test_dot_in_a_name_is_no_path() -> None:
    """A field's name is taken as it is (…/eb-create-pattern.html)."""
    assert matches({"a.b": [1]}, {"a.b": 1})
    assert not matches({"a.b": [1]}, {"a": {"b": 1}})


@pytest.mark.parametrize(
    "pattern",
    ["null", '"text"', "text", "", "7", "[]", "{}", '{"a": "scalar"}', '{"a": []}', '{"a": null}',
     '{"a": {}}', '{"a": {"b": 1}}', '{"a": [[1]]}', '{"a": [{}]}', '{"a": [{"unknown": 1}]}',
     '{"a": [{"prefix": "x", "suffix": "y"}]}', '{"a": [{"prefix": 1}]}', '{"a": [{"exists": 1}]}',
     '{"a": [{"numeric": []}]}', '{"a": [{"numeric": [">"]}]}', '{"a": [{"numeric": ["~", 1]}]}',
     '{"a": [{"numeric": [">", "1"]}]}', '{"a": [{"numeric": ["<", 1, ">", 0]}]}',
     '{"a": [{"numeric": [[], 1]}]}', '{"a": [{"numeric": ["=", 5000000001]}]}',
     '{"a": [{"anything-but": []}]}', '{"a": [{"anything-but": {"numeric": ["=", 1]}}]}',
     '{"a": [{"wildcard": "a**"}]}', '{"a": [{"wildcard": "a\\\\b"}]}', '{"a": [{"cidr": "x"}]}',
     '{"$or": [{"a": [1]}]}', '{"$or": {"a": [1]}}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    """Values stand in lists, operators have operands (…/eb-create-pattern-operators.html)."""
    with pytest.raises(EventPatternError):
        event_pattern.parse(pattern)
