"""moto's event source mapping with a source of ours behind it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import EventSourceMapping
from moto.awslambda.utils import make_event_source_mapping_arn

from emulator import arn
from emulator.lambda_api import queue_mapping, stream_mapping
from emulator.lambda_api.errors import LambdaError
from emulator.mapping.stream import StreamMapping

if TYPE_CHECKING:
    from emulator.lambda_api.functions import NamedFunction
    from emulator.lambda_api.seated_function import Seat
    from emulator.mapping.sqs import QueueMappingSpec, SqsMapping
    from emulator.mapping.stream import StreamMappingSpec

#: Why a mapping has its state: here only ever because somebody asked for it.
_REASON = "USER_INITIATED"
#: how the mappings of a service's sources are read, checked, run and shown
KINDS: dict[str, Any] = {
    "dynamodb": stream_mapping,
    "kinesis": stream_mapping,
    "sqs": queue_mapping,
}
_MOTOS_OWN = {"EventSourceArn", "FunctionArn", "FunctionName", "Tags"}


class SeatedMapping(EventSourceMapping):  # type: ignore[misc]
    """A mapping as moto's front sees it; while it is enabled, a source polls its queue.

    It changes at once. The states on the way (Creating, Updating …) are shown in the answer to the
    request, the one it ends in from then on.
    """

    def __init__(
        self, parameters: dict[str, Any], function: NamedFunction, *, uuid: str, seat: Seat
    ) -> None:
        """``parameters`` are CreateEventSourceMapping's, with the ``FunctionArn`` to show.

        Raises LambdaError for what Lambda refuses.
        """
        spec = function.spec
        # the settings are ours, and checked before moto may meet them
        known = {k: v for k, v in parameters.items() if k in _MOTOS_OWN}
        super().__init__({**known, "RegionName": spec.region, "AccountId": spec.account_id})
        self.uuid: str = uuid
        self.arn: str = make_event_source_mapping_arn(spec.region, spec.account_id, uuid)
        self._seat = seat
        self._kind = KINDS[arn.parse(self.event_source_arn).service]
        self._source: SqsMapping | StreamMapping | None = None
        self._spec: QueueMappingSpec | StreamMappingSpec
        self._known: tuple[int, int | None] | None = None
        self.set(parameters, function)

    def set(self, parameters: dict[str, Any], function: NamedFunction) -> None:
        """Have it as these parameters say; raises LambdaError, and then nothing has changed."""
        spec = self._kind.spec(parameters, uuid=self.uuid, function=function.spec.name)
        self._kind.check(spec, function, self.event_source_arn)
        self.parameters = parameters
        self._spec = spec
        self.function = function
        self.function_arn = parameters["FunctionArn"]
        self.function_name = function.spec.function_name
        self.enabled = spec.enabled
        self.last_modified = self._seat.clock.now_ms() / 1000
        if isinstance(self._source, StreamMapping):
            # it goes on from where it stands
            self._source.update(spec, function)
            self._seat.condition.notify_all()
            return
        self.stop()
        if spec.enabled or self._kind is stream_mapping:
            self._start(spec)

    def restart(self) -> None:
        """Its function may have another timeout, or other concurrency."""
        if self._kind is queue_mapping and self._known != _known(self.function):
            self.start_again()

    def start_again(self) -> None:
        """Poll the queue that there is now, with its function as it is now."""
        self.stop()
        # its queue may be gone: a mapping outlives that, too
        with contextlib.suppress(LambdaError):
            if self.enabled:
                self._start(self._spec)

    def _start(self, spec: QueueMappingSpec | StreamMappingSpec) -> None:
        self._known = _known(self.function)
        self._source = self._kind.source(
            spec, self.function, self.event_source_arn, seat=self._seat
        )
        self._seat.scheduler.add(self._source)

    def stop(self) -> None:
        """Start no more batches; what runs finishes.

        What was received for a batch that has not begun returns when its visibility timeout ends.
        """
        if self._source is not None:
            self._seat.scheduler.remove(self._source)
            self._source = None

    def get_configuration(self, state: str | None = None) -> dict[str, Any]:
        """``state`` is shown instead of the one it is in."""
        shown = {
            "UUID": self.uuid,
            "EventSourceArn": self.event_source_arn,
            "EventSourceMappingArn": self.arn,
            "FunctionArn": self.function_arn,
            "LastModified": self.last_modified,
            "State": state or ("Enabled" if self.enabled else "Disabled"),
            "StateTransitionReason": _REASON,
            **self._kind.shown(self.parameters),
        }
        criteria = self.parameters.get("FilterCriteria") or {}
        if criteria.get("Filters"):
            shown["FilterCriteria"] = criteria
        return shown


def _known(function: NamedFunction) -> tuple[int, int | None]:
    """What of a function a source looks at once, when it starts."""
    return function.spec.timeout_seconds, function.spec.reserved_concurrency
