"""Dollars from counts, for a million of something, beside the least that the same would cost."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from emulator.costs import prices
from emulator.costs.counts import Counts

if TYPE_CHECKING:
    from emulator.costs.counts import Usage

#: Lambda's: 1,024 MB are a GB.
_MB_MS_A_GB_SECOND = 1024 * 1000
_BYTES_A_GB = 1e9
#: Messages that SQS hands out or deletes in one request.
_BATCH = 10
#: What S3's requests are called here, by price; deleting is free.
_S3_PUTS = ("PUT", "POST", "LIST")
_S3_GETS = ("GET", "HEAD")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One service: what was counted, in words, and dollars."""

    service: str
    counted: str
    dollars: float
    least_dollars: float


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars for a million of ``unit``, of which there were ``units``."""

    units: int
    unit: str
    lines: list[Line]
    dollars: float
    least_dollars: float
    #: what Lambda's pollers cost while nothing comes
    idle_dollars_a_month: float
    prices_date: str
    since: str
    #: what of it is not to be relied on
    notes: list[str]
    counts: Counts


class _Money(NamedTuple):
    """Millionths of a dollar, as it was and at the least."""

    service: str
    counted: str
    spent: float
    least: float


def of(usage: Usage, per: str | None = None) -> Bill:
    """The bill for a million of what ``per`` says: a number, or the queue whose messages are meant.

    None: of the requests that asked for a change and were granted it, or else of messages. Raises
    ValueError if there were none.
    """
    counts = usage.counts
    units, unit = _units(counts, per)
    services = (_api, _functions, _queues, _tables, _objects, _others, _logs)
    money = [found for service in services if (found := service(usage)).spent]
    lines = [
        Line(
            service=each.service,
            counted=each.counted,
            dollars=each.spent / units,
            least_dollars=each.least / units,
        )
        for each in money
    ]
    idle = len(usage.batch_sizes) * prices.IDLE_RECEIVES_A_MONTH * prices.SQS_REQUEST / 1e6
    since = datetime.datetime.fromtimestamp(counts.since_ms / 1000, datetime.timezone.utc)
    return Bill(
        units=units,
        unit=unit,
        lines=lines,
        dollars=sum(line.dollars for line in lines),
        least_dollars=sum(line.least_dollars for line in lines),
        idle_dollars_a_month=idle,
        prices_date=prices.PRICES_DATE,
        since=f"{since:%H:%M:%S}",
        notes=_notes(counts),
        counts=counts,
    )


def _units(counts: Counts, per: str | None) -> tuple[int, str]:
    if per is not None and per.isdecimal() and int(per):
        return int(per), "by --per"
    if per is not None:
        queue = counts.queues.get(per)
        if queue is None or not queue.sent:
            known = ", ".join(sorted(name for name, found in counts.queues.items() if found.sent))
            raise ValueError(
                f"--per takes a number, or a queue that messages were sent to: {known or 'none'}"
            )
        return queue.sent, f"messages sent to {per}"
    if counts.api.accepted:
        return counts.api.accepted, "requests that changed something"
    sent = sum(queue.sent for queue in counts.queues.values())
    if sent:
        return sent, "messages sent"
    raise ValueError("nothing was done yet: no request has changed anything, no message was sent")


def _api(usage: Usage) -> _Money:
    api = usage.counts.api
    price = prices.API_GATEWAY_REQUEST
    counted = f"{api.requests} requests"
    return _Money("API Gateway", counted, api.requests * price, api.changes * price)


def _functions(usage: Usage) -> _Money:
    """The least: every batch full, no cold start, nothing for requests that only ask."""
    counts, api = usage.counts, usage.counts.local_api
    functions = counts.functions.values()
    invocations = sum(function.invocations for function in functions)
    warm = sum(function.mb_ms for function in functions)
    cold = sum(function.cold_mb_ms for function in functions)
    saved = sum(_invocations_saved(usage).values())
    api_mb_ms = usage.api_memory_mb * api.duration_ms
    least_api_mb_ms = usage.api_memory_mb * api.changes_duration_ms
    return _Money(
        "Lambda",
        f"{invocations + api.requests} invocations, "
        f"{(warm + cold + api_mb_ms) / _MB_MS_A_GB_SECOND:.2f} GB s",
        _lambda(invocations + api.requests, warm + cold + api_mb_ms),
        _lambda(invocations - saved + api.changes, warm + least_api_mb_ms),
    )


def _lambda(invocations: float, mb_ms: float) -> float:
    seconds = mb_ms / _MB_MS_A_GB_SECOND
    return invocations * prices.LAMBDA_REQUEST + seconds * prices.LAMBDA_GB_SECOND


def _invocations_saved(usage: Usage) -> dict[str, float]:
    """By queue, how many invocations fewer there would have been with full batches."""
    saved = {}
    for name, batch_size in usage.batch_sizes.items():
        queue = usage.counts.queues.get(name)
        if queue is not None:
            saved[name] = max(0, queue.batches - queue.done / batch_size)
    return saved


def _queues(usage: Usage) -> _Money:
    """The least: every message received once and deleted, ten in a request."""
    counts = usage.counts
    queues = counts.queues.values()
    polled = sum(queue.polls + queue.deletes for queue in queues)
    least_polled = sum(2 * queue.done / _BATCH for queue in queues)
    asked = (
        counts.queue_requests * prices.SQS_REQUEST
        + counts.fifo_requests * prices.SQS_FIFO_REQUEST
        + counts.grouped_sends * prices.SQS_GROUPED_SEND
    )
    requests = counts.queue_requests + counts.fifo_requests
    return _Money(
        "SQS",
        f"{requests} requests, {polled} of pollers",
        asked + polled * prices.SQS_REQUEST,
        asked + min(polled, least_polled) * prices.SQS_REQUEST,
    )


def _tables(usage: Usage) -> _Money:
    write = sum(table.write_units for table in usage.counts.tables.values())
    read = sum(table.read_units for table in usage.counts.tables.values())
    spent = write * prices.DYNAMODB_WRITE_UNIT + read * prices.DYNAMODB_READ_UNIT
    return _Money("DynamoDB", f"{write:g} write units, {read:g} read units", spent, spent)


def _objects(usage: Usage) -> _Money:
    requests = usage.counts.requests.get("s3", {})
    puts = sum(requests.get(name, 0) for name in _S3_PUTS)
    gets = sum(requests.get(name, 0) for name in _S3_GETS)
    spent = puts * prices.S3_PUT + gets * prices.S3_GET
    return _Money("S3", f"{puts} puts and lists, {gets} gets", spent, spent)


def _others(usage: Usage) -> _Money:
    published = usage.counts.requests.get("sns", {})
    publishes = published.get("Publish", 0) + published.get("PublishBatch", 0)
    events = usage.counts.requests.get("events", {}).get("PutEvents", 0)
    spent = publishes * prices.SNS_PUBLISH + events * prices.EVENTBRIDGE_EVENT
    return _Money("SNS, EventBridge", f"{publishes} publishes, {events} puts", spent, spent)


def _logs(usage: Usage) -> _Money:
    count = usage.counts.log_bytes
    spent = count / _BYTES_A_GB * prices.LOGS_GB * 1e6
    return _Money("Logs", f"{count} bytes", spent, spent)


def _notes(counts: Counts) -> list[str]:
    notes = ["times are this machine's, not Lambda's; storage, egress and the API's log are not in"]
    unmeasured = sum(function.unmeasured for function in counts.functions.values())
    if unmeasured:
        notes.append(f"{unmeasured} invocations ran where their time is not measured")
    unpriced = sorted(counts.requests.keys() - _PRICED)
    if unpriced:
        notes.append(f"no price is known here for {', '.join(unpriced)}")
    return notes


#: The others are free or are counted by what comes of them.
_PRICED = {"sqs", "dynamodb", "s3", "sns", "events", "lambda", "logs", "monitoring", "sts"}


def table(bill: Bill) -> str:
    """For a terminal."""
    lines = [
        f"since {bill.since} UTC, {bill.units} {bill.unit}",
        "",
        _row("service", "counted", "$ a million", "least"),
        *(_row(each.service, each.counted, _dollars(each.dollars), _dollars(each.least_dollars))
          for each in bill.lines),
        _row("all", "", _dollars(bill.dollars), _dollars(bill.least_dollars)),
        "",
        "least: every message once and in full batches, no cold start, no GET",
        f"idle: {bill.idle_dollars_a_month:.2f} dollars a month for Lambda's asking empty queues",
        f"prices: us-east-1, {bill.prices_date}, without the free tier",
        *bill.notes,
    ]  # fmt: skip
    return "\n".join(lines)


def _row(*cells: str) -> str:
    service, counted, dollars, least = cells
    return f"{service:<18}{counted:<44}{dollars:>11}{least:>9}"


def _dollars(amount: float) -> str:
    return f"{amount:.2f}"
