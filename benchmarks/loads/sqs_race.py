"""Producers and consumers on one queue with messages waiting; each message must come once."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from benchmarks.loads import clouds
from benchmarks.loads.threads import CALL_ERRORS, THREADS, at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAITING = 600
_SENT_BY_EACH = 25
#: Longer than the race: whatever comes twice is wrong.
_VISIBILITY_TIMEOUT_SECONDS = 600
#: Empty receives in a row after which a consumer believes that nothing comes any more.
_EMPTY_RECEIVES = 3


class _Seen(msgspec.Struct):
    """What one thread was answered: message ids."""

    sent: list[str] = []
    received: list[str] = []
    deleted: list[str] = []
    errors: int = 0


def run() -> dict[str, dict[str, int]]:
    """What was sent, lost, delivered twice, and deleted but is still there."""
    sqs = clouds.client("sqs")
    attributes = {"VisibilityTimeout": str(_VISIBILITY_TIMEOUT_SECONDS)}
    url = sqs.create_queue(QueueName="race", Attributes=attributes)["QueueUrl"]
    waiting = [_send(sqs, url, f"waiting {n}") for n in range(_WAITING)]
    finished = [threading.Event() for _ in range(THREADS // 2)]

    def work(number: int) -> _Seen:
        if number < len(finished):
            return _produce(sqs, url, finished[number])
        return _consume(sqs, url, finished)

    seen = at_once(work)
    return {"queue": _account(waiting, seen, left=_left(sqs, url))}


def _account(waiting: list[str], seen: list[_Seen], *, left: int) -> dict[str, int]:
    sent = waiting + [message_id for thread in seen for message_id in thread.sent]
    received = Counter(message_id for thread in seen for message_id in thread.received)
    deleted = {message_id for thread in seen for message_id in thread.deleted}
    errors = sum(thread.errors for thread in seen)
    lost = len(set(sent) - received.keys())
    twice = sum(times - 1 for times in received.values())
    undone = max(0, left - len(received.keys() - deleted))
    return {
        "sent": len(sent),
        "lost": lost,
        "doubled": twice,
        "undone_deletes": undone,
        "errors": errors,
        "wrong": lost + twice + undone,
    }


def _produce(sqs: Any, url: str, finished: threading.Event) -> _Seen:
    seen = _Seen()
    for n in range(_SENT_BY_EACH):
        with _counted(seen):
            seen.sent.append(_send(sqs, url, f"sent {n}"))
    finished.set()
    return seen


def _consume(sqs: Any, url: str, producers: list[threading.Event]) -> _Seen:
    seen, empty = _Seen(), 0
    while empty < _EMPTY_RECEIVES:
        is_last = all(finished.is_set() for finished in producers)
        messages: list[dict[str, Any]] = []
        with _counted(seen):
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
        seen.received += [message["MessageId"] for message in messages]
        empty = empty + 1 if is_last and not messages else 0
        for message in messages:
            with _counted(seen):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                seen.deleted.append(message["MessageId"])
    return seen


@contextlib.contextmanager
def _counted(seen: _Seen) -> Iterator[None]:
    try:
        yield
    except CALL_ERRORS:
        seen.errors += 1


def _send(sqs: Any, url: str, body: str) -> str:
    return str(sqs.send_message(QueueUrl=url, MessageBody=body)["MessageId"])


def _left(sqs: Any, url: str) -> int:
    """Messages the queue still holds, in flight; nothing is waiting any more."""
    name = "ApproximateNumberOfMessagesNotVisible"
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(answer["Attributes"][name])
