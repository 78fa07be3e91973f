"""A scheduled function: its event, its retries, what happens to missed ticks.

In the sources ``…`` stands for https://docs.aws.amazon.com.
"""

from __future__ import annotations

import pytest
from mapping_builders import CRASH, ScriptedFunction, SmallCloud

from emulator.mapping.schedule import Schedules, ScheduleSpec
from emulator.mapping.schedule_expression import ScheduleExpressionError


@pytest.fixture
def cloud() -> SmallCloud:
    return SmallCloud()


def schedule(
    cloud: SmallCloud, function: ScriptedFunction, expression: str = "rate(1 day)"
) -> Schedules:
    cloud.functions["work"] = function
    spec = ScheduleSpec(name="sweep", expression=expression, function="work")
    made = Schedules(cloud.asynchronous)
    made.apply([spec], {"work": function.spec.arn}, cloud.clock.now_ms())
    cloud.scheduler.add(made)
    return made


def called_after_seconds(cloud: SmallCloud, function: ScriptedFunction) -> list[float]:
    """When the function was called, counted from the clock's start."""
    invokes = cloud.journal.entries(action="invoke")
    assert len(invokes) == len(function.events)
    return [(entry.at_ms - cloud.clock.START_MS) / 1000 for entry in invokes]


def test_function_is_called_whenever_its_schedule_is_due(cloud: SmallCloud) -> None:
    """A rate starts with its rule (…/eventbridge/latest/userguide/eb-create-rule-schedule.html)."""
    function = ScriptedFunction()
    schedule(cloud, function, "rate(5 minutes)")
    cloud.advance(900)

    assert called_after_seconds(cloud, function) == [300, 600, 900]


def test_event_is_eventbridges_scheduled_event(cloud: SmallCloud) -> None:
    """Its example event (…/eventbridge/latest/userguide/eb-run-lambda-schedule.html)."""
    function = ScriptedFunction()
    schedule(cloud, function, "cron(30 4 * * ? *)")
    cloud.advance(86_400)

    (event,) = function.events
    assert len(event.pop("id")) == 36
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-01-01T04:30:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/sweep"],
        "detail": {},
    }


def test_each_tick_has_an_event_id_of_its_own(cloud: SmallCloud) -> None:
    """Ids are unique (…/eventbridge/latest/userguide/eb-events-structure.html)."""
    function = ScriptedFunction()
    schedule(cloud, function, "rate(1 hour)")
    cloud.advance(2 * 3600)

    assert len({event["id"] for event in function.events}) == 2


def test_failed_event_is_tried_again_as_every_asynchronous_event_is(cloud: SmallCloud) -> None:
    """EventBridge invokes asynchronously (…/lambda/latest/dg/with-eventbridge-scheduler.html)."""
    function = ScriptedFunction(CRASH)
    schedule(cloud, function)
    cloud.advance(86_400 + 3600)

    assert called_after_seconds(cloud, function) == [86_400, 86_460, 86_580]
    assert function.events[0] == function.events[1] == function.events[2]


def test_nobody_waits_for_an_event_of_a_schedule(cloud: SmallCloud) -> None:
    """A schedule that fails every minute would never let a test come to its end."""
    schedule(cloud, ScriptedFunction(CRASH), "rate(1 minute)")
    cloud.advance(60)
    cloud.run_until_idle(0)


def test_ticks_missed_while_the_machine_slept_are_one_call(cloud: SmallCloud) -> None:
    """Nobody wants an hour of sweeps at once when the lid opens."""
    function = ScriptedFunction()
    schedule(cloud, function, "rate(5 minutes)")
    cloud.clock.advance(3600 + 60)
    cloud.advance(0)
    assert len(function.events) == 1

    cloud.advance(240)
    assert called_after_seconds(cloud, function) == [3660, 3900]


def test_schedule_that_is_over_is_never_due(cloud: SmallCloud) -> None:
    """Its years are past (…/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html)."""
    mapping = schedule(cloud, ScriptedFunction(), "cron(0 0 1 1 ? 2020)")

    assert mapping.next_due_ms(cloud.clock.now_ms()) is None


def test_schedule_is_never_pending(cloud: SmallCloud) -> None:
    """It comes to no end, so a test that waits for idle must not wait for it."""
    mapping = schedule(cloud, ScriptedFunction(), "rate(1 minute)")
    cloud.run_until_idle()

    assert not mapping.pending(cloud.clock.now_ms() + 3_600_000)


def test_bad_expression_is_refused_at_once(cloud: SmallCloud) -> None:
    """AWS refuses the rule (…/eventbridge/latest/APIReference/API_PutRule.html)."""
    with pytest.raises(ScheduleExpressionError):
        schedule(cloud, ScriptedFunction(), "every day")
