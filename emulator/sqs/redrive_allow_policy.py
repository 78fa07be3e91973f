"""Which queues may name a queue as their dead-letter queue.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulator.sqs.errors import InvalidParameterValueError

if TYPE_CHECKING:
    from emulator.sqs.seated_queue import SeatedQueue

_PERMISSIONS = {"allowAll", "denyAll", "byQueue"}
_SOURCES_MAX = 10


def check_allow_policy(policy: Any) -> None:
    """Raises InvalidParameterValueError for what is no RedriveAllowPolicy."""
    decoded = _decoded(policy)
    sources = decoded.get("sourceQueueArns")
    permission = decoded.get("redrivePermission")
    if permission not in _PERMISSIONS:
        raise _refused(policy, f"redrivePermission must be one of {sorted(_PERMISSIONS)}.")
    if permission != "byQueue" and sources is not None:
        raise _refused(policy, "sourceQueueArns goes with byQueue only.")
    if permission == "byQueue" and not (
        isinstance(sources, list) and 1 <= len(sources) <= _SOURCES_MAX
    ):
        raise _refused(policy, f"byQueue needs 1 to {_SOURCES_MAX} sourceQueueArns.")


def check_source(source: SeatedQueue, target: SeatedQueue, *, policy: Any) -> None:
    """Whether ``source`` may set ``policy``, a RedrivePolicy that names ``target``.

    Raises InvalidParameterValueError.
    """
    if source.fifo_queue != target.fifo_queue:
        reason = "Dead-letter queue must be same type of queue as the source."
        raise InvalidParameterValueError.of("RedrivePolicy", policy, reason=reason)
    allowed = _decoded(target.redrive_allow_policy or {"redrivePermission": "allowAll"})
    if allowed["redrivePermission"] == "allowAll":
        return
    if source.queue_arn not in allowed.get("sourceQueueArns", ()):
        # AWS documents the rule and not the text
        reason = f"The RedriveAllowPolicy of {target.name} does not allow {source.name}."
        raise InvalidParameterValueError.of("RedrivePolicy", policy, reason=reason)


def _decoded(policy: Any) -> dict[str, Any]:
    try:
        decoded = json.loads(policy) if isinstance(policy, str) else policy
    except ValueError:
        decoded = None
    if not isinstance(decoded, dict):
        raise _refused(policy, "Redrive allow policy is not a valid JSON map.")
    return decoded


def _refused(policy: Any, reason: str) -> InvalidParameterValueError:
    return InvalidParameterValueError.of("RedriveAllowPolicy", policy, reason=reason)
