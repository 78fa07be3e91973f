"""The streams of the account, by the ARNs that event sources know them by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator import arn
from emulator.cloud import dynamodb_stream, kinesis_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulator.cloud.stream import Shard, StreamSeat


def seat(stream_seat: StreamSeat) -> None:
    """Let the streams of tables and of Kinesis be ones that can be read in order."""
    dynamodb_stream.seat(stream_seat)
    kinesis_stream.seat(stream_seat)


def shards(stream_arn: str) -> Sequence[Shard]:
    """The shards of a Kinesis stream or of a table's stream, none if there is no such stream.

    A table's stream is found whatever label its ARN ends with: AWS makes a new one for each
    deployment, so that a project can name only that of another.
    """
    stream = arn.parse(stream_arn)
    name = stream.resource.split("/")[1]
    if stream.service == "kinesis":
        return kinesis_stream.shards(stream.account_id, stream.region, name)
    return dynamodb_stream.shards(stream.account_id, stream.region, name)
