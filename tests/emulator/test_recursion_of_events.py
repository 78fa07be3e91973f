"""A function that calls itself by other ways than its queue is stopped, too.

In the sources ``…`` stands for https://docs.aws.amazon.com/lambda/latest.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from lambda_bench import bench, client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lambda_bench import LambdaBench

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-work"
TOPIC = "arn:aws:sns:us-east-1:123456789012:news"
FAILURES = "arn:aws:sqs:us-east-1:123456789012:failures"
#: After so many calls a loop that nobody stops ends by itself.
CALLS_MAX = 40


class Loop:
    """A function that does ``again`` whenever it is called."""

    def __init__(self) -> None:
        self.calls = 0
        self.again: Callable[[], object] = lambda: None

    def __call__(self, _event: Any, _context: Any) -> None:
        self.calls += 1
        if self.calls < CALLS_MAX:
            self.again()


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def cloud(loop: Loop) -> Iterator[LambdaBench]:
    with bench(work=loop) as made:
        made.queue("failures")
        yield made


def invoking(cloud: LambdaBench) -> Callable[[], object]:
    return lambda: cloud.invoke(InvocationType="Event")


def publishing(_cloud: LambdaBench) -> Callable[[], object]:
    client("sns").create_topic(Name="news")
    client("sns").subscribe(TopicArn=TOPIC, Protocol="lambda", Endpoint=FUNCTION)
    return lambda: client("sns").publish(TopicArn=TOPIC, Message="again")


def publishing_to_its_queue(cloud: LambdaBench) -> Callable[[], object]:
    publish = publishing(cloud)
    (subscription,) = client("sns").list_subscriptions()["Subscriptions"]
    client("sns").unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    queue = cloud.queue("work", VisibilityTimeout="60")
    client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue)
    cloud.aws.create_event_source_mapping(FunctionName="shop-dev-work", EventSourceArn=queue)
    return publish


def putting(_cloud: LambdaBench) -> Callable[[], object]:
    client("s3").create_bucket(Bucket="files")
    configuration = {"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"]}
    client("s3").put_bucket_notification_configuration(
        Bucket="files",
        NotificationConfiguration={"LambdaFunctionConfigurations": [configuration]},
    )
    return lambda: client("s3").put_object(Bucket="files", Key="a", Body=b"again")


def putting_events(_cloud: LambdaBench) -> Callable[[], object]:
    events = client("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": FUNCTION}])
    entry = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
    return lambda: events.put_events(Entries=[entry])


def calls(
    cloud: LambdaBench, loop: Loop, way: Callable[[LambdaBench], Callable[[], object]]
) -> int:
    """How often the function is called, once it has been called for the first time."""
    loop.again = way(cloud)
    loop.again()
    cloud.emulator.run_until_idle()
    return loop.calls


@pytest.mark.parametrize("way", [invoking, publishing, publishing_to_its_queue, putting])
def test_loop_is_stopped_after_sixteen_calls(
    cloud: LambdaBench, loop: Loop, way: Callable[[LambdaBench], Callable[[], object]]
) -> None:
    """Through queues, topics, buckets, and among functions (…/dg/invocation-recursion.html)."""
    assert calls(cloud, loop, way) == 16
    (error,) = cloud.emulator.journal.entries(action="error")
    assert "recursive loop stopped" in error.data["text"]


def test_loop_through_an_event_bus_is_not_noticed(cloud: LambdaBench, loop: Loop) -> None:
    """EventBridge is none of the services that are looked at (…/dg/invocation-recursion.html)."""
    assert calls(cloud, loop, putting_events) == CALLS_MAX


def test_loop_that_is_allowed_goes_on(cloud: LambdaBench, loop: Loop) -> None:
    """RecursiveLoop (…/api/API_PutFunctionRecursionConfig.html)."""
    cloud.aws.put_function_recursion_config(FunctionName="shop-dev-work", RecursiveLoop="Allow")
    assert calls(cloud, loop, invoking) == CALLS_MAX


def test_event_that_is_stopped_goes_where_failed_ones_go(cloud: LambdaBench, loop: Loop) -> None:
    """To the function's dead-letter queue or destination (…/dg/invocation-recursion.html)."""
    cloud.aws.put_function_event_invoke_config(
        FunctionName="shop-dev-work", DestinationConfig={"OnFailure": {"Destination": FAILURES}}
    )
    calls(cloud, loop, invoking)
    assert cloud.counts("failures").visible == 1


def test_retries_of_one_event_are_no_loop(cloud: LambdaBench, loop: Loop) -> None:
    """A try again is no further call of the chain (…/dg/invocation-recursion.html)."""
    seen: list[str] = []

    def fail(_event: Any, _context: Any) -> None:
        seen.append("try")
        raise ValueError("no")

    cloud.handlers["work"] = fail
    for _ in range(6):
        cloud.invoke(InvocationType="Event")
    cloud.emulator.run_until_idle()
    assert len(seen) == 18


def test_function_that_waits_for_itself_is_refused_the_seventeenth_time(
    cloud: LambdaBench, loop: Loop
) -> None:
    """RecursiveInvocationException (…/api/API_Invoke.html#API_Invoke_Errors)."""
    refused: list[str] = []

    def again() -> None:
        try:
            cloud.invoke()
        except cloud.aws.exceptions.RecursiveInvocationException as error:
            refused.append(error.response["Error"]["Message"])

    loop.again = again
    cloud.aws.put_function_concurrency(
        FunctionName="shop-dev-work", ReservedConcurrentExecutions=100
    )
    cloud.invoke()
    assert loop.calls == 16
    (text,) = refused
    assert text.startswith("Lambda has detected your function being invoked in a recursive loop")
