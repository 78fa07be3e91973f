"""The event source mappings of one region: made, listed, changed and deleted.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any, TypeAlias

from moto.awslambda.exceptions import LambdaClientError

from emulator.lambda_api import names, queue_mapping, stream_mapping
from emulator.lambda_api.errors import LambdaError, invalid_parameter
from emulator.lambda_api.seated_mapping import KINDS, SeatedMapping
from emulator.mapping import validation
from emulator.mapping.parameters import WITHOUT_EFFECT
from emulator.mapping.sqs import QueueMappingSpec
from emulator.mapping.stream import StreamMappingSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from emulator.lambda_api.backend import FunctionsBackend
    from emulator.lambda_api.functions import NamedFunction

MappingSpec: TypeAlias = QueueMappingSpec | StreamMappingSpec

_SOURCE = re.compile(r"arn:[^:]+:([^:]+):[^:]+:\d{12}:.+")


class Mappings:
    """Called under the cloud's lock. What Lambda refuses is raised as LambdaError."""

    def __init__(self, backend: FunctionsBackend) -> None:
        self._backend = backend
        self.by_uuid: dict[str, SeatedMapping] = {}
        #: what the project declares
        self._declared: dict[str, MappingSpec] = {}

    def declare(self, specs: Sequence[MappingSpec]) -> list[str]:
        """Have a project's mappings as it declares them now.

        What was changed through the API stays until the project's own declaration changes.
        Returns a sentence for each that Lambda refuses, which then stays as it was.
        """
        wanted = {spec.uuid: spec for spec in specs}
        for gone in (self._declared.keys() - wanted.keys()) & self.by_uuid.keys():
            self.delete(gone)
        before, self._declared = self._declared, wanted
        changed = [s for s in specs if before.get(s.uuid) != s or s.uuid not in self.by_uuid]
        return [note for spec in changed if (note := self._refusal(spec, before.get(spec.uuid)))]

    def _refusal(self, spec: MappingSpec, before: MappingSpec | None) -> str | None:
        """Why Lambda refuses it; None once it is there. ``before`` is what was declared last."""
        try:
            self._put(spec)
        except LambdaError as refusal:
            if before is not None:
                self._declared[spec.uuid] = before
            return f"{spec.function}: its mapping is refused: {refusal.message}"
        return None

    def _put(self, spec: MappingSpec) -> None:
        function = self._backend.find_version(spec.function)
        assert function is not None, "a project's functions are declared before its mappings"
        parameters = (
            queue_mapping.parameters(spec)
            if isinstance(spec, QueueMappingSpec)
            else stream_mapping.parameters(spec)
        )
        parameters["FunctionName"] = function.function_name
        if spec.uuid in self.by_uuid:
            self.by_uuid[spec.uuid].set(*self._with_function(parameters))
        else:
            self._make(parameters, uuid=spec.uuid)

    def create(self, parameters: dict[str, Any]) -> SeatedMapping:
        parameters = _given(parameters)
        _check_source(parameters.get("EventSourceArn"))
        made = self._make(parameters, uuid=str(uuid.uuid4()))
        self._tell_what_has_no_effect(made, parameters)
        return made

    def _make(self, parameters: dict[str, Any], *, uuid: str) -> SeatedMapping:
        parameters, function = self._with_function(parameters)
        self._check_unique(parameters)
        made = SeatedMapping(parameters, function, uuid=uuid, seat=self._backend.seat)
        self.by_uuid[uuid] = made
        return made

    def _with_function(self, parameters: dict[str, Any]) -> tuple[dict[str, Any], NamedFunction]:
        """The function that ``FunctionName`` names, and the parameters with the ARN to show."""
        given = parameters.get("FunctionName") or ""
        name = names.parse(given, self._backend.region_name)
        try:
            function = self._backend.function(*name)
        except LambdaClientError:
            raise invalid_parameter(validation.UNKNOWN_FUNCTION) from None
        arn = function.spec.unqualified_arn
        if name.qualifier:
            arn = f"{arn}:{name.qualifier}"
        return {**parameters, "FunctionArn": arn}, function

    def _check_unique(self, parameters: dict[str, Any]) -> None:
        source_arn, function_arn = parameters["EventSourceArn"], parameters["FunctionArn"]
        for other in self.by_uuid.values():
            if (other.event_source_arn, other.function_arn) == (source_arn, function_arn):
                raise queue_mapping.already_exists(source_arn, other.function_name, other.uuid)

    def get(self, uuid: str) -> SeatedMapping:
        try:
            return self.by_uuid[uuid]
        except KeyError:
            raise LambdaError(
                "ResourceNotFoundException", validation.UNKNOWN_MAPPING, status=404
            ) from None

    def update(self, uuid: str, changes: dict[str, Any]) -> SeatedMapping:
        mapping = self.get(uuid)
        parameters, function = {**mapping.parameters, **_given(changes)}, mapping.function
        if changes.get("FunctionName"):
            parameters, function = self._with_function(parameters)
        mapping.set(parameters, function)
        self._tell_what_has_no_effect(mapping, changes)
        return mapping

    def _tell_what_has_no_effect(self, mapping: SeatedMapping, given: dict[str, Any]) -> None:
        if names := [name for name in WITHOUT_EFFECT if given.get(name)]:
            text = f"{', '.join(names)} of its mapping: taken, and without effect locally"
            self._backend.seat.journal.record(mapping.function_name, "warning", text=text)

    def delete(self, uuid: str) -> SeatedMapping:
        mapping = self.get(uuid)
        mapping.stop()
        del self.by_uuid[uuid]
        return mapping

    def list(self, source_arn: str | None, function_name: str | None) -> Iterable[SeatedMapping]:
        """Those of a source or a function, if they are given; none for what is not known."""
        wanted = [m for m in self.by_uuid.values() if source_arn in (None, m.event_source_arn)]
        if function_name is None:
            return wanted
        try:
            name = names.parse(function_name, self._backend.region_name)
        except LambdaError:
            return []
        return [
            mapping
            for mapping in wanted
            if mapping.function_name == name.name
            and (name.qualifier is None or mapping.function_arn.endswith(f":{name.qualifier}"))
        ]

    def restart(self, function_name: str) -> None:
        """A function has another timeout, or other concurrency."""
        for mapping in self.by_uuid.values():
            if mapping.function_name == function_name:
                mapping.restart()

    def queue_created(self, queue_arn: str) -> None:
        """A queue of a name is another one than the queue that was deleted."""
        for mapping in self.by_uuid.values():
            if mapping.event_source_arn == queue_arn:
                mapping.start_again()


def _given(parameters: dict[str, Any]) -> dict[str, Any]:
    """Without what is null, which is as if it was not there."""
    return {name: value for name, value in parameters.items() if value is not None}


def _check_source(source_arn: str | None) -> None:
    match = _SOURCE.match(source_arn or "")
    if match is None or match[1] not in KINDS:
        raise invalid_parameter(validation.UNKNOWN_SOURCE)
    KINDS[match[1]].check_source(source_arn)
