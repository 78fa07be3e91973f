"""How long logs are kept: for ever, unless somebody says so.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator import template
from emulator.checking.finding import finding
from emulator.declared.merged_events import resource_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Finding
    from emulator.checking.subject import Subject
    from emulator.invocation import FunctionSpec
    from emulator.template import Resource

#: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
DAYS = {
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
}  # fmt: skip


def findings(subject: Subject) -> Iterator[Finding]:
    days = subject.config.log_retention_in_days
    if days is not None and str(days) not in map(str, DAYS):
        yield finding(
            "log-retention",
            subject.files.in_config("log_retention_in_days"),
            f"{days} days is none of the times that CloudWatch knows",
            write=f'"log_retention_in_days": one of {", ".join(map(str, sorted(DAYS)))}',
            severity="refused",
        )
    endless = [f for f in subject.found.functions.values() if not _is_limited(f, subject)]
    if endless:
        yield finding(
            "log-retention",
            subject.files.in_config("log_retention_in_days"),
            f"logs are kept, and paid, for ever: {', '.join(f.name for f in endless)}",
            write='"log_retention_in_days": 30',
        )


def group_name(function: FunctionSpec, subject: Subject) -> str:
    """Where a function's lines go."""
    chosen = _chosen_group(function, subject)
    if isinstance(chosen, dict):
        group = next((g for g in _groups(subject) if g.logical_id == chosen.get("Ref")), None)
        if group is not None:
            return str(
                group.properties.get("LogGroupName", subject.names.physical(group.logical_id))
            )
    return chosen if isinstance(chosen, str) else f"/aws/lambda/{function.function_name}"


def _is_limited(function: FunctionSpec, subject: Subject) -> bool:
    scoped = subject.config.scope(subject.config.chalice_stage, function.name)
    if scoped.log_retention_in_days:
        return True
    chosen, name = _chosen_group(function, subject), group_name(function, subject)
    own = [
        group
        for group in _groups(subject)
        if chosen == {"Ref": group.logical_id} or group.properties.get("LogGroupName") == name
    ]
    # a group of somebody else's is theirs to keep
    return any("RetentionInDays" in group.properties for group in own) or bool(chosen and not own)


def _groups(subject: Subject) -> list[Resource]:
    return subject.of_type("AWS::Logs::LogGroup")


def _chosen_group(function: FunctionSpec, subject: Subject) -> Any:
    """As the template has it, for the function or for all; None if it says nothing."""
    own = ["Resources", resource_id(function.name), "Properties"]
    for keys in (own, ["Globals", "Function"]):
        if group := subject.files.get(template.PATH, [*keys, "LoggingConfig", "LogGroup"]):
            return group
    return None
