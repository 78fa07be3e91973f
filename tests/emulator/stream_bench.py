"""A cloud with one stream that feeds one scripted function, on virtual time."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from emulator.clock import VirtualClock
from emulator.cloud import streams
from emulator.cloud.aws import Cloud
from emulator.journal import Journal
from emulator.mapping.stream import StreamMapping, StreamMappingSpec
from emulator.scheduler import Scheduler

if TYPE_CHECKING:
    from mapping_builders import Event, ScriptedFunction

    from emulator.cloud.letter import Letter

KINESIS_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/any"


class StreamBench:
    """Kinesis stream ``clicks`` and table ``orders``, whose stream has both images."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.journal = Journal(self.clock)
        self.cloud = Cloud(self.clock, self.journal)
        self.scheduler = Scheduler(self.clock, self.cloud.condition, self.journal)
        self.advance = self.scheduler.advance
        self.run_until_idle = self.scheduler.run_until_idle
        self.letters: list[Letter] = []

    def create_stream(self, shards: int = 1) -> None:
        self.cloud.call("kinesis", "CreateStream", StreamName="clicks", ShardCount=shards)

    def create_table(self, view: str = "NEW_AND_OLD_IMAGES") -> None:
        self.cloud.call(
            "dynamodb", "CreateTable", TableName="orders", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )  # fmt: skip

    def connect(
        self, function: ScriptedFunction, stream_arn: str = KINESIS_ARN, **spec: Any
    ) -> StreamMapping:
        mapping = StreamMapping(
            StreamMappingSpec(uuid="1", stream_arn=stream_arn, function="work", **spec),
            function, streams.shards, send=self.letters.append,
            clock=self.clock, condition=self.cloud.condition, journal=self.journal,
        )  # fmt: skip
        self.scheduler.add(mapping)
        return mapping

    def put(self, *texts: str, key: str = "k") -> list[str]:
        """One record for each text; returns their sequence numbers."""
        records = [
            {"Data": base64.b64encode(text.encode()).decode(), "PartitionKey": key}
            for text in texts
        ]
        answer = self.cloud.call("kinesis", "PutRecords", StreamName="clicks", Records=records)
        return [record["SequenceNumber"] for record in answer["Records"]]

    def put_item(self, **attributes: Any) -> None:
        self.cloud.call("dynamodb", "PutItem", TableName="orders", Item=attributes)

    def called_after_seconds(self) -> list[float]:
        invokes = self.journal.entries(action="invoke")
        return [(entry.at_ms - self.clock.START_MS) / 1000 for entry in invokes]

    def batch_info(self, kind: str = "KinesisBatchInfo") -> dict[str, Any]:
        """What the one letter tells of the records that were given up."""
        (letter,) = self.letters
        return dict(json.loads(letter.body)[kind])


def texts(event: Event) -> list[str]:
    return [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]


def calls(function: ScriptedFunction) -> list[list[str]]:
    """The texts of each call's records."""
    return [texts(event) for event in function.events]
