"""Small Chalice projects, one an event source, and one with everything: none of them is ours.

Each notes what its functions get in a queue that nobody listens to, ``seen``.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from chalice.config import Config

from emulator.clock import VirtualClock
from emulator.cloud import in_process
from emulator.declared import project
from emulator.emulator import Emulator
from emulator.runtime.in_place import InPlaceFunction
from emulator.template import Names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chalice import Chalice

    from emulator.invocation import FunctionSpec

HEAD = """
import json
import os
from chalice import Chalice, Blueprint, CORSConfig, AuthResponse, AuthRoute

app = Chalice(app_name="others")
if os.environ.get("AWS_CHALICE_CLI_MODE"):
    import emulator
    emulator.attach(app)
import boto3

def note(what, value):
    boto3.client("sqs").send_message(
        QueueUrl=boto3.client("sqs").get_queue_url(QueueName="seen")["QueueUrl"],
        MessageBody=json.dumps([what, value]),
    )
"""

QUEUE = """
@app.on_sqs_message(queue="work", batch_size=10)
def on_message(event):
    note("queue", [record.body for record in event])
"""

TOPIC = """
@app.on_sns_message(topic="news")
def on_news(event):
    note("topic", [event.subject, event.message])
"""

BUCKET = """
@app.on_s3_event(bucket="uploads", events=["s3:ObjectCreated:*"], prefix="in/", suffix=".csv")
def on_upload(event):
    body = boto3.client("s3").get_object(Bucket=event.bucket, Key=event.key)["Body"].read()
    note("bucket", [event.key, body.decode()])
"""

TABLE = """
@app.on_dynamodb_record(
    stream_arn="arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2020-01-01T00:00:00.000"
)
def on_change(event):
    note("table", [[r.event_name, r.keys["id"]["S"], r.table_name] for r in event])
"""

STREAM = """
@app.on_kinesis_record(stream="clicks", batch_size=2, starting_position="TRIM_HORIZON")
def on_clicks(event):
    note("stream", [record.data.decode() for record in event])
"""

BUS = """
@app.on_cw_event({"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}})
def on_big_order(event):
    note("bus", [event.detail_type, event.detail["total"]])
"""

FUNCTION = """
@app.lambda_function()
def double(event, context):
    note("function", event)
    return {"twice": 2 * event["n"], "name": context.function_name}
"""

WEB = """
more = Blueprint(__name__)

@more.route("/more", cors=True)
def answer():
    return {"more": True}

@more.on_sns_message(topic="alerts")
def on_alert(event):
    note("blueprint", event.message)

app.register_blueprint(more)
app.api.cors = CORSConfig(allow_origin="https://example.com", max_age=600)

@app.authorizer()
def token_is(request):
    return AuthResponse(routes=["/private"] if request.token == "open" else [], principal_id="me")

@app.route("/private", authorizer=token_is)
def private():
    return {"who": app.current_request.context["authorizer"]["principalId"]}

@app.route("/make/{text}", methods=["POST"])
def make(text):
    boto3.client("s3").put_object(Bucket="uploads", Key=f"in/{text}.csv", Body=text.encode())
    topics = boto3.client("sns")
    for topic in ("news", "alerts"):
        arn = topics.create_topic(Name=topic)["TopicArn"]
        topics.publish(TopicArn=arn, Subject="hi", Message=text)
    boto3.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": text}})
    boto3.client("kinesis").put_record(StreamName="clicks", Data=text.encode(), PartitionKey="k")
    entry = {"Source": "shop", "DetailType": "order", "Detail": json.dumps({"total": 101})}
    boto3.client("events").put_events(Entries=[entry])
    return {"made": text}
"""

SOURCES = [QUEUE, TOPIC, BUCKET, TABLE, STREAM, BUS, FUNCTION]
EVERYTHING = "".join([*SOURCES, WEB])


@contextlib.contextmanager
def in_place(
    source: str, folder: Path, template: dict[str, Any] | None = None
) -> Iterator[Emulator]:
    """The project in this process, on virtual time; clients are answered by its cloud."""
    write(source, folder, template)
    app, declared = described(source, folder)
    clock = VirtualClock()

    def function(spec: FunctionSpec) -> InPlaceFunction:
        name = spec.handler.rpartition(".")[2]
        return InPlaceFunction(spec, app.handler_map.get(name, app), clock)

    made = Emulator(clock, make_function=function)
    with in_process.answering(made.cloud):
        made.cloud.call("sqs", "CreateQueue", QueueName="seen")
        made.apply(declared)
        yield made


def described(source: str, folder: Path) -> tuple[Chalice, project.Project]:
    """The app, and what it declares in its folder."""
    namespace: dict[str, Any] = {"__name__": "app"}
    exec(compile(HEAD + source, "app.py", "exec"), namespace)
    config = Config(
        chalice_stage="dev",
        user_provided_params={"project_dir": str(folder)},
        config_from_disk={"app_name": "others", "stages": {"dev": {}}},
    )
    names = Names(app="others", stage="dev", region="us-east-1", account_id="123456789012")
    app = namespace["app"]
    return app, project.describe(app, config, names)


def write(source: str, folder: Path, template: dict[str, Any] | None = None) -> Path:
    """The project's files, with a resources file only if there is a ``template``."""
    (folder / ".chalice").mkdir(parents=True)
    config = {"version": "2.0", "app_name": "others", "stages": {"dev": {}}}
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    if template is not None:
        (folder / ".chalice" / "resources.json").write_text(json.dumps(template))
    (folder / "app.py").write_text(HEAD + source)
    return folder


def seen(sqs: Any) -> list[Any]:
    """What the functions have noted down since last asked, in some order."""
    url = sqs.get_queue_url(QueueName="seen")["QueueUrl"]
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
