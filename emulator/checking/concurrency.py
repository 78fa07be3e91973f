"""How many invocations run at once: of the account, of a function, of a mapping.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.checking.finding import finding
from emulator.checking.mappings import place_of
from emulator.declared.merged_events import resource_id
from emulator.limits import (
    ACCOUNT_CONCURRENCY,
    MAXIMUM_CONCURRENCY_MIN,
    UNRESERVED_CONCURRENCY_MIN,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Files, Finding, Place
    from emulator.checking.subject import Subject
    from emulator.declared.queue_events import QueueEvent
    from emulator.invocation import FunctionSpec

_RESERVABLE = ACCOUNT_CONCURRENCY - UNRESERVED_CONCURRENCY_MIN


def findings(subject: Subject) -> Iterator[Finding]:
    functions = subject.found.functions.values()
    yield from _account(list(functions), subject.files)
    for function in functions:
        events = [e for e in subject.found.queue_events if e.spec.function == function.name]
        if function.reserved_concurrency == 0:
            yield finding(
                "reserved-concurrency",
                _place(function, subject.files),
                f"0 switches {function.name} off: every event of it is throttled",
                write="a number above 0, or nothing",
            )
        elif function.reserved_concurrency is not None:
            yield from _mappings(function, events, subject.files)


def _account(functions: list[FunctionSpec], files: Files) -> Iterator[Finding]:
    reserved = sum(function.reserved_concurrency or 0 for function in functions)
    if reserved > _RESERVABLE:
        largest = max(functions, key=lambda function: function.reserved_concurrency or 0)
        yield finding(
            "reserved-concurrency",
            _place(largest, files),
            f"all functions together reserve {reserved}, and of an account's {ACCOUNT_CONCURRENCY} "
            f"there must be {UNRESERVED_CONCURRENCY_MIN} that nobody reserves",
            write=f"numbers that come to {_RESERVABLE} at most, unless your account has more",
            severity="refused",
        )


def _mappings(function: FunctionSpec, events: list[QueueEvent], files: Files) -> Iterator[Finding]:
    """What a mapping hands over and the function refuses uses up a receive of its messages."""
    reserved = function.reserved_concurrency or 0
    # a FIFO queue's groups are its bound
    bounded = [e for e in events if e.spec.maximum_concurrency or not _is_fifo(e)]
    wanted = sum(e.spec.maximum_concurrency or ACCOUNT_CONCURRENCY for e in bounded)
    if wanted <= reserved:
        return
    share = reserved // len(bounded)
    for event in bounded:
        if share < MAXIMUM_CONCURRENCY_MIN:
            write = f'"reserved_concurrency": {MAXIMUM_CONCURRENCY_MIN * len(bounded)}, and '
            write += f"maximum_concurrency={MAXIMUM_CONCURRENCY_MIN}"
        else:
            write = f"maximum_concurrency={share}"
        own = event.spec.maximum_concurrency or "any number"
        yield finding(
            "maximum-concurrency",
            place_of(event, "MaximumConcurrency", files),
            f"the queue may have {own} of batches at once, and {function.name} has {reserved} "
            "reserved: what is throttled uses up receives, and becomes a dead letter",
            write=write,
        )


def _is_fifo(event: QueueEvent) -> bool:
    return event.spec.queue_name.endswith(".fifo")


def _place(function: FunctionSpec, files: Files) -> Place:
    path = f"{resource_id(function.name)}.ReservedConcurrentExecutions"
    return files.of_function(path, "reserved_concurrency", function.name)
