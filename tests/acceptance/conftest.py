"""One running job API for all tests that only need its address."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from chalice_process import ROOT, chalice_local

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The stage of that API: the path that a proxy may keep in front.
STAGE = "async-operation"


@pytest.fixture(scope="session")
def jobs_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a ``chalice local`` that serves a copy of this project."""
    project = tmp_path_factory.mktemp("jobs-api") / "project"
    project.mkdir()
    shutil.copy(ROOT / "app.py", project)
    for folder in ("chalicelib", ".chalice"):
        ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
        shutil.copytree(ROOT / folder, project / folder, ignore=ignored)
    config = project / ".chalice" / "config.json"
    changed = json.loads(config.read_text())
    changed["stages"]["dev"]["api_gateway_stage"] = STAGE
    config.write_text(json.dumps(changed))
    with chalice_local(project, "--no-autoreload") as running:
        running.wait_until_serving()
        yield f"http://127.0.0.1:{running.port}"
