"""Prints what a receiver needs to know that a callback is ours, for the operator to hand over.

    CALLBACK_SECRET=... python -m chalicelib.callbacks.sending.secret [tenant]

Without the variable in the environment it is taken from ``.chalice/config.json``, stage dev.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from chalicelib.callbacks import webhooks
from chalicelib.jobs.model import TENANT

_VARIABLE = "CALLBACK_SECRET"
_CONFIG = Path(__file__).parents[2] / ".chalice" / "config.json"


def main(tenant: str = TENANT) -> None:
    """One line for each secret; while it is replaced there are two, the new one first."""
    masters = os.environ.get(_VARIABLE) or _of_development()
    for master in masters.split():
        sys.stdout.write(webhooks.secret(master.encode(), tenant) + "\n")


def _of_development() -> str:
    stage = json.loads(_CONFIG.read_text())["stages"]["dev"]
    return str(stage["environment_variables"][_VARIABLE])


if __name__ == "__main__":
    main(*sys.argv[1:2])
