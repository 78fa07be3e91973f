"""The function of the soak test: it does to each message what the message says, and notes that.

Loaded as ``app`` by an execution environment, so it needs nothing of this repository.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

#: Where every process keeps a file of what it received.
LEDGER = "SOAK_LEDGER"
#: Far longer than the function may take.
HANG_SECONDS = 600

wait: Any = threading.Event().wait


def work(event: dict[str, Any], context: Any) -> dict[str, Any]:
    messages = [(json.loads(r["body"]), count_of(r), r["messageId"]) for r in event["Records"]]
    # first of all: what a crash leaves behind is what is checked
    note([f"{message['n']} {count}" for message, count, _ in messages])
    failed = [
        message_id
        for message, count, message_id in messages
        if not does(message["plan"][min(count, len(message["plan"])) - 1])
    ]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def does(step: str) -> bool:
    """Whether the message is done; does not come back from a step that ends the function."""
    if step == "raise":
        raise RuntimeError("as planned")
    if step == "exit":
        sys.exit(3)
    if step == "hang":
        wait(HANG_SECONDS)
    return step == "done"


def count_of(record: dict[str, Any]) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])


def note(lines: list[str]) -> None:
    path = Path(os.environ[LEDGER]) / str(os.getpid())
    with path.open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))
