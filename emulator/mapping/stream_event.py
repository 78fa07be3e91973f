"""Stream records as the event a function gets, and as filters see them.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from emulator.cloud.stream import Shard, StreamRecord
    from emulator.invocation import FunctionSpec
    from emulator.mapping.filtering import Filters


def encode_record(record: StreamRecord, shard: Shard, function: FunctionSpec) -> bytes:
    """One record of the event, as JSON."""
    content = {
        **record.content,
        "awsRegion": shard.stream_arn.split(":")[3],
        "eventSourceARN": shard.stream_arn,
    }
    if "kinesis" in content:
        role = f"{function.function_name}-role"
        content["invokeIdentityArn"] = f"arn:aws:iam::{function.account_id}:role/{role}"
    return msgspec.json.encode(content)


def passes(record: StreamRecord, filters: Filters) -> bool:
    """Whether a mapping's filters let the record through.

    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html
    """
    if "kinesis" not in record.content:
        return filters.match(record.content)
    return filters.match(_with_text(record.content["kinesis"]), data_key="data")


def _with_text(kinesis: dict[str, Any]) -> dict[str, Any]:
    """The record with its data decoded; without it, if it is no text."""
    try:
        return {**kinesis, "data": base64.b64decode(kinesis["data"]).decode()}
    except UnicodeDecodeError:
        return {name: value for name, value in kinesis.items() if name != "data"}
