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
    from emulator.sqs.message import Delivery, Message
    from emulator.sqs.queue import Queue

#: How often one function may be called in one chain.
CALLS_MAX = 16


def leading_trace_header(messages: Sequence[Message], function_arn: str) -> str | None:
    """The trace a batch goes on with: of the message whose chain is the longest, else the first."""
    headers = [message.system_attributes.get("AWSTraceHeader") for message in messages]
    return max(headers, key=lambda header: trace_header.call_count(header, function_arn))


def without_loops(
    now_ms: int,
    deliveries: Sequence[Delivery],
    *,
    queue: Queue,
    function: FunctionSpec,
    journal: Journal,
) -> list[Delivery]:
    """What of ``deliveries`` may go to the function; what may not leaves the queue.

    It goes to the queue's dead-letter queue, and without one it is gone, as on AWS.
    """
    if function.recursive_loop == "Allow":
        return list(deliveries)
    stopped = [delivery for delivery in deliveries if _is_loop(delivery.message, function)]
    for delivery in stopped:
        _stop(now_ms, delivery, queue)
        journal.record(function.name, "error", text=_explain(delivery.message, function, queue))
    return [delivery for delivery in deliveries if delivery not in stopped]


def _is_loop(message: Message, function: FunctionSpec) -> bool:
    header = message.system_attributes.get("AWSTraceHeader")
    return trace_header.call_count(header, function.arn) >= CALLS_MAX


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
        "as on AWS. A function that means to do this needs the property RecursiveLoop: Allow."
    )
