"""What the log shows, and what it must not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib import logs, metrics

ROOT = Path(__file__).parents[2]


def line_of(capsys: pytest.CaptureFixture[str], **fields: Any) -> dict[str, Any]:
    logs.configure()
    logs.record("tested", **fields)
    line: dict[str, Any] = msgspec.json.decode(capsys.readouterr().out)
    return line


def test_a_record_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With the fields that are known and no others."""
    assert line_of(capsys, job_id="j", attempt=2) == {
        "level": "INFO",
        "action": "tested",
        "job_id": "j",
        "attempt": 2,
    }


def test_an_error_is_logged_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    """It may hold what a client sent; where it was raised is enough to find it."""
    try:
        int("a client's secret")
    except ValueError as error:
        line = line_of(capsys, error=error)
    assert line["error"] == "ValueError"
    assert "test_service_logs.py" in line["frames"][0]
    assert "secret" not in str(line)


@pytest.mark.parametrize("with_metrics", [True, False])
def test_a_terminal_is_spared_what_describes_metrics(
    with_metrics: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their numbers stay."""
    monkeypatch.setattr(logs.LOGGER, "handlers", [])
    logs.configure(with_metrics=with_metrics)
    logs.record("ended", values={"run_ms": 1}, metrics=metrics.ENDED)
    line = msgspec.json.decode(capsys.readouterr().out)
    assert (line["run_ms"], "_aws" in line) == (1, with_metrics)


def test_importing_the_app_makes_no_aws_client() -> None:
    """A client made at import would know neither the emulator nor a test's guard."""
    script = (
        "import app, gc, botocore.client as c\n"
        "assert not [o for o in gc.get_objects() if isinstance(o, c.BaseClient)]\n"
        "assert not app.app.debug\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
