"""``python -m emulator check`` on projects that are not ours: what it says is so, and helps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import small_projects
from chalice.config import Config

from emulator import template
from emulator.checking.check import check
from emulator.checking.finding import CONFIG

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.checking.finding import Finding

NAMES = template.Names(app="others", stage="dev", region="us-east-1", account_id="123456789012")
#: Beside that, what only decorators name is in no template.
SAID = {
    small_projects.QUEUE: {"log-retention", "no-partial-batches", "not-in-template"},
    small_projects.TOPIC: {"log-retention", "not-in-template"},
    small_projects.BUCKET: {"log-retention", "not-in-template"},
    small_projects.TABLE: {"log-retention", "not-in-template"},
    small_projects.STREAM: {"log-retention", "not-in-template"},
    small_projects.BUS: {"log-retention"},
    small_projects.FUNCTION: {"log-retention"},
}


def checked(source: str, folder: Path) -> list[Finding]:
    app, _ = small_projects.described(source, folder)
    config = Config(
        chalice_stage="dev",
        user_provided_params={"project_dir": str(folder), "chalice_app": app},
        config_from_disk=json.loads((folder / CONFIG).read_text()),
    )
    return check(config, NAMES)


def follow(finding: Finding, folder: Path) -> None:
    """Write what it says to where it says: into config.json, or among the template's resources."""
    file = folder / finding.file
    document = json.loads(file.read_text()) if file.exists() else {"Resources": {}}
    target = document if finding.file == CONFIG else document["Resources"]
    target.update(json.loads("{" + finding.write + "}"))
    file.write_text(json.dumps(document))


@pytest.mark.parametrize("source", SAID)
def test_a_small_project_hears_only_what_is_so(tmp_path: Path, source: str) -> None:
    small_projects.write(source, tmp_path)
    findings = checked(source, tmp_path)
    assert {finding.rule for finding in findings} == SAID[source]
    assert {finding.severity for finding in findings} == {"hurts"}


def test_a_project_that_follows_its_findings_does_not_hear_them_again(tmp_path: Path) -> None:
    source = small_projects.EVERYTHING
    small_projects.write(source, tmp_path)
    for finding in checked(source, tmp_path):
        if finding.rule != "route-timeout":
            follow(finding, tmp_path)
    assert [finding.rule for finding in checked(source, tmp_path)] == ["route-timeout"]
