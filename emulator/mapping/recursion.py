"""Stops a function that feeds its own queue without end.

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
    if function.recursive_loop == "Allow":
        return list(messages)
    passed = []
    for message in messages:
        if _is_loop(message.delivery.message, function):
            _stop(now_ms, message.delivery, queue)
            text = _explain(message.delivery.message, function, queue)
            journal.record(function.name, "error", text=text)
        else:
            passed.append(message)
    return passed


def _is_loop(message: Message, function: FunctionSpec) -> bool:
    return trace_header.call_count(_trace_header(message), function.arn) >= CALLS_MAX


def _trace_header(message: Message) -> str | None:
    return message.system_attributes.get("AWSTraceHeader")


def _stop(now_ms: int, delivery: Delivery, queue: Queue) -> None:
    queue.delete(now_ms, delivery.receipt_handle)
    redrive = queue.attributes.redrive
    if redrive is not None:
        redrive.target.accept_dead_letter(now_ms, delivery.message, queue.attributes.arn)


def _explain(message: Message, function: FunctionSpec, queue: Queue) -> str:
    end = "moved to the dead-letter queue" if queue.attributes.redrive else "dropped"
    return (
        f"recursive loop stopped: message {message.message_id[:8]} comes from {CALLS_MAX} calls of "
        f"{function.name} in a row, each of which sent to {queue.attributes.name}; it was {end}, "
        'as on AWS. A function that means to do this needs "RecursiveLoop": "Allow" among its '
        "properties in .chalice/resources.json."
    )
