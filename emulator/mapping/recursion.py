"""Stops a function that calls itself without end: through queues, topics, buckets, or directly.

Lambda follows a chain of calls by its trace header and stops it after about 16 calls of one
function. https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.runtime import trace_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulator.invocation import FunctionSpec
    from emulator.journal import Journal
    from emulator.mapping.batching import Received
    from emulator.sqs.message import Delivery, Message
    from emulator.sqs.queue import Queue

#: How often one function may be called in one chain.
CALLS_MAX = 16


def leading_trace_header(messages: Sequence[Received], function_arn: str) -> str | None:
    """The trace a batch goes on with: of the message whose chain is the longest, else the first."""
    headers = [_trace_header(message.delivery.message) for message in messages]
    return max(headers, key=lambda header: trace_header.call_count(header, function_arn))


def without_loops(
    now_ms: int,
    messages: Sequence[Received],
    *,
    queue: Queue,
    function: FunctionSpec,
    journal: Journal,
) -> list[Received]:
    """What of ``messages`` may go to the function; what may not leaves the queue.

    It goes to the queue's dead-letter queue, and without one it is gone, as on AWS.
    """
    passed = []
    for message in messages:
        if is_loop(_trace_header(message.delivery.message), function):
            _stop(now_ms, message.delivery, queue)
            end = "moved to the dead-letter queue" if queue.attributes.redrive else "dropped"
            what = f"message {message.message_id[:8]} from {queue.attributes.name}"
            record(journal, function, what=what, end=end)
        else:
            passed.append(message)
    return passed


def is_loop(header: str | None, function: FunctionSpec) -> bool:
    """Whether what has this trace header is not to call the function once more."""
    if function.recursive_loop == "Allow":
        return False
    return trace_header.call_count(header, function.arn) >= CALLS_MAX


def record(journal: Journal, function: FunctionSpec, *, what: str, end: str) -> None:
    """Tell the user that ``what`` would have called the function, and what became of it."""
    text = (
        f"recursive loop stopped: {what} comes from {CALLS_MAX} calls of {function.name} in a row, "
        f"each of which led to the next; it was {end}, as on AWS. A function that means to do this "
        'needs "RecursiveLoop": "Allow" among its properties in .chalice/resources.json.'
    )
    journal.record(function.name, "error", text=text)


def _trace_header(message: Message) -> str | None:
    return message.system_attributes.get("AWSTraceHeader")


def _stop(now_ms: int, delivery: Delivery, queue: Queue) -> None:
    queue.delete(now_ms, delivery.receipt_handle)
    redrive = queue.attributes.redrive
    if redrive is not None:
        redrive.target.accept_dead_letter(now_ms, delivery.message, queue.attributes.arn)
