"""A project that AWS takes and nothing is to be said of, until a test changes one thing."""
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import msgspec
from chalice import Chalice
from chalice.config import Config

from emulator.checking.check import check
from emulator.template import Names

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.checking.finding import Finding

NAMES = Names(app="shop", stage="dev", region="us-east-1", account_id="123456789012")
DEAD = "arn:aws:sqs:us-east-1:123456789012:dead"
RESOURCES: dict[str, Any] = {
    "Dead": {
        "Type": "AWS::SQS::Queue",
        "Properties": {"QueueName": "dead", "MessageRetentionPeriod": 1_209_600},
    },
    "Orders": {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": "orders",
            "VisibilityTimeout": 360,
            "RedrivePolicy": {"deadLetterTargetArn": DEAD, "maxReceiveCount": 5},
        },
    },
    "Shelf": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": "shelf",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "TimeToLiveSpecification": {"AttributeName": "x", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        },
    },
    "TakeOrder": {
        "Properties": {
            "Events": {
                "TakeOrderSqsEventSource": {
                    "Properties": {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
                }
            }
        }
    },
}
ACTIONS = [
    "sqs:ReceiveMessage", "sqs:DeleteMessage", "SQS:GetQueueAttributes", "logs:CreateLogStream",
    "logs:PutLogEvents",
]  # fmt: skip
CONFIG: dict[str, Any] = {
    "version": "2.0",
    "app_name": "shop",
    "autogen_policy": False,
    "log_retention_in_days": 30,
    "stages": {"dev": {"environment_variables": {"SHELF": "shelf"}, "lambda_timeout": 29}},
}


class Shop:
    """A project that AWS takes and nothing is to be said of."""

    def __init__(self) -> None:
        self.resources = copy.deepcopy(RESOURCES)
        self.config = copy.deepcopy(CONFIG)
        self.actions = list(ACTIONS)
        self.allowed = ["arn:aws:sqs:eu-west-1:999999999999:*", "arn:aws:logs:*:*:*"]
        self.globals: dict[str, Any] = {}
        self.schedule = "rate(5 minutes)"
        self.pattern: dict[str, Any] = {"source": ["shop"]}
        #: what functions read, Kinesis or the table's
        self.streams: list[str] = []
        self.decorator: dict[str, Any] = {"queue": "orders", "batch_size": 10}

    def properties(self, name: str) -> Any:
        return self.resources[name]["Properties"]

    @property
    def event(self) -> Any:
        return self.properties("TakeOrder")["Events"]["TakeOrderSqsEventSource"]["Properties"]

    @property
    def stage(self) -> Any:
        return self.config["stages"]["dev"]

    def reserve(self, number: int) -> Shop:
        self.stage["lambda_functions"] = {"take_order": {"reserved_concurrency": number}}
        return self

    def rename(self, name: str) -> Shop:
        self.config["app_name"] = name
        return self

    def name_dead_letters(self, name: str) -> Shop:
        self.properties("Dead").update(QueueName=name, FifoQueue=True)
        self.properties("Orders")["RedrivePolicy"]["deadLetterTargetArn"] = f"{DEAD[:-4]}{name}"
        return self

    def tell_of_failures(self, *, allowed: bool = True) -> Shop:
        """What a function could not do goes to the queue of dead letters."""
        failure = {"OnFailure": {"Type": "SQS", "Destination": DEAD}}
        self.properties("TakeOrder")["EventInvokeConfig"] = {"DestinationConfig": failure}
        self.actions += ["sqs:Send*"] * allowed
        return self

    def subscribe(self, *, with_policy: bool = True) -> Shop:
        """A topic sends into that queue."""
        self.resources["News"] = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}}
        self.resources["Reader"] = {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"Protocol": "sqs", "TopicArn": {"Ref": "News"}, "Endpoint": DEAD},
        }
        if with_policy:
            queues = {"Queues": [{"Ref": "Dead"}], "PolicyDocument": {}}
            self.resources["Post"] = {"Type": "AWS::SQS::QueuePolicy", "Properties": queues}
        return self

    def use_everything(self) -> Shop:
        """Every setting that a rule looks at is there."""
        self.subscribe().tell_of_failures().streams = ["clicks", "shelf"]
        self.globals = {"Function": {"LoggingConfig": {"LogGroup": {"Ref": "Lines"}}}}
        target = {"Fn::GetAtt": ["Dead", "Arn"]}
        sent = {"QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": target}]}
        rule = {"EventPattern": {"source": ["shop"]}, "Targets": [{"Id": "1", "Arn": target}]}
        variables = {"Variables": {"KIND": "api"}}
        self.resources |= {
            "Lines": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 14}},
            "Bus": {"Type": "AWS::Events::Rule", "Properties": rule},
            "Files": {"Type": "AWS::S3::Bucket", "Properties": {"NotificationConfiguration": sent}},
            "APIHandler": {"Properties": {"Timeout": 29, "Environment": variables}},
        }
        self.event["FilterCriteria"] = {"Filters": [{"Pattern": '{"body": ["x"]}'}]}
        self.event["ScalingConfig"] = {"MaximumConcurrency": 50}
        return self.reserve(200)

    def app(self) -> Chalice:
        made = Chalice(app_name="shop")

        @made.on_sqs_message(**self.decorator)
        def take_order(event: Any) -> None: ...

        @made.schedule(self.schedule)
        def tidy(event: Any) -> None: ...

        made.route("/")(print)
        made.on_cw_event(self.pattern, name="hear")(print)
        if "clicks" in self.streams:
            made.on_kinesis_record(stream="clicks", name="on_click")(print)
        if "shelf" in self.streams:
            arn = "arn:aws:dynamodb:us-east-1:123456789012:table/shelf/stream/2020-01-01T00:00:00"
            made.on_dynamodb_record(stream_arn=arn, name="on_change")(print)
        return made

    def write(self, folder: Path) -> None:
        """The project's files; the app itself is made by ``app``."""
        (folder / "app.py").write_text("")
        chalice = folder / ".chalice"
        chalice.mkdir(exist_ok=True)
        statement = {"Effect": "Allow", "Action": self.actions, "Resource": self.allowed}
        for name, content in {
            "resources": {"Globals": self.globals, "Resources": self.resources},
            "config": self.config,
            "policy-dev": {"Version": "2012-10-17", "Statement": [statement]},
        }.items():
            (chalice / f"{name}.json").write_text(json.dumps(content, indent=1))

    def findings(self, folder: Path, *, packaged: Path | None = None) -> list[Finding]:
        self.write(folder)
        config = Config(
            chalice_stage="dev",
            user_provided_params={"project_dir": str(folder), "chalice_app": self.app()},
            config_from_disk=self.config,
        )
        names = msgspec.structs.replace(NAMES, app=self.config["app_name"])
        return check(config, names, packaged=packaged)
