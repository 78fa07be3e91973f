"""How many batches of a mapping run at once.

In the sources ``…`` stands for https://docs.aws.amazon.com/lambda/latest/dg.
"""

from __future__ import annotations

from emulator.mapping.scaling import GROWTH_INTERVAL_MS, Scaling


def grown(scaling: Scaling, seconds: int, *, from_ms: int = 0) -> int:
    """Let messages wait for a while; returns the limit after it."""
    until_ms = from_ms + seconds * 1000
    scaling.messages_wait(from_ms)
    while (at_ms := scaling.next_ms()) is not None and at_ms <= until_ms:
        scaling.messages_wait(at_ms)
        scaling.messages_wait(at_ms)
    return scaling.limit


def test_five_batches_to_begin_with() -> None:
    """Five concurrent batches (…/services-sqs-scaling.html)."""
    assert Scaling(most=None, backs_off=True).limit == 5


def test_three_hundred_more_a_minute_while_messages_wait() -> None:
    """Up to 300 more invocations a minute (…/services-sqs-scaling.html)."""
    assert grown(Scaling(most=None, backs_off=True), 60) == 305


def test_growth_ends_at_1250_batches() -> None:
    """The most of one mapping (…/services-sqs-scaling.html)."""
    assert grown(Scaling(most=None, backs_off=True), 600) == 1250


def test_maximum_concurrency_caps_start_and_growth() -> None:
    """MaximumConcurrency (…/services-sqs-scaling.html)."""
    assert Scaling(most=2, backs_off=True).limit == 2
    assert grown(Scaling(most=8, backs_off=True), 60) == 8


def test_empty_queue_takes_the_limit_back_to_what_still_runs() -> None:
    """Back to five when traffic is low (…/services-sqs-scaling.html)."""
    scaling = Scaling(most=None, backs_off=True)
    grown(scaling, 2)
    scaling.nothing_waits(running=9)
    assert scaling.limit == 9
    scaling.nothing_waits(running=0)
    assert (scaling.limit, scaling.next_ms()) == (5, None)


def test_throttled_mapping_does_not_grow() -> None:
    """It would only be throttled more (…/services-sqs-errorhandling.html)."""
    scaling = Scaling(most=None, backs_off=True)
    scaling.messages_wait(0)
    scaling.throttled()
    scaling.messages_wait(GROWTH_INTERVAL_MS)
    assert scaling.limit == 5


def test_each_failed_batch_takes_one_and_each_good_one_gives_one_back() -> None:
    """Gradually, the numbers are ours (…/services-sqs-errorhandling.html)."""
    scaling = Scaling(most=None, backs_off=True)
    for _ in range(7):
        scaling.batch_ended(failed=True)
    assert scaling.limit == 1
    for _ in range(7):
        scaling.batch_ended(failed=False)
    assert scaling.limit == 5


def test_failing_mapping_does_not_grow_until_a_batch_succeeds() -> None:
    """Back-off wins over a backlog (…/services-sqs-errorhandling.html)."""
    scaling = Scaling(most=None, backs_off=True)
    scaling.batch_ended(failed=True)
    assert grown(scaling, 60) == 4
    scaling.batch_ended(failed=False)
    assert grown(scaling, 1, from_ms=60_000) == 10


def test_mapping_that_reports_item_failures_does_not_back_off() -> None:
    """ReportBatchItemFailures stops the back-off (…/services-sqs-errorhandling.html)."""
    scaling = Scaling(most=None, backs_off=False)
    scaling.batch_ended(failed=True)
    assert grown(scaling, 1) == 10
