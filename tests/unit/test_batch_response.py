"""Reading a partial batch response.

In the sources ``…`` stands for https://docs.aws.amazon.com/lambda/latest/dg.
"""

from __future__ import annotations

import msgspec
import pytest

from emulator.mapping.batch_response import (
    MalformedResponseError,
    failed_message_ids,
    reports_failures,
    template_to_declare,
)

BATCH = {"m1", "m2", "m3"}


@pytest.mark.parametrize(
    "payload",
    [b"null", b"{}", b'{"batchItemFailures":null}', b'{"batchItemFailures":[]}', b' {"a": 1} '],
)
def test_nothing_reported_is_full_success(payload: bytes) -> None:
    """Null or empty, answer or list (…/services-sqs-errorhandling.html)."""
    assert failed_message_ids(payload, BATCH) == set()


def test_reported_messages_are_the_failed_ones() -> None:
    """Each entry names a message id (…/services-sqs-errorhandling.html)."""
    payload = b'{"batchItemFailures":[{"itemIdentifier":"m3"},{"itemIdentifier":"m1"}]}'

    assert failed_message_ids(payload, BATCH) == {"m1", "m3"}


def test_message_reported_twice_counts_once() -> None:
    """AWS does not say; nothing is gained by refusing it."""
    payload = b'{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m1"}]}'

    assert failed_message_ids(payload, BATCH) == {"m1"}


def test_other_members_are_no_hindrance() -> None:
    """Only batchItemFailures and itemIdentifier are read, wherever they stand."""
    payload = b'{"a":[],"batchItemFailures":[{"why":"x","itemIdentifier":"m1"}],"z":1}'

    assert failed_message_ids(payload, BATCH) == {"m1"}


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b'{"a":NaN}', b"\xff", b'"\xff"', b"[" * 5000],
    ids=["empty", "cut off", "NaN", "no text", "no UTF-8", "deep"],
)
def test_answer_that_is_not_json_is_malformed(payload: bytes) -> None:
    """Invalid JSON fails the batch (…/services-sqs-errorhandling.html)."""
    with pytest.raises(MalformedResponseError, match="not JSON"):
        failed_message_ids(payload, BATCH)


@pytest.mark.parametrize(
    "payload", [b'"text"', b"[]", b"7", b"false", b'[{"itemIdentifier":"m1"}]']
)
def test_answer_that_is_no_object_is_malformed(payload: bytes) -> None:
    """AWS does not say; keeping the messages is the safe side."""
    with pytest.raises(MalformedResponseError, match="not an object"):
        failed_message_ids(payload, BATCH)


@pytest.mark.parametrize("entries", [{"itemIdentifier": "m1"}, "m1", 1, False])
def test_list_that_is_none_is_malformed(entries: object) -> None:
    """batchItemFailures is a list (…/services-sqs-errorhandling.html)."""
    payload = msgspec.json.encode({"batchItemFailures": entries})

    with pytest.raises(MalformedResponseError, match="not a list"):
        failed_message_ids(payload, BATCH)


@pytest.mark.parametrize(
    "entry",
    [
        {}, {"foo": "m1"}, {"ItemIdentifier": "m1"}, "m1", None, ["itemIdentifier"],
        {"itemIdentifier": ""}, {"itemIdentifier": None}, {"itemIdentifier": 1},
        {"itemIdentifier": "of-no-message"},
    ],
)  # fmt: skip
def test_one_bad_entry_makes_the_report_malformed(entry: object) -> None:
    """Wrong key, empty, null or unknown id (…/services-sqs-errorhandling.html)."""
    payload = msgspec.json.encode({"batchItemFailures": [{"itemIdentifier": "m1"}, entry]})

    with pytest.raises(MalformedResponseError):
        failed_message_ids(payload, BATCH)


@pytest.mark.parametrize(
    ("payload", "reported"),
    [
        (b'{"batchItemFailures":[{"itemIdentifier":"m1"}]}', True),
        (b'{"batchItemFailures":[]}', False),
        (b"null", False),
        (b"{no json", False),
    ],
)
def test_report_is_recognised_where_none_is_asked_for(payload: bytes, *, reported: bool) -> None:
    """So that a mapping that ignores it can say so."""
    assert reports_failures(payload) is reported


def test_template_to_declare_names_things_as_chalice_does() -> None:
    """Chalice's SAM output has ProcessJobs and ProcessJobsSqsEventSource for process_jobs."""
    template = msgspec.json.decode(template_to_declare("process_jobs"))

    events = template["Resources"]["ProcessJobs"]["Properties"]["Events"]
    assert events["ProcessJobsSqsEventSource"]["Properties"] == {
        "FunctionResponseTypes": ["ReportBatchItemFailures"]
    }
