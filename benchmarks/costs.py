"""Dollars for a million jobs, from what one asks of AWS: ``python -m benchmarks.costs``.

The counts of requests and units are those that ``tests/acceptance/test_service_costs.py`` finds
where they arrive. Times and sizes are assumptions, and documented as such; prices are those of
``emulator/costs/prices.py``.
"""

from __future__ import annotations

import dataclasses

from emulator.costs import prices

# Assumed: how long our own code runs, and how much is answered.
POST_MS, GET_MS, WORK_MS, CALLBACK_MS = 30, 12, 15, 300
API_GB, CALLBACK_GB = 0.5, 0.25
ANSWER_KB = 1
# Counted by the same test: what is logged, with what CloudWatch adds to each line. By Lambda of an
# invocation; by the service when a job is accepted, when it is done, and when its end is told.
INVOCATION_LOG_KB, ACCEPTED_LOG_KB, WORK_LOG_KB, CALLBACK_LOG_KB = 0.35, 0.19, 0.79, 0.55
#: Custom metrics of each type of job: three outcomes, two times,
#: retries. docs/operations.md names them.
METRICS_A_TYPE = 6
MESSAGES_IN_A_BATCH = 10
KB_IN_A_GB = 1_000_000
QUEUES = 3


@dataclasses.dataclass(frozen=True)
class Mode:
    """One job's share of requests and units, by how its client submits it and learns its end."""

    name: str
    posts: float = 1
    polls: float = 0
    held_ms: float = 0
    sends: float = 1
    write_units: float = 3
    read_units: float = 0
    callbacks: float = 0

    @property
    def sqs_requests(self) -> float:
        """Messages of jobs are received and deleted in batches, those of callbacks one by one."""
        return self.sends + 2 / MESSAGES_IN_A_BATCH + 3 * self.callbacks

    @property
    def dollars(self) -> dict[str, float]:
        """By service, for a million jobs."""
        requests = self.posts + self.polls
        functions = requests + 1 / MESSAGES_IN_A_BATCH + self.callbacks
        api_ms = self.posts * POST_MS + self.polls * GET_MS + self.held_ms
        gb_ms = (api_ms + WORK_MS) * API_GB + self.callbacks * CALLBACK_MS * CALLBACK_GB
        log_kb = functions * INVOCATION_LOG_KB + ACCEPTED_LOG_KB + WORK_LOG_KB
        log_gb_a_million = (log_kb + self.callbacks * CALLBACK_LOG_KB) * 1e6 / KB_IN_A_GB
        egress_gb_a_million = (requests + self.callbacks) * ANSWER_KB * 1e6 / KB_IN_A_GB
        return {
            "API Gateway": requests * prices.API_GATEWAY_REQUEST,
            "Lambda": functions * prices.LAMBDA_REQUEST + gb_ms / 1000 * prices.LAMBDA_GB_SECOND,
            "SQS": self.sqs_requests * prices.SQS_REQUEST
            + (self.sends + self.callbacks) * prices.SQS_GROUPED_SEND,
            "DynamoDB": self.write_units * prices.DYNAMODB_WRITE_UNIT
            + self.read_units * prices.DYNAMODB_READ_UNIT,
            "Logs, egress": log_gb_a_million * prices.LOGS_GB
            + egress_gb_a_million * prices.EGRESS_GB,
        }


PLAIN = Mode("two polls", polls=2, read_units=2)
KEYED = Mode("two polls, with a key", polls=2, read_units=2, write_units=4)
BATCHED = Mode("batches of 100, one job of them polled 4 times", posts=0.01, polls=0.04, sends=0.1,
               read_units=0.04)  # fmt: skip
CALLED_BACK = Mode("a callback", write_units=4, read_units=1, callbacks=1)
MODES = [
    Mode("a poll every second for 10 s", polls=10, read_units=10),
    PLAIN,
    KEYED,
    Mode("answered by the POST, held for 0.7 s", held_ms=700, read_units=3),
    CALLED_BACK,
    BATCHED,
]


def table() -> str:
    """In Markdown, as it stands in docs/costs.md."""
    services = list(PLAIN.dollars)
    lines = [["How the client learns the end", *services, "$ a million"], ["---", *["--:"] * 6]]
    for mode in MODES:
        dollars = mode.dollars
        lines.append([mode.name, *(f"{dollars[service]:.2f}" for service in services),
                      f"**{sum(dollars.values()):.2f}**"])  # fmt: skip
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def idle() -> str:
    """What it costs by the month, whatever is done."""
    polls = QUEUES * prices.IDLE_RECEIVES_A_MONTH * prices.SQS_REQUEST / 1e6
    metrics = METRICS_A_TYPE * prices.METRIC_A_MONTH
    return (
        f"Idle: {polls:.2f} dollars a month for Lambda's asking {QUEUES} empty queues. "
        f"In use: {metrics:.2f} for the {METRICS_A_TYPE} metrics of each type of job."
    )


if __name__ == "__main__":
    print(f"{table()}\n\n{idle()}")
