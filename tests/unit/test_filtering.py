"""Filters of an event source mapping.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.mapping.filtering import Filters, InvalidFilterPatternError, patterns_of


def passes(pattern: Any, body: str) -> bool:
    return Filters([json.dumps(pattern)]).match({"body": body}, data_key="body")


@pytest.mark.parametrize(
    ("body", "pattern", "taken"),
    [
        ('{"RequestCode": "BBBB"}', {"body": {"RequestCode": ["BBBB"]}}, True),
        ('{"RequestCode": "AAAA"}', {"body": {"RequestCode": ["BBBB"]}}, False),
        ("plain", {"body": {"RequestCode": ["BBBB"]}}, False),
        ("plain", {"body": {"RequestCode": [{"exists": False}]}}, False),
        ("plain", {"body": ["plain", "other"]}, True),
        ("plain", {"body": [{"prefix": "pl"}]}, True),
        ("plain", {"body": ["other"]}, False),
        ('{"a": 1}', {"body": [{"prefix": "{"}]}, False),
        ('{"a": 1}', {"body": [{"exists": True}]}, False),
        ("123", {"body": ["123"]}, True),
        ("", {"body": [""]}, True),
    ],
)
def test_body_and_pattern_have_to_be_of_one_kind(body: str, pattern: Any, taken: bool) -> None:
    """JSON against JSON, text against text (…/lambda/latest/dg/with-sqs-filtering.html)."""
    assert passes(pattern, body) is taken


@pytest.mark.parametrize("body", ["plain", '{"a": 1}'])
def test_pattern_without_the_data_compares_the_rest_only(body: str) -> None:
    """No filter pattern for data properties (…/lambda/latest/dg/with-kinesis-filtering.html)."""
    filters = Filters(['{"partitionKey": ["1"]}'])
    assert filters.match({"data": body, "partitionKey": "1"}, data_key="data")
    assert not filters.match({"data": body, "partitionKey": "2"}, data_key="data")


def test_record_without_text_data_is_compared_as_it_is() -> None:
    """A table's stream has no text to decode (…/lambda/latest/dg/with-ddb-filtering.html)."""
    filters = Filters(['{"dynamodb": {"NewImage": {"name": {"S": ["x"]}}}}'])
    assert filters.match({"dynamodb": {"NewImage": {"name": {"S": "x"}}}})
    assert not filters.match({"dynamodb": {"Keys": {"name": {"S": "x"}}}})


def test_filters_are_joined_by_or_and_none_lets_everything_pass() -> None:
    """A record has to satisfy one of them (…/lambda/latest/dg/invocation-eventfiltering.html)."""
    either = Filters(['{"body": ["a"]}', '{"body": ["b"]}'])
    assert [b for b in "abc" if either.match({"body": b}, data_key="body")] == ["a", "b"]
    assert Filters([]).match({"body": "c"}, data_key="body")


@pytest.mark.parametrize("pattern", ["null", "text", '{"body": "scalar"}', '{"body": []}'])
def test_invalid_pattern_is_refused_in_lambdas_words(pattern: str) -> None:
    """The service says no more (…/lambda/latest/api/API_CreateEventSourceMapping.html)."""
    with pytest.raises(InvalidFilterPatternError, match=r"^Invalid filter pattern definition\.$"):
        Filters([pattern])


@pytest.mark.parametrize("criteria", [None, {}, {"Filters": None}, {"Filters": []}])
def test_empty_criteria_are_no_filter(criteria: Any) -> None:
    """An empty object removes filters (…/lambda/latest/dg/invocation-eventfiltering.html)."""
    assert patterns_of(criteria) == []


def test_criteria_hold_patterns_as_text() -> None:
    """``Pattern`` is a string of JSON (…/lambda/latest/api/API_Filter.html)."""
    assert patterns_of({"Filters": [{"Pattern": '{"body": ["a"]}'}]}) == ['{"body": ["a"]}']


@pytest.mark.parametrize(
    "criteria", ["x", {"Filters": 1}, {"Filters": ["x"]}, {"Filters": [{}]},
                 {"Filters": [{"Pattern": {"body": ["a"]}}]}],
)  # fmt: skip
def test_criteria_of_another_shape_are_refused(criteria: Any) -> None:
    """So are they by CloudFormation (…/lambda/latest/api/API_FilterCriteria.html)."""
    with pytest.raises(InvalidFilterPatternError):
        patterns_of(criteria)
