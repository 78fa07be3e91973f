"""AWS's own calls, made from inside: how CloudFormation makes what a template says.

A template is looser than an API: it may write a number as a text, and an object where a call takes
JSON. botocore's model of the operation says which it is.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore import xform_name
from botocore.config import Config

# its handlers have botocore's calls answered in this process
from emulator.cloud import in_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import Shape

    from emulator.cloud.aws import Cloud


class Calls:
    """The calls of one stack, in its region."""

    def __init__(self, cloud: Cloud, region: str) -> None:
        self._cloud = cloud
        self.region = region

    def __call__(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation by AWS's name for it; None stands for a parameter that is not given.

        Raises botocore's ClientError for what AWS refuses.
        """
        client = _client(service, self.region)
        shape = client.meta.service_model.operation_model(operation).input_shape
        given = {name: value for name, value in parameters.items() if value is not None}
        # one at a time: who answers is said for the whole process
        with self._cloud.condition, in_process.answering(self._cloud):
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**fitted(given, shape))
        return answer


@functools.cache
def _session() -> botocore.session.Session:
    """One for all clients: it reads where AWS's services are."""
    return botocore.session.Session()


@functools.cache
def _client(service: str, region: str) -> Any:
    return _session().create_client(
        service,
        region_name=region,
        aws_access_key_id="cloudformation",
        aws_secret_access_key="cloudformation",
        config=Config(retries={"total_max_attempts": 1}),
    )


def fitted(value: Any, shape: Shape) -> Any:
    """A template's value as an API's shape wants it, where there is one way only."""
    fit = _FITS.get(shape.type_name)
    return fit(value, shape) if fit else value


def _structure(value: Any, shape: Any) -> Any:
    if not isinstance(value, dict):
        return value
    members = shape.members
    return {k: fitted(v, members[k]) if k in members else v for k, v in value.items()}


def _list(value: Any, shape: Any) -> Any:
    return [fitted(item, shape.member) for item in value] if isinstance(value, list) else value


def _map(value: Any, shape: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {str(name): fitted(item, shape.value) for name, item in value.items()}


def _text(value: Any, _shape: Any) -> Any:
    return value if isinstance(value, str) else json.dumps(value)


def _number(kind: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def fit(value: Any, _shape: Any) -> Any:
        try:
            return kind(value) if isinstance(value, (str, int, float)) else value
        except ValueError:
            # botocore says what it wants
            return value

    return fit


def _boolean(value: Any, _shape: Any) -> Any:
    return {"true": True, "false": False}.get(value.lower(), value) if _is_text(value) else value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_FITS: dict[str, Callable[[Any, Any], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _text,
    "integer": _number(int),
    "long": _number(int),
    "float": _number(float),
    "double": _number(float),
    "boolean": _boolean,
}
