"""The seat of S3's event notifications in moto: events as S3 sends them, functions called later.

Buckets, notification configurations with their prefixes and suffixes stay moto's. moto's event has
slashes encoded, no sequencer, and a size where nothing is left; delete markers send none at all,
every put sends one of tags besides, and the end of a multipart upload three.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import functools
import itertools
import re
import uuid
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import msgspec
from moto.s3 import notifications
from moto.s3.models import S3Backend
from moto.s3.notifications import S3NotificationEvent
from moto.s3.responses import S3Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.push.seat import PushSeat

#: Events of these kinds carry more than the others, and a higher version.
_LATER_KINDS = ("ObjectTagging", "ObjectAcl", "LifecycleExpiration", "LifecycleTransition")
_EVENT_VERSION, _LATER_EVENT_VERSION = "2.1", "2.3"

#: What a client asked for, where moto's events would tell of more than that.
_asked: ContextVar[S3NotificationEvent | None] = ContextVar("_asked", default=None)
_TAGGING = S3NotificationEvent.OBJECT_TAGGING_PUT_EVENT
_FILTER_NAME = re.compile(r"(?<=<Name>)(?:prefix|suffix)(?=</Name>)", re.IGNORECASE)
_UPLOAD = S3NotificationEvent.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT

_send_event = notifications.send_event
_set_delete_marker = S3Backend._set_delete_marker  # noqa: SLF001 - moto has no other place for it


def seat(push_seat: PushSeat) -> None:
    """Let buckets send events made here, to functions too."""
    sequence = itertools.count()

    def event(name: str, bucket: Any, key: Any, notification_id: str) -> dict[str, Any]:
        content = _object(name, bucket, key)
        now_ms = push_seat.clock.now_ms()
        # hexadecimal, and later ones are greater
        content["sequencer"] = f"{now_ms:012X}{next(sequence) % 0x1000000:06X}"
        record = _record(name, bucket, notification_id)
        record["eventTime"] = push_seat.timestamp()
        record["s3"]["object"] = content
        return {"Records": [record]}

    def invoke(_account_id: str, event: dict[str, Any], arn: str, _region: str) -> None:
        name = event["Records"][0]["s3"]["bucket"]["name"]
        push_seat.deliver(arn, msgspec.json.encode(event), f"bucket {name}")

    notifications._get_s3_event = event  # noqa: SLF001
    notifications._invoke_awslambda = invoke  # noqa: SLF001
    notifications.send_event = _send
    S3Backend._set_delete_marker = _mark_deleted  # noqa: SLF001
    S3Backend.complete_multipart_upload = _complete_multipart_upload
    S3Response.put_object_tagging = _put_object_tagging
    S3Response._notification_config_from_body = _configuration  # noqa: SLF001


def _asking(event: S3NotificationEvent, method: Callable[..., Any]) -> Callable[..., Any]:
    """``method``, whose only event is ``event``."""

    @functools.wraps(method)
    def ask(*arguments: Any, **more: Any) -> Any:
        token = _asked.set(event)
        try:
            return method(*arguments, **more)
        finally:
            _asked.reset(token)

    return ask


_read_configuration = S3Response._notification_config_from_body  # noqa: SLF001


def _configuration(response: Any) -> Any:
    """What a client configures. S3 takes the names of filters in any case, as Chalice sends them;
    moto takes them in small letters.
    """
    is_text = isinstance(response.body, str)
    text = response.body if is_text else response.body.decode()
    small = _FILTER_NAME.sub(lambda found: found[0].lower(), text)
    response.body = small if is_text else small.encode()
    return _read_configuration(response)


_complete_multipart_upload = _asking(_UPLOAD, S3Backend.complete_multipart_upload)
_put_object_tagging = _asking(_TAGGING, S3Response.put_object_tagging)


def _send(account_id: str, event_name: S3NotificationEvent, bucket: Any, key: Any) -> None:
    """Send an event, if a client did what it tells of: moto tags every object that is put."""
    asked = _asked.get()
    if event_name == asked or (asked is None and event_name != _TAGGING):
        _send_event(account_id, event_name, bucket, key)


def _mark_deleted(self: Any, bucket_name: str, key_name: str) -> Any:
    marker = _set_delete_marker(self, bucket_name, key_name)
    _send_event(
        self.account_id,
        S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT,
        self.get_bucket(bucket_name),
        marker,
    )
    return marker


def _object(event_name: str, bucket: Any, key: Any) -> dict[str, Any]:
    content: dict[str, Any] = {"key": quote_plus(key.name, safe="/")}
    if "ObjectRemoved" not in event_name:
        content |= {"size": key.size, "eTag": key.etag.strip('"')}
    if bucket.is_versioned:
        content["versionId"] = key.version_id
    return content


def _record(event_name: str, bucket: Any, notification_id: str) -> dict[str, Any]:
    name = event_name.removeprefix("s3:")
    later = name.startswith(_LATER_KINDS)
    return {
        "eventVersion": _LATER_EVENT_VERSION if later else _EVENT_VERSION,
        "eventSource": "aws:s3",
        "awsRegion": bucket.region_name,
        "eventName": name,
        "userIdentity": {"principalId": f"AWS:{bucket.account_id}"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {
            "x-amz-request-id": uuid.uuid4().hex[:16].upper(),
            "x-amz-id-2": uuid.uuid4().hex,
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": notification_id,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": bucket.account_id},
                "arn": bucket.arn,
            },
        },
    }
