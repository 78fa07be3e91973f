"""The journal as lines a person can follow, one for each thing that happened."""

from __future__ import annotations

import datetime
from typing import IO, TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.journal import Entry

_SUBJECT_WIDTH = 20
_ACTION_WIDTH = 8
#: Enough of a message id to tell two apart.
_ID_LENGTH = 8
#: How many ids of a batch are shown before the rest is only counted.
_IDS_MAX = 3
#: The member of a line in CloudWatch's embedded metric format that describes the others.
_METRICS = '"_aws"'

_STYLES: dict[str, dict[str, Any]] = {
    "request": {"fg": "cyan"},
    "send": {"fg": "blue"},
    "invoke": {"fg": "magenta"},
    "result": {"fg": "green"},
    "retry": {"fg": "yellow"},
    "throttle": {"fg": "yellow"},
    "warning": {"fg": "yellow"},
    "dead-letter": {"fg": "red", "bold": True},
    "error": {"fg": "red", "bold": True},
    "log": {"dim": True},
}


class Printer:
    """Writes every entry it is given to a stream, in colour if that is a terminal."""

    def __init__(self, stream: IO[str], *, with_platform_lines: bool = False) -> None:
        """``with_platform_lines``: START, END and REPORT, too, which ``result`` sums up."""
        self._stream = stream
        self._with_platform_lines = with_platform_lines
        self._colour = stream.isatty()
        self._closed = False

    def __call__(self, entry: Entry) -> None:
        if self._closed or not (self._with_platform_lines or _is_news(entry)):
            return
        line = render(entry)
        if self._colour:
            line = click.style(line, **_style(entry))
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            # the terminal has gone; the journal still has the entry
            return

    def close(self) -> None:
        """Write nothing more: what happens while everything stops is no news."""
        self._closed = True


def _is_news(entry: Entry) -> bool:
    return not entry.data.get("is_platform")


def render(entry: Entry) -> str:
    """``12:00:01.123  accepted-jobs  send  1 message 0a1b2c3d``: the time in UTC, who, what."""
    at = datetime.datetime.fromtimestamp(entry.at_ms / 1000, datetime.timezone.utc)
    clock = f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
    action = {"dead-letter": "dead"}.get(entry.action, entry.action)
    head = f"{clock}  {entry.subject:<{_SUBJECT_WIDTH}} {action:<{_ACTION_WIDTH}} "
    text = _TEXTS.get(entry.action, _plain)(entry.data)
    # more lines of one entry stand under its first
    return head + text.replace("\n", "\n" + " " * len(head))


def _request(data: dict[str, Any]) -> str:
    return f"{data['route']} -> {data['status']} in {data['duration_ms']} ms"


def _messages(data: dict[str, Any]) -> str:
    ids = data["message_ids"]
    shown = " ".join(message_id[:_ID_LENGTH] for message_id in ids[:_IDS_MAX])
    more = " …" if len(ids) > _IDS_MAX else ""
    return f"{len(ids)} {_plural('message', len(ids))} {shown}{more}"


def _filtered(data: dict[str, Any]) -> str:
    return f"{_messages(data)} deleted: no filter matches"


def _invoke(data: dict[str, Any]) -> str:
    if "message_ids" not in data:
        again = data["attempt"]
        count = data.get("records")
        records = f", {count} {_plural('record', count)}" if count else ""
        return f"by {data['source']}{records}" + (f", try {again}" if again > 1 else "")
    again = max(data["receive_counts"])
    return _messages(data) + (f", receive {again}" if again > 1 else "")


def _result(data: dict[str, Any]) -> str:
    how = f"failed: {data['error']}" if data.get("error") else "ok"
    text = f"{how}, {data['duration_ms']} ms"
    if "deleted" in data:
        text += f", {data['deleted']} deleted"
    if data.get("kept"):
        text += f", {data['kept']} kept"
    if "memory_mb" in data:
        text += f", {data['memory_used_mb']} of {data['memory_mb']} MB"
    if "init_ms" in data:
        text += f", cold start {data['init_ms']} ms"
    return text


def _retry(data: dict[str, Any]) -> str:
    if "message_ids" not in data:
        return f"in {data['next_try_in_seconds']:g} s"
    most = data.get("max_receive_count")
    received = f"received {max(data['receive_counts'])}" + (
        f" of {most} times" if most else " times"
    )
    return f"{_messages(data)} returns in {data['visible_in_seconds']:g} s, {received}"


def _throttle(data: dict[str, Any]) -> str:
    what = _messages(data) if "message_ids" in data else "no free concurrency"
    return f"{what}, tried again in {data['next_try_in_seconds']:g} s"


def _dead_letter(data: dict[str, Any]) -> str:
    count = data["receive_count"]
    return f"{_messages(data)} to {data['target']} after {count} {_plural('receive', count)}"


def _move(data: dict[str, Any]) -> str:
    count = data["count"]
    return f"{count} dead {_plural('letter', count)} moved, task {data['status'].lower()}"


def _deploy(data: dict[str, Any]) -> str:
    return f"stage {data['stage']} at {data['url']}"


def _text(data: dict[str, Any]) -> str:
    return str(data.get("text") or data.get("error") or data.get("reason"))


def _log(data: dict[str, Any]) -> str:
    """Without what a line says of itself for CloudWatch to make metrics of."""
    text = str(data["text"])
    if _METRICS not in text:
        return text
    try:
        line = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return text
    line.pop(_METRICS.strip('"'), None)
    return msgspec.json.encode(line).decode()


def _plain(data: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in data.items())


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else noun + "s"


_TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "request": _request,
    "send": _messages,
    "receive": _messages,
    "filter": _filtered,
    "invoke": _invoke,
    "result": _result,
    "retry": _retry,
    "throttle": _throttle,
    "dead-letter": _dead_letter,
    "move": _move,
    "deploy": _deploy,
    "refuse": _text,
    "log": _log,
    "stack": _text,
    "warning": _text,
    "error": _text,
}


def _style(entry: Entry) -> dict[str, Any]:
    failed = entry.action == "result" and entry.data.get("error")
    return _STYLES["error"] if failed else _STYLES.get(entry.action, {})
