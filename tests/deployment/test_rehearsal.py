"""The rehearsal of a deployment, as ``make rehearse`` runs it, with fewer acceptance tests."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from stage_package import ROOT, without_aws

#: In the order in which they are rehearsed.
STEPS = [
    "chalice deploy",
    "chalice deploy again",
    "acceptance tests",
    "chalice logs",
    "old messages, new code",
    "new messages, old code",
    "chalice delete",
]
ACCEPTANCE_TESTS_MIN = 15


@pytest.mark.skipif(sys.platform != "linux", reason="Lambda's libraries are Linux's")
def test_deployment_is_rehearsed_from_its_first_day_to_its_last() -> None:
    """Takes the bundle's libraries from the package index, as a deployment does."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "rehearse.py", "--quick"],
        cwd=ROOT,
        env={**without_aws(), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [re.split(r"  +", line)[0] for line in lines] == STEPS
    passed = re.search(r"(\d+) passed", lines[2])
    assert passed
    assert int(passed[1]) >= ACCEPTANCE_TESTS_MIN
    assert "nothing is left of 6 functions" in lines[-1]
