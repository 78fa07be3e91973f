"""Rules with a schedule, made through EventBridge's API, on a virtual clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lambda_bench import LambdaBench, bench, client, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-work"


class Shop:
    def __init__(self, made: LambdaBench, events: list[Any]) -> None:
        self.bench = made
        self.events = events
        self.aws = client("events")

    def put(self, expression: str, **more: Any) -> None:
        self.aws.put_rule(Name="tick", ScheduleExpression=expression, **more)
        self.aws.put_targets(Rule="tick", Targets=[{"Id": "1", "Arn": FUNCTION}])

    def after(self, seconds: float) -> int:
        """How often the function has run when so much time has passed."""
        self.bench.emulator.advance(seconds)
        return len(self.events)


@pytest.fixture
def shop() -> Iterator[Shop]:
    events: list[Any] = []
    with bench(work=lambda event, context: events.append(event)) as made:
        yield Shop(made, events)


def test_rule_invokes_its_function_whenever_it_is_due(shop: Shop) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html"""
    shop.put("rate(5 minutes)")
    assert [shop.after(s) for s in (299, 2, 300)] == [0, 1, 2]
    event = shop.events[0]
    assert (event["detail-type"], event["time"]) == ("Scheduled Event", "2026-01-01T00:05:00Z")
    assert event["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/tick"]


def test_rule_that_is_disabled_or_deleted_sends_nothing(shop: Shop) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-delete-rule.html"""
    shop.put("cron(*/10 * * * ? *)")
    shop.aws.disable_rule(Name="tick")
    assert shop.after(3600) == 0
    shop.aws.enable_rule(Name="tick")
    assert shop.after(601) == 1
    shop.aws.remove_targets(Rule="tick", Ids=["1"])
    shop.aws.delete_rule(Name="tick")
    assert shop.after(3600) == 1


def test_rule_that_is_put_again_as_it_was_keeps_its_time(shop: Shop) -> None:
    shop.put("rate(1 hour)")
    assert shop.after(3000) == 0
    shop.put("rate(1 hour)", Description="the same")
    assert shop.after(601) == 1


def test_target_may_have_an_input_of_its_own(shop: Shop) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html"""
    shop.put("rate(1 minute)")
    target = {"Id": "1", "Arn": FUNCTION, "Input": '{"fixed": true}'}
    shop.aws.put_targets(Rule="tick", Targets=[target])
    shop.after(61)
    assert shop.events == [{"fixed": True}]


@pytest.mark.parametrize(
    "expression", ["rate(5 minute)", "cron(61 * * * ? *)", "cron(* * * * * *)"]
)
def test_schedule_that_is_none_is_refused(shop: Shop, expression: str) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html"""
    with refused() as refusal:
        shop.put(expression)
    assert (refusal.code, refusal.text) == (
        "ValidationException",
        "Parameter ScheduleExpression is not valid.",
    )
