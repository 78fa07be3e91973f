"""Runs this project's own job API for tests that only need its address."""

from __future__ import annotations

import contextlib
import json
import shutil
from typing import TYPE_CHECKING

from chalice_process import ROOT, chalice_local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def jobs_api(folder: Path, *, stage: str = "v1", **settings: str) -> Iterator[str]:
    """Serve a copy of the project from ``folder``; gives its address.

    ``stage`` is the name of its API Gateway stage, ``settings`` are environment variables.
    """
    shutil.copy(ROOT / "app.py", folder)
    for name in ("chalicelib", ".chalice"):
        ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    config = folder / ".chalice" / "config.json"
    changed = json.loads(config.read_text())
    changed["stages"]["dev"]["api_gateway_stage"] = stage
    changed["stages"]["dev"]["environment_variables"].update(settings)
    config.write_text(json.dumps(changed))
    with chalice_local(folder, "--no-autoreload") as running:
        yield f"http://127.0.0.1:{running.wait_until_serving().port}"
