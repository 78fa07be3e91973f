"""All findings of a project. Nothing is started, and nothing is asked of AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator import template
from emulator.checking import functions, package, queues, tables
from emulator.checking.finding import Files, Finding
from emulator.declared import project, refusal

if TYPE_CHECKING:
    from chalice.config import Config

    from emulator.template import Names


def check(config: Config, names: Names, *, packaged: Path | None = None) -> list[Finding]:
    """What AWS would refuse first, each kind by file and line.

    ``packaged`` is the template that ``chalice package`` made, if there is one to look at. Raises
    TemplateError if a template cannot be read at all.
    """
    app = config.chalice_app
    files = Files(Path(config.project_dir))
    try:
        found = project.declared(app, config, names)
    except refusal.DeployRefusedError as error:
        return [_refused(error)]
    findings = {
        *queues.findings(found, files),
        *tables.findings(found, files),
        *functions.findings(found, config, files),
        *(package.findings(found, packaged) if packaged else ()),
    }
    if not any(finding.rule == "mapping-refused" for finding in findings):
        # everything else that chalice local refuses: streams, topics, buckets, rules
        try:
            project.describe(app, config, names)
        except refusal.DeployRefusedError as error:
            findings.add(_refused(error))
    return sorted(findings, key=_order)


def _refused(error: refusal.DeployRefusedError) -> Finding:
    text = " ".join(str(error).split())
    place: dict[str, Any] = {"file": template.PATH, "line": None, "setting": "Resources"}
    return Finding(severity="refused", rule="deploy-refused", text=text, **place)


def _order(finding: Finding) -> tuple[bool, str, int, str]:
    refused = finding.severity == "refused"
    return (not refused, finding.file, finding.line or 0, finding.setting)
