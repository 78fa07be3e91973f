"""All findings of a project. Nothing is started, and nothing is asked of AWS."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from emulator import template
from emulator.checking import (
    concurrency,
    functions,
    logs,
    mappings,
    missing,
    package,
    permissions,
    queues,
    resources,
    senders,
    tables,
)
from emulator.checking.finding import CONFIG, Files, Finding, Place, finding
from emulator.checking.subject import Subject
from emulator.declared import project, refusal

if TYPE_CHECKING:
    from chalice.config import Config

    from emulator.template import Names

_POLICIES = (
    missing, queues, mappings, concurrency, functions, permissions, logs, tables, senders, package,
)  # fmt: skip
#: Where a refusal's own text says that something is to be changed.
_IN_TEXT = re.compile(rf"{re.escape(template.PATH)}: ([\w.]+)|(\w+\.py):(\d+)")


def check(config: Config, names: Names, *, packaged: Path | None = None) -> list[Finding]:
    """What AWS would refuse first, each kind by file and line.

    ``packaged`` is the template that ``chalice package`` made, if there is one to look at. Raises
    TemplateError if a template cannot be read at all.
    """
    files = Files(Path(config.project_dir), config.chalice_stage)
    app = config.chalice_app
    try:
        found = project.declared(app, config, names)
    except refusal.DeployRefusedError as error:
        return [_refused(error, files)]
    try:
        described, unfit = project.describe(app, config, names), None
    except refusal.DeployRefusedError as error:
        described, unfit = None, _refused(error, files)
    subject = Subject(found, described, config, names, files, packaged)
    findings = {each for policy in _POLICIES for each in policy.findings(subject)}
    if not any(each.severity == "refused" for each in findings):
        # what the rules above name better is not said twice
        findings |= {unfit} if unfit else set(resources.findings(subject))
    return sorted(findings, key=_order)


def _refused(error: refusal.DeployRefusedError, files: Files) -> Finding:
    text = " ".join(str(error).split())
    return finding(
        "deploy-refused", _place(text, files), text, write="what it says", severity="refused"
    )


def _place(text: str, files: Files) -> Place:
    found = _IN_TEXT.search(text)
    if found is None:
        file = CONFIG if CONFIG in text else "app.py"
        return Place(file, None, "Resources" if file != CONFIG else "stages")
    path, file, line = found.groups()
    if not path:
        return Place(file, int(line), "decorator")
    setting = path.rstrip(".")
    event, _, name = setting.rpartition(".")
    # an event's settings are a level deeper than the texts have them
    exact = f"{event}.Properties.{name}" if ".Events." in setting else setting
    return files.in_template(exact)._replace(setting=setting)


def _order(each: Finding) -> tuple[bool, str, int, str]:
    refused = each.severity == "refused"
    return (not refused, each.file, each.line or 0, each.setting)
