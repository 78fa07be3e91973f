"""Partial batch responses: which messages of a batch a function reports as failed.

A report that Lambda cannot take as it stands is a failure of the whole batch, so that a slip in
the answer never loses a message.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection


class MalformedResponseError(ValueError):
    """The answer is no partial batch response; the text says what is wrong with it."""


def failed_message_ids(payload: bytes, batch: Collection[str]) -> set[str]:
    """The ids of the messages in ``batch`` that the function's answer reports as failed.

    ``null``, an object without ``batchItemFailures``, a null and an empty list are full success.
    Raises MalformedResponseError for anything that Lambda takes as a full failure.
    """
    return {_identifier(entry, batch) for entry in _entries(payload)}


def reports_failures(payload: bytes) -> bool:
    """Whether the answer names failed messages, for a mapping that does not ask for them."""
    try:
        return bool(_entries(payload))
    except MalformedResponseError:
        return False


def template_to_declare(function: str) -> str:
    """What to merge into the template so that AWS reads the function's partial batch responses.

    Chalice has no setting for it; the names are those of its SAM output.
    https://aws.github.io/chalice/topics/cfn.html
    """
    logical_id = "".join(part[:1].upper() + part[1:] for part in re.split("[-_]", function))
    event = {"Properties": {"FunctionResponseTypes": ["ReportBatchItemFailures"]}}
    properties = {"Events": {f"{logical_id}SqsEventSource": event}}
    return msgspec.json.encode({"Resources": {logical_id: {"Properties": properties}}}).decode()


def _entries(payload: bytes) -> list[Any]:
    try:
        answer = msgspec.json.decode(payload)
    except (ValueError, RecursionError) as error:
        raise MalformedResponseError(f"the answer is not JSON: {error}") from None
    if answer is None:
        return []
    if not isinstance(answer, dict):
        raise MalformedResponseError("the answer is not an object")
    entries = answer.get("batchItemFailures")
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise MalformedResponseError("batchItemFailures is not a list")
    return entries


def _identifier(entry: Any, batch: Collection[str]) -> str:
    if not isinstance(entry, dict) or "itemIdentifier" not in entry:
        raise MalformedResponseError("an entry of batchItemFailures has no itemIdentifier")
    identifier = entry["itemIdentifier"]
    if not isinstance(identifier, str) or not identifier:
        raise MalformedResponseError("an itemIdentifier is not a message id")
    if identifier not in batch:
        raise MalformedResponseError(f"itemIdentifier {identifier} is not in the batch")
    return identifier
