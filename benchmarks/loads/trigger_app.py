"""The app whose function says how long ago its message was sent; a project's ``app.py``."""
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from chalice import Chalice

app = Chalice(app_name="trigger")

if os.environ.get("AWS_CHALICE_CLI_MODE"):
    import emulator

    emulator.attach(app)

#: beside app.py: a line for each message, nanoseconds from before its send to the function's start
WAITS = Path(__file__).parent / "waits.txt"


@app.route("/")
def index() -> str:
    return "here"


@app.on_sqs_message(queue="trigger")
def started(event: Any) -> None:
    now_ns = time.time_ns()
    with WAITS.open("a") as file:
        file.writelines(f"{now_ns - int(record.body)}\n" for record in event)
