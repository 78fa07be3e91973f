"""A job as a DynamoDB item: short names, because every KB of an item costs a unit at each write.

``pk`` tenant and shard, ``sk`` kind and id · ``s`` status ``t`` type ``d`` deadline ``m`` attempts
at most ``n`` attempt ``v`` version ``l`` lease ``h`` start of each attempt ``f`` finish ``x``
expiry in seconds (DynamoDB's time to live) ``g`` tags ``p`` progress ``c`` when cancelling was
asked for ``r`` result ``k`` attempt of a result in an item of its own ``ko`` size of that result
if it is an object in S3 instead ``i`` 1 if the input lies in an item of its own ``u`` write units
of such items ``o`` the job that this one repeats ``e`` failure; of the callback ``b`` ``ba`` ``bn``
``bo``, see ``callback_writes``. JSON is kept as text, never as a map: DynamoDB's numbers have 38
digits and no floats.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib import limits
from chalicelib.jobs import ids
from chalicelib.jobs.callback import Callback, Outcome
from chalicelib.jobs.model import Failure, Job, Status

Item = dict[str, dict[str, Any]]

JOBS = "J#"
#: sorts behind every job
BEHIND_JOBS = "J$"
_TENANTS = "T#"


def partition(tenant: str) -> dict[str, str]:
    """Where a tenant's items are.

    One partition takes about 1,000 write units a second, 330 jobs; more shards than the one that
    the suffix names would spread a tenant over several.
    """
    return {"S": f"{_TENANTS}{tenant}#0"}


def key(tenant: str, job_id: str) -> Item:
    """Where a job's item is."""
    return {"pk": partition(tenant), "sk": {"S": f"{JOBS}{job_id}"}}


def result_key(tenant: str, job_id: str, *, attempt: int) -> Item:
    """Where a result is that is too large for the job's own item."""
    return {"pk": partition(tenant), "sk": {"S": f"R#{job_id}#{attempt}"}}


def input_key(tenant: str, job_id: str) -> Item:
    """Where an input is that is kept for a retry."""
    return {"pk": partition(tenant), "sk": {"S": f"I#{job_id}"}}


def number(value: float) -> dict[str, str]:
    return {"N": str(value)}


def json_text(value: Any) -> dict[str, bytes]:
    return {"B": msgspec.json.encode(value)}


def encode_new(job: Job) -> Item:
    """A job that has just been made."""
    item = {
        **key(job.tenant, job.id),
        "s": {"S": job.status.value},
        "t": {"S": job.type},
        "d": number(job.deadline_at_ms),
        "m": number(job.max_attempts),
        "n": number(job.attempt),
        "v": number(job.version),
        "h": {"L": []},
        "x": number(job.expires_at_s),
        "u": number(job.other_units),
    }
    if job.tags:
        item["g"] = json_text(job.tags)
    if job.input_retained:
        item["i"] = number(1)
    if job.retry_of:
        item["o"] = {"S": job.retry_of}
    if job.callback:
        item["b"] = json_text([job.callback.url, *job.callback.events])
        item["ba"] = number(job.callback.attempts)
    return item


def decode(item: Item) -> Job:
    """The job that an item holds."""
    job_id = item["sk"]["S"].removeprefix(JOBS)
    return Job(
        id=job_id,
        tenant=item["pk"]["S"].removeprefix(_TENANTS).rpartition("#")[0],
        type=item["t"]["S"],
        status=Status(item["s"]["S"]),
        created_at_ms=ids.created_at_ms(job_id),
        deadline_at_ms=int(item["d"]["N"]),
        max_attempts=int(item["m"]["N"]),
        attempt=int(item["n"]["N"]),
        version=int(item["v"]["N"]),
        lease_until_ms=_int_or_none(item, "l"),
        started_ms=tuple(int(start["N"]) for start in item["h"]["L"]),
        finished_at_ms=_int_or_none(item, "f"),
        expires_at_s=int(item["x"]["N"]),
        tags=_json_or(item, "g", dict[str, str], {}),
        progress=float(item["p"]["N"]) if "p" in item else None,
        cancel_requested_at_ms=_int_or_none(item, "c"),
        result=item["r"]["B"] if "r" in item else None,
        result_attempt=_int_or_none(item, "k"),
        result_object_bytes=_int_or_none(item, "ko"),
        callback=_callback(item),
        failure=_json_or(item, "e", Failure, None),
        input_retained="i" in item,
        retry_of=item["o"]["S"] if "o" in item else None,
        other_units=_int_or_none(item, "u") or 0,
        units_a_write=write_units(item),
    )


def _callback(item: Item) -> Callback | None:
    if "b" not in item:
        return None
    url, *events = msgspec.json.decode(item["b"]["B"], type=list[str])
    return Callback(
        url=url,
        events=tuple(events),
        attempts=int(item["ba"]["N"]),
        next_at_ms=_int_or_none(item, "bn"),
        outcome=Outcome(item["bo"]["S"]) if "bo" in item else None,
    )


def item_bytes(item: Item) -> int:
    """What DynamoDB counts of an item.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name) + _value_bytes(value) for name, value in item.items())


def write_units(item: Item) -> int:
    """What writing the item costs."""
    return -(-item_bytes(item) // limits.WRITE_UNIT_BYTES)


def _value_bytes(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "L":
        return 3 + sum(1 + _value_bytes(item) for item in content)
    if kind == "N":
        return 1 + -(-len(content) // 2)
    return len(content.encode() if isinstance(content, str) else content)


def _int_or_none(item: Item, name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None


def _json_or(item: Item, name: str, kind: Any, default: Any) -> Any:
    return msgspec.json.decode(item[name]["B"], type=kind) if name in item else default
